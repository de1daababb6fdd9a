// Whose certificate it is (RFC 9525, RFC 7672 §3.2.3): the vectors, each in a real handshake.
// Covers: tls/session_start.cc
#include <gmock/gmock.h>

#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>

#include "outrider/tls/tlsa_of.h"
#include "pair.h"
#include "support/test_ca.h"
#include "support/vectors.h"

namespace outrider::tls {
namespace {

using nlohmann::json;
using test::CertificateWish;
using test::RawName;
using trust::Level;

// `DNS:mx.example.com`, with `\\0` for the octet 0.
RawName raw_name(const std::string& text) {
  static const std::pair<std::string, RawName::Kind> kinds[] = {
      {"DNS:", RawName::Kind::Dns},    {"email:", RawName::Kind::Email},
      {"IP:", RawName::Kind::Address}, {"URI:", RawName::Kind::Uri},
      {"SRV:", RawName::Kind::Srv},    {"otherName:SmtpUTF8Mailbox ", RawName::Kind::SmtpUtf8}};
  for (const auto& [prefix, kind] : kinds) {
    if (!text.starts_with(prefix)) continue;
    auto bytes = text.substr(prefix.size());
    if (const auto at = bytes.find("\\0"); at != bytes.npos)
      bytes.replace(at, 2, std::string(1, '\0'));
    return {kind, bytes};
  }
  ADD_FAILURE() << "a name of no kind: " << text;
  return {};
}

// Cases that say more of the certificate than its names.
bool is_special(const std::string& id, CertificateWish& wish) {
  if (id == "10000-san") {
    for (int i = 0; i < 10000; ++i) wish.raw_names.push_back({.bytes = "h" + std::to_string(i)});
  } else if (id == "name-constraints") {
    wish.issuer = CertificateWish::Issuer::Constrained;
  } else if (id == "ca-as-leaf") {
    wish.extensions = {{"basicConstraints", "CA:TRUE"}};
  } else if (id == "eku-client") {
    wish.extensions = {{"extendedKeyUsage", "clientAuth"}};
  } else {
    return false;
  }
  wish.raw_names.push_back({.bytes = "mx.example.com"});
  return true;
}

CertificateWish wish_of(const json& row) {
  CertificateWish wish;
  wish.common_name = row["cn"].is_null() ? "nobody" : row["cn"].get<std::string>();
  if (wish.common_name.starts_with("BMPString ")) {
    wish.common_name.erase(0, 10);
    wish.common_name_is_bmp = true;
  }
  if (is_special(row["id"], wish)) return wish;
  for (const std::string name : row["san"]) wish.raw_names.push_back(raw_name(name));
  return wish;
}

// Whether a client that insists on the name goes on: one that knows the authority, or that has it
// of a TLSA record of usage 2 alone, for which the rules of names are the same.
enum class Anchor { Authority, Record };

bool is_taken(test::TestCa& ca, const CertificateWish& wish, const std::string& reference,
              Anchor anchor) {
  const auto files = ca.issue(wish);
  const auto server = ServerContext::load({{{files.certificate, files.key}}});
  EXPECT_TRUE(server) << server.error().text();
  const bool by_record = anchor == Anchor::Record;
  const test::TestCa stranger;
  const auto client =
      ClientContext::load({.ca_file = (by_record ? stranger : ca).authority_file()});
  SocketPair sockets;
  auto verdict = verdict_for(Level::Verify, {reference});
  if (by_record) verdict.tlsa = {*tlsa_of({ca.authority_file(), {}}, {2, 0, 0}, 0)};
  if (!Session::client(**client, sockets.fds[1], "mx.example.com", verdict)) return false;
  Pair both(**server, **client, "mx.example.com", verdict);
  const bool taken = both.shake_hands();
  EXPECT_EQ(taken, both.client.facts().peer == PeerCheck::Verified);
  return taken;
}

TEST(CertificateNames, MatchAsTheVectorsSay) {
  std::signal(SIGPIPE, SIG_IGN);
  test::TestCa ca;
  std::size_t count = 0;
  for (const auto& row : test::vector_cases("certnames.json")) {
    const std::string id = row["id"];
    // Which name is the reference is decided before TLS, by trust.
    if (id == "nexthop-insecure-mx") continue;
    for (const auto anchor : {Anchor::Authority, Anchor::Record}) {
      EXPECT_EQ(is_taken(ca, wish_of(row), row["reference"], anchor), row["match"].get<bool>())
          << id << ": " << row["why"];
    }
    ++count;
  }
  EXPECT_EQ(count, 38u);
}

// The server's own check of its certificates sees what a client would.
TEST(CertificateNames, ACommonNameIsNoName) {
  test::TestCa ca;
  const auto files = ca.issue({.common_name = "mx.example.com"});
  const auto server = ServerContext::load({{{files.certificate, files.key}}});
  ASSERT_TRUE(server);
  EXPECT_FALSE((*server)->names("mx.example.com"));
}

}  // namespace
}  // namespace outrider::tls
