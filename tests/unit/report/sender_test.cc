#include "outrider/report/sender.h"

#include "outrider/report/gzip.h"
#include "outrider/report/inbox.h"
#include "support/memory_queue.h"
#include "unit/policy/sts_world.h"

namespace outrider::report {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const Time day = Time(std::chrono::days(20000));

class SenderTest : public testing::Test {
 protected:
  SenderTest()
      : log_(LogOptions{.path = folder_ / "log"}),
        tally_({}, nullptr, log_),
        server_(policy::sts_authority().issue(test::CertificateWish{.names = {"web.test"}}),
                [this](test::HttpsServer::Talk& talk) {
                  talk.send(refuses_ ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
                                     : "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n");
                }),
        client_(*fetch::Client::open(
            {.ca_file = policy::sts_authority().authority_file(), .special_addresses = true})) {
    rules_ = {.organization = "Us", .contact = {"tls", "us.example"}, .delay = Duration(0)};
    open();
  }
  ~SenderTest() override {
    loop_.stop();
    client_.reset();
  }

  void open() {
    const auto addresses = [](const std::string&) -> awaitable<std::vector<IpAddress>> {
      co_return std::vector{*IpAddress::parse("127.0.0.1")};
    };
    sender_ = std::make_unique<Sender>(
        rules_, SenderParts{tally_, queue_, zone_, *client_, addresses, log_}, loop_.executor());
  }
  void count(const std::string& domain, Time when = day) {
    Session session;
    session.policy = {"no-policy-found", {}, domain, {}, 0, 0, {}};
    session.when = when;
    tally_.add(session);
  }
  void announce(const std::string& domain, const std::string& rua) {
    zone_.set_text("_smtp._tls." + domain, "v=TLSRPTv1; rua=" + rua);
  }
  std::string web() const { return "https://web.test:" + std::to_string(server_.port()) + "/r"; }
  void send(Time time) { loop_.begin(step(time)).get(); }
  awaitable<int> step(Time time) {
    co_await sender_->send_due(time);
    co_return 0;
  }

  deliver::TestFolder folder_;
  Log log_;
  Tally tally_;
  test::MemoryQueue queue_;
  policy::StsZone zone_;
  std::atomic<bool> refuses_ = false;
  test::HttpsServer server_;
  std::unique_ptr<fetch::Client> client_;
  policy::StsLoop loop_;
  SenderRules rules_;
  std::unique_ptr<Sender> sender_;
};

TEST_F(SenderTest, MailsTheReportOfADayThatIsOver) {
  announce("example.com", "mailto:rua@example.com");
  count("example.com");
  send(day + 23h);
  EXPECT_THAT(queue_.messages(), IsEmpty());
  send(day + 24h);
  ASSERT_EQ(queue_.messages().size(), 1u);
  const auto message = queue_.messages()[0];
  EXPECT_TRUE(message.envelope.reverse_path.is_null());
  EXPECT_TRUE(message.envelope.tls_optional);
  EXPECT_EQ(message.envelope.recipients.at(0).address.text(), "rua@example.com");
  EXPECT_EQ(message.envelope.size, message.content.size());
  const auto report = report_of_mail(message.content, {});
  ASSERT_TRUE(report) << report.error().text();
  EXPECT_EQ(report->organization, "Us");
  EXPECT_EQ(report->contact, "tls@us.example");
  EXPECT_EQ(report->id, "1728000000.example.com@us.example");
  EXPECT_EQ(successes(*report), 1u);
  send(day + 25h);
  EXPECT_EQ(queue_.messages().size(), 1u) << "never twice";
  EXPECT_EQ(tally_.size(), 0u);
}

TEST_F(SenderTest, PostsItWhereThatIsAskedFor) {
  announce("example.com", web());
  count("example.com");
  send(day + 24h);
  ASSERT_EQ(server_.requests().size(), 1u);
  const auto request = server_.requests()[0];
  EXPECT_THAT(request, HasSubstr("POST /r HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("application/tlsrpt+gzip"));
  const auto report = parse_report(*gunzip(request.substr(request.find("\r\n\r\n") + 4), 1 << 20));
  ASSERT_TRUE(report);
  EXPECT_EQ(successes(*report), 1u);
  EXPECT_EQ(tally_.size(), 0u);
}

TEST_F(SenderTest, OneTargetThatTakesItIsEnough) {
  refuses_ = true;
  announce("example.com", web() + ",mailto:a@example.com,mailto:b@example.com");
  count("example.com");
  send(day + 24h);
  ASSERT_EQ(queue_.messages().size(), 1u);
  EXPECT_EQ(queue_.messages()[0].envelope.recipients[0].address.local_part, "a");
}

TEST_F(SenderTest, TriesAgainForADayAndGivesUp) {
  refuses_ = true;
  announce("example.com", web());
  count("example.com");
  send(day + 24h);
  send(day + 24h + 30min);
  EXPECT_EQ(server_.requests().size(), 1u) << "an hour lies between";
  send(day + 25h + 1min);
  EXPECT_EQ(server_.requests().size(), 2u);
  send(day + 26h + 30min);
  EXPECT_EQ(server_.requests().size(), 2u) << "then two";
  send(day + 27h + 2min);
  EXPECT_EQ(server_.requests().size(), 3u);
  EXPECT_EQ(tally_.size(), 1u);
  send(day + 48h + 3min);
  EXPECT_EQ(server_.requests().size(), 4u);
  EXPECT_EQ(tally_.size(), 0u);
}

TEST_F(SenderTest, WebServersThatHangHaveOneTimeInAll) {
  rules_.patience = 300ms;
  open();
  server_.set_script([](test::HttpsServer::Talk& talk) { talk.pause(1min); });
  announce("example.com", web() + "1," + web() + "2,mailto:a@example.com");
  count("example.com");
  send(day + 24h);
  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(queue_.messages().size(), 1u);
}

// Each answer waits for the fourth question.
TEST_F(SenderTest, ASlowDomainDoesNotHoldUpTheNext) {
  server_.set_script([this](test::HttpsServer::Talk& talk) {
    for (int i = 0; i < 300 && server_.requests().size() < 4; ++i) talk.pause(10ms);
    talk.send(server_.requests().size() < 4 ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"
                                            : "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n");
  });
  for (const auto* domain : {"a.example", "b.example", "c.example", "d.example"}) {
    announce(domain, web());
    count(domain);
  }
  send(day + 24h);
  EXPECT_EQ(tally_.size(), 0u);
}

TEST_F(SenderTest, TimeThatAnAttemptTakesIsNotForgotten) {
  rules_.retry = 1h;
  rules_.patience = 200ms;
  open();
  server_.set_script([](test::HttpsServer::Talk& talk) { talk.pause(1min); });
  announce("example.com", web());
  count("example.com");
  send(day + 24h);
  ASSERT_EQ(server_.connections(), 1);
  send(day + 25h + 50ms);
  EXPECT_EQ(server_.connections(), 1) << "an hour since its end";
}

TEST_F(SenderTest, WaitsForADnsThatDoesNotAnswer) {
  announce("example.com", "mailto:rua@example.com");
  count("example.com");
  zone_.set_failing(true);
  send(day + 24h);
  EXPECT_EQ(tally_.size(), 1u);
  zone_.set_failing(false);
  send(day + 25h + 1min);
  EXPECT_EQ(queue_.messages().size(), 1u);
}

TEST_F(SenderTest, WhoAsksForNoneGetsNone) {
  count("example.com");
  send(day + 24h);
  EXPECT_THAT(queue_.messages(), IsEmpty());
  EXPECT_EQ(tally_.size(), 0u);
}

// The case report-amplify of tlsrpt.json.
TEST_F(SenderTest, DoesNotFloodAVictimThatManyDomainsName) {
  rules_.most_to_one = 5;
  open();
  for (int i = 0; i < 20; ++i) {
    const auto domain = "d" + std::to_string(i) + ".example";
    announce(domain, "mailto:victim@example.com");
    count(domain);
  }
  send(day + 24h);
  EXPECT_EQ(queue_.messages().size(), 5u);
  EXPECT_EQ(tally_.size(), 0u);
}

TEST_F(SenderTest, AFullQueueIsTriedLater) {
  announce("example.com", "mailto:rua@example.com");
  count("example.com");
  queue_.accepts = false;
  send(day + 24h);
  EXPECT_EQ(tally_.size(), 1u);
  queue_.accepts = true;
  send(day + 25h + 1min);
  EXPECT_EQ(queue_.messages().size(), 1u);
}

TEST_F(SenderTest, WaitsItsDelay) {
  rules_.delay = 4h;
  open();
  announce("example.com", "mailto:rua@example.com");
  count("example.com");
  send(day + 28h);
  EXPECT_EQ(queue_.messages().size(), 1u);
}

TEST_F(SenderTest, WhatIsTriedAgainCountsOnce) {
  rules_.most_to_one = 2;
  open();
  refuses_ = true;
  for (const auto* domain : {"a.example", "b.example"}) {
    announce(domain, web());
    count(domain);
  }
  for (int hour = 24; hour < 30; ++hour) send(day + std::chrono::hours(hour) + 1min * hour);
  EXPECT_EQ(tally_.size(), 2u);
  refuses_ = false;
  send(day + 32h);
  EXPECT_EQ(tally_.size(), 0u);
  EXPECT_EQ(server_.requests().size(), 8u);
}

TEST_F(SenderTest, WhatIsSentIsRememberedAtOnce) {
  const auto store = *store::Store::open({.path = folder_ / "store"});
  const auto addresses = [](const std::string&) -> awaitable<std::vector<IpAddress>> {
    co_return std::vector<IpAddress>{};
  };
  announce("example.com", "mailto:rua@example.com");
  Tally tally({.write_after = 1h}, store.get(), log_);
  tally.add({{"no-policy-found", {}, "example.com", {}, 0, 0, {}}, {}, day});
  tally.flush();
  sender_ = std::make_unique<Sender>(
      rules_, SenderParts{tally, queue_, zone_, *client_, addresses, log_}, loop_.executor());
  send(day + 24h);
  ASSERT_EQ(queue_.messages().size(), 1u);
  Tally after_a_crash({.write_after = 1h}, store.get(), log_);
  ASSERT_TRUE(after_a_crash.load());
  EXPECT_EQ(after_a_crash.size(), 0u);
}

}  // namespace
}  // namespace outrider::report
