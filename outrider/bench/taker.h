// One connection of a sink, and what all of them count in. Within this module only.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "outrider/bench/message.h"
#include "outrider/bench/sink.h"
#include "outrider/net/io_thread.h"
#include "outrider/net/stream.h"

namespace outrider::bench {

using net::awaitable;

/// Counts of all threads. Deliveries are told apart by 64 bits of a digest of run, number and
/// recipient: a million of them are 16 MB, and two that fall together are not to be expected.
class Ledger {
 public:
  void note(const Label& label, const std::string& recipient);

  std::atomic<std::uint64_t> connections, secured, resumed, verified, messages, deliveries, refused,
      damaged, unlabelled, bytes;
  SinkCounts counts() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_set<std::uint64_t> seen_;
};

class Taker {
 public:
  Taker(const SinkOptions& options, std::shared_ptr<const tls::ServerContext> context,
        Ledger& ledger, net::Accepted accepted);

  awaitable<void> run();

 private:
  awaitable<bool> more_input();
  awaitable<bool> flush();
  awaitable<bool> secure();
  awaitable<bool> begin_tls();
  awaitable<void> finish();
  void settle(const smtp::Event& event);
  smtp::Reply take_recipient(const Address& recipient);
  void forget();

  const SinkOptions& options_;
  std::shared_ptr<const tls::ServerContext> context_;
  Ledger& ledger_;
  net::Stream stream_;
  smtp::ServerSession session_;
  Checker checker_;
  std::vector<std::string> recipients_;
};

}  // namespace outrider::bench
