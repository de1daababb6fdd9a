#include "outrider/trust/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::trust {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

const Time noon = Time(1'700'000'000'000ms);

Sighting at(Time when, std::string host = "mx.test:25") {
  return {std::move(host), "test", when, "usable", "enforce"};
}

TlsFacts facts(PeerCheck peer = PeerCheck::Verified, std::string key = "k1",
               std::string certificate = "c1") {
  TlsFacts facts;
  facts.version = "TLSv1.3";
  facts.cipher = "TLS_AES_256_GCM_SHA384";
  facts.group = "X25519";
  facts.peer = peer;
  facts.proof = peer == PeerCheck::Verified ? PeerProof::Ca : PeerProof::None;
  facts.why = peer == PeerCheck::Verified ? "" : "certificate has expired";
  facts.peer_key_digest = std::move(key);
  facts.peer_digest = std::move(certificate);
  return facts;
}

std::vector<News::Kind> kinds(const std::vector<News>& news) {
  std::vector<News::Kind> kinds;
  for (const auto& each : news) kinds.push_back(each.kind);
  return kinds;
}

TEST(HostRecord, KeepsWhatASessionHad) {
  HostRecord record;
  EXPECT_THAT(secured(record, at(noon), facts()), IsEmpty());
  auto resumed = facts();
  resumed.resumed = true;
  secured(record, at(noon + 1h), resumed);
  EXPECT_EQ(record.first, noon);
  EXPECT_EQ(record.last, noon + 1h);
  EXPECT_EQ(record.sessions, (Sessions{.verified = 2}));
  EXPECT_EQ(record.resumed, 1u);
  EXPECT_EQ(record.version, "TLSv1.3");
  EXPECT_EQ(record.group, "X25519");
  EXPECT_EQ(record.proof, "ca");
  EXPECT_EQ(record.verified, noon + 1h);
  EXPECT_EQ(record.dane, "usable");
  EXPECT_EQ(record.sts, "enforce");
  EXPECT_EQ(record.key, (Since{"k1", noon}));
}

TEST(HostRecord, TellsAChangedKeyFromAChangedCertificate) {
  HostRecord record;
  secured(record, at(noon), facts());
  const auto renewed = secured(record, at(noon + 1h), facts(PeerCheck::Verified, "k1", "c2"));
  ASSERT_THAT(kinds(renewed), ElementsAre(News::Kind::Certificate));
  EXPECT_EQ(renewed[0].was, "c1");
  EXPECT_EQ(renewed[0].is, "c2");
  EXPECT_EQ(record.key.when, noon);
  const auto rolled = secured(record, at(noon + 2h), facts(PeerCheck::Verified, "k2", "c3"));
  EXPECT_THAT(kinds(rolled), ElementsAre(News::Kind::Key));
  EXPECT_EQ(record.key, (Since{"k2", noon + 2h}));
  EXPECT_EQ(record.certificate, (Since{"c3", noon + 2h}));
}

TEST(HostRecord, WhatASessionDoesNotTellIsNoChange) {
  HostRecord record;
  secured(record, at(noon), facts());
  EXPECT_THAT(secured(record, at(noon + 1h), facts(PeerCheck::Verified, "", "")), IsEmpty());
  EXPECT_EQ(record.key.digest, "k1");
}

TEST(HostRecord, TellsOnceThatAHostIsNotProvenAnyMore) {
  HostRecord record;
  secured(record, at(noon), facts());
  const auto news = secured(record, at(noon + 1h), facts(PeerCheck::Unverified));
  ASSERT_THAT(kinds(news), ElementsAre(News::Kind::Unverified));
  EXPECT_EQ(news[0].was, "ca");
  EXPECT_EQ(news[0].is, "certificate has expired");
  EXPECT_THAT(secured(record, at(noon + 2h), facts(PeerCheck::Unverified)), IsEmpty());
  EXPECT_EQ(record.doubt, "certificate has expired");
  EXPECT_EQ(record.verified, noon);
  EXPECT_EQ(record.sessions, (Sessions{.verified = 1, .unverified = 2}));
}

TEST(HostRecord, AHostThatNeverWasProvenIsNoNews) {
  HostRecord record;
  EXPECT_THAT(secured(record, at(noon), facts(PeerCheck::Unverified)), IsEmpty());
}

TEST(HostRecord, TellsThatTlsIsBack) {
  HostRecord record;
  secured(record, at(noon), facts());
  missed(record, at(noon + 1h), "no STARTTLS", false);
  miss(record.tls, noon + 1h, {});
  const auto news = secured(record, at(noon + 2h), facts());
  ASSERT_THAT(kinds(news), ElementsAre(News::Kind::Back));
  EXPECT_EQ(news[0].was, "no STARTTLS");
  EXPECT_FALSE(record.tls.gone);
}

TEST(HostRecord, KeepsWhyThereWasNoTls) {
  HostRecord record;
  missed(record, at(noon), "no\r\nSTARTTLS", false);
  EXPECT_EQ(record.missed.why, "no\\x0d\\x0aSTARTTLS");
  EXPECT_EQ(record.failed.why, "");
  missed(record, at(noon + 1h), "no shared cipher", true);
  EXPECT_EQ(record.failed, (Mishap{"no shared cipher", noon + 1h}));
  EXPECT_EQ(record.sessions, (Sessions{.without = 2}));
}

TEST(DomainRecord, KnowsItsHostsTheLastOneLast) {
  DomainRecord record;
  for (const auto* host : {"a:25", "b:25", "a:25"}) seen(record, at(noon, host), {.verified = 1});
  EXPECT_THAT(record.hosts, ElementsAre("b:25", "a:25"));
  for (int i = 0; i < 40; ++i) seen(record, at(noon, std::to_string(i)), {.verified = 1});
  EXPECT_EQ(record.hosts.size(), DomainRecord::most_hosts);
  EXPECT_EQ(record.hosts.back(), "39");
}

TEST(DomainRecord, CountsByTheDayAndForgetsAfterThirty) {
  DomainRecord record;
  seen(record, at(noon), {.without = 1});
  for (int day = 1; day <= 30; ++day) {
    seen(record, at(noon + day * 24h), {.verified = 1});
    seen(record, at(noon + day * 24h), {.unverified = 1});
  }
  EXPECT_EQ(record.days.size(), 30u);
  EXPECT_EQ(lately(record, noon + 30 * 24h, 30), (Sessions{.verified = 30, .unverified = 30}));
  EXPECT_EQ(lately(record, noon + 30 * 24h, 2), (Sessions{.verified = 2, .unverified = 2}));
  EXPECT_EQ(lately(record, noon + 60 * 24h, 14), Sessions{});
  EXPECT_EQ(record.first, noon);
}

TEST(DomainRecord, AClockThatWasSetBackLosesNothing) {
  DomainRecord record;
  seen(record, at(noon), {.verified = 1});
  seen(record, at(noon - 48h), {.verified = 1});
  EXPECT_EQ(lately(record, noon, 1), (Sessions{.verified = 2}));
}

TEST(DomainRecord, KeepsTheLastTenWords) {
  DomainRecord record;
  for (int i = 0; i < 12; ++i) add_word(record, {noon, std::to_string(i), "keep"});
  ASSERT_EQ(record.words.size(), 10u);
  EXPECT_EQ(record.words.front().who, "2");
  EXPECT_EQ(record.words.back().who, "11");
}

TEST(Lack, IsOfADomainAndAHostAndEndsWithTls) {
  DomainRecord record;
  TlsHistory tls;
  remember(tls, "TLSv1.3", noon);
  EXPECT_EQ(find_lack(record, "mx.test:25", tls), nullptr);
  Lack& lack = lack_of(record, "mx.test:25", tls, noon);
  lack.accepted = true;
  EXPECT_TRUE(miss(lack, tls, noon, {}, true).tell);
  EXPECT_TRUE(is_released(record, "mx.test:25", tls, noon + 24h));
  EXPECT_FALSE(is_released(record, "mx2.test:25", tls, noon));
  remember(tls, "TLSv1.3", noon + 1min);
  EXPECT_EQ(find_lack(record, "mx.test:25", tls), nullptr);
  EXPECT_FALSE(is_released(record, "mx.test:25", tls, noon + 1min));
  EXPECT_EQ(lack_of(record, "mx.test:25", tls, noon + 2min),
            (Lack{"mx.test:25", noon, 2, noon + 2min, noon, false}));
  TlsHistory anew;  // the host was forgotten meanwhile
  remember(anew, "TLSv1.3", noon + 3min);
  remember(anew, "TLSv1.3", noon + 4min);
  EXPECT_EQ(find_lack(record, "mx.test:25", anew), nullptr);
  end_lack(record, "mx.test:25");
  EXPECT_THAT(record.lacks, IsEmpty());
}

TEST(Lack, AreSoManyAtMost) {
  DomainRecord record;
  for (int i = 0; i < 100; ++i) lack_of(record, std::to_string(i), {}, noon);
  EXPECT_EQ(record.lacks.size(), DomainRecord::most_lacks);
  EXPECT_NE(find_lack(record, "99", {}), nullptr);
}

}  // namespace
}  // namespace outrider::trust
