#include "outrider/receive/terminal_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/pty.h"
#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Options heritage_options(const std::string& utmp) {
  DomainOptions domain;
  domain.name = "example.org";
  domain.users = {"anna", test::user_name()};
  LocalDomainsOptions domains;
  domains.domains = {domain};
  domains.hostname = "mx.example.org";
  Options options = mx_options();
  options.domains = *LocalDomains::load(domains);
  options.listeners[0].smtp.heritage = true;
  options.listeners[0].utmp = utmp;
  return options;
}

class TerminalMailTest : public testing::Test {
 protected:
  void SetUp() override {
    if (pty_.device().empty() || test::user_name().empty()) GTEST_SKIP() << "no terminals here";
    utmp_.add(test::user_name(), pty_.line());
    greet();
  }
  void greet() {
    peer_.reply();
    peer_.command("EHLO c.example.net");
  }
  /// From the command to the reply to the content.
  std::string transaction(const std::string& verb, const std::vector<std::string>& users) {
    EXPECT_THAT(peer_.command(verb + " FROM:<joe@example.net>"), StartsWith("250"));
    for (const auto& user : users) {
      const std::string reply = peer_.command("RCPT TO:<" + user + "@example.org>");
      if (!reply.starts_with("250")) return reply;
    }
    peer_.command("DATA");
    return peer_.command("Subject: tea\r\n\r\nnow?\r\n.");
  }

  test::Pty pty_;
  test::UtmpFile utmp_{testing::TempDir() + "outrider-heritage-" + std::to_string(::getpid())};
  std::string me_ = test::user_name();
  Site site_{heritage_options(utmp_.path())};
  Peer peer_{site_.port};
};

TEST_F(TerminalMailTest, S2_SendGoesToTheTerminalAndNowhereElse) {
  EXPECT_THAT(transaction("SEND", {me_}), HasSubstr(" shown, terminals: 1"));
  EXPECT_THAT(pty_.shows(), HasSubstr("Message from <joe@example.net> by mx.example.org"));
  EXPECT_TRUE(site_.queue.messages().empty());
  EXPECT_TRUE(site_.logs("written=1"));
}

TEST_F(TerminalMailTest, S2_SendNeedsAUserWhoIsThere) {
  EXPECT_EQ(transaction("SEND", {"anna"}),
            "450 4.2.1 the user is not logged in, or takes no messages");
  peer_.command("RSET");
  pty_.takes_messages(false);
  EXPECT_THAT(transaction("SEND", {me_}), StartsWith("450 4.2.1"));
  EXPECT_THAT(peer_.command("RCPT TO:<joe@example.net>"), StartsWith("550 5.7.1"));
  Options relay = heritage_options(utmp_.path());
  relay.relay_networks = {*Network::parse("127.0.0.0/8")};
  ASSERT_TRUE(site_.receiver().reload(relay));
  Peer ours(site_.port);
  ours.reply();
  ours.command("EHLO c.example.net");
  ours.command("SEND FROM:<joe@example.net>");
  for (const auto& to : {std::string("joe@example.net"), "@two.example:" + me_ + "@example.org"}) {
    EXPECT_EQ(ours.command("RCPT TO:<" + to + ">"),
              "550 5.7.1 SEND reaches the terminals of this host alone");
  }
}

TEST_F(TerminalMailTest, S2_SendWhoseUserLeavesMeanwhileIsNotAccepted) {
  peer_.command("SEND FROM:<joe@example.net>");
  EXPECT_THAT(peer_.command("RCPT TO:<" + me_ + "@example.org>"), StartsWith("250"));
  pty_.takes_messages(false);
  peer_.command("DATA");
  EXPECT_THAT(peer_.command("x\r\n."), StartsWith("450 4.2.1"));
  EXPECT_TRUE(site_.queue.messages().empty());
}

TEST_F(TerminalMailTest, S2_SendThatIsTooLongIsRefused) {
  peer_.command("SEND FROM:<joe@example.net>");
  peer_.command("RCPT TO:<" + me_ + "@example.org>");
  peer_.command("DATA");
  std::string lines = "\r\n";
  for (int i = 0; i < 300; ++i) lines += "line\r\n";
  EXPECT_EQ(peer_.command(lines + "."), "552 5.3.4 message is longer than a terminal is given");
}

TEST_F(TerminalMailTest, S2_SomlGoesToTheTerminalElseToTheMailbox) {
  EXPECT_THAT(transaction("SOML", {me_, "anna"}), EndsWith(" queued"));
  EXPECT_THAT(pty_.shows(), HasSubstr("now?"));
  const auto kept = site_.queue.messages();
  ASSERT_EQ(kept.size(), 1u);
  ASSERT_EQ(kept[0].envelope.recipients.size(), 1u);
  EXPECT_EQ(kept[0].envelope.recipients[0].address.local_part, "anna");
  EXPECT_THAT(transaction("SOML", {me_}), HasSubstr(" shown, terminals: 1"));
  EXPECT_EQ(site_.queue.messages().size(), 1u);
}

TEST_F(TerminalMailTest, S2_SamlGoesToBoth) {
  EXPECT_THAT(transaction("SAML", {me_, "anna"}), EndsWith(" queued"));
  EXPECT_THAT(pty_.shows(), HasSubstr("now?"));
  const auto kept = site_.queue.messages();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].envelope.recipients.size(), 2u);
  pty_.takes_messages(false);
  EXPECT_THAT(transaction("SAML", {me_}), EndsWith(" queued")) << "the mailbox is enough";
}

// RFC 788 §4.1.1: partial success is OK, and a notice for the rest, by MAIL.
TEST_F(TerminalMailTest, S2_WhoIsNotReachedIsToldOfByMail) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give a terminal away";
  test::Pty daemons;
  ASSERT_EQ(::chown(daemons.device().c_str(), ::getpwnam("daemon")->pw_uid, 5), 0);
  daemons.takes_messages(true);
  utmp_.add("daemon", daemons.line());
  Options options = heritage_options(utmp_.path());
  DomainOptions domain;
  domain.name = "example.org";
  domain.users = {me_, "daemon"};
  LocalDomainsOptions domains;
  domains.domains = {domain};
  options.domains = *LocalDomains::load(domains);
  ASSERT_TRUE(site_.receiver().reload(options));
  Peer peer(site_.port);
  peer.reply();
  peer.command("EHLO c.example.net");
  peer.command("SEND FROM:<joe@example.net>");
  EXPECT_THAT(peer.command("RCPT TO:<" + me_ + "@example.org>"), StartsWith("250"));
  EXPECT_THAT(peer.command("RCPT TO:<daemon@example.org>"), StartsWith("250"));
  daemons.takes_messages(false);
  peer.command("DATA");
  EXPECT_THAT(peer.command("Subject: tea\r\n\r\nnow?\r\n."), HasSubstr(" shown, terminals: 1"));
  const auto kept = site_.queue.messages();
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_TRUE(kept[0].envelope.reverse_path.is_null());
  EXPECT_EQ(kept[0].envelope.recipients[0].address.text(), "joe@example.net");
  EXPECT_THAT(kept[0].content, HasSubstr("daemon@example.org"));
  EXPECT_THAT(kept[0].content, HasSubstr("450 4.2.1 the user is not logged in"));
  EXPECT_THAT(kept[0].content, testing::Not(HasSubstr("for <" + me_)));
}

}  // namespace
}  // namespace outrider::receive
