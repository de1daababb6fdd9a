// Covers: policy/web_addresses.cc
#include "outrider/policy/alarms.h"

#include "sts_world.h"

namespace outrider::policy {
namespace {

using testing::HasSubstr;
using testing::Not;

Alarm alarm(Time when = now(), std::string host = "mx.test:25") {
  return {.kind = Alarm::Kind::TlsGone,
          .domain = "test",
          .host = std::move(host),
          .level = "opportunistic",
          .why = "the server does not offer STARTTLS",
          .last_seen = when - 1h,
          .gone = 1,
          .known = 6,
          .when = when};
}

class AlarmsTest : public testing::Test {
 protected:
  AlarmsTest()
      : log_(LogOptions{.path = folder_ / "log"}),
        server_(sts_authority().issue(test::CertificateWish{.names = {"hook.test"}}),
                [this](HttpsServer::Talk& talk) {
                  if (refuses_-- > 0) {
                    talk.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
                  } else {
                    talk.send("HTTP/1.1 204 Done\r\n\r\n");
                  }
                }) {}
  ~AlarmsTest() override {
    loop_.stop();
    client_.reset();
    alarms_.reset();
  }

  void open(AlarmRules rules) { alarms_ = std::make_unique<Alarms>(std::move(rules), log_); }
  void open_webhook(AlarmRules rules) {
    client_ = *fetch::Client::open(
        {.ca_file = sts_authority().authority_file(), .special_addresses = true});
    rules.webhook = "https://hook.test:" + std::to_string(server_.port()) + "/alarm";
    alarms_ = std::make_unique<Alarms>(std::move(rules), log_,
                                       AlarmSources{zone_, *client_, loop_.executor()});
  }
  std::string logged() {
    log_.flush();
    return content_of(folder_ / "log");
  }
  static std::string content_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  deliver::TestFolder folder_;
  Log log_;
  std::atomic<int> refuses_ = 0;
  HttpsServer server_;
  StsZone zone_;
  StsLoop loop_;
  std::unique_ptr<fetch::Client> client_;
  std::unique_ptr<Alarms> alarms_;
};

TEST_F(AlarmsTest, StandInTheLogAtOnce) {
  open({});
  EXPECT_TRUE(alarms_->raise(alarm()));
  EXPECT_EQ(alarms_->raised(), 1u);
  EXPECT_THAT(logged(), HasSubstr("warning alarm alarm=tls-gone host=mx.test:25 domain=test"));
  EXPECT_THAT(logged(), HasSubstr("hosts_gone=1 hosts_known=6"));
}

TEST_F(AlarmsTest, AreNotRepeatedInTheSilence) {
  open({});
  const Time noon = now();
  EXPECT_TRUE(alarms_->raise(alarm(noon)));
  EXPECT_FALSE(alarms_->raise(alarm(noon + 59min)));
  EXPECT_TRUE(alarms_->raise(alarm(noon + 59min, "other.test:25")));
  EXPECT_TRUE(alarms_->raise(alarm(noon + 60min)));
  auto other = alarm(noon + 60min);
  other.kind = Alarm::Kind::PolicyFailed;
  EXPECT_TRUE(alarms_->raise(other));
  EXPECT_EQ(alarms_->raised(), 4u);
}

TEST(AlarmJson, HasWhatIsKnown) {
  const auto json = alarm_json(alarm(Time(1'700'000'000'000ms)));
  EXPECT_EQ(json,
            R"({"alarm":"tls-gone","time":"2023-11-14T22:13:20.000Z","domain":"test",)"
            R"("host":"mx.test:25","level":"opportunistic",)"
            R"("why":"the server does not offer STARTTLS","last_seen":"2023-11-14T21:13:20.000Z",)"
            R"("hosts_gone":1,"hosts_known":6})");
  Alarm bare;
  bare.kind = Alarm::Kind::DnsDisputed;
  bare.why = "a \"quote\"\r\n";
  EXPECT_THAT(alarm_json(bare), Not(HasSubstr("host")));
  EXPECT_THAT(alarm_json(bare), Not(HasSubstr("\r")));
}

TEST(AlarmKinds, HaveNames) {
  EXPECT_EQ(alarm_named("policy-failed"), Alarm::Kind::PolicyFailed);
  EXPECT_EQ(name(Alarm::Kind::ReportsFailing), "reports-failing");
  EXPECT_FALSE(alarm_named("fire"));
}

TEST_F(AlarmsTest, AreReadByAProgram) {
  const auto out = folder_ / "out";
  open({.command = {"sh", "-c",
                    "cat > \"$0.new\"; echo $OUTRIDER_ALARM $OUTRIDER_DOMAIN "
                    "$OUTRIDER_HOST >> \"$0.new\"; mv \"$0.new\" \"$0\"",
                    out}});
  alarms_->raise(alarm());
  ASSERT_TRUE(deliver::comes_true([&] { return std::filesystem::exists(out); }));
  EXPECT_THAT(content_of(out), HasSubstr(R"("alarm":"tls-gone")"));
  EXPECT_THAT(content_of(out), HasSubstr("\ntls-gone test mx.test:25\n"));
}

TEST_F(AlarmsTest, AProgramThatFailsIsLogged) {
  open({.command = {"false"}});
  alarms_->raise(alarm());
  EXPECT_TRUE(deliver::comes_true(
      [&] { return logged().contains("alarm_not_run alarm=tls-gone domain=test"); }));
}

TEST_F(AlarmsTest, ASlowProgramHoldsNobodyUpAndLosesOnlyItsOwn) {
  open({.command = {"sleep", "60"}, .most_waiting = 2});
  const auto begin = steady_now();
  for (int i = 0; i < 10; ++i) alarms_->raise(alarm(now(), std::to_string(i)));
  alarms_.reset();
  EXPECT_LT(steady_now() - begin, 5s);
  EXPECT_THAT(logged(), HasSubstr("too many wait for the program"));
  EXPECT_THAT(logged(), HasSubstr("alarm=tls-gone host=9"));
}

TEST_F(AlarmsTest, WhatWaitsIsNotBegunWhenWeStop) {
  const auto out = folder_ / "out";
  open({.command = {"sh", "-c", "echo begun >> \"$0\"; sleep 60", out}});
  for (int i = 0; i < 5; ++i) alarms_->raise(alarm(now(), std::to_string(i)));
  ASSERT_TRUE(deliver::comes_true([&] { return content_of(out) == "begun\n"; }));
  alarms_.reset();
  EXPECT_EQ(content_of(out), "begun\n");
  const auto text = logged();
  EXPECT_THAT(text, HasSubstr("killed: the server stops"));
  EXPECT_EQ(text.find("alarm_not_run"), text.rfind("alarm_not_run"));
}

// Whoever can mail to the address of reports could keep the others from being told.
TEST_F(AlarmsTest, ReportsOfOthersDoNotPushOutWhatWeSaw) {
  const auto out = folder_ / "out";
  open({.command = {"sh", "-c", "sleep 0.2; echo $OUTRIDER_ALARM $OUTRIDER_DOMAIN >> \"$0\"", out},
        .most_waiting = 2});
  for (int i = 0; i < 30; ++i) {
    auto report = alarm();
    report.kind = Alarm::Kind::ReportsFailing;
    report.domain = std::to_string(i);
    alarms_->raise(report);
  }
  alarms_->raise(alarm());
  ASSERT_TRUE(deliver::comes_true([&] { return content_of(out).contains("tls-gone test\n"); }));
  EXPECT_LT(std::ranges::count(content_of(out), '\n'), 5) << "it does not wait for all of them";
}

TEST_F(AlarmsTest, ArePostedWithinFiveSeconds) {
  open_webhook({});
  const auto begin = steady_now();
  alarms_->raise(alarm());
  ASSERT_TRUE(deliver::comes_true([&] { return !server_.requests().empty(); }));
  EXPECT_LT(steady_now() - begin, 5s);
  const auto request = server_.requests().at(0);
  EXPECT_THAT(request, HasSubstr("POST /alarm HTTP/1.1"));
  EXPECT_THAT(request, HasSubstr("application/json"));
  EXPECT_THAT(request, HasSubstr(R"({"alarm":"tls-gone")"));
}

TEST_F(AlarmsTest, AreTriedAgainWhereTheWebhookRefuses) {
  refuses_ = 1;
  open_webhook({});
  alarms_->raise(alarm());
  EXPECT_TRUE(deliver::comes_true([&] { return server_.requests().size() == 2; }));
  EXPECT_THAT(logged(), Not(HasSubstr("alarm_not_posted")));
}

TEST_F(AlarmsTest, OnlyTheKindsThatAreWantedLeave) {
  open_webhook({.kinds = {Alarm::Kind::DnsDisputed}});
  alarms_->raise(alarm());
  Alarm disputed;
  disputed.kind = Alarm::Kind::DnsDisputed;
  disputed.when = now();
  alarms_->raise(disputed);
  ASSERT_TRUE(deliver::comes_true([&] { return !server_.requests().empty(); }));
  EXPECT_EQ(server_.requests().size(), 1u);
  EXPECT_THAT(server_.requests().at(0), HasSubstr("dns-disputed"));
  EXPECT_THAT(logged(), HasSubstr("alarm=tls-gone"));
}

}  // namespace
}  // namespace outrider::policy
