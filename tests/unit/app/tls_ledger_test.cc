#include "outrider/app/tls_ledger.h"

#include <gmock/gmock.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "outrider/app/config.h"

namespace outrider::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
namespace json = boost::json;

const Time noon = Time(1'700'000'000'000ms);

trust::HostRecord host() {
  trust::HostRecord record;
  record.first = record.last = noon;
  record.sessions = {.verified = 3, .unverified = 2, .without = 1};
  record.tls.count = 5;
  record.tls.last = noon;
  record.tls.gone = noon + 1h;
  record.version = "TLSv1.3";
  record.cipher = "TLS_AES_256_GCM_SHA384";
  record.group = "X25519";
  record.tls.best = "TLSv1.3";
  record.resumed = 4;
  record.verified = noon - 1h;
  record.dane = "usable";
  record.sts = "enforce";
  record.key = {"abcd", noon};
  record.proof = "ca";
  record.missed = {"the server does not offer STARTTLS", noon + 1h};
  return record;
}

TEST(TlsLedger, PeopleReadWhatIsKnownOfAHost) {
  const auto text = host_record_text(host_record_to_json(host()));
  for (const auto* part :
       {"ledger     3 proven, 2 unproven, 1 without TLS, 4 resumed", "best: TLSv1.3",
        "last proven  2023-11-14T21:13:20", "DANE then    usable", "MTA-STS then enforce",
        "first 2023-11-14T22:13:20", "TLSv1.3/TLS_AES_256_GCM_SHA384/X25519", "proof: ca",
        "key          abcd since", "does not offer STARTTLS", "missed since 2023-11-14T23:13:20"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("unproven  ")));
}

TEST(TlsLedger, PeopleReadSinceWhenADomainIsKnown) {
  trust::DomainRecord record;
  record.first = noon;
  record.last = noon + 1h;
  EXPECT_THAT(domain_record_text(domain_record_to_json(record)),
              HasSubstr("without TLS; first 2023-11-14T22:13:20.000Z, last 2023-11-14T23:13:20"));
}

TEST(TlsLedger, PeopleReadWhoRuledWhat) {
  trust::DomainRecord record;
  trust::add_word(record, {noon, "root", "plaintext-once"});
  record.clear_until = now() + 1min;
  const auto text = domain_record_text(domain_record_to_json(record));
  EXPECT_THAT(text, HasSubstr("Ruling plaintext-once by root at 2023-11-14"));
  EXPECT_THAT(text, HasSubstr("In clear where it has to be, until "));
}

json::object answer(json::object advice) {
  return {{"ok", true}, {"days", 14}, {"domains", json::array{std::move(advice)}}};
}

TEST(TlsSuggestions, AreAConfigurationThatTheServerTakes) {
  trust::Suggestion suggestion;
  suggestion.level = trust::Level::Verify;
  suggestion.sessions.verified = 7;
  suggestion.why = "all sessions were with a host that an authority proves";
  const auto text = suggestions_text(answer(suggestion_to_json("example.org", suggestion, true)));
  EXPECT_THAT(text, HasSubstr("# example.org: 7 proven"));
  const auto config = load_config("hostname = \"mx.example.net\"\n" + text, "x.toml");
  ASSERT_TRUE(config) << text;
  const auto key = config->routes->key_for({"ada", "example.org"});
  EXPECT_EQ(key, "example.org?tls=verify");
}

TEST(TlsSuggestions, SayWhatWouldHaveBeenLost) {
  trust::Suggestion suggestion;
  suggestion.sessions.without = suggestion.lost = 2;
  suggestion.why = "no TLS: the server does not offer STARTTLS";
  const auto text = suggestions_text(answer(suggestion_to_json("example.org", suggestion, true)));
  EXPECT_THAT(text, HasSubstr("a higher level would have lost 2; no TLS"));
  EXPECT_THAT(text, Not(HasSubstr("[[route]]")));
}

TEST(TlsSuggestions, LeaveARouteOfTheOperatorsAlone) {
  trust::Suggestion suggestion;
  suggestion.level = trust::Level::Encrypt;
  const auto text = suggestions_text(answer(suggestion_to_json("example.org", suggestion, false)));
  EXPECT_THAT(text, HasSubstr("a route of its own already"));
  EXPECT_THAT(text, Not(HasSubstr("[[route]]")));
}

}  // namespace
}  // namespace outrider::app
