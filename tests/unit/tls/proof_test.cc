// DANE in real handshakes: RFC 6698 §2.1, RFC 7671 §5 and §9, RFC 7672 §3.
#include "outrider/tls/proof.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "dane.h"
#include "support/vectors.h"

namespace outrider::tls {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class Dane : public ByProof {};

std::string text_of(const TlsaKind& kind) {
  return fmt::format("{} {} {}", kind.usage, kind.selector, kind.matching);
}

std::vector<TlsaKind> kinds_of(std::uint8_t usage) {
  std::vector<TlsaKind> kinds;
  for (const std::uint8_t selector : {0, 1})
    for (const std::uint8_t matching : {0, 1, 2}) kinds.push_back({usage, selector, matching});
  return kinds;
}

TEST_F(Dane, ItsOwnCertificateMatchesInEachWay) {
  for (const auto version : {Version::Tls12, Version::Tls13}) {
    for (const auto& kind : kinds_of(3)) {
      const auto right = meet(*plain, demand({record(*plain, kind)}), version);
      ASSERT_TRUE(right.done) << text_of(kind) << ": " << right.error;
      EXPECT_EQ(right.facts.peer, PeerCheck::Verified);
      EXPECT_EQ(right.facts.proof, PeerProof::DaneEe);
      EXPECT_EQ(right.facts.record, text_of(kind));
      EXPECT_EQ(right.facts.depth, 0);
      EXPECT_EQ(right.facts.why, "");
      EXPECT_THAT(right.facts.text(), HasSubstr("/verified:dane-ee"));
      EXPECT_FALSE(meet(*plain, demand({record(*other, kind)}), version).done) << text_of(kind);
    }
  }
}

TEST_F(Dane, AnIssuerInTheChainMatchesInEachWay) {
  for (const auto version : {Version::Tls12, Version::Tls13}) {
    for (const auto& kind : kinds_of(2)) {
      const auto right = meet(*chained, demand({record(*chained, kind, 1)}), version);
      ASSERT_TRUE(right.done) << text_of(kind) << ": " << right.error;
      EXPECT_EQ(right.facts.peer, PeerCheck::Verified);
      EXPECT_EQ(right.facts.proof, PeerProof::DaneTa);
      EXPECT_EQ(right.facts.record, text_of(kind));
      EXPECT_EQ(right.facts.depth, 1);
      EXPECT_EQ(right.facts.peer_name, host);
      EXPECT_THAT(right.facts.text(), HasSubstr("/verified:dane-ta"));
      const auto stranger_root = record({stranger->authority_file(), {}}, kind);
      EXPECT_FALSE(meet(*chained, demand({stranger_root}), version).done) << text_of(kind);
    }
  }
}

// RFC 7671 §5.2.3: digests cannot supply the anchor that a server did not send; all of it can.
TEST_F(Dane, AnAnchorThatIsNotSentMustStandInTheRecord) {
  for (const auto& kind : kinds_of(2)) {
    const auto outcome = meet(*plain, demand({root_record(kind)}));
    EXPECT_EQ(outcome.done, kind.matching == 0) << text_of(kind) << ": " << outcome.error;
    if (outcome.done) {
      EXPECT_EQ(outcome.facts.proof, PeerProof::DaneTa);
    }
  }
}

TEST_F(Dane, AuthoritiesOfTheSystemDoNotCount) {
  const auto knows = client(*ca);
  EXPECT_TRUE(meet(*server(*plain), *knows, verdict_for(trust::Level::Verify, {host})).done);
  for (const std::uint8_t usage : {2, 3}) {
    const auto refused =
        meet(*server(*plain), *knows, demand({wrong(record(*plain, {.usage = usage}))}));
    EXPECT_FALSE(refused.done);
    EXPECT_THAT(refused.error, HasSubstr("the TLSA record does not match the certificate"));
  }
}

TEST_F(Dane, TheCertificateItselfNeedsNeitherNameNorDateNorIssuer) {
  const Wish fine{.names = {host}};
  auto own = fine, expired = fine, strange = fine, over_and_strange = fine;
  own.issuer = Wish::Issuer::Itself;
  expired.age = Wish::Age::Expired;
  strange.names = {"elsewhere.example.net"};
  over_and_strange = strange;
  over_and_strange.age = Wish::Age::Expired;
  over_and_strange.issuer = Wish::Issuer::Itself;
  for (const auto& wish : {own, expired, strange, over_and_strange}) {
    const auto files = ca->issue(wish);
    for (const auto version : {Version::Tls12, Version::Tls13}) {
      const auto outcome = meet(files, demand({record(files, {})}), version);
      ASSERT_TRUE(outcome.done) << outcome.error;
      EXPECT_EQ(outcome.facts.peer, PeerCheck::Verified);
    }
  }
}

TEST_F(Dane, AnIssuerVouchesForNameAndDate) {
  const auto by_issuer = [](Wish wish, std::vector<std::string> names) {
    wish.issuer = wish.issuer == Wish::Issuer::Lapsed ? wish.issuer : Wish::Issuer::Intermediate;
    const auto files = ca->issue(wish);
    return meet(files, demand({record(files, {.usage = 2}, 1)}, std::move(names))).error;
  };
  EXPECT_EQ(by_issuer({.names = {host}}, {host}), "");
  EXPECT_EQ(by_issuer({.names = {host}}, {}), "") << "the base domain is the name";
  EXPECT_EQ(by_issuer({.names = {"example.org"}}, {host, "example.org"}), "");
  EXPECT_THAT(by_issuer({.names = {"elsewhere.example.net"}}, {host, "example.org"}),
              HasSubstr("the certificate is for elsewhere.example.net, not for mx.example.org or "
                        "example.org, as TLSA usage 2 asks"));
  EXPECT_THAT(by_issuer({.names = {"elsewhere.example.net"}}, {}), HasSubstr("not for mx.ex"));
  EXPECT_THAT(by_issuer({.names = {host}}, {"example.org"}), HasSubstr("not for example.org"))
      << "the base domain does not count where other names are expected";
  EXPECT_THAT(by_issuer({.names = {host}, .age = Wish::Age::Expired}, {host}),
              HasSubstr("certificate has expired: certificate 1 of the chain, CN=mx.example.org"));
}

TEST_F(Dane, AnIssuerBetweenMustNotHaveExpired) {
  const auto files = ca->issue({.names = {host}, .issuer = Wish::Issuer::Lapsed});
  EXPECT_THAT(meet(files, demand({root_record({2, 0, 0})})).error,
              HasSubstr("certificate has expired: certificate 2 of the chain, CN=Test Lapsed"));
  // RFC 5280 §6.1: the dates of an anchor are not of the path. The record says that it is one.
  EXPECT_TRUE(meet(files, demand({record(files, {2, 0, 1}, 1)})).done);
}

TEST_F(Dane, NamesThatAreNoneAreAnError) {
  SocketPair sockets;
  const auto verdict = demand({record(*chained, {.usage = 2}, 1)}, {"", "."});
  const auto session = Session::client(*client(*stranger), sockets.fds[0], host, verdict);
  ASSERT_FALSE(session);
  EXPECT_THAT(session.error().input, HasSubstr("no name to verify"));
}

TEST_F(Dane, OneRecordOfManyIsEnough) {
  const auto right = record(*plain, {});
  const auto outcome = meet(*plain, demand({record(*other, {}), right, wrong(right)}));
  EXPECT_TRUE(outcome.done) << outcome.error;
  const auto either =
      meet(*chained, demand({record(*other, {}), record(*chained, {.usage = 2}, 1)}));
  EXPECT_EQ(either.facts.proof, PeerProof::DaneTa) << either.error;
}

TEST_F(Dane, AFailureTellsWhatTheServerHas) {
  const auto outcome = meet(*plain, demand({record(*other, {}), wrong(record(*plain, {}))}));
  const auto facts = meet(*plain, verdict_for(trust::Level::Opportunistic, {host})).facts;
  EXPECT_THAT(outcome.error, HasSubstr("none of 2 TLSA records matches the certificate (SPKI "
                                       "sha256 " +
                                       facts.peer_key_digest + ")"));
}

// RFC 7671 §9: of digests of one usage and selector the strongest decides; all of it always counts.
TEST_F(Dane, TheStrongestDigestDecides) {
  const auto make = [](std::uint8_t selector, std::uint8_t matching) {
    return record(*plain, {.selector = selector, .matching = matching});
  };
  const struct {
    std::vector<Tlsa> records;
    const char* matched;
  } rows[] = {{{make(1, 1), make(1, 2)}, "3 1 2"},
              {{make(1, 1), wrong(make(1, 2))}, ""},
              {{wrong(make(1, 1)), make(1, 2)}, "3 1 2"},
              {{make(0, 1), wrong(make(1, 2))}, "3 0 1"},
              {{record(*other, {.matching = 0}), make(1, 1)}, "3 1 1"},
              {{make(1, 0), wrong(make(1, 2))}, "3 1 0"}};
  for (const auto& row : rows) {
    const auto outcome = meet(*plain, demand(row.records));
    EXPECT_EQ(outcome.facts.record, row.matched) << outcome.error;
    EXPECT_EQ(outcome.done, *row.matched != '\0');
  }
}

TEST_F(Dane, IsDemandedWhateverTheLevelSays) {
  auto verdict = demand({record(*other, {})});
  verdict.level = trust::Level::Opportunistic;
  EXPECT_FALSE(meet(*plain, verdict).done);
}

TEST_F(Dane, TheBaseDomainIsTheServersName) {
  Pair both(*server(*plain), *client(*stranger), "mx.example.org.",
            demand({record(*plain, {})}, {"example.org"}));
  ASSERT_TRUE(both.shake_hands()) << both.client.error();
  EXPECT_EQ(both.server.facts().sni, host);
}

// 64 KiB are the most that a record carries: a certificate of about that size, whole.
TEST_F(Dane, ARecordMayBeAsLongAsTheDnsAllows) {
  Wish wish{.names = {host}};
  for (int i = 0; i < 2250; ++i)
    wish.names.push_back(fmt::format("host-{:04}.long.example.org", i));
  const auto files = ca->issue(wish);
  const auto whole = record(files, {.selector = 0, .matching = 0});
  ASSERT_GT(whole.data.size(), 60000u);
  ASSERT_LT(whole.data.size(), 65533u);
  const auto outcome = meet(files, demand({whole}));
  EXPECT_EQ(outcome.facts.record, "3 0 0") << outcome.error;
  EXPECT_FALSE(meet(*plain, demand({whole})).done);
}

Result<Session> begin(const ClientContext& context, std::string_view host, Tlsa record) {
  const SocketPair sockets;
  trust::Verdict verdict;
  verdict.names = {"mx.example.org"};
  verdict.tlsa = {std::move(record)};
  return Session::client(context, sockets.fds[0], host, verdict);
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

// Those shorter than the three numbers are no Tlsa at all; the DNS module has them.
TEST_F(Dane, RecordsOfNoUseAreRefused) {
  const auto rows = test::vector_cases("dane.json");
  const auto context = client(*stranger);
  int seen = 0;
  for (const auto& row : rows) {
    if (row["group"] != "rdata") continue;
    const auto bytes = from_hex(row["tlsa_rdata_hex"]);
    if (bytes.size() < 3) continue;
    const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); };
    const Tlsa given{octet(0), octet(1), octet(2), bytes.substr(3)};
    // `usable if it parses`: what these cases carry is no DER of a key or certificate.
    const bool whole = given.matching == 0;
    const auto session = begin(*context, host, given);
    EXPECT_EQ(session.has_value(), row["usable"].get<bool>() && !whole) << row["id"];
    if (!session) {
      EXPECT_THAT(session.error().input, HasSubstr("none of 1 TLSA records of mx.example.org"));
    }
    ++seen;
  }
  EXPECT_GE(seen, 20);
}

TEST_F(Dane, WhatIsOfNoUseDoesNotHarmTheRest) {
  auto junk = record(*plain, {.selector = 0, .matching = 0});
  junk.data += "more";
  const Tlsa pkix{1, 1, 1, record(*plain, {}).data}, huge{3, 0, 0, std::string(65532, '0')};
  const Tlsa cut{3, 1, 1, "short"};
  EXPECT_TRUE(meet(*plain, demand({junk, pkix, huge, cut, record(*plain, {})})).done);
  for (const auto& record : {junk, pkix, huge, cut})
    EXPECT_FALSE(begin(*client(*ca), host, record)) << "alone it is an error";
  EXPECT_THAT(begin(*client(*ca), host, pkix).error().input, HasSubstr("usages 0 and 1"));
}

TEST_F(Dane, AddressesHaveNoRecords) {
  const auto context = client(*stranger);
  for (const std::string_view name : {"192.0.2.1", "[192.0.2.1]", "2001:db8::1", "", "."})
    EXPECT_FALSE(begin(*context, name, record(*plain, {}))) << name;
}

class Pins : public ByProof {
 protected:
  static std::string key_of(const test::TestCa::Files& files) {
    return meet(files, verdict_for(trust::Level::Opportunistic, {host})).facts.peer_key_digest;
  }
  static trust::Verdict pinned(std::vector<std::string> pins) {
    auto verdict = verdict_for(trust::Level::Verify, {host});
    verdict.pins = std::move(pins);
    return verdict;
  }
};

TEST_F(Pins, AKnownKeyNeedsNoAuthority) {
  const auto own = ca->issue({.names = {"elsewhere.example.net"},
                              .issuer = Wish::Issuer::Itself,
                              .age = Wish::Age::Expired});
  for (const auto version : {Version::Tls12, Version::Tls13}) {
    for (const auto& files : {own, *plain}) {
      const auto outcome = meet(files, pinned({key_of(*other), key_of(files)}), version);
      ASSERT_TRUE(outcome.done) << outcome.error;
      EXPECT_EQ(outcome.facts.peer, PeerCheck::Verified);
      EXPECT_EQ(outcome.facts.proof, PeerProof::Pin);
      EXPECT_THAT(outcome.facts.text(), HasSubstr("/verified:pin"));
      EXPECT_EQ(outcome.facts.why, "");
    }
  }
}

TEST_F(Pins, AnotherKeyIsRefusedWhoeverIssuedIt) {
  const auto refused = meet(*server(*plain), *client(*ca), pinned({key_of(*other), "00"}));
  EXPECT_FALSE(refused.done);
  EXPECT_THAT(refused.error, HasSubstr("the public key (SPKI sha256 " + key_of(*plain) +
                                       ") is none of the 2 expected"));
  EXPECT_FALSE(meet(*plain, pinned({""})).done);
  EXPECT_FALSE(meet(*chained, pinned({key_of(*plain)})).done);
}

TEST_F(Pins, GoTogetherWithRecords) {
  auto both = pinned({key_of(*plain)});
  both.tlsa = {record(*plain, {})};
  EXPECT_EQ(meet(*plain, both).facts.proof, PeerProof::DaneEe);
  both.tlsa = {record(*other, {})};
  EXPECT_FALSE(meet(*plain, both).done) << "the record does not match";
  both.tlsa = {record(*plain, {})};
  both.pins = {key_of(*other)};
  EXPECT_FALSE(meet(*plain, both).done) << "the key is another";
}

TEST_F(Pins, WithoutProofAuthoritiesAreTheJudges) {
  const auto facts =
      meet(*server(*plain), *client(*ca), verdict_for(trust::Level::Verify, {host})).facts;
  EXPECT_EQ(facts.proof, PeerProof::Ca);
  EXPECT_EQ(facts.record, "");
  EXPECT_EQ(facts.depth, -1);
  const auto unknown = meet(*plain, verdict_for(trust::Level::Opportunistic, {host})).facts;
  EXPECT_EQ(unknown.proof, PeerProof::None);
  EXPECT_NE(unknown.why, "");
}

}  // namespace
}  // namespace outrider::tls
