#include "outrider/receive/receiver.h"

#include <gtest/gtest.h>

#include "unit/receive/site.h"

namespace outrider::receive {
namespace {

using namespace std::chrono_literals;

TEST(Receiver, KeepsAMessageAndSaysSo) {
  Site site(mx_options());
  Peer peer(site.port);
  EXPECT_TRUE(peer.reply().starts_with("220 mx.example.org"));
  EXPECT_TRUE(peer.command("EHLO client.example.net").starts_with("250 "));
  const std::string answer = send_message(peer, "Anna@Example.Org");
  EXPECT_TRUE(answer.starts_with("250 2.0.0 ") && answer.ends_with(" queued")) << answer;
  EXPECT_TRUE(peer.command("QUIT").starts_with("221"));
  EXPECT_EQ(peer.line(), "-");
  const auto messages = site.queue.messages();
  ASSERT_EQ(messages.size(), 1u);
  const auto& message = messages.front();
  EXPECT_TRUE(message.content.starts_with("Received: from client.example.net")) << message.content;
  EXPECT_TRUE(message.content.ends_with("\r\n" + small_message)) << message.content;
  EXPECT_NE(message.content.find(message.id.text()), std::string::npos);
  EXPECT_EQ(message.envelope.size, message.content.size());
  EXPECT_EQ(message.envelope.reverse_path.text(), "s@example.net");
  ASSERT_EQ(message.envelope.recipients.size(), 1u);
  EXPECT_EQ(message.envelope.recipients[0].address.text(), "anna@example.org");
  EXPECT_EQ(message.envelope.origin.protocol, "ESMTP");
  EXPECT_EQ(message.envelope.origin.client, "127.0.0.1");
}

TEST(Receiver, LogsWhatCanBeFollowed) {
  Site site(mx_options());
  {
    Peer peer(site.port);
    peer.reply();
    peer.command("EHLO client.example.net");
    send_message(peer);
    peer.command("MAIL FROM:<s@example.net>");
    EXPECT_EQ(peer.command("RCPT TO:<carol@example.org>"), "550 5.1.1 no such user here");
    EXPECT_EQ(peer.command("RCPT TO:<x@elsewhere.example>").substr(0, 9), "550 5.7.1");
    peer.command("QUIT");
  }
  ASSERT_TRUE(site.logs("disconnect"));
  const std::string log = site.log();
  const std::size_t at = log.find("session=");
  ASSERT_NE(at, log.npos);
  const std::string session = log.substr(at, std::string("session=").size() + 11);
  EXPECT_EQ(site.lines(session), 5u) << log;
  EXPECT_NE(log.find("client=[127.0.0.1]:"), log.npos) << log;
  EXPECT_NE(log.find("received id="), log.npos) << log;
  EXPECT_NE(log.find("RCPT TO:<carol@example.org>"), log.npos) << log;
  EXPECT_NE(log.find("550 5.1.1 no such user here"), log.npos) << log;
}

TEST(Receiver, BoundsTheLinesAboutRefusals) {
  Options options = mx_options();
  options.limits.log_refusals = 3;
  Site site(options);
  {
    Peer peer(site.port);
    peer.reply();
    peer.command("EHLO client.example.net");
    peer.command("MAIL FROM:<s@example.net>");
    for (int i = 0; i < 10; ++i) peer.command("RCPT TO:<carol@example.org>");
  }
  ASSERT_TRUE(site.logs("disconnect"));
  EXPECT_EQ(site.lines("RCPT TO:<carol"), 3u);
  EXPECT_TRUE(site.logs("refused=10"));
}

TEST(Receiver, AnswersAPipelineOfMessages) {
  Site site(mx_options(), 2);
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  const int count = 50;
  std::string all;
  for (int i = 0; i < count; ++i) {
    const std::string body = "Subject: " + std::to_string(i) + "\r\n\r\n..dot\r\n";
    all +=
        "MAIL FROM:<s@example.net>\r\nRCPT TO:<anna@example.org>\r\n"
        "BDAT " +
        std::to_string(body.size()) + " LAST\r\n" + body;
  }
  peer.send(all);
  for (int i = 0; i < count; ++i) {
    EXPECT_TRUE(peer.reply().starts_with("250 2.1.0"));
    EXPECT_TRUE(peer.reply().starts_with("250 2.1.5"));
    const std::string answer = peer.reply();
    EXPECT_TRUE(answer.ends_with(" queued")) << answer;
  }
  const auto messages = site.queue.messages();
  ASSERT_EQ(messages.size(), static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i)
    EXPECT_TRUE(messages[static_cast<std::size_t>(i)].content.ends_with(
        "Subject: " + std::to_string(i) + "\r\n\r\n..dot\r\n"));
}

TEST(Receiver, TakesALargeMessageByteForByte) {
  Site site(mx_options());
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  std::string content = "Subject: large\r\n\r\n";
  while (content.size() < (3u << 20)) content += "line " + std::to_string(content.size()) + "\r\n";
  EXPECT_TRUE(send_message(peer, "bob@example.org", content).ends_with(" queued"));
  ASSERT_EQ(site.queue.messages().size(), 1u);
  EXPECT_TRUE(site.queue.messages()[0].content.ends_with("\r\n" + content));
}

TEST(Receiver, TurnsAwayWhomALimitMeets) {
  Options options = mx_options();
  options.limits.connections_per_network = 2;
  Site site(options);
  {
    Peer first(site.port), second(site.port);
    EXPECT_TRUE(first.reply().starts_with("220"));
    EXPECT_TRUE(second.reply().starts_with("220"));
    Peer third(site.port);
    EXPECT_EQ(third.reply(), "421 4.7.0 too many connections");
    EXPECT_EQ(third.line(), "-");
    EXPECT_TRUE(site.logs("limits.connections_per_network"));
    EXPECT_EQ(site.receiver().counts().turned_away, 1u);
  }
  EXPECT_TRUE(comes_true([&] { return site.receiver().counts().connections == 0; }));
  Peer later(site.port);
  EXPECT_TRUE(later.reply().starts_with("220"));
}

TEST(Receiver, SendsIdleClientsAwayWhenItStops) {
  Site site(mx_options());
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  const Steady before = steady_now();
  site.receiver().stop(5s);
  EXPECT_LT(steady_now() - before, 2s);
  EXPECT_TRUE(peer.reply().starts_with("421 4.3.2"));
  EXPECT_EQ(peer.line(), "-");
  EXPECT_EQ(site.receiver().counts().connections, 0u);
}

TEST(Receiver, LetsAMessageEndWhenItStops) {
  Site site(mx_options());
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  peer.command("MAIL FROM:<s@example.net>");
  peer.command("RCPT TO:<anna@example.org>");
  peer.command("DATA");
  std::thread stopping([&] { site.receiver().stop(10s); });
  std::this_thread::sleep_for(50ms);
  peer.send(small_message);
  EXPECT_TRUE(peer.command(".").ends_with(" queued"));
  EXPECT_TRUE(peer.reply().starts_with("421 4.3.2"));
  stopping.join();
  EXPECT_EQ(site.queue.messages().size(), 1u);
}

TEST(Receiver, CutsOffWhatOutlastsTheBoundOfAStop) {
  Site site(mx_options());
  Peer peer(site.port);
  peer.reply();
  peer.command("EHLO client.example.net");
  peer.command("MAIL FROM:<s@example.net>");
  peer.command("RCPT TO:<anna@example.org>");
  peer.command("DATA");
  peer.send("Subject: half\r\n");
  EXPECT_TRUE(comes_true([&] { return site.queue.begun > 0; }));
  site.receiver().stop(100ms);
  EXPECT_EQ(site.receiver().counts().connections, 0u);
  EXPECT_EQ(peer.line(), "-");
  EXPECT_EQ(site.queue.messages().size(), 0u);
  EXPECT_EQ(site.queue.dropped, 1);
}

TEST(Receiver, ReloadsForNewConnections) {
  Site site(mx_options());
  Peer before(site.port);
  before.reply();
  before.command("EHLO client.example.net");
  Options options = mx_options();
  options.listeners[0].smtp.hostname = "other.example.org";
  options.domains = nullptr;
  ASSERT_TRUE(site.receiver().reload(options));
  Peer after(site.port);
  EXPECT_TRUE(after.reply().starts_with("220 other.example.org"));
  after.command("EHLO client.example.net");
  EXPECT_TRUE(send_message(after).starts_with("550 5.7.1"));
  EXPECT_TRUE(send_message(before).ends_with(" queued"));
}

TEST(Receiver, RefusesAReloadThatForgetsAListener) {
  Site site(mx_options());
  Options options = mx_options();
  options.listeners[0].name = "renamed";
  const Result<void> reloaded = site.receiver().reload(options);
  ASSERT_FALSE(reloaded);
  EXPECT_NE(reloaded.error().input.find("`smtp`"), std::string::npos);
  Peer peer(site.port);
  EXPECT_TRUE(peer.reply().starts_with("220 mx.example.org"));
}

}  // namespace
}  // namespace outrider::receive
