// A running I/O thread, and a way to run a coroutine on it to its end from a test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <utility>

#include "outrider/net/io_thread.h"
#include "outrider/net/listener.h"
#include "outrider/net/stream.h"

namespace outrider::net {

using boost::asio::awaitable;
using namespace std::chrono_literals;

class Running {
 public:
  explicit Running(unsigned index = 0) : thread(index) { thread.start(); }
  ~Running() { thread.stop(); }

  /// Returns when `task` has ended. The closure of a coroutine lambda must outlive the call.
  void run(awaitable<void> task) {
    std::promise<void> done;
    auto ended = done.get_future();
    thread.spawn(finish(std::move(task), done));
    ASSERT_EQ(ended.wait_for(10s), std::future_status::ready) << "the task did not end";
  }

  IoThread thread;

 private:
  static awaitable<void> finish(awaitable<void> task, std::promise<void>& done) {
    co_await std::move(task);
    done.set_value();
  }
};

/// Two connected streams of one thread.
struct Ends {
  explicit Ends(IoThread& thread) : Ends(thread, make()) {}

  Stream left;
  Stream right;

 private:
  static std::pair<int, int> make() {
    int fds[2];
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    return {fds[0], fds[1]};
  }
  Ends(IoThread& thread, std::pair<int, int> fds)
      : left(thread, fds.first), right(thread, fds.second) {}
};

/// Accepts connections on a free port of loopback and hands them to a task each.
class Server {
 public:
  using Task = std::function<awaitable<void>(Stream)>;

  Server(IoThread& thread, Task task) {
    listener_ = *Listener::bind({Endpoint{*IpAddress::parse("127.0.0.1"), 0}}, 1);
    listener_->start({&thread}, [task](Accepted accepted) {
      accepted.thread.spawn(task(Stream(accepted.thread, accepted.fd)));
    });
  }
  Endpoint endpoint() const { return std::get<Endpoint>(listener_->address().where); }

 private:
  std::unique_ptr<Listener> listener_;
};

inline awaitable<std::string> read_all(Stream& stream, std::chrono::seconds patience = 5s) {
  std::string all;
  char buffer[4096];
  for (;;) {
    const auto got = co_await stream.read_some(buffer, patience);
    if (!got || *got == 0) co_return all;
    all.append(buffer, *got);
  }
}

}  // namespace outrider::net
