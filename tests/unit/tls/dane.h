// A client that goes by TLSA records or pinned keys, and a server with certificates of a small
// authority that the client does not know, unless it is to.
#pragma once

#include <gmock/gmock.h>

#include <csignal>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "outrider/tls/tlsa_of.h"
#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {

class ByProof : public testing::Test {
 protected:
  using Wish = test::CertificateWish;
  struct Outcome {
    bool done = false;
    TlsFacts facts;
    std::string error;
  };

  static void SetUpTestSuite() {
    std::signal(SIGPIPE, SIG_IGN);
    ca = new test::TestCa;
    stranger = new test::TestCa;
    plain = new test::TestCa::Files(ca->issue({.names = {host}}));
    other = new test::TestCa::Files(ca->issue({.names = {host}}));
    chained =
        new test::TestCa::Files(ca->issue({.names = {host}, .issuer = Wish::Issuer::Intermediate}));
  }
  static void TearDownTestSuite() {
    for (auto** files : {&plain, &other, &chained}) delete std::exchange(*files, nullptr);
    for (auto** authority : {&ca, &stranger}) delete std::exchange(*authority, nullptr);
  }

  static std::shared_ptr<const ServerContext> server(const test::TestCa::Files& files) {
    auto context = ServerContext::load({{{files.certificate, files.key}}});
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  static std::shared_ptr<const ClientContext> client(const test::TestCa& authority,
                                                     Version most = Version::Tls13) {
    return *ClientContext::load(
        {.ca_file = authority.authority_file(), .parameters = {.most = most}});
  }
  static Tlsa record(const test::TestCa::Files& files, TlsaKind kind, std::size_t depth = 0) {
    const auto made = tlsa_of({files.certificate, {}}, kind, depth);
    EXPECT_TRUE(made) << made.error().text();
    return made.value_or(Tlsa{});
  }
  // Of the authority that is never sent.
  static Tlsa root_record(TlsaKind kind) { return record({ca->authority_file(), {}}, kind); }
  static Tlsa wrong(Tlsa record) {
    record.data.back() = static_cast<char>(record.data.back() ^ 1);
    return record;
  }
  static trust::Verdict demand(std::vector<Tlsa> records, std::vector<std::string> names = {host}) {
    auto verdict = verdict_for(trust::Level::Encrypt, std::move(names));
    verdict.tlsa = std::move(records);
    return verdict;
  }
  static Outcome meet(const ServerContext& server, const ClientContext& client,
                      const trust::Verdict& verdict, Resumption resumption = {}) {
    Pair both(server, client, host, verdict, std::move(resumption));
    const bool done = both.shake_hands();
    if (!done) return {false, {}, both.client.error()};
    EXPECT_TRUE(both.talk_and_part());
    return {true, both.client.facts(), {}};
  }
  static Outcome meet(const test::TestCa::Files& files, const trust::Verdict& verdict,
                      Version most = Version::Tls13) {
    return meet(*server(files), *client(*stranger, most), verdict);
  }

  static constexpr const char* host = "mx.example.org";
  static inline test::TestCa *ca = nullptr, *stranger = nullptr;
  static inline test::TestCa::Files *plain = nullptr, *other = nullptr, *chained = nullptr;
};

}  // namespace outrider::tls
