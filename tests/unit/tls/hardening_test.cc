#include "outrider/tls/hardening.h"

#include <gmock/gmock.h>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using test::CertificateWish;
using testing::HasSubstr;
using namespace std::string_literals;

class Hardening : public testing::Test {
 protected:
  static void SetUpTestSuite() { ca = new test::TestCa; }
  static void TearDownTestSuite() { delete std::exchange(ca, nullptr); }

  static std::shared_ptr<const ServerContext> server(const Parameters& parameters) {
    static const auto ec = ca->issue("mx.example.org");
    static const auto rsa =
        ca->issue({.names = {"mx.example.org"}, .key = CertificateWish::Key::Rsa});
    ServerOptions options;
    options.keys = {{ec.certificate, ec.key}, {rsa.certificate, rsa.key}};
    options.parameters = parameters;
    auto context = ServerContext::load(options);
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  static std::shared_ptr<const ClientContext> client(const Parameters& parameters) {
    auto context = ClientContext::load({.ca_file = ca->authority_file(), .parameters = parameters});
    EXPECT_TRUE(context) << context.error().text();
    return *context;
  }
  // The version, or empty where they do not come together.
  static std::string meet(const ServerContext& server, const ClientContext& client) {
    Pair both(server, client, "mx.example.org",
              verdict_for(trust::Level::Verify, {"mx.example.org"}));
    if (!both.shake_hands()) return "";
    EXPECT_EQ(both.server.facts().version, both.client.facts().version);
    EXPECT_TRUE(both.talk_and_part());
    return both.client.facts().version;
  }
  static std::string meet(const Parameters& servers, const Parameters& clients) {
    return meet(*server(servers), *client(clients));
  }
  static Parameters only(Version version) { return {.least = version, .most = version}; }
  static Parameters from(Version version) { return {.least = version}; }

  static inline test::TestCa* ca = nullptr;
};

TEST_F(Hardening, T1_TheNewestVersionBothHaveIsUsed) {
  EXPECT_EQ(meet(Parameters{}, Parameters{}), "TLSv1.3");
  EXPECT_EQ(meet(Parameters{}, only(Version::Tls12)), "TLSv1.2");
  EXPECT_EQ(meet(only(Version::Tls12), Parameters{}), "TLSv1.2");
  EXPECT_EQ(meet(only(Version::Tls13), only(Version::Tls12)), "");
}

TEST_F(Hardening, T6_OldVersionsAreForThoseWhoNameThem) {
  for (const auto version : {Version::Tls10, Version::Tls11}) {
    EXPECT_EQ(meet(from(version), only(version)), name(version));
    EXPECT_EQ(meet(only(version), from(version)), name(version));
    EXPECT_EQ(meet(Parameters{}, only(version)), "") << "the default serves none";
    EXPECT_EQ(meet(only(version), Parameters{}), "") << "the default uses none";
  }
  EXPECT_EQ(meet(only(Version::Tls10), from(Version::Tls11)), "");
  EXPECT_EQ(meet(from(Version::Tls10), Parameters{}), "TLSv1.3") << "they are no ceiling";
}

TEST_F(Hardening, T6_WhatOldVersionsNeedStaysInTheirContext) {
  const auto old = server(from(Version::Tls10)), usual = server({});
  EXPECT_EQ(SSL_CTX_get_security_level(old->native()), 0);
  EXPECT_GE(SSL_CTX_get_security_level(usual->native()), 1);
  EXPECT_GE(SSL_CTX_get_security_level(client({})->native()), 1);
}

TEST_F(Hardening, T3_AeadWithForwardSecrecyAlone) {
  for (const auto* context : {server({})->native(), client({})->native()}) {
    const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context);
    ASSERT_GE(sk_SSL_CIPHER_num(ciphers), 6);
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
      EXPECT_EQ(SSL_CIPHER_is_aead(cipher), 1) << SSL_CIPHER_get_name(cipher);
      const int exchange = SSL_CIPHER_get_kx_nid(cipher);
      EXPECT_TRUE(exchange == NID_kx_ecdhe || exchange == NID_kx_any);
    }
  }
  auto cbc = only(Version::Tls12), rsa = only(Version::Tls12);
  cbc.ciphers = "ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA";
  rsa.ciphers = "AES128-GCM-SHA256";
  EXPECT_EQ(meet(Parameters{}, cbc), "");
  EXPECT_EQ(meet(Parameters{}, rsa), "");
  EXPECT_EQ(meet(cbc, cbc), "TLSv1.2") << "an operator may ask for it";
}

TEST_F(Hardening, T3_NoCompressionNoRenegotiationNoEarlyData) {
  for (auto* context : {server({})->native(), client({})->native()}) {
    EXPECT_NE(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION, 0u);
    EXPECT_NE(SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION, 0u);
    EXPECT_EQ(SSL_CTX_get_max_early_data(context), 0u);
    EXPECT_EQ(SSL_CTX_get_recv_max_early_data(context), 0u);
  }
}

TEST_F(Hardening, T3_RenegotiationIsRefused) {
  const auto theirs = client(only(Version::Tls12));
  SSL_CTX_clear_options(theirs->native(), SSL_OP_NO_RENEGOTIATION);
  Pair both(*server({}), *theirs, "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(both.shake_hands());
  both.client.renegotiate();
  char buffer[16];
  EXPECT_NE(both.server.read(buffer).want, Want::Nothing);
  // A warning, no_renegotiation: TLS 1.2 leaves it to the client to go on without.
  const auto answer = both.client.handshake();
  EXPECT_NE(answer.want, Want::Nothing);
}

TEST_F(Hardening, ListsAreKeptTo) {
  const struct {
    Parameters servers;
    std::string version, cipher, group;
  } rows[] = {
      {{.groups = "P-384"}, "TLSv1.3", "TLS_AES_256_GCM_SHA384", "secp384r1"},
      {{.suites = "TLS_CHACHA20_POLY1305_SHA256"}, "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256", ""},
      {{.most = Version::Tls12, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"},
       "TLSv1.2",
       "ECDHE-RSA-AES128-GCM-SHA256",
       ""},
      {{.most = Version::Tls12, .groups = "P-256", .signatures = "RSA-PSS+SHA384"},
       "TLSv1.2",
       "ECDHE-RSA-AES256-GCM-SHA384",
       "secp256r1"},
  };
  for (const auto& row : rows) {
    Pair both(*server(row.servers), *client({}), "mx.example.org",
              verdict_for(trust::Level::Encrypt, {}));
    ASSERT_TRUE(both.shake_hands()) << both.server.error();
    const auto facts = both.client.facts();
    EXPECT_EQ(facts.version, row.version);
    EXPECT_EQ(facts.cipher, row.cipher);
    if (!row.group.empty()) EXPECT_EQ(facts.group, row.group);
  }
}

TEST_F(Hardening, ErrorsNameTheItem) {
  const auto load = [](const Parameters& parameters) {
    const auto context = ClientContext::load({.parameters = parameters});
    return context ? "loaded" : context.error().text();
  };
  EXPECT_THAT(load({.groups = "X25519:X1"}), HasSubstr("\"X1\""));
  EXPECT_THAT(load({.suites = "X2"}), HasSubstr("\"X2\""));
  EXPECT_THAT(load({.ciphers = "X3"}), HasSubstr("\"X3\""));
  EXPECT_THAT(load({.signatures = "X4"}), HasSubstr("\"X4\""));
  EXPECT_THAT(load({.padding = 16385}), HasSubstr("16384"));
  EXPECT_THAT(load({.least = Version::Tls13, .most = Version::Tls12}),
              HasSubstr("TLSv1.3, is newer than the newest, TLSv1.2"));
}

TEST_F(Hardening, TheGroupsInUseAreNoted) {
  const auto notes = server({})->notes();
  ASSERT_EQ(notes.size(), 1u);
  const bool hybrid = notes[0] == "groups X25519MLKEM768:X25519:P-256:P-384";
  const bool classic =
      notes[0] == "groups X25519:P-256:P-384; the TLS library has no X25519MLKEM768";
  EXPECT_TRUE(hybrid || classic) << notes[0];
  Pair both(*server({}), *client({}), "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(both.shake_hands());
  EXPECT_EQ(both.client.facts().group, hybrid ? "X25519MLKEM768" : "x25519");
  EXPECT_THAT(client({.groups = "P-256"})->notes(), testing::ElementsAre("groups P-256"));
}

// What is on the wire for one octet and for many of them.
std::size_t wire_bytes(Pair& both, std::size_t length) {
  both.client.write(std::string(length, 'x'));
  char raw[4096];
  const auto bytes = ::recv(both.sockets.fds[0], raw, sizeof raw, MSG_PEEK);
  char buffer[4096];
  EXPECT_EQ(both.server.read(buffer).bytes, length);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

TEST_F(Hardening, T4_RecordsArePaddedToAMultiple) {
  Pair padded(*server({}), *client({.padding = 512}), "mx.example.org",
              verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(padded.shake_hands());
  const auto one = wire_bytes(padded, 1);
  EXPECT_GE(one, 512u);
  EXPECT_EQ(wire_bytes(padded, 400), one) << "the length is hidden";
  EXPECT_EQ(wire_bytes(padded, 600), one + 512);
  Pair plain(*server({}), *client({}), "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(plain.shake_hands());
  EXPECT_EQ(wire_bytes(plain, 400) - wire_bytes(plain, 1), 399u);
}

TEST_F(Hardening, WhereTheKernelHasNoTlsItIsNotedAndNotUsed) {
  const auto context = server({.kernel = true});
  Pair both(*context, *client({.kernel = true}), "mx.example.org",
            verdict_for(trust::Level::Encrypt, {}));
  ASSERT_TRUE(both.shake_hands());
  EXPECT_TRUE(both.talk_and_part());
  EXPECT_FALSE(both.server.facts().kernel) << "it is for TCP alone";
  const bool asked = (SSL_CTX_get_options(context->native()) & SSL_OP_ENABLE_KTLS) != 0;
  EXPECT_EQ(asked, context->notes().size() == 1);
  if (!asked) EXPECT_THAT(context->notes().at(1), HasSubstr("no kernel TLS: "));
  EXPECT_EQ(SSL_CTX_get_options(server({})->native()) & SSL_OP_ENABLE_KTLS, 0u);
}

// RFC 7507: a client that comes back with an older version says so, and learns that it need not.
TEST_F(Hardening, T5_AFallbackThatWasNotNeededIsRefused) {
  const auto fallen = client(only(Version::Tls12));
  SSL_CTX_set_mode(fallen->native(), SSL_MODE_SEND_FALLBACK_SCSV);
  Pair both(*server({}), *fallen, "mx.example.org", verdict_for(trust::Level::Encrypt, {}));
  EXPECT_FALSE(both.shake_hands());
  EXPECT_EQ(both.client.handshake().want, Want::Failed);
  EXPECT_THAT(both.client.error(), HasSubstr("inappropriate fallback"));
  EXPECT_EQ(meet(*server(only(Version::Tls12)), *fallen), "TLSv1.2") << "here it was";
}

// Somebody between the two, who may change what passes.
struct Tampered {
  using Change = void (*)(std::string& bytes);

  Tampered(const ServerContext& server_context, const ClientContext& client_context)
      : server(*Session::server(server_context, servers.fds[0])),
        client(*Session::client(client_context, clients.fds[0], "mx.example.org",
                                verdict_for(trust::Level::Opportunistic, {}))) {}

  static void pass(int from, int to, Change change) {
    std::string bytes(16384, '\0');
    const auto got = ::read(from, bytes.data(), bytes.size());
    if (got <= 0) return;
    bytes.resize(static_cast<std::size_t>(got));
    if (change) change(bytes);
    EXPECT_EQ(::write(to, bytes.data(), bytes.size()), got);
  }
  bool shake_hands(Change change) {
    bool done = false, failed = false;
    for (int turn = 0; turn < 8 && !done && !failed; ++turn) {
      const auto there = client.handshake().want;
      pass(clients.fds[1], servers.fds[1], turn == 0 ? change : nullptr);
      const auto here = server.handshake().want;
      pass(servers.fds[1], clients.fds[1], nullptr);
      done = there == Want::Nothing && here == Want::Nothing;
      failed = there == Want::Failed;
    }
    return done;
  }

  SocketPair servers, clients;
  Session server, client;
};

// supported_versions (43) offers TLS 1.3 no more, as if the client were an old one.
void hide_tls13(std::string& hello) {
  const auto at = hello.find("\x00\x2b\x00\x05\x04\x03\x04\x03\x03"s);
  ASSERT_NE(at, hello.npos);
  hello[at + 5] = '\x7a';
  hello[at + 6] = '\x7a';
}

// RFC 8446 §4.1.3: the server's random tells that it could do better, and the client sees it.
TEST_F(Hardening, T5_ADowngradeByTheManInTheMiddleIsSeen) {
  Tampered honest(*server({}), *client({}));
  EXPECT_TRUE(honest.shake_hands(nullptr)) << honest.client.error();
  Tampered tampered(*server({}), *client({}));
  EXPECT_FALSE(tampered.shake_hands(hide_tls13));
  EXPECT_THAT(tampered.client.error(), HasSubstr("inappropriate fallback"));
}

}  // namespace
}  // namespace outrider::tls
