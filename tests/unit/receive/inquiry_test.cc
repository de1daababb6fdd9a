#include "outrider/receive/inquiry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace outrider::receive {
namespace {

class Inquiry : public testing::Test {
 protected:
  Inquiry() {
    std::ofstream(aliases_) << "team: anna, bob@example.net, carl@example.com\n"
                               "office: anna\nfar: \"j\xc3\xbcrgen\", anna\n";
    DomainOptions org, com, any, rest;
    org.name = "example.org";
    org.users = {"anna", "smith", "j\xc3\xbcrgen"};
    org.aliases_file = aliases_;
    com.name = "example.com";
    com.users = {"carl", "smith"};
    LocalDomainsOptions options;
    any.name = "example.edu";
    any.any_user = true;
    rest.name = "example.info";
    rest.catch_all = "carl@example.com";
    options.domains = {org, com, any, rest};
    options.hostname = "mx.example.org";
    auto loaded = LocalDomains::load(options);
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().text());
    domains_ = *loaded;
  }
  ~Inquiry() override { std::filesystem::remove(aliases_); }

  std::string vrfy(std::string_view text) { return verify(*domains_, text).line(); }
  std::string expn(std::string_view text) { return expand(*domains_, text).line(); }

  std::string aliases_ =
      std::filesystem::temp_directory_path() / ("outrider-inquiry-" + std::to_string(::getpid()));
  std::shared_ptr<const LocalDomains> domains_;
};

// RFC 5321 §3.5.1
TEST_F(Inquiry, S6_VrfyNamesTheMailbox) {
  EXPECT_EQ(vrfy("anna"), "250 2.1.5 <anna@example.org>");
  EXPECT_EQ(vrfy("<ANNA@Example.org>"), "250 2.1.5 <anna@example.org>");
  EXPECT_EQ(vrfy("office"), "250 2.1.5 <office@example.org>");
  EXPECT_EQ(vrfy("team"), "252 2.1.5 <team@example.org> is a list");
  EXPECT_EQ(vrfy("smith"), "553 5.1.4 ambiguous, possibly <smith@example.com> <smith@example.org>");
  EXPECT_EQ(vrfy("nobody@example.edu"), "250 2.1.5 <nobody@example.edu>");
  EXPECT_EQ(vrfy("nobody@example.info"), "250 2.1.5 <nobody@example.info>") << "it is taken";
  EXPECT_EQ(vrfy("nobody"), "550 5.1.1 no such user here");
  EXPECT_EQ(vrfy("nobody@example.com"), "550 5.1.1 no such user here");
  EXPECT_EQ(vrfy("bob@example.net"), "252 2.1.5 send mail and see");
  EXPECT_EQ(vrfy("a b c"), "501 5.1.3 bad forward-path");
}

TEST_F(Inquiry, S6_ExpnNamesTheMembersALineEach) {
  const auto reply = expand(*domains_, "team");
  EXPECT_EQ(reply.wire(),
            "250-2.1.5 <anna@example.org>\r\n250-2.1.5 <bob@example.net>\r\n"
            "250 2.1.5 <carl@example.com>\r\n");
  EXPECT_EQ(expn("anna"), "550 5.1.1 that is a user, not a list");
  EXPECT_EQ(expn("nobody@example.info"), "550 5.1.1 no such user here")
      << "who gets it is told to nobody";
  EXPECT_EQ(expn("nobody@example.edu"), "550 5.1.1 no such user here");
  EXPECT_EQ(expn("nobody"), "550 5.1.1 no such user here");
  EXPECT_EQ(expn("list@example.net"), "550 5.1.1 no such user here");
}

// RFC 6531 §3.7.4.2
TEST_F(Inquiry, S6_WhatIsBeyondAsciiIsNotSaid) {
  EXPECT_EQ(vrfy("j\xc3\xbcrgen@example.org"), "252 2.1.5 send mail and see");
  EXPECT_EQ(expn("far"), "252 2.1.5 send mail and see");
}

}  // namespace
}  // namespace outrider::receive
