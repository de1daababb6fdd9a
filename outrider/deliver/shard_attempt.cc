// One claim on its way: which transport, which connection, and what it means for the destination.
#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "outrider/deliver/mailbox.h"
#include "outrider/deliver/security.h"
#include "outrider/deliver/shard.h"

namespace outrider::deliver {
namespace {

// Each claim reads and writes the message's record, which is as long as its list of recipients: it
// takes so many of them, or a quarter, in as many transactions as that needs. A kill before the
// record is written sends to as many of them again.
constexpr std::size_t recipients_of_a_claim = 1000;
// A server that was idle answers RSET at once, or it is gone.
constexpr std::chrono::seconds reset_patience{10};

Attempt attempt_of(const Reached& reached, const std::vector<std::uint32_t>& recipients) {
  Attempt attempt;
  attempt.relay = attempt.remote = reached.remote;
  attempt.level = reached.level;
  attempt.rule = reached.rule;
  attempt.say(recipients, reached.reply, reached.ours, !reached.permanent,
              reached.held_until.has_value(), reached.by_policy);
  return attempt;
}

}  // namespace

awaitable<Shard::Attempted> Shard::attempt(Lane& lane, queue::Claim& claim, Connected& connection) {
  const auto destination = destination_of(lane);
  Recipients recipients = claim.recipients();
  // The rest is due again at once.
  const auto most = std::max(recipients_of_a_claim, claim.envelope().recipients.size() / 4);
  recipients.resize(std::min(recipients.size(), most));
  const Route& route = destination->route;
  switch (route.kind) {
    case Route::Kind::Maildir: {
      Attempt filed = co_await deliver_to_maildirs(*site_, route, claim, std::move(recipients));
      lane.window.succeeded(steady_now());
      co_return std::move(filed);
    }
    case Route::Kind::TlsReports: {
      Attempt taken = co_await take_report(*site_, claim, std::move(recipients));
      co_return std::move(taken);
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
    const Haste haste{.asked = claim.asked_for(),
                      .last = claim.fate(now(), true) == queue::Fate::GiveUp,
                      .wish = wish_of(claim.envelope())};
    if (!at_hand && rests(lane, haste)) {
      ++lane.pause->deferred;
      co_return attempt_of(lane.pause->reached, recipients);
    }
    Reached reached;
    ++lane.trying;
    connection = co_await connection_for(lane, std::move(connection), haste, reached);
    if (!connection) {
      --lane.trying;
      co_return not_reached(lane, haste.wish, std::move(reached), recipients);
    }
    lane.pause.reset();
    lane.wait = Duration(0);
    TransactionResult result = co_await transact_all(*connection, claim, recipients);
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

// As many recipients at a time as a transaction may have, for as long as the server goes along.
// Those that nothing was said about are due again at once.
awaitable<TransactionResult> Shard::transact_all(Connection& connection, queue::Claim& claim,
                                                 const Recipients& recipients) {
  auto most = std::max<std::size_t>(site_->options.recipients, 1);
  const auto told = connection.session().extensions().max_recipients;  // RFC 9422 §4.1
  if (told > 0) most = std::min<std::size_t>(most, told);
  Recipients some(recipients.begin(), recipients.begin() + std::min(most, recipients.size()));
  TransactionResult all = co_await transact(connection, claim, std::move(some));
  for (std::size_t at = most; at < recipients.size(); at += most) {
    if (all.refused || !is_reusable(connection)) break;
    claim.rewind();
    const auto end = std::min(at + most, recipients.size());
    some.assign(recipients.begin() + at, recipients.begin() + end);
    TransactionResult one = co_await transact(connection, claim, std::move(some));
    if (one.stale) break;
    std::ranges::move(one.attempt.said, std::back_inserter(all.attempt.said));
    all.attempt.in_doubt = one.attempt.in_doubt;
    all.refused = one.refused;
  }
  co_return std::move(all);
}

// Where only TLS that is gone is waited for, a message is tried that an operator asks for (he may
// have released its domain), or that has no time left; where it is only the destination's demand,
// one that lifts that. (A dead destination that an operator wants tried has no pause any more:
// due().)
bool Shard::rests(const Lane& lane, Haste haste) {
  if (!lane.pause || steady_now() >= lane.pause->until) return false;
  const Reached& reached = lane.pause->reached;
  if (reached.by_policy && haste.wish == trust::Wish::TlsOptional) return false;
  return !reached.held_until || !(haste.asked || haste.last);
}

// The worker's own, one that waits, or a new one; null: `reached` says why not.
awaitable<Shard::Connected> Shard::connection_for(Lane& lane, Connected last, Haste haste,
                                                  Reached& reached) {
  if (!last) last = take_idle(lane);
  const auto destination = lane.destination;
  while (last) {
    bool fits = connector_.fits(*last, haste.wish);
    if (!fits) fits = co_await connector_.still_fits(*last, *destination, haste.wish);
    const bool alive = fits && co_await is_alive(*last);
    if (alive) co_return last;
    if (!fits) dismiss(std::move(last));
    last = take_idle(lane);
  }
  haste.insists = std::exchange(lane.insist, false);
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
// What a message with REQUIRETLS did not find, others do without (RFC 8689 §4.2.1).
Shard::Attempted Shard::not_reached(Lane& lane, trust::Wish wish, Reached reached,
                                    const Recipients& recipients) {
  const bool is_its_own = reached.by_policy && wish == trust::Wish::RequireTls;
  if (reached.permanent || (is_its_own && !site_->draining)) return attempt_of(reached, recipients);
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
  if (lane.pause->until <= steady_now()) return;
  lane.pause->deferred = 0;
  lane.postponed = true;
  site_->queue.postpone(index_, lane.id, lane.pause->until);
}

}  // namespace outrider::deliver
