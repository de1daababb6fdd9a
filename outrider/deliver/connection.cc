#include "outrider/deliver/connection.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace outrider::deliver {
namespace {

using std::chrono::seconds;

// A server that sends its replies in drops has this many limits of time for all of them.
constexpr int most_patience = 4;
constexpr seconds farewell{5};

}  // namespace

Connection::Connection(net::Stream stream, const smtp::ClientOptions& options, bool secure,
                       std::string remote, OpenConnections& neighbours)
    : stream_(std::move(stream)),
      session_(options, secure),
      remote_(std::move(remote)),
      neighbours_(neighbours) {
  neighbours_.insert(this);
}

Connection::~Connection() { neighbours_.erase(this); }

awaitable<smtp::ClientEvent> Connection::advance(std::optional<seconds> most) {
  const Steady begun = steady_now();
  for (;;) {
    smtp::ClientEvent event = session_.next();
    if (!std::holds_alternative<smtp::NeedInput>(event)) {
      if (std::holds_alternative<smtp::Broken>(event)) broken = true;
      co_return event;
    }
    Result<void> done = co_await flush();
    if (!done) co_return co_await last_words(done.error());
    seconds patience = session_.patience();
    if (most) patience = std::min(patience, *most);
    if (steady_now() - begun > most_patience * patience) {
      const Error slow{Blame::Peer, "replies came too slowly", "time limit", remote_};
      co_return lost(slow);
    }
    done = co_await read(patience);
    if (!done) co_return lost(done.error());
  }
}

awaitable<Result<void>> Connection::flush() {
  if (write_failed_) co_return std::unexpected(*write_failed_);
  if (session_.output().empty()) co_return Result<void>{};
  Result<void> written = co_await stream_.write(session_.output(), session_.patience());
  if (written) {
    session_.output_sent();
  } else {
    write_failed_ = written.error();  // a part may be out: nothing is ever sent behind it
  }
  co_return written;
}

// A server that closes while we are still writing may have said why.
awaitable<smtp::ClientEvent> Connection::last_words(Error error) {
  const Result<void> heard = co_await read(farewell);
  if (heard) {
    smtp::ClientEvent event = session_.next();
    if (std::holds_alternative<smtp::Broken>(event)) {
      broken = true;
      co_return event;
    }
  }
  co_return lost(error);
}

// Waits first: a buffer is held only while there is something to put into it.
awaitable<Result<void>> Connection::read(seconds patience) {
  Result<void> waited = co_await stream_.wait_readable(patience);
  if (!waited) co_return waited;
  const auto room = session_.prepare();
  if (room.empty()) co_return fail(Blame::Peer, "replies without end", "size limit", remote_);
  const Result<std::size_t> count = co_await stream_.read_some(room, patience);
  if (!count) co_return std::unexpected(count.error());
  if (*count == 0) {
    session_.peer_closed();
  } else {
    session_.received(*count);
  }
  co_return Result<void>{};
}

smtp::ClientEvent Connection::lost(const Error& error) {
  broken = true;
  return smtp::Broken{.reply = {}, .why = std::string(session_.phase()) + ": " + error.text()};
}

awaitable<void> Connection::quit() {
  if (!broken) {
    session_.quit();
    const smtp::ClientEvent ended = co_await advance(farewell);
    static_cast<void>(ended);
  }
  co_await stream_.shutdown();
}

}  // namespace outrider::deliver
