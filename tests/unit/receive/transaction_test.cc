#include "outrider/receive/transaction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

using testing::EndsWith;
using testing::StartsWith;

/// A transaction with its answers, without a socket; coroutines run on a thread.
class Bench {
 public:
  explicit Bench(Options options = mx_options())
      : options_(std::move(options)), log_(log_options()), reception_(queue, nullptr, {}, log_) {
    options_.listeners[0].smtp.lmtp = options_.listeners[0].role == Role::Lmtp;
    thread_.start();
  }
  ~Bench() { thread_.stop(); }

  smtp::Reply mail(smtp::MailCommand command = {}) {
    transaction =
        std::make_unique<Transaction>(reception_, options_, options_.listeners[0], client);
    return transaction->sender(command, {"client.example.net", "192.0.2.1", "ESMTP", ""}, nullptr);
  }
  smtp::Reply rcpt(std::string local_part, std::string domain = "example.org",
                   smtp::Notify notify = {}, std::string orcpt = {}) {
    smtp::RcptCommand command;
    command.forward_path = {std::move(local_part), std::move(domain)};
    command.notify = notify;
    command.orcpt = std::move(orcpt);
    return transaction->recipient(command);
  }
  /// Content in parts, and the answer to it.
  smtp::Reply message(std::vector<std::string> parts) {
    std::atomic<bool> done{false};
    smtp::Reply reply;
    thread_.spawn(run(*transaction, std::move(parts), reply, done));
    EXPECT_TRUE(comes_true([&] { return done.load(); }));
    return reply;
  }
  /// Content whose end does not come.
  void content(std::string part) {
    std::atomic<bool> done{false};
    thread_.spawn(give(*transaction, std::move(part), done));
    EXPECT_TRUE(comes_true([&] { return done.load(); }));
  }
  smtp::Reply whole(const std::string& content) {
    mail();
    rcpt("anna");
    return message({content});
  }

  test::MemoryQueue queue;
  Client client;
  std::unique_ptr<Transaction> transaction;

 private:
  static LogOptions log_options() {
    LogOptions options;
    options.path = "/dev/null";
    return options;
  }
  static awaitable<void> give(Transaction& transaction, std::string part, std::atomic<bool>& done) {
    co_await transaction.content(part);
    done = true;
  }
  static awaitable<void> run(Transaction& transaction, std::vector<std::string> parts,
                             smtp::Reply& reply, std::atomic<bool>& done) {
    for (const std::string& part : parts) co_await transaction.content(part);
    reply = co_await transaction.end();
    done = true;
  }

  Options options_;
  Log log_;
  net::IoThread thread_{0};
  Reception reception_;
};

TEST(Transaction, PutsTheTraceFieldFirst) {
  Bench bench;
  const smtp::Reply reply = bench.whole(small_message);
  EXPECT_EQ(reply.code, 250);
  ASSERT_EQ(bench.queue.messages().size(), 1u);
  const std::string content = bench.queue.messages()[0].content;
  EXPECT_TRUE(content.starts_with("Received: from client.example.net")) << content;
  EXPECT_NE(content.find("for <anna@example.org>"), content.npos) << content;
}

TEST(Transaction, NamesNoRecipientWhereThereAreMore) {
  Bench bench;
  bench.mail();
  bench.rcpt("anna");
  bench.rcpt("bob");
  EXPECT_EQ(bench.message({small_message}).code, 250);
  EXPECT_EQ(bench.queue.messages()[0].content.find("for <"), std::string::npos);
  EXPECT_EQ(bench.queue.messages()[0].envelope.recipients.size(), 2u);
}

TEST(Transaction, TakesAMessageWithoutContent) {
  Bench bench;
  bench.mail();
  bench.rcpt("anna");
  EXPECT_EQ(bench.message({}).code, 250);
  EXPECT_EQ(bench.queue.messages().size(), 1u);
}

TEST(Transaction, KeepsWhatTheClientAskedFor) {
  Bench bench;
  smtp::MailCommand mail;
  mail.reverse_path = {"s", "example.net"};
  mail.body = smtp::Body::EightBitMime;
  mail.smtputf8 = true;
  mail.ret = smtp::Ret::Headers;
  mail.envid = "QQ314159";
  bench.mail(mail);
  smtp::Notify notify;
  notify.success = notify.delay = true;
  bench.rcpt("anna", "example.org", notify, "rfc822;ann@example.net");
  EXPECT_EQ(bench.message({"Subject: \xC3\xA4\r\n\r\n"}).code, 250);
  const mail::Envelope envelope = bench.queue.messages()[0].envelope;
  EXPECT_EQ(envelope.body, mail::BodyType::EightBitMime);
  EXPECT_TRUE(envelope.smtputf8);
  EXPECT_TRUE(envelope.has_eight_bit);
  EXPECT_EQ(envelope.ret, mail::Return::Headers);
  EXPECT_EQ(envelope.envid, "QQ314159");
  EXPECT_EQ(envelope.recipients[0].notify, mail::notify_success | mail::notify_delay);
  EXPECT_EQ(envelope.recipients[0].orcpt, "rfc822;ann@example.net");
}

TEST(Transaction, HandsARecipientNamedTwiceTheMessageOnce) {
  Bench bench;
  bench.mail();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bench.rcpt("anna").code, 250);
  EXPECT_EQ(bench.transaction->accepted(), 5u);
  bench.message({small_message});
  EXPECT_EQ(bench.queue.messages()[0].envelope.recipients.size(), 1u);
}

TEST(Transaction, HandsEachOfManyRecipientsTheMessageOnce) {
  Bench bench;
  bench.client.may_relay = true;
  bench.mail();
  smtp::Notify never;
  never.never = true;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) bench.rcpt("user" + std::to_string(i), "example.net");
    bench.rcpt("user7", "example.net", never);
    bench.rcpt("user7", "example.com");
  }
  EXPECT_EQ(bench.transaction->accepted(), 306u);
  bench.message({small_message});
  EXPECT_EQ(bench.queue.messages()[0].envelope.recipients.size(), 102u);
  bench.mail();
  bench.rcpt("user7", "example.net");
  bench.message({small_message});
  EXPECT_EQ(bench.queue.messages()[1].envelope.recipients.size(), 1u);
}

Options with_alias() {
  static const std::string path =
      std::filesystem::temp_directory_path() / ("outrider-alias-" + std::to_string(::getpid()));
  std::ofstream(path) << "team: anna, bob\nboss: anna\n";
  DomainOptions domain;
  domain.name = "example.org";
  domain.users = {"anna", "bob"};
  domain.aliases_file = path;
  LocalDomainsOptions domains;
  domains.domains = {domain};
  Options options = mx_options();
  options.domains = *LocalDomains::load(domains);
  std::filesystem::remove(path);
  return options;
}

// RFC 3461 §5.2.7.2
TEST(Transaction, PassesAllOnToTheOneAddressOfAnAlias) {
  Bench bench(with_alias());
  bench.mail();
  smtp::Notify notify;
  notify.success = true;
  bench.rcpt("boss", "example.org", notify, "rfc822;boss@example.org");
  bench.message({small_message});
  const auto recipients = bench.queue.messages()[0].envelope.recipients;
  ASSERT_EQ(recipients.size(), 1u);
  EXPECT_EQ(recipients[0].notify, mail::notify_success);
  EXPECT_EQ(recipients[0].orcpt, "rfc822;boss@example.org");
}

// RFC 3461 §5.2.7.3 (c)
TEST(Transaction, PassesAllButSuccessToTheAddressesOfAnAlias) {
  Bench bench(with_alias());
  bench.mail();
  smtp::Notify notify;
  notify.success = notify.failure = true;
  bench.rcpt("team", "example.org", notify, "rfc822;team@example.org");
  bench.message({small_message});
  const auto recipients = bench.queue.messages()[0].envelope.recipients;
  ASSERT_EQ(recipients.size(), 2u);
  for (const mail::Recipient& recipient : recipients) {
    EXPECT_EQ(recipient.notify, mail::notify_failure);
    EXPECT_EQ(recipient.orcpt, "rfc822;team@example.org");
  }
}

TEST(Transaction, AsksForNothingWhereOnlySuccessWasAskedFor) {
  Bench bench(with_alias());
  bench.mail();
  smtp::Notify notify;
  notify.success = true;
  bench.rcpt("team", "example.org", notify);
  bench.message({small_message});
  EXPECT_EQ(bench.queue.messages()[0].envelope.recipients.at(0).notify, mail::notify_never);
}

TEST(Transaction, RefusesALoop) {
  Options options = mx_options();
  options.listeners[0].header.hops = 3;
  Bench bench(options);
  std::string content;
  for (int i = 0; i < 3; ++i) content += "Received: from a by b; now\r\n";
  EXPECT_EQ(bench.whole(content + "\r\nbody\r\n").code, 250);
  EXPECT_EQ(bench.whole(content + "Received: from c\r\n\r\nbody\r\n"),
            smtp::Reply(smtp::replies::mail_loop));
  EXPECT_EQ(bench.whole("Subject: x\r\n\r\n" + content + content).code, 250) << "in the body";
}

TEST(Transaction, BoundsTheHeader) {
  Options options = mx_options();
  options.listeners[0].header.bytes = 1000;
  options.listeners[0].header.fields = 10;
  Bench bench(options);
  EXPECT_EQ(bench.whole("Subject: " + std::string(1500, 'x') + "\r\n\r\nbody\r\n"),
            smtp::Reply(smtp::replies::header_too_large));
  std::string many;
  for (int i = 0; i < 11; ++i) many += "A: b\r\n";
  EXPECT_EQ(bench.whole(many + "\r\nbody\r\n"), smtp::Reply(smtp::replies::header_too_large));
  EXPECT_EQ(bench.whole("A: b\r\n\r\n" + std::string(5000, 'x') + "\r\n").code, 250);
  EXPECT_EQ(bench.queue.messages().size(), 1u);
  EXPECT_EQ(bench.queue.dropped, 2);
}

TEST(Transaction, ServesByRole) {
  struct Row {
    Role role;
    bool ours;
    int mail, here, elsewhere;
  };
  // 250: taken; 550: refused; 0: not asked, as MAIL was refused
  const Row rows[] = {
      {Role::Mx, false, 250, 250, 550},     {Role::Mx, true, 250, 250, 250},
      {Role::Submission, false, 550, 0, 0}, {Role::Submission, true, 250, 250, 250},
      {Role::Relay, false, 550, 0, 0},      {Role::Relay, true, 250, 250, 250},
      {Role::Lmtp, false, 250, 250, 550},   {Role::Lmtp, true, 250, 250, 250},
  };
  for (const Row& row : rows) {
    Options options = mx_options();
    options.listeners[0].role = row.role;
    Bench bench(options);
    bench.client.may_relay = row.ours;
    EXPECT_EQ(bench.mail().code, row.mail);
    if (row.here == 0) continue;
    EXPECT_EQ(bench.rcpt("anna").code, row.here);
    EXPECT_EQ(bench.rcpt("who", "elsewhere.example").code, row.elsewhere);
    EXPECT_EQ(bench.rcpt("who").code, 550);
  }
}

TEST(Transaction, TakesNoMailWithoutRoom) {
  Bench bench;
  bench.queue.accepts = false;
  EXPECT_EQ(bench.mail(), smtp::Reply(smtp::replies::no_space));
}

TEST(Transaction, LeavesNothingOfAMessageThatDidNotEnd) {
  Bench bench;
  bench.mail();
  bench.rcpt("anna");
  bench.content(small_message);
  EXPECT_EQ(bench.queue.begun, 1);
  EXPECT_EQ(bench.queue.dropped, 0);
  bench.transaction.reset();
  EXPECT_EQ(bench.queue.dropped, 1);
  EXPECT_TRUE(bench.queue.messages().empty());
}

// A relay's part of RFC 788 §3.6: its name leaves the forward-path.
class SourceRoute : public testing::Test {
 protected:
  static Options options(bool relays) {
    Options options = mx_options();
    options.listeners[0].smtp.heritage = true;
    options.listing.own_names = {"alias.example.org"};
    if (relays) options.relay_networks = {*Network::parse("127.0.0.0/8")};
    return options;
  }
  static std::string send(Site& site, const std::string& from, const std::string& to) {
    Peer peer(site.port);
    peer.reply();
    peer.command("EHLO c.example.net");
    peer.command("MAIL FROM:" + from);
    const std::string reply = peer.command("RCPT TO:" + to);
    if (!reply.starts_with("250")) return reply;
    peer.command("DATA");
    return peer.command("x\r\n.");
  }
  static mail::Envelope sent(const std::string& from, const std::string& to) {
    Site site(options(true));
    EXPECT_THAT(send(site, from, to), EndsWith(" queued"));
    return site.queue.messages().empty() ? mail::Envelope() : site.queue.messages()[0].envelope;
  }
};

TEST_F(SourceRoute, S3_LosesOurNamesAndIsKept) {
  const auto envelope = sent("<@one.example:joe@zero.example>",
                             "<@mx.example.org,@ALIAS.example.org,@two.example,@three.example:"
                             "ann@four.example>");
  EXPECT_TRUE(envelope.routed);
  EXPECT_EQ(envelope.reverse_route, "@one.example");
  EXPECT_EQ(envelope.recipients.at(0).address.text(), "ann@four.example");
  EXPECT_EQ(envelope.recipients.at(0).route, "@two.example,@three.example");
}

TEST_F(SourceRoute, S3_ThatEndsHereIsAnAddress) {
  const auto envelope = sent("<joe@zero.example>", "<@mx.example.org,anna@example.org>");
  EXPECT_TRUE(envelope.routed) << "the relay shows itself all the same";
  EXPECT_EQ(envelope.recipients.at(0).route, "");
  EXPECT_FALSE(sent("<joe@zero.example>", "<anna@example.org>").routed);
  EXPECT_EQ(sent("<joe@z.example>", "<@two.example:anna@example.org>").recipients.at(0).route,
            "@two.example");
}

TEST_F(SourceRoute, S3_IsNotForStrangers) {
  Site site(options(false));
  for (const auto* to : {"<@mx.example.org,@two.example:ann@four.example>",
                         "<@two.example:anna@example.org>", "<@mx.example.org:ann@four.example>"}) {
    EXPECT_THAT(send(site, "<joe@zero.example>", to), StartsWith("550 5.7.1")) << to;
  }
  EXPECT_THAT(send(site, "<joe@zero.example>", "<@mx.example.org:anna@example.org>"),
              EndsWith(" queued"));
}

TEST_F(SourceRoute, S3_IsIgnoredByDefault) {
  Options plain = options(true);
  plain.listeners[0].smtp.heritage = false;
  Site site(plain);
  EXPECT_THAT(send(site, "<@one.example:joe@z.example>", "<@two.example:anna@example.org>"),
              EndsWith(" queued"));
  const auto envelope = site.queue.messages().at(0).envelope;
  EXPECT_FALSE(envelope.routed);
  EXPECT_EQ(envelope.reverse_route + envelope.recipients.at(0).route, "");
}

}  // namespace
}  // namespace outrider::receive
