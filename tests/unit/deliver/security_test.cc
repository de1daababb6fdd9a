#include "outrider/deliver/security.h"

#include <gtest/gtest.h>

namespace outrider::deliver {
namespace {

TEST(Security, ReturnsOnlyWhereTheMessageAsksForIt) {
  trust::Verdict verdict;
  verdict.fallback = trust::Fallback::Wait;
  EXPECT_EQ(insecure(verdict, "x").line(), "450 4.7.5 x");
  verdict.fallback = trust::Fallback::Return;
  EXPECT_EQ(insecure(verdict, "x").line(), "550 5.7.10 x");
}

TEST(Security, ANoticeAsksForNothing) {
  mail::Envelope envelope;
  envelope.require_tls = true;
  EXPECT_EQ(wish_of(envelope), trust::Wish::Nothing) << "RFC 8689 §5";
  envelope.reverse_path = {"ada", "example.org"};
  EXPECT_EQ(wish_of(envelope), trust::Wish::RequireTls);
  envelope.tls_optional = true;
  EXPECT_EQ(wish_of(envelope), trust::Wish::RequireTls) << "RFC 8689 §4.1";
  envelope.require_tls = false;
  EXPECT_EQ(wish_of(envelope), trust::Wish::TlsOptional);
}

TEST(Security, TheLogNeedNotTellTheDefault) {
  trust::Facts facts{.destination = "example.org", .mx_host = "mx.example.org"};
  EXPECT_EQ(told_rule_of(trust::decide(facts)), "");
  EXPECT_NE(rule_of(trust::decide(facts)), "");
  facts.site = trust::Level::Encrypt;
  facts.site_source = "route";
  EXPECT_EQ(told_rule_of(trust::decide(facts)), "TLS is demanded for example.org");
}

}  // namespace
}  // namespace outrider::deliver
