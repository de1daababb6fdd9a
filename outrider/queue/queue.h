// The durable queue: what is due, who holds it, what became of it. `receive` puts messages in,
// `deliver` claims them, `console` looks and acts.
//
// The contract (ARCHITECTURE.md): commit() returns when envelope and body are synced; a notice is
// committed in the same batch that drops the message which caused it; a kill between the next
// hop's 250 and our record of it is the only way to a duplicate, and nothing is a way to a loss.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/log.h"
#include "outrider/base/message_id.h"
#include "outrider/base/result.h"
#include "outrider/mail/envelope.h"
#include "outrider/queue/retry.h"

namespace outrider::queue {

using boost::asio::awaitable;

struct Options {
  std::string path;     ///< folder of the store; made with mode 0700 where it is not there
  unsigned shards = 1;  ///< I/O threads that deliver; a destination belongs to one of them
  Retry retry;
  std::uint64_t least_free_bytes = 512ull << 20;  ///< below it: 452 instead of a full disk
  std::size_t body_memory = 64 << 20;             ///< fresh small messages kept in memory, in all
  /// The key of the next hop that a recipient goes to: recipients of one message with one key are
  /// delivered together. Called from any thread. Not kept on disk: a changed route takes effect
  /// at the next start or regroup().
  std::function<std::string(const Address&)> destination_of;
  /// Free bytes for the queue; without it, what the file system of `path` says.
  std::function<std::uint64_t()> free_bytes;
};

/// A message that the server itself makes: a notice.
struct Draft {
  mail::Envelope envelope;
  std::string content;  ///< CRLF line ends, header and body
};

/// A message on its way into the queue. Destroyed before commit(), it leaves no trace.
class Incoming {
 public:
  virtual ~Incoming() = default;
  /// Content as it shall be delivered. Waits where the disk is slower than the peer.
  virtual awaitable<Result<void>> append(std::string_view bytes) = 0;
  /// When this returns a value, envelope and content survive a kill and a power cut, and a restart
  /// delivers them: only now may the peer be told 250. Known before: id().
  virtual awaitable<Result<MessageId>> commit(mail::Envelope envelope) = 0;
  virtual MessageId id() const = 0;
};

/// What became of one recipient in one attempt.
struct Outcome {
  std::uint32_t recipient = 0;  ///< index in envelope().recipients
  mail::RecipientStatus status = mail::RecipientStatus::Pending;  ///< Pending: try again later
  std::string reply;
  std::string remote;
  bool for_tls = false;  ///< Pending for want of security alone
};

/// The part of a message that goes to one destination, being delivered. Exactly one claim on it
/// exists at a time; destroyed before finish(), it is due again at once.
class Claim {
 public:
  virtual ~Claim() = default;
  virtual MessageId id() const = 0;
  virtual const mail::Envelope& envelope() const = 0;
  /// Indexes of those that are due.
  virtual const std::vector<std::uint32_t>& recipients() const = 0;
  virtual unsigned attempts() const = 0;  ///< before this one
  /// An operator released the message, or wants a try now.
  virtual bool asked_for() const { return false; }
  /// The next part of the content, at most 256 KiB, valid until the next call; empty at the end.
  virtual awaitable<Result<std::string_view>> read() = 0;
  virtual void rewind() = 0;  ///< read() begins again
  /// What a deferral at `now` would mean: retry, warn the sender, give up. `for_tls`: it waits for
  /// security alone, and lives and is told of by other rules.
  virtual Fate fate(Time now, bool for_tls = false) const = 0;
  /// Records the outcomes with the notices that follow from them, in one batch. Does not wait:
  /// the record is in the log of the store at once and on disk with the next sync. Recipients
  /// without an outcome are due again, without an attempt counted.
  virtual void finish(std::vector<Outcome> outcomes, std::vector<Draft> notices,
                      bool delay_notice_sent = false) = 0;
};

/// A destination in the schedule of its shard; stays valid as long as the queue.
using DestinationId = std::uint32_t;

/// Which messages an operator means. Empty parts match all; all given parts must match.
struct Filter {
  std::vector<MessageId> ids;
  std::string sender;       ///< address, or `@domain`
  std::string recipient;    ///< address, or `@domain`
  std::string destination;  ///< key of a next hop, or a recipient's domain
  std::optional<bool> held;
  std::optional<bool> for_tls;  ///< waits for security alone

  bool operator==(const Filter&) const = default;
};

/// A message as it lies in the queue.
struct Item {
  MessageId id;
  mail::Envelope envelope;
  bool held = false;
  bool for_tls = false;  ///< somebody of it waits for security alone
  unsigned attempts = 0;
  Time next_attempt{};
  bool active = false;  ///< claimed right now
};

enum class Action { Hold, Release, Retry, Remove };

struct Counts {
  std::uint64_t messages = 0, held = 0, active = 0, deferred = 0, bytes = 0;
  std::uint64_t for_tls = 0;  ///< wait for security alone
};

class Queue {
 public:
  /// Fails where another process has it open, where the format is not ours, or where the folder
  /// is open to others.
  static Result<std::unique_ptr<Queue>> open(Options options, Log& log);
  virtual ~Queue() = default;  ///< writes out what is waiting

  // receive
  /// False: no room or a failing disk; answer 452 4.3.1.
  virtual bool accepting() const = 0;
  virtual std::unique_ptr<Incoming> begin() = 0;

  // deliver: on the shard's own thread
  /// `due` is called on `executor` when a destination gets work that it did not have.
  virtual void attach(unsigned shard, boost::asio::any_io_executor executor,
                      std::function<void(DestinationId, const std::string& key)> due) = 0;
  /// The oldest due work for a destination; null: none (any more). Memory for fresh messages,
  /// disk for others, never blocking the thread.
  virtual awaitable<std::unique_ptr<Claim>> claim(unsigned shard, DestinationId destination) = 0;
  /// Nothing of this destination is due before `until` (a dead host), attempts uncounted.
  virtual void postpone(unsigned shard, DestinationId destination, Steady until) = 0;

  // console: from any thread
  virtual Counts counts() const = 0;
  /// At most `limit` items with ids above `after`, in the order of arrival.
  virtual awaitable<Result<std::vector<Item>>> list(Filter filter, MessageId after,
                                                    std::size_t limit) = 0;
  virtual awaitable<Result<std::string>> content(MessageId id, std::size_t limit) = 0;
  /// How many messages it was done to. Removing sends no notice.
  virtual awaitable<Result<std::uint64_t>> apply(Action action, Filter filter) = 0;
  virtual void stop() = 0;  ///< no more claims; called before the threads end
};

}  // namespace outrider::queue
