#include "outrider/deliver/outlook.h"

#include <gmock/gmock.h>

#include "outrider/tls/tlsa_of.h"
#include "unit/deliver/secured.h"

namespace outrider::deliver {
namespace {

using testing::HasSubstr;

dns::TlsaAnswer tlsa_answer(std::vector<Tlsa> records, dns::Status status = dns::Status::Found) {
  dns::TlsaAnswer answer;
  answer.status = status;
  answer.secure = status != dns::Status::Failed;
  answer.records = std::move(records);
  answer.why = "time-out";
  answer.ttl = 60s;
  return answer;
}

// A signed world in which away.test has one mail server.
struct Signed : Secured {
  Signed() {
    post.world.is_signed = true;
    post.options.tls = trust::Level::Opportunistic;
  }
  std::string record_name(const ScriptedServer& server) {
    return "_" + port_of(server) + "._tcp.mx.away.test";
  }
  void publish(const ScriptedServer& server, std::vector<Tlsa> records,
               dns::Status status = dns::Status::Found) {
    const std::lock_guard guard(post.world.lock);
    post.world.tlsa_records[record_name(server)] = tlsa_answer(std::move(records), status);
  }
  Tlsa good_record() const { return *tls::tlsa_of({files.certificate, files.key}); }
  void go(const ScriptedServer& server, mail::Envelope envelope = envelope_to({"anna@away.test"})) {
    post.route("away.test", "smtp://[mx.away.test]:" + port_of(server));
    post.start();
    post.put(std::move(envelope));
  }
};

TEST(Outlook, DeliversByAMatchingRecord) {
  Signed site;
  ScriptedServer server({.tls = site.context});
  site.publish(server, {site.good_record()});
  site.go(server);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_THAT(site.post.log(),
              HasSubstr("/verified:dane-ee level=dane rule=\"signed TLSA records"));
}

TEST(Outlook, KeepsMailFromAHostThatDoesNotMatch) {
  Signed site;
  ScriptedServer server({.tls = site.context});
  site.publish(server, {{3, 1, 1, std::string(32, 'x')}});
  site.go(server);
  EXPECT_TRUE(site.post.logs("dsn=4.7.5")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

TEST(Outlook, DemandsTlsWhereNoRecordIsOfUse) {
  Signed site;
  ScriptedServer server({});
  site.publish(server, {{1, 1, 1, std::string(32, 'x')}});
  site.go(server);
  EXPECT_TRUE(site.post.logs("level=encrypt")) << site.post.log();
  EXPECT_EQ(server.count("MAIL"), 0u);
}

// 3 1 0 with a SEQUENCE that is no key: a handshake could not succeed.
TEST(Outlook, DemandsTlsAloneWhereNoRecordCanBeRead) {
  Signed site;
  ScriptedServer server({.tls = site.context});
  site.publish(server, {{3, 1, 0, std::string("\x30\x02\x05\x00", 4)}});
  site.go(server);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_THAT(site.post.log(), HasSubstr("level=encrypt"));
}

TEST(Outlook, DoesNotTryAHostWhoseRecordsAreNotKnown) {
  Signed site;
  ScriptedServer server({.tls = site.context});
  site.publish(server, {}, dns::Status::Failed);
  site.go(server);
  EXPECT_TRUE(site.post.logs("cannot be known, failed: time-out")) << site.post.log();
  EXPECT_EQ(server.connections, 0);
}

// What is promised and not there is an alarm; a name server that is down is none.
TEST(Outlook, RaisesAnAlarmForWhatIsPromised) {
  struct Row {
    std::vector<Tlsa> records;
    dns::Status status;
    bool disputed;
    const char* alarm;
  };
  const Tlsa other{3, 1, 1, std::string(32, 'x')};
  const Row rows[] = {{{other}, dns::Status::Found, false, "alarm=policy-failed"},
                      {{}, dns::Status::Bogus, false, "alarm=policy-failed"},
                      {{}, dns::Status::Bogus, true, "alarm=dns-disputed"},
                      {{}, dns::Status::Failed, false, ""}};
  for (const auto& row : rows) {
    Signed site;
    ScriptedServer server({.tls = site.context});
    site.publish(server, row.records, row.status);
    site.post.world.tlsa_records[site.record_name(server)].disputed = row.disputed;
    site.go(server);
    ASSERT_TRUE(site.post.logs("status=deferred")) << site.post.log();
    const auto log = site.post.log();
    EXPECT_EQ(log.contains(" alarm "), row.alarm[0] != 0) << log;
    EXPECT_THAT(log, HasSubstr(row.alarm));
  }
}

TEST(Outlook, TlsRequiredNoGoesEvenThen) {
  Signed site;
  ScriptedServer server({});
  site.publish(server, {{3, 1, 1, std::string(32, 'x')}});
  auto envelope = envelope_to({"anna@away.test"});
  envelope.tls_optional = true;
  site.go(server, envelope);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.messages().size(), 1u);
}

TEST(Outlook, RequireTlsIsReturnedWhereItIsNotOffered) {
  Signed site;
  ScriptedServer server({.tls = site.context});
  site.publish(server, {site.good_record()});
  auto envelope = envelope_to({"anna@away.test"});
  envelope.require_tls = true;
  site.go(server, envelope);
  EXPECT_TRUE(site.post.logs("status=bounced")) << site.post.log();
  EXPECT_THAT(site.post.log(), HasSubstr("550 5.7.30"));
  EXPECT_EQ(server.count("MAIL"), 0u);
}

// RFC 8689 §4.2.1: the policy that lists the host may be had later.
TEST(Outlook, RequireTlsWaitsForAPolicyThatCannotBeKnown) {
  Secured site;
  ScriptedServer server({.tls = site.context});
  const auto web = fetch::Client::open({});
  ASSERT_TRUE(web);
  net::IoThread home(8);
  home.start();
  Log log({.path = site.post.folder / "policies"});
  policy::StsPolicies policies({}, {site.post.world, **web}, nullptr, home.executor(), log);
  site.post.services.sts = &policies;
  site.post.world.mx_records["away.test"] = {{10, "mx.away.test"}};
  site.post.route("away.test", "smtp://away.test:" + port_of(server));
  site.post.start();
  auto envelope = envelope_to({"anna@away.test"});
  envelope.require_tls = true;
  site.post.put(envelope);
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_THAT(site.post.log(), HasSubstr("neither DNSSEC nor MTA-STS"));
  EXPECT_EQ(server.connections, 0);
  site.post.stop();
  home.stop();
}

// "A policy that became stricter applies to the next message on an open connection."
TEST(Outlook, AnOpenConnectionIsNotUsedUnderANewDemand) {
  Signed site;
  ScriptedServer server({});  // no TLS
  site.go(server);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  site.publish(server, {site.good_record()});
  // The same facts are believed for five seconds at least; another wish asks again.
  auto envelope = envelope_to({"anna@away.test"});
  envelope.tls_optional = true;
  site.post.put(envelope);
  ASSERT_TRUE(site.post.is_empty()) << site.post.log();
  EXPECT_EQ(server.connections, 1) << "the demand is the same";
  site.post.put_to("anna@away.test");
  EXPECT_TRUE(site.post.logs("status=deferred")) << site.post.log();
  EXPECT_EQ(server.messages().size(), 2u);
  EXPECT_EQ(server.connections, 2);
}

}  // namespace
}  // namespace outrider::deliver
