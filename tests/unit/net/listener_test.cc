// Covers: net/bind.cc, which work inside it.
#include "outrider/net/listener.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "loop.h"

namespace outrider::net {
namespace {

const ListenAddress any_port{Endpoint{*IpAddress::parse("127.0.0.1"), 0}};

class Folder {
 public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "outrider-net-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string file(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 1000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

sockaddr_in loopback(const ListenAddress& address) {
  return {.sin_family = AF_INET,
          .sin_port = htons(std::get<Endpoint>(address.where).port),
          .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

awaitable<void> connect_and_close(IoThread& thread, ListenAddress to, bool& connected) {
  if (const auto* endpoint = std::get_if<Endpoint>(&to.where)) {
    connected = (co_await connect_tcp(thread, *endpoint, {}, 1s)).has_value();
  } else {
    const auto path = std::get<std::string>(to.where);
    connected = (co_await connect_unix(thread, path, 1s)).has_value();
  }
}

TEST(Listener, TellsBothEndsAndSetsNoDelay) {
  Running running;
  auto listener = *Listener::bind(any_port, 1);
  std::promise<Accepted> taken;
  listener->start({&running.thread}, [&](Accepted accepted) { taken.set_value(accepted); });
  bool connected = false;
  running.run(connect_and_close(running.thread, listener->address(), connected));
  EXPECT_TRUE(connected);
  const auto accepted = taken.get_future().get();
  EXPECT_EQ(accepted.peer->address.text(), "127.0.0.1");
  EXPECT_EQ(ListenAddress{*accepted.local}, listener->address());
  int no_delay = 0;
  socklen_t length = sizeof no_delay;
  ::getsockopt(accepted.fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length);
  EXPECT_NE(no_delay, 0);
  ::close(accepted.fd);
}

TEST(Listener, EachThreadHasItsSocket) {
  Running one(0), two(1);
  auto listener = *Listener::bind(any_port, 2);
  std::atomic<int> per_thread[2] = {};
  listener->start({&one.thread, &two.thread}, [&](Accepted accepted) {
    ::close(accepted.fd);
    ++per_thread[accepted.thread.index()];
  });
  bool connected = false;
  for (int i = 0; i < 64; ++i) {
    one.run(connect_and_close(one.thread, listener->address(), connected));
    ASSERT_TRUE(connected);
  }
  EXPECT_TRUE(eventually([&] { return per_thread[0] + per_thread[1] == 64; }));
  EXPECT_GT(per_thread[0], 0);
  EXPECT_GT(per_thread[1], 0);
}

TEST(Listener, DealsOutOfOneSocketInTurn) {
  Folder folder;
  Running one(0), two(1);
  auto listener = *Listener::bind({folder.file("s")}, 2, {.unix_mode = 0600});
  struct stat status;
  ASSERT_EQ(::stat(folder.file("s").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  std::atomic<int> per_thread[2] = {};
  listener->start({&one.thread, &two.thread}, [&](Accepted accepted) {
    EXPECT_FALSE(accepted.peer);
    EXPECT_EQ(peer_credentials(accepted.fd)->process, ::getpid());
    ::close(accepted.fd);
    ++per_thread[accepted.thread.index()];
  });
  bool connected = false;
  for (int i = 0; i < 8; ++i) {
    one.run(connect_and_close(one.thread, listener->address(), connected));
  }
  EXPECT_TRUE(eventually([&] { return per_thread[0] == 4 && per_thread[1] == 4; }));
  listener.reset();
  EXPECT_NE(::stat(folder.file("s").c_str(), &status), 0);
}

TEST(Listener, StopsAndStartsAgain) {
  Running running;
  auto listener = *Listener::bind(any_port, 1);
  std::atomic<int> taken = 0;
  const auto take = [&](Accepted accepted) {
    ::close(accepted.fd);
    ++taken;
  };
  listener->start({&running.thread}, take);
  listener->stop();
  bool connected = false;
  running.run(connect_and_close(running.thread, listener->address(), connected));
  EXPECT_TRUE(connected);  // by the kernel's queue
  std::this_thread::sleep_for(10ms);
  EXPECT_EQ(taken, 0);
  listener->start({&running.thread}, take);
  EXPECT_TRUE(eventually([&] { return taken == 1; }));
}

TEST(Listener, RefusesAnAddressThatIsTaken) {
  Folder folder;
  const auto tcp = *Listener::bind(any_port, 1);
  const auto second = Listener::bind(tcp->address(), 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().text(),
            tcp->address().text() + ": cannot listen: Address already in use");
  const auto local = *Listener::bind({folder.file("s")}, 1);
  EXPECT_THAT(Listener::bind({folder.file("s")}, 1).error().text(),
              testing::HasSubstr("another process does"));
}

TEST(Listener, ReplacesAStaleSocketAndNothingElse) {
  Folder folder;
  const auto path = folder.file("s");
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(stale);
  EXPECT_TRUE(Listener::bind({path}, 1));

  const auto file = folder.file("file");
  ::close(::creat(file.c_str(), 0600));
  EXPECT_THAT(Listener::bind({file}, 1).error().text(), testing::HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(Listener, AdoptsWhatListensAlready) {
  Running running;
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int other = ::dup(fd);
  EXPECT_THAT(Listener::adopt(other).error().text(), testing::HasSubstr("does not listen"));
  ASSERT_EQ(::listen(fd, 5), 0);
  auto listener = *Listener::adopt(fd);
  std::atomic<int> taken = 0;
  listener->start({&running.thread}, [&](Accepted accepted) {
    ::close(accepted.fd);
    ++taken;
  });
  bool connected = false;
  running.run(connect_and_close(running.thread, listener->address(), connected));
  EXPECT_TRUE(eventually([&] { return taken == 1; }));
}

TEST(Listener, WaitsWhileDescriptorsAreExhausted) {
  Running running;
  auto listener = *Listener::bind(any_port, 1);
  const auto to = loopback(listener->address());
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::atomic<int> taken = 0;
  listener->start({&running.thread}, [&](Accepted accepted) {
    ::close(accepted.fd);
    ++taken;
  });
  std::this_thread::sleep_for(20ms);
  rlimit before;
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{static_cast<rlim_t>(client), before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  rusage used_before, used_after;
  ::getrusage(RUSAGE_SELF, &used_before);
  std::this_thread::sleep_for(100ms);
  ::getrusage(RUSAGE_SELF, &used_after);
  EXPECT_EQ(taken, 0);
  EXPECT_LT(used_after.ru_nvcsw - used_before.ru_nvcsw, 50);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(eventually([&] { return taken == 1; }));
  ::close(client);
}

}  // namespace
}  // namespace outrider::net
