// STARTTLS on a real socket with a real handshake: RFC 3207, and the draft of 1997.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "outrider/net/stream.h"
#include "site.h"
#include "support/test_ca.h"

namespace outrider::receive {
namespace {

using boost::asio::awaitable;
using namespace std::chrono_literals;

test::TestCa& ca() {
  static test::TestCa ca;
  return ca;
}

std::shared_ptr<const tls::ServerContext> server_context(bool ask_client = false) {
  const auto files = ca().issue("mx.example.org");
  tls::ServerOptions options;
  options.keys = {{files.certificate, files.key}};
  options.ask_client = ask_client;
  options.client_ca_file = ask_client ? ca().authority_file() : std::string();
  const auto context = tls::ServerContext::load(options);
  EXPECT_TRUE(context) << (context ? "" : context.error().text());
  return *context;
}

std::shared_ptr<const tls::ClientContext> client_context(const std::string& certificate_for = {}) {
  tls::ClientOptions options;
  options.ca_file = ca().authority_file();
  if (!certificate_for.empty()) {
    const auto files = ca().issue(certificate_for);
    options.key = tls::KeyPair{files.certificate, files.key};
  }
  const auto context = tls::ClientContext::load(options);
  EXPECT_TRUE(context) << (context ? "" : context.error().text());
  return *context;
}

Options tls_options(smtp::StartTlsForm form = smtp::StartTlsForm::Rfc3207) {
  Options options = mx_options();
  options.listeners[0].tls = TlsMode::StartTls;
  options.listeners[0].tls_context = server_context();
  options.listeners[0].smtp.start_tls_form = form;
  options.listeners[0].smtp.tls_tokens = {"TLS1.2", "TLS1.3"};
  return options;
}

/// A client that can begin TLS; each step is bounded by 10 seconds.
class SecurePeer {
 public:
  explicit SecurePeer(std::uint16_t port) {
    thread_.start();
    run(connect({*IpAddress::parse("127.0.0.1"), port}));
  }
  ~SecurePeer() {
    run(end());
    thread_.stop();
  }

  std::string reply() { return run(hear()); }
  /// The last line of the reply; `-` where the server closed.
  std::string command(std::string_view text) {
    send(std::string(text) + "\r\n");
    return reply();
  }
  void send(std::string bytes) { run(write(std::move(bytes))); }
  Result<TlsFacts> tls(std::shared_ptr<const tls::ClientContext> context = client_context()) {
    const auto verdict = trust::decide(
        {.destination = "example.org", .mx_host = "mx.example.org", .site = trust::Level::Verify});
    return run(stream_->connect_tls(std::move(context), "mx.example.org", verdict, 10s));
  }

 private:
  template <class T>
  T run(awaitable<T> task) {
    return boost::asio::co_spawn(thread_.executor(), std::move(task), boost::asio::use_future)
        .get();
  }
  awaitable<void> connect(Endpoint to) {
    auto stream = co_await net::connect_tcp(thread_, to, std::nullopt, 10s);
    EXPECT_TRUE(stream);
    stream_.emplace(std::move(*stream));
  }
  awaitable<void> end() {
    stream_.reset();
    co_return;
  }
  awaitable<void> write(std::string bytes) { co_await stream_->write(bytes, 10s); }
  awaitable<std::string> hear() {
    for (;;) {
      const auto end = input_.find("\r\n");
      if (end != input_.npos) {
        std::string line = input_.substr(0, end);
        input_.erase(0, end + 2);
        if (line.size() < 4 || line[3] != '-') co_return line;
        continue;
      }
      char bytes[4096];
      const auto n = co_await stream_->read_some(bytes, 10s);
      if (!n || *n == 0) co_return "-";
      input_.append(bytes, *n);
    }
  }

  net::IoThread thread_{9};
  std::optional<net::Stream> stream_;
  std::string input_;
};

TEST(StartTls, R2_ClearTextBehindThe220EndsTheConnection) {
  Site site(tls_options());
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO c.example");
  EXPECT_EQ(peer.command("STARTTLS"), "220 2.0.0 ready to start TLS");
  peer.send("MAIL FROM:<s@example.net>\r\n");
  for (std::string line = peer.line(); line != "-"; line = peer.line())
    EXPECT_EQ(line.find("250"), line.npos) << line;
  EXPECT_TRUE(site.logs("TLS handshake"));
}

TEST(StartTls, R2_ACommandInTheSamePacketIsNeverRun) {
  const std::string bytes = "STARTTLS\r\nMAIL FROM:<injected@example.net>\r\n";
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    Site site(tls_options());
    Peer peer(site.port);
    peer.reply();
    peer.command("EHLO c.example");
    peer.send(bytes.substr(0, cut));
    if (cut > 0 && cut < bytes.size()) std::this_thread::sleep_for(2ms);
    peer.send(bytes.substr(cut));
    std::string all;
    for (std::string line = peer.line(); line != "-"; line = peer.line()) all += line + "|";
    EXPECT_EQ(all.find("250"), all.npos) << cut << ": " << all;
  }
}

TEST(StartTls, R5_WhatWasSaidBeforeIsForgotten) {
  Site site(tls_options());
  SecurePeer peer(site.port);
  peer.reply();
  peer.command("EHLO before.example");
  EXPECT_EQ(peer.command("STARTTLS").substr(0, 3), "220");
  ASSERT_TRUE(peer.tls());
  EXPECT_EQ(peer.command("MAIL FROM:<s@example.net>"), "503 5.5.1 EHLO first");
  peer.command("EHLO after.example");
  EXPECT_EQ(peer.command("STARTTLS"), "503 5.5.1 TLS is active already");
  EXPECT_EQ(peer.command("MAIL FROM:<s@example.net>").substr(0, 3), "250");
}

// RFC 3207 §4: a client whose handshake failed comes again in clear, and nothing is held against
// it.
TEST(StartTls, L5_AFailedHandshakeCostsNothing) {
  Options options = tls_options();
  options.limits.connections_per_network = 2;
  options.listeners[0].smtp.limits.errors = 2;
  Site site(options);
  for (int i = 0; i < 20; ++i) {
    Peer failing(site.port);
    failing.reply();
    failing.command("EHLO c.example");
    EXPECT_EQ(failing.command("STARTTLS").substr(0, 3), "220");
    failing.send("this is no hello at all");
    while (failing.line() != "-") continue;
  }
  EXPECT_TRUE(comes_true([&] { return site.receiver().counts().connections == 0; }));
  Peer plain(site.port);
  plain.reply();
  EXPECT_EQ(plain.command("EHLO c.example").substr(0, 3), "250");
  EXPECT_EQ(send_message(plain).substr(0, 3), "250");
}

TEST(StartTls, R4_WhereTlsIsDemandedNothingElseIsHeard) {
  Options options = tls_options();
  options.listeners[0].role = Role::Relay;
  options.relay_networks = {*Network::parse("127.0.0.0/8")};
  options.listeners[0].require_tls = trust::TlsDemand::Always;
  Site site(options);
  SecurePeer peer(site.port);
  peer.reply();
  peer.command("EHLO c.example");
  EXPECT_EQ(peer.command("MAIL FROM:<s@example.net>"),
            "530 5.7.0 Must issue a STARTTLS command first");
  EXPECT_EQ(peer.command("STARTTLS").substr(0, 3), "220");
  ASSERT_TRUE(peer.tls());
  peer.command("EHLO c.example");
  EXPECT_EQ(peer.command("MAIL FROM:<s@example.net>").substr(0, 3), "250");
}

// draft-hoffman-smtp-ssl §5 and §6, with the version that the token names and a command between.
TEST(StartTlsOfTheDraft, H2_H3_H4_TheTokenLimitsTheHandshake) {
  for (const std::string version : {"1.2", "1.3"}) {
    for (const auto form : {smtp::StartTlsForm::DraftHoffman, smtp::StartTlsForm::Both}) {
      Site site(tls_options(form));
      SecurePeer peer(site.port);
      peer.reply();
      peer.command("EHLO mail.ietf.org");
      EXPECT_EQ(peer.command("STARTTLS SSL3.0").substr(0, 3), "504");
      EXPECT_EQ(peer.command("STARTTLS TLS" + version).substr(0, 3), "220");
      EXPECT_EQ(peer.command("NOOP"), "250 2.0.0 ok");
      const auto facts = peer.tls();
      ASSERT_TRUE(facts) << facts.error().text();
      EXPECT_EQ(facts->version, "TLSv" + version);
      EXPECT_EQ(peer.command("MAIL FROM:<s@example.net>"), "503 5.5.1 EHLO first");
    }
  }
}

// A line and the hello in one packet: the line is answered in clear, the hello inside TLS.
TEST(StartTlsOfTheDraft, H4_HalfALineIsNoPlaceForAHandshake) {
  Site site(tls_options(smtp::StartTlsForm::DraftHoffman));
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO c.example");
  peer.send("STARTTLS TLS1.2\r\nNOOP\r\nMAI\x16\x03\x01");
  EXPECT_EQ(peer.reply(), "220 2.0.0 ready to start TLS");
  EXPECT_EQ(peer.reply(), "250 2.0.0 ok");
  EXPECT_EQ(peer.reply().substr(0, 3), "554");
  EXPECT_EQ(peer.line(), "-");
}

Options asking(ClientCertificates what) {
  Options options = tls_options();
  auto& listener = options.listeners[0];
  listener.role = Role::Relay;
  listener.tls_context = server_context(true);
  listener.client_certificates = what;
  return options;
}

std::string mail_of(Site& site, const std::string& certificate_for) {
  SecurePeer peer(site.port);
  peer.reply();
  peer.command("EHLO c.example");
  peer.command("STARTTLS");
  const auto facts = peer.tls(client_context(certificate_for));
  EXPECT_TRUE(facts) << facts.error().text();
  peer.command("EHLO c.example");
  return peer.command("MAIL FROM:<s@example.net>");
}

TEST(ClientCertificate, H6_L4_WhoIsKnownMayRelay) {
  Options options = asking(ClientCertificates::Ask);
  options.relay_certificates.names = {"friend.example"};
  Site site(options);
  EXPECT_EQ(mail_of(site, "friend.example"), "250 2.1.0 sender ok");
  EXPECT_EQ(mail_of(site, "stranger.example"), "550 5.7.1 relaying is not permitted");
  EXPECT_EQ(mail_of(site, ""), "550 5.7.1 relaying is not permitted");
}

TEST(ClientCertificate, R7_WithoutOneThatIsKnownTlsIsTooLittle) {
  Options options = asking(ClientCertificates::Require);
  options.relay_certificates.names = {"friend.example"};
  Site site(options);
  EXPECT_EQ(mail_of(site, "friend.example"), "250 2.1.0 sender ok");
  EXPECT_EQ(mail_of(site, "stranger.example"), "554 5.7.0 Command refused due to lack of security");
}

TEST(Partner, IsHeldToTls) {
  Options options = tls_options();
  options.listeners[0].tls_context = server_context(true);
  Partner bank, networked;
  bank.domain = "bank.example";
  bank.demand = trust::PartnerDemand::Verify;
  bank.certificates.names = {"mail.bank.example"};
  networked.domain = ".example.com";
  options.partners = {bank, networked};
  Site site(options);
  const auto from = [&](bool tls, const std::string& name, const std::string& sender) {
    SecurePeer peer(site.port);
    peer.reply();
    peer.command("EHLO c.example");
    if (tls) {
      peer.command("STARTTLS");
      EXPECT_TRUE(peer.tls(client_context(name)));
      peer.command("EHLO c.example");
    }
    return peer.command("MAIL FROM:<" + sender + ">").substr(0, 9);
  };
  EXPECT_EQ(from(false, "", "a@bank.example"), "530 5.7.0");
  EXPECT_EQ(from(true, "", "a@bank.example"), "550 5.7.1");
  EXPECT_EQ(from(true, "other.example", "a@bank.example"), "550 5.7.1");
  EXPECT_EQ(from(true, "mail.bank.example", "a@Bank.example"), "250 2.1.0");
  EXPECT_EQ(from(false, "", "a@mail.example.com"), "530 5.7.0");
  EXPECT_EQ(from(true, "", "a@mail.example.com"), "250 2.1.0");
  EXPECT_EQ(from(false, "", "a@example.net"), "250 2.1.0");
  EXPECT_EQ(from(false, "", ""), "250 2.1.0");
}

std::string mail_in_clear(Site& site, std::string_view sender) {
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO c.example");
  return peer.command("MAIL FROM:<" + std::string(sender) + ">").substr(0, 9);
}

TEST(PastOfAClient, L7_TlsThatIsGoneIsToldAndDelaysMail) {
  for (const PastRule rule : {PastRule::Off, PastRule::Tell, PastRule::Delay}) {
    Options options = tls_options();
    options.past = rule;
    Site site(options);
    EXPECT_EQ(mail_in_clear(site, "a@example.net"), "250 2.1.0");
    SecurePeer secure(site.port);
    secure.reply();
    secure.command("EHLO c.example");
    secure.command("STARTTLS");
    ASSERT_TRUE(secure.tls());
    secure.command("EHLO c.example");
    secure.command("MAIL FROM:<a@example.net>");
    EXPECT_EQ(mail_in_clear(site, "a@example.net"),
              rule == PastRule::Delay ? "450 4.7.0" : "250 2.1.0");
    EXPECT_EQ(mail_in_clear(site, "a@example.com"), "250 2.1.0") << "of another domain";
    EXPECT_EQ(mail_in_clear(site, ""), "250 2.1.0");
    EXPECT_EQ(site.lines("alarm=tls-gone"), rule == PastRule::Off ? 0u : 1u);
  }
}

}  // namespace
}  // namespace outrider::receive
