// What the running server answers about TLS on its control socket.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>

#include "outrider/deliver/deliverer.h"
#include "outrider/policy/ledger.h"
#include "outrider/queue/queue.h"
#include "outrider/report/inbox.h"
#include "outrider/trust/decide.h"

namespace outrider::app {

/// The parts that the answers come from; they outlive every question.
struct TlsDesk {
  deliver::Deliverer& deliverer;
  policy::Ledger& ledger;
  const report::Inbox& inbox;
  queue::Queue& queue;
  trust::Level level;  ///< `[delivery] tls`
  /// For what waits for the disk. It ends when no I/O thread runs any more, and before they are
  /// destroyed.
  std::unique_ptr<boost::asio::thread_pool> disk = std::make_unique<boost::asio::thread_pool>(1);

  /// The answer to `tls.…`; nothing: there is no such command. `who` asks, for the log.
  boost::asio::awaitable<std::optional<std::string>> answer(std::string request, std::string who);
};

}  // namespace outrider::app
