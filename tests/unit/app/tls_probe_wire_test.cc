#include "outrider/app/tls_probe_wire.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace outrider::app::probe {
namespace {

using testing::Contains;
using testing::ElementsAre;

// The other end speaks first, so that nothing has to wait.
struct Peer {
  explicit Peer(std::string_view says, bool leaves = false) {
    std::array<int, 2> fds{};
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data());
    fd = fds[0];
    wire.emplace(fds[1], Duration(50));
    say(says);
    if (leaves) ::shutdown(fd, SHUT_WR);
  }
  ~Peer() { ::close(fd); }
  void say(std::string_view text) const {
    if (!text.empty()) ASSERT_GT(::write(fd, text.data(), text.size()), 0);
  }
  std::string heard() const {
    char bytes[1000];
    const auto count = ::read(fd, bytes, sizeof bytes);
    return {bytes, static_cast<std::size_t>(count > 0 ? count : 0)};
  }
  int fd = -1;
  std::optional<Wire> wire;
};

TEST(ProbeWire, ReadsRepliesOneAfterTheOther) {
  Peer peer("220 hello\r\n250-one\r\n250 two\r\n");
  EXPECT_EQ(peer.wire->reply().code, 220);
  const auto second = peer.wire->reply();
  EXPECT_EQ(second.text, "one\ntwo");
  EXPECT_THAT(peer.wire->told(), ElementsAre("S: 220 hello", "S: 250-one", "S: 250 two"));
}

TEST(ProbeWire, CommandsAreSentAsLinesAndToldPrintably) {
  Peer peer("250 ok\r\n");
  EXPECT_EQ(peer.wire->command("NOOP \x01").code, 250);
  EXPECT_EQ(peer.heard(), "NOOP \x01\r\n");
  EXPECT_THAT(peer.wire->told(), ElementsAre("C: NOOP \\x01", "S: 250 ok"));
}

TEST(ProbeWire, WithoutAReplyTheTextSaysWhy) {
  EXPECT_EQ(Peer("").wire->reply().text, "nothing came in time");
  Peer closed("22", true);
  const auto reply = closed.wire->reply();
  EXPECT_EQ(reply.code, 0);
  EXPECT_EQ(reply.text, "the server closed the connection");
  EXPECT_TRUE(closed.wire->closed());
  EXPECT_NE(Peer("hello\r\n").wire->reply().text, "");
}

TEST(ProbeWire, ListensForWhatNobodyAskedFor) {
  Peer silent("");
  EXPECT_TRUE(silent.wire->listen(Duration(1)).nothing());
  EXPECT_THAT(silent.wire->told(), Contains("*  nothing for 1 ms"));
  EXPECT_EQ(Peer("250 ok\r\n").wire->listen(Duration(1)).bytes, "250 ok\r\n");
  EXPECT_TRUE(Peer("", true).wire->listen(Duration(1)).closed);
  // What came with the reply before counts, too.
  Peer both("220 go\r\n250 ok\r\n");
  both.wire->reply();
  EXPECT_EQ(both.wire->listen(Duration(1)).bytes, "250 ok\r\n");
}

TEST(ProbeWire, HandshakeWithoutTlsFailsWithAReason) {
  Peer peer("500 no\r\n");
  const auto context = tls::ClientContext::load({});
  ASSERT_TRUE(context);
  trust::Verdict verdict;
  verdict.level = trust::Level::Encrypt;
  const auto facts = peer.wire->start_tls(**context, "mx.test", verdict);
  ASSERT_FALSE(facts);
  EXPECT_NE(facts.error().input, "");
  EXPECT_EQ(peer.heard().front(), '\x16');
}

TEST(ProbeWire, WhereNobodyListensThereIsNoConnection) {
  const auto wire = Wire::connect(*Endpoint::parse("127.0.0.1:1"), Duration(1000));
  ASSERT_FALSE(wire);
  EXPECT_EQ(wire.error().place, "127.0.0.1:1");
}

}  // namespace
}  // namespace outrider::app::probe
