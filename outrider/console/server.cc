#include "outrider/console/server.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/console/requests.h"
#include "outrider/net/stream.h"

namespace outrider::console {
namespace {

constexpr std::chrono::seconds patience{60};
constexpr std::size_t longest_request = 1 << 20;

// What escapes a coroutine ends the program: a bug in an answer is not to end the mail.
awaitable<std::string> answered(std::string request, queue::Queue& queue, const Actions& actions,
                                Log& log, std::string who) {
  std::string bug;
  try {
    co_return co_await answer(std::move(request), queue, actions, log, who);
  } catch (const std::exception& error) {
    bug = error.what();
  }
  log.error("console").field("reason", bug).field("who", who);
  co_return failed("the request cannot be answered: " + printable(bug));
}

}  // namespace

struct Server::State {
  State(std::unique_ptr<net::Listener> listening, queue::Queue& queue, Actions actions, Log& log)
      : listener(std::move(listening)), queue(queue), actions(std::move(actions)), log(log) {}

  static awaitable<void> converse(std::shared_ptr<State> self, net::Stream stream, std::string who);

  std::unique_ptr<net::Listener> listener;
  queue::Queue& queue;
  Actions actions;
  Log& log;
};

awaitable<void> Server::State::converse(std::shared_ptr<State> self, net::Stream stream,
                                        std::string who) {
  std::string input;
  std::array<char, 4096> buffer;
  for (;;) {
    const auto end = input.find('\n');
    if (end != std::string::npos) {
      std::string request = input.substr(0, end);
      input.erase(0, end + 1);
      std::string reply =
          co_await answered(std::move(request), self->queue, self->actions, self->log, who);
      reply += '\n';
      const auto written = co_await stream.write(reply, patience);
      if (!written) co_return;
      continue;
    }
    if (input.size() > longest_request) co_return;
    const auto n = co_await stream.read_some(buffer, patience);
    if (!n || *n == 0) co_return;
    input.append(buffer.data(), *n);
  }
}

Server::Server(std::unique_ptr<net::Listener> listener, queue::Queue& queue, Actions actions,
               Log& log)
    : state_(std::make_shared<State>(std::move(listener), queue, std::move(actions), log)) {}

Server::~Server() { stop(); }

void Server::start(const std::vector<net::IoThread*>& threads) {
  state_->listener->start(threads, [state = state_](net::Accepted accepted) {
    const auto peer = net::peer_credentials(accepted.fd);
    auto who =
        peer ? fmt::format("uid={} pid={}", peer->user, peer->process) : std::string("unknown");
    net::Stream stream(accepted.thread, accepted.fd);
    accepted.thread.spawn(State::converse(state, std::move(stream), std::move(who)));
  });
}

void Server::stop() { state_->listener->stop(); }

Result<std::unique_ptr<net::Listener>> listen(const std::string& path, std::optional<uid_t> user,
                                              std::optional<gid_t> group, std::size_t threads) {
  constexpr auto unchanged = static_cast<uid_t>(-1);
  auto listener = net::Listener::bind({path}, threads, {.unix_mode = 0660});
  if (!listener) return listener;
  if ((user || group) &&
      ::lchown(path.c_str(), user.value_or(unchanged), group.value_or(unchanged)) != 0) {
    return fail_errno("cannot give the control socket to its user and group", errno, path);
  }
  return listener;
}

}  // namespace outrider::console
