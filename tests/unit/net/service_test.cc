#include "outrider/net/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace outrider::net {
namespace {

TEST(Notify, TellsAnAbstractSocketToo) {
  const auto name = "@outrider-test-" + std::to_string(::getpid());
  const int manager = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  std::memcpy(address.sun_path + 1, name.data() + 1, name.size() - 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  ASSERT_EQ(::bind(manager, reinterpret_cast<sockaddr*>(&address), length), 0);
  ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  EXPECT_TRUE(notify_service("READY=1\nSTATUS=serving"));
  char buffer[64];
  const auto got = ::recv(manager, buffer, sizeof buffer, 0);
  EXPECT_EQ(std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0),
            "READY=1\nSTATUS=serving");
  ::close(manager);
  EXPECT_FALSE(notify_service("READY=1"));
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(Notify, WithoutAManagerThereIsNothingToDo) {
  ::unsetenv("NOTIFY_SOCKET");
  EXPECT_TRUE(notify_service("READY=1"));
}

TEST(Notify, RefusesAnAddressThatIsNone) {
  for (const auto& bad : {std::string("relative"), std::string("/"), std::string(200, '/')}) {
    ::setenv("NOTIFY_SOCKET", bad.c_str(), 1);
    const auto told = notify_service("READY=1");
    ASSERT_FALSE(told) << bad;
    EXPECT_EQ(told.error().place, "NOTIFY_SOCKET");
  }
  ::unsetenv("NOTIFY_SOCKET");
}

TEST(Activation, ListsNamedSockets) {
  const auto sockets = parse_activation({"42", "3", "smtp:submission"}, 42);
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 3u);
  EXPECT_EQ((*sockets)[0].fd, 3);
  EXPECT_EQ((*sockets)[0].name, "smtp");
  EXPECT_EQ((*sockets)[1].name, "submission");
  EXPECT_EQ((*sockets)[2].fd, 5);
  EXPECT_EQ((*sockets)[2].name, "unknown");
}

TEST(Activation, OfAnotherProcessIsNotOurs) {
  EXPECT_TRUE(parse_activation({"41", "3", nullptr}, 42)->empty());
  EXPECT_TRUE(parse_activation({}, 42)->empty());
  EXPECT_TRUE(parse_activation({"42", nullptr, nullptr}, 42)->empty());
}

TEST(Activation, NamesTheVariableThatIsWrong) {
  EXPECT_EQ(parse_activation({"x", "1", nullptr}, 42).error().place, "LISTEN_PID");
  for (const auto* bad : {"", "-1", "1025", "1 "}) {
    EXPECT_EQ(parse_activation({"42", bad, nullptr}, 42).error().place, "LISTEN_FDS") << bad;
  }
}

TEST(Activation, IsTakenOnce) {
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", "0", 1);
  EXPECT_TRUE(take_inherited_sockets()->empty());
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
  EXPECT_EQ(std::getenv("LISTEN_PID"), nullptr);
}

}  // namespace
}  // namespace outrider::net
