// One claim on its way: which transport, which connection, and what it means for the destination.
#include <algorithm>
#include <utility>
#include <variant>

#include "outrider/deliver/mailbox.h"
#include "outrider/deliver/shard.h"
#include "outrider/deliver/transaction.h"

namespace outrider::deliver {
namespace {

// A server that was idle answers RSET at once, or it is gone.
constexpr std::chrono::seconds reset_patience{10};

Attempt attempt_of(const Reached& reached, const std::vector<std::uint32_t>& recipients) {
  Attempt attempt;
  attempt.relay = attempt.remote = reached.remote;
  attempt.level = reached.level;
  attempt.say(recipients, reached.reply, reached.ours, !reached.permanent,
              reached.held_until.has_value());
  return attempt;
}

}  // namespace

awaitable<Shard::Attempted> Shard::attempt(Lane& lane, queue::Claim& claim, Connected& connection) {
  const auto destination = destination_of(lane);
  Recipients recipients = claim.recipients();
  // The rest is due again at once, and follows in a transaction of its own.
  const auto most = std::max<std::size_t>(site_->options.recipients, 1);
  recipients.resize(std::min(recipients.size(), most));
  const Route& route = destination->route;
  switch (route.kind) {
    case Route::Kind::Maildir: {
      Attempt filed = co_await deliver_to_maildirs(*site_, route, claim, std::move(recipients));
      lane.window.succeeded(steady_now());
      co_return std::move(filed);
    }
    case Route::Kind::Discard: co_return discard(recipients);
    case Route::Kind::Error: co_return refuse(route, recipients);
    default: break;
  }
  co_return co_await attempt_remote(lane, claim, connection, std::move(recipients));
}

std::shared_ptr<const Destination> Shard::destination_of(Lane& lane) {
  const auto generation = site_->generation();
  if (!lane.destination || lane.generation != generation) {
    const auto ways = site_->ways();
    lane.destination = std::make_shared<const Destination>(ways->routes->destination(lane.key));
    lane.tls = ways->tls.find(lane.destination->route.profile.parameters);
    lane.generation = generation;
  }
  return lane.destination;
}

awaitable<Shard::Attempted> Shard::attempt_remote(Lane& lane, queue::Claim& claim,
                                                  Connected& connection, Recipients recipients) {
  for (;;) {
    const bool at_hand = connection || !lane.idle.empty();
    const Haste haste{.asked = claim.asked_for(), .last = claim.fate(now()) == queue::Fate::GiveUp};
    if (!at_hand && rests(lane, haste)) {
      ++lane.pause->deferred;
      co_return attempt_of(lane.pause->reached, recipients);
    }
    Reached reached;
    ++lane.trying;
    connection = co_await connection_for(lane, std::move(connection), haste, reached);
    if (!connection) {
      --lane.trying;
      co_return not_reached(lane, std::move(reached), recipients);
    }
    lane.pause.reset();
    lane.wait = Duration(0);
    TransactionResult result = co_await transact(*connection, claim, recipients);
    --lane.trying;
    if (!result.refused) {
      lane.window.succeeded(steady_now());
    } else if (!result.stale) {
      lane.window.failed(steady_now());
    }
    if (!is_reusable(*connection)) dismiss(std::move(connection));
    if (!result.stale) co_return std::move(result.attempt);
    claim.rewind();
  }
}

// Where only TLS that is gone is waited for, a message goes that an operator released, or that has
// no time left. (A dead destination that an operator wants tried has no pause any more: due().)
bool Shard::rests(const Lane& lane, Haste haste) {
  if (!lane.pause || steady_now() >= lane.pause->until) return false;
  return !lane.pause->reached.held_until || !(haste.asked || haste.last);
}

// The worker's own, one that waits, or a new one; null: `reached` says why not.
awaitable<Shard::Connected> Shard::connection_for(Lane& lane, Connected last, Haste haste,
                                                  Reached& reached) {
  if (!last) last = take_idle(lane);
  while (last) {
    const bool alive = co_await is_alive(*last);
    if (alive) co_return last;
    last = take_idle(lane);
  }
  const auto destination = lane.destination;
  if (std::exchange(lane.insist, false)) haste.insists = haste.asked = true;
  const ClientTls tls = lane.tls;
  reached = co_await connector_.connect(*destination, tls, haste);
  co_return std::move(reached.connection);
}

awaitable<bool> Shard::is_alive(Connection& connection) {
  if (steady_now() - connection.used < site_->options.reuse.reset_after) co_return true;
  connection.session().reset();
  const smtp::ClientEvent event = co_await connection.advance(reset_patience);
  co_return std::holds_alternative<smtp::Ready>(event);
}

// Where others are being served, the server has only had enough connections: this message waits
// for one of theirs. Where others are still on their way, the last of them decides.
Shard::Attempted Shard::not_reached(Lane& lane, Reached reached, const Recipients& recipients) {
  if (reached.permanent) return attempt_of(reached, recipients);
  lane.window.failed(steady_now());
  if (lane.trying > 0 || site_->draining) return std::nullopt;
  Attempt attempt = attempt_of(reached, recipients);
  pause(lane, std::move(reached));
  return attempt;
}

void Shard::pause(Lane& lane, Reached reached) {
  const auto time = steady_now();
  // Several workers that fail together are one failure.
  const bool again = lane.pause && time < lane.pause->until;
  if (again || site_->draining) return;
  lane.wait = longer(site_->options.dead, lane.wait);
  Pause pause;
  pause.until = time + lane.wait;
  if (reached.retry) pause.until = std::max(pause.until, *reached.retry);
  if (reached.held_until) pause.until = std::min(pause.until, *reached.held_until);
  pause.reached = std::move(reached);
  lane.pause = std::move(pause);
  lane.window.close();
}

void Shard::postpone(Lane& lane) {
  if (!lane.pause) return;
  const auto left = lane.pause->until - steady_now();
  if (left <= left.zero()) return;
  lane.pause->deferred = 0;
  lane.postponed = true;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left);
  site_->queue.postpone(index_, lane.id, now() + wait);
}

}  // namespace outrider::deliver
