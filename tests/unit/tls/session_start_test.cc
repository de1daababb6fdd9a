// How a session begins: what was asked for, and hellos of the past.
#include <gmock/gmock.h>

#include <csignal>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

class Start : public testing::Test {
 protected:
  Start() { std::signal(SIGPIPE, SIG_IGN); }
  std::shared_ptr<const ServerContext> server(const Parameters& parameters = {}) {
    ServerOptions options;
    options.keys = {{files.certificate, files.key}, {rsa.certificate, rsa.key}};
    options.parameters = parameters;
    return *ServerContext::load(options);
  }
  std::shared_ptr<const ClientContext> client(const Parameters& parameters = {}) {
    return *ClientContext::load({.ca_file = ca.authority_file(), .parameters = parameters});
  }

  test::TestCa ca;
  test::TestCa::Files files = ca.issue("mx.example.org");
  test::TestCa::Files rsa =
      ca.issue({.names = {"mx.example.org"}, .key = test::CertificateWish::Key::Rsa});
};

// draft-hoffman-smtp-ssl §5: the token says which version it will be.
TEST_F(Start, H2_AVersionCanBeAskedFor) {
  const struct {
    Version only;
    Parameters clients;
    std::string version;  // empty: they do not come together
  } rows[] = {{Version::Tls12, {}, "TLSv1.2"},
              {Version::Tls13, {}, "TLSv1.3"},
              {Version::Tls13, {.most = Version::Tls12}, ""},
              {Version::Tls12, {.least = Version::Tls13}, ""}};
  for (const auto& row : rows) {
    Pair both(*server(), *client(row.clients), "mx.example.org",
              verdict_for(trust::Level::Encrypt, {}), {}, row.only);
    EXPECT_EQ(both.shake_hands(), !row.version.empty());
    if (!row.version.empty()) EXPECT_EQ(both.server.facts().version, row.version);
  }
}

TEST_F(Start, H2_ButNoneThatTheListenerDoesNotHave) {
  SocketPair sockets;
  EXPECT_FALSE(Session::server(*server(), sockets.fds[0], Version::Tls10));
  EXPECT_FALSE(Session::server(*server({.least = Version::Tls13}), sockets.fds[0], Version::Tls12));
  EXPECT_FALSE(Session::server(*server({.most = Version::Tls12}), sockets.fds[0], Version::Tls13));
  EXPECT_TRUE(Session::server(*server({.least = Version::Tls10}), sockets.fds[0], Version::Tls10));
}

// What a server answers to raw bytes: its error, and what it sent.
struct Answer {
  Want want;
  std::string error, sent;
};

Answer answer(const ServerContext& context, const std::string& hello) {
  SocketPair sockets;
  auto session = *Session::server(context, sockets.fds[0]);
  EXPECT_EQ(::write(sockets.fds[1], hello.data(), hello.size()),
            static_cast<ssize_t>(hello.size()));
  const auto step = session.handshake();
  char buffer[8192];
  const auto got = ::read(sockets.fds[1], buffer, sizeof buffer);
  return {step.want, session.error(),
          got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string()};
}

// SSL 2.0's form (RFC 5246 appendix E.2) with the version it offers and two ciphers. It has no
// room for groups, so that no elliptic curve can be agreed on.
std::string v2_hello(char minor) {
  const std::string ciphers =
      "\x00\x00\x9c\x00\x00\x2f\x00\x00\xff"s;  // RSA: AES128-GCM, AES128-SHA; SCSV
  std::string body = "\x01\x03"s + minor;
  body += "\x00"s + static_cast<char>(ciphers.size()) + "\x00\x00\x00\x10"s + ciphers;
  body += "0123456789abcdef";
  return "\x80"s + static_cast<char>(body.size()) + body;
}

// RFC 5246 appendix E.2. Without signature algorithms TLS 1.2 means SHA-1, which the library allows
// in a context for old versions alone.
TEST_F(Start, L6_AV2HelloForTls12IsUnderstood) {
  const auto old =
      answer(*server({.least = Version::Tls11, .ciphers = "AES128-GCM-SHA256"}), v2_hello(3));
  EXPECT_EQ(old.want, Want::Read) << old.error;
  EXPECT_THAT(old.sent, testing::StartsWith("\x16\x03\x03"s)) << "ServerHello";
}

TEST_F(Start, L6_AV2HelloForTls10IsServedWhereThatIsAllowed) {
  const auto old = answer(*server({.least = Version::Tls10, .ciphers = "AES128-SHA"}), v2_hello(1));
  EXPECT_EQ(old.want, Want::Read) << old.error;
  EXPECT_THAT(old.sent, testing::StartsWith("\x16\x03\x01"s));
}

TEST_F(Start, L6_OldHellosGetAnAlertAndAReason) {
  const std::string v3 = "\x16\x03\x00\x00\x2f\x01\x00\x00\x2b\x03\x00"s + std::string(32, 'r') +
                         "\x00\x00\x04\xc0\x2f\x00\xff\x01\x00"s;
  const struct {
    const char* name;
    std::string hello, error;
  } rows[] = {
      {"SSL 2.0",
       "\x80\x1f\x01\x00\x02\x00\x06\x00\x00\x00\x10\x01\x00\x80\x07\x00\xc0"s +
           std::string(16, 'c'),
       "unknown protocol"},
      {"SSL 3.0", v3, "version too low"},
      {"TLS 1.0", v2_hello(1), "unsupported protocol"},
      {"TLS 1.2 without forward secrecy", v2_hello(3), "no shared cipher"},
  };
  for (const auto& row : rows) {
    const auto got = answer(*server(), row.hello);
    EXPECT_EQ(got.want, Want::Failed) << row.name;
    EXPECT_THAT(got.error, HasSubstr(row.error)) << row.name;
    EXPECT_THAT(got.sent, testing::StartsWith("\x15\x03"s)) << row.name << ": an alert";
  }
}

TEST_F(Start, L6_WhatIsNoHelloEndsAtOnce) {
  for (const auto* text :
       {"EHLO client.example.org\r\n", "GET / HTTP/1.0\r\n\r\n", "\x80\x03\x01\x03\x01"}) {
    const auto got = answer(*server(), text);
    EXPECT_EQ(got.want, Want::Failed) << text;
    EXPECT_FALSE(got.error.empty());
  }
}

}  // namespace
}  // namespace outrider::tls
