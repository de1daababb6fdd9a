#include "outrider/receive/connection.h"

#include <gtest/gtest.h>

#include <atomic>

#include "outrider/net/stream.h"
#include "outrider/tls/context.h"
#include "support/test_ca.h"
#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

using namespace std::chrono_literals;

const std::string dialogue =
    "EHLO client.example.net\r\nMAIL FROM:<s@example.net>\r\nRCPT TO:<anna@example.org>\r\n"
    "BDAT 10\r\nSubject: aBDAT 7 LAST\r\n\r\n\r\nb\r\n";

TEST(Serve, PromisesNothingWhenTheQueueFails) {
  for (int appends = 0; appends < 4; ++appends) {
    Site site(mx_options());
    site.queue.fail_append_after = appends;
    site.queue.fail_commit = true;
    Peer peer(site.port);
    peer.reply();
    peer.send(dialogue);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(peer.reply().starts_with("250"));
    EXPECT_EQ(peer.reply().substr(0, 3), "250");  // the first BDAT takes bytes, and promises none
    EXPECT_EQ(peer.reply(), "451 4.3.0 the message could not be stored, try later") << appends;
    EXPECT_TRUE(site.queue.messages().empty());
    EXPECT_EQ(site.queue.dropped, 1);
    EXPECT_TRUE(site.logs("store_failed"));
    site.queue.fail_append_after = -1;
    site.queue.fail_commit = false;
    EXPECT_TRUE(send_message(peer).ends_with(" queued")) << "the connection goes on";
  }
}

TEST(Serve, S6_AnswersVrfyAndExpnWhereItIsAllowed) {
  Options options = mx_options();
  options.listeners[0].smtp.answer_vrfy = options.listeners[0].smtp.answer_expn = true;
  Site site(options);
  Peer peer(site.port);
  peer.reply();
  EXPECT_EQ(peer.command("VRFY anna"), "250 2.1.5 <anna@example.org>");
  EXPECT_EQ(peer.command("EXPN anna"), "550 5.1.1 that is a user, not a list");
  EXPECT_TRUE(site.logs("command=\"EXPN anna\""));
  EXPECT_EQ(peer.command("VRFY nobody"), "550 5.1.1 no such user here");
}

TEST(Serve, PromisesNothingItDidNotKeep) {
  Site site(mx_options());
  for (std::size_t cut = 0; cut < dialogue.size(); ++cut) {
    Peer peer(site.port);
    peer.send(dialogue.substr(0, cut));
    ::shutdown(peer.fd(), SHUT_WR);
    std::string all;
    for (std::string line; line != "-"; line = peer.line()) all += line + "\n";
    EXPECT_EQ(all.find("queued"), all.npos) << cut;
  }
  EXPECT_TRUE(comes_true([&] { return site.receiver().counts().connections == 0; }));
  EXPECT_TRUE(site.queue.messages().empty());
  EXPECT_EQ(site.queue.begun, site.queue.dropped);
}

TEST(Serve, KeepsWhatItPromisedThoughTheAnswerIsLost) {
  Site site(mx_options());
  site.queue.delay_ms = 20;
  {
    Peer peer(site.port);
    peer.reply();
    peer.send(dialogue);
    EXPECT_TRUE(comes_true([&] { return site.queue.begun > 0; }));
  }
  EXPECT_TRUE(comes_true([&] { return site.queue.messages().size() == 1; }));
}

TEST(Serve, WaitsForASlowQueueBeforeItPromises) {
  Site site(mx_options());
  site.queue.delay_ms = 150;
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  const Steady before = steady_now();
  EXPECT_TRUE(send_message(peer).ends_with(" queued"));
  EXPECT_GE(steady_now() - before, 300ms);
}

TEST(Serve, SaysThatThereIsNoRoom) {
  Site site(mx_options());
  site.queue.accepts = false;
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  EXPECT_TRUE(peer.command("MAIL FROM:<s@example.net>").starts_with("452 4.3.1"));
  site.queue.accepts = true;
  EXPECT_TRUE(send_message(peer).ends_with(" queued"));
}

// RFC 2033 §4.2
TEST(Serve, AnswersForEachRecipientUnderLmtp) {
  Options options = mx_options();
  options.listeners[0].role = Role::Lmtp;
  Site site(options);
  Peer peer(site.port);
  peer.reply();
  EXPECT_TRUE(peer.command("LHLO client.example.net").starts_with("250"));
  peer.command("MAIL FROM:<s@example.net>");
  EXPECT_TRUE(peer.command("RCPT TO:<anna@example.org>").starts_with("250"));
  EXPECT_TRUE(peer.command("RCPT TO:<who@example.org>").starts_with("550"));
  EXPECT_TRUE(peer.command("RCPT TO:<bob@example.org>").starts_with("250"));
  peer.command("DATA");
  peer.send(small_message);
  EXPECT_TRUE(peer.command(".").ends_with(" queued"));
  EXPECT_TRUE(peer.reply().ends_with(" queued"));
  EXPECT_TRUE(peer.command("NOOP").starts_with("250 2.0.0"));
  EXPECT_EQ(site.queue.messages()[0].envelope.origin.protocol, "LMTP");
}

Options behind_proxy(const char* trusted) {
  Options options = mx_options();
  options.listeners[0].proxy_protocol = true;
  options.listeners[0].proxy_trusted = {*Network::parse(trusted)};
  return options;
}

TEST(Proxy, TellsOfTheClient) {
  Site site(behind_proxy("127.0.0.0/8"));
  Peer peer(site.port);
  peer.send("PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n");
  EXPECT_TRUE(peer.reply().starts_with("220"));
  peer.command("EHLO client.example.net");
  EXPECT_TRUE(send_message(peer).ends_with(" queued"));
  EXPECT_TRUE(site.logs("[192.0.2.7]:4000"));
  EXPECT_EQ(site.queue.messages()[0].envelope.origin.client, "192.0.2.7");
}

TEST(Proxy, IsReadAtAnyCutAndNotAByteMore) {
  Site site(behind_proxy("127.0.0.0/8"));
  const std::string binary(
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x7f\0\0\x01\x0f\xa0\0\x19", 28);
  for (const std::string& header :
       {std::string("PROXY TCP4 1.1.1.1 2.2.2.2 1 1\r\n"), std::string("PROXY UNKNOWN\r\n"),
        std::string("PROXY TCP6 ::1 ::2 1 1\r\n"),
        std::string("PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n"), binary}) {
    for (std::size_t cut = 1; cut < header.size(); cut += 5) {
      Peer peer(site.port);
      peer.send(header.substr(0, cut));
      std::this_thread::sleep_for(1ms);
      peer.send(header.substr(cut) + "NOOP\r\n");
      EXPECT_TRUE(peer.reply().starts_with("220")) << header << " cut at " << cut;
      EXPECT_EQ(peer.reply(), "250 2.0.0 ok") << header << " cut at " << cut;
    }
  }
}

TEST(Proxy, IsNotBelievedFromOthers) {
  Site site(behind_proxy("192.0.2.0/24"));
  Peer peer(site.port);
  peer.send("PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n");
  EXPECT_EQ(peer.line(), "-");
  EXPECT_TRUE(site.logs("proxy_trusted"));
}

TEST(Proxy, HasToBeThere) {
  Site site(behind_proxy("127.0.0.0/8"));
  Peer peer(site.port);
  peer.send("EHLO client.example.net\r\n");
  EXPECT_EQ(peer.line(), "-");
  EXPECT_TRUE(site.logs("proxy_refused"));
}

TEST(Time, EndsAConnectionThatOnlyDribbles) {
  Options options = mx_options();
  options.listeners[0].time.connection = 1s;
  Site site(options);
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  peer.send("NO");
  EXPECT_EQ(peer.reply(), "421 4.4.2 the connection was open too long");
  EXPECT_EQ(peer.line(), "-");
  EXPECT_TRUE(site.logs("why=time.connection"));
}

TEST(Time, RefusesWhoSpeaksBeforeTheGreeting) {
  Options options = mx_options();
  options.listeners[0].time.greet_pause = 1s;
  Site site(options);
  Peer early(site.port), patient(site.port);
  early.send("EHLO client.example.net\r\n");
  EXPECT_TRUE(early.reply().starts_with("554 5.5.0"));
  EXPECT_EQ(early.line(), "-");
  EXPECT_TRUE(patient.reply().starts_with("220"));
  EXPECT_TRUE(patient.command("EHLO client.example.net").starts_with("250"));
}

/// What a TLS client heard; it sends one message.
struct Heard {
  std::string text;
  std::string error;
};

awaitable<bool> say(net::Stream& stream, std::string text, std::string until, Heard& heard) {
  if (!text.empty()) {
    const Result<void> sent = co_await stream.write(text, 5s);
    if (!sent) co_return false;
  }
  const std::size_t before = heard.text.size();
  while (heard.text.find(until, before) == std::string::npos) {
    char bytes[1024];
    const Result<std::size_t> n = co_await stream.read_some(bytes, 5s);
    if (!n || *n == 0) {
      heard.error = n ? "closed" : n.error().text();
      co_return false;
    }
    heard.text.append(bytes, *n);
  }
  co_return true;
}

awaitable<void> send_with_tls(net::IoThread& thread, std::uint16_t port, TlsMode mode,
                              std::shared_ptr<const tls::ClientContext> context, Heard& heard,
                              std::atomic<bool>& done) {
  const Endpoint to{*IpAddress::parse("127.0.0.1"), port};
  Result<net::Stream> stream = co_await net::connect_tcp(thread, to, std::nullopt, 5s);
  bool good = stream.has_value();
  if (good && mode == TlsMode::StartTls) {
    good = co_await say(*stream, "", "220 ", heard);
    if (good) good = co_await say(*stream, "EHLO c.example\r\n", "250 ", heard);
    if (good) good = co_await say(*stream, "STARTTLS\r\n", "220 ", heard);
  }
  if (good) {
    trust::Verdict verdict;
    const Result<TlsFacts> facts =
        co_await stream->connect_tls(context, "mx.example.org", verdict, 5s);
    good = facts.has_value();
    if (!good) heard.error = facts.error().text();
  }
  if (good && mode == TlsMode::Implicit) good = co_await say(*stream, "", "220 ", heard);
  if (good) {
    good = co_await say(*stream,
                        "EHLO c.example\r\nMAIL FROM:<s@example.net>\r\n"
                        "RCPT TO:<anna@example.org>\r\nBDAT 14 LAST\r\nSubject: a\r\n\r\n",
                        " queued\r\n", heard);
  }
  done = true;
}

std::shared_ptr<const tls::ServerContext> context_of(test::TestCa& ca) {
  const test::TestCa::Files files = ca.issue("mx.example.org");
  tls::ServerOptions options;
  options.keys = {{files.certificate, files.key}};
  const auto context = tls::ServerContext::load(options);
  EXPECT_TRUE(context) << (context ? "" : context.error().text());
  return context ? *context : nullptr;
}

void sends_through_tls(TlsMode mode) {
  Options options = mx_options();
  test::TestCa ca;
  options.listeners[0].tls = mode;
  options.listeners[0].tls_context = context_of(ca);
  ASSERT_TRUE(options.listeners[0].tls_context);
  Site site(options);
  const auto client = tls::ClientContext::load({});
  ASSERT_TRUE(client) << client.error().text();
  net::IoThread thread(9);
  thread.start();
  Heard heard;
  std::atomic<bool> done{false};
  thread.spawn(send_with_tls(thread, site.port, mode, *client, heard, done));
  EXPECT_TRUE(comes_true([&] { return done.load(); }));
  thread.stop();
  ASSERT_EQ(site.queue.messages().size(), 1u) << heard.text << heard.error;
  const auto message = site.queue.messages()[0];
  EXPECT_EQ(message.envelope.origin.protocol, "ESMTPS");
  EXPECT_TRUE(message.envelope.origin.tls.starts_with("TLSv1.3/")) << message.envelope.origin.tls;
  EXPECT_NE(message.content.find("TLSv1.3"), std::string::npos) << message.content;
  EXPECT_TRUE(site.logs("tls=TLSv1.3/"));
}

TEST(Tls, GoesByStartTls) { sends_through_tls(TlsMode::StartTls); }
TEST(Tls, GoesFromTheFirstByte) { sends_through_tls(TlsMode::Implicit); }

TEST(Tls, IsNotForPlainTalkers) {
  Options options = mx_options();
  test::TestCa ca;
  options.listeners[0].tls = TlsMode::Implicit;
  options.listeners[0].tls_context = context_of(ca);
  Site site(options);
  Peer peer(site.port);
  peer.send("EHLO client.example.net\r\n");
  EXPECT_TRUE(site.logs("TLS handshake"));
  EXPECT_TRUE(site.queue.messages().empty());
}

}  // namespace
}  // namespace outrider::receive
