#include "outrider/deliver/connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "outrider/base/text.h"
#include "outrider/deliver/security.h"
#include "outrider/tls/demand.h"

namespace outrider::deliver {
namespace {

smtp::Reply unreachable(std::string text) { return {450, "4.4.1", std::move(text)}; }

std::optional<IpAddress> source_for(const Options& options, const Endpoint& to) {
  return to.address.v6 ? options.source_ipv6 : options.source_ipv4;
}

std::string remote_text(const std::string& host, const Endpoint& endpoint) {
  return fmt::format("{}[{}]:{}", host, endpoint.address.text(), endpoint.port);
}

// The final words where several addresses were tried.
struct Summary {
  /// `is_final`: this host will not say anything else to this message.
  void add(smtp::Reply reply, bool ours, const std::string& remote, bool is_final) {
    ++(is_final ? never : waited_for);
    if (words) return;
    reached.reply = std::move(reply);
    reached.ours = ours;
    reached.remote = remote;
  }
  void add_death(std::optional<Steady> until) {
    if (!until) answered = true;
    if (until && (!reached.retry || *until < *reached.retry)) reached.retry = until;
  }
  // The words of the first host that is waited for; where one is, the others do not matter.
  void add_held(smtp::Reply reply, const std::string& remote, Time until) {
    answered = true;
    const auto left = std::max(until - now(), Duration(0));
    const Steady end = steady_now() + left;
    if (reached.held_until && *reached.held_until <= end) return;
    reached.held_until = end;
    add(std::move(reply), true, remote, false);
    words = true;
  }
  Reached done() {
    // RFC 7504 §3: a host that never takes mail. RFC 8689 §4.2.1: one that is not secure enough.
    // Where others are merely down, or were not tried, they are waited for.
    reached.permanent = never > 0 && waited_for == 0 && !reached.retry && !untried;
    if (answered) reached.retry.reset();
    if (reached.reply.code == 0) reached.reply = unreachable("no host was tried");
    return std::move(reached);
  }

  Reached reached;
  std::size_t tried = 0;  // in fact, and not only remembered as dead
  std::size_t never = 0, waited_for = 0;
  bool answered = false;
  bool untried = false;  // there are hosts or addresses that nobody has asked
  bool words = false;    // they are found
};

}  // namespace

Connector::Connector(std::shared_ptr<Site> site, net::IoThread& thread, OpenConnections& open)
    : site_(std::move(site)), thread_(thread), open_(open), dead_(site_->options.dead) {}

trust::Verdict Connector::verdict(trust::Facts facts, const Target& target) const {
  facts.wish = target.haste.wish;
  facts.past = site_->ledger.past(target.place, target.domain, now());
  return trust::decide(facts);
}

Reached Connector::reached_by(std::unique_ptr<Connection> connection, const Target& target) {
  Reached reached;
  reached.connection = std::move(connection);
  reached.level = trust::name(target.verdict.level);
  Footing& footing = reached.connection->footing;
  footing.host = target.host;
  footing.place = target.place;
  footing.domain = target.domain;
  footing.demand = tls::demand_digest(target.verdict);
  footing.wish = target.haste.wish;
  footing.until = target.until;
  return reached;
}

awaitable<Reached> Connector::connect(Destination destination, ClientTls tls, Haste haste) {
  Target target;
  target.haste = haste;
  target.kind = destination.route.kind;
  target.tls = std::move(tls);
  target.form = destination.route.profile.form.value_or(site_->options.start_tls_form);
  target.domain = ledger_name(destination);
  target.generation = site_->generation();
  if (!destination.route.socket.empty()) {
    target.socket = target.remote = destination.route.socket;
    target.verdict.level = trust::Level::None;  // it never leaves this machine
    Summary summary;
    Try tried = co_await try_target(target);
    if (tried) co_return reached_by(std::move(*tried), target);
    summary.add(std::move(tried.error().reply), tried.error().ours, target.remote, false);
    co_return std::move(summary.reached);
  }
  const NextHop hosts = co_await find_next_hop(site_->resolver, destination, site_->hops);
  if (hosts) co_return co_await connect_to(std::move(target), *hosts, destination);
  Reached none;
  none.reply = hosts.error();
  none.permanent = hosts.error().permanent();
  co_return std::move(none);
}

awaitable<void> Connector::set_host(Target& target, const Destination& destination,
                                    const Host& host) {
  Outlook outlook = co_await look_at(*site_, destination, host);
  target.host = host.name;
  target.place = place_of(destination, host);
  target.sessions = fmt::format("{}\n{}", destination.key, target.place);
  target.until = outlook.until;
  target.dane = trust::name(outlook.facts.dane.state);
  target.sts = outlook.facts.sts ? trust::name(outlook.facts.sts->mode) : "";
  // RFC 8460 is about domains; its own reports make no new ones (§5.3).
  const bool is_counted = site_->tally != nullptr && !destination.domain.empty() &&
                          target.haste.wish != trust::Wish::TlsOptional &&
                          trust::hears_domain(outlook.facts);
  target.counted = is_counted ? std::make_shared<const Outlook>(outlook) : nullptr;
  target.verdict = verdict(std::move(outlook.facts), target);
}

awaitable<Reached> Connector::connect_to(Target target, const Hosts& hosts,
                                         const Destination& destination) {
  Summary summary;
  summary.untried = !hosts.is_whole;
  for (const Host& host : hosts) {
    co_await set_host(target, destination, host);
    summary.reached.level = trust::name(target.verdict.level);
    summary.reached.rule = told_rule_of(target.verdict);
    if (!target.verdict.may_try()) {
      tell_obstacle(target);
      count_obstacle(target);
      summary.reached.by_policy = true;
      summary.add_death(std::nullopt);
      summary.add(insecure(target.verdict, target.verdict.obstacle), true, host.name,
                  target.verdict.fallback == trust::Fallback::Return);
      continue;
    }
    for (const IpAddress& address : host.addresses) {
      if (summary.tried >= site_->options.hosts || site_->draining) {
        summary.untried = true;
        break;
      }
      target.endpoint = Endpoint{address, destination.route.port};
      target.remote = remote_text(host.name, *target.endpoint);
      Try tried = co_await try_target(target);
      count(target, tried);
      if (tried) co_return reached_by(std::move(*tried), target);
      const auto* death = dead_.find(*target.endpoint, steady_now());
      summary.add_death(death == nullptr ? std::nullopt : std::optional(death->until));
      Refusal& refused = tried.error();
      // What was found out now tells more than what is remembered.
      if (refused.kind == Refusal::Kind::Dead && summary.tried > 0) continue;
      if (refused.kind != Refusal::Kind::Dead) ++summary.tried;
      summary.reached.by_policy |= refused.kind >= Refusal::Kind::Handshake;
      if (refused.kind == Refusal::Kind::Held) {
        summary.add_held(std::move(refused.reply), target.remote, refused.until);
      } else {
        summary.add(std::move(refused.reply), refused.ours, target.remote, refused.is_final());
      }
      // Its other addresses offer the same: the next host is tried (RFC 8689 §4.2.1).
      if (refused.kind == Refusal::Kind::Barred) break;
    }
  }
  co_return summary.done();
}

// A connection in clear that was let through, by a ruling or by a message that had no time left, is
// for nobody who would have to wait now.
bool Connector::is_missed(const Connection& connection) const {
  if (connection.missed_tls.empty() || !connection.tls.empty()) return false;
  const Footing& footing = connection.footing;
  return site_->ledger.waits(footing.place, footing.domain, now());
}

bool Connector::fits(const Connection& connection, trust::Wish wish) const {
  const Footing& footing = connection.footing;
  if (footing.generation != site_->generation()) return false;
  if (footing.host.empty()) return true;  // a Unix socket
  return footing.wish == wish && steady_now() < footing.until && !is_missed(connection);
}

awaitable<bool> Connector::still_fits(Connection& connection, Destination destination,
                                      trust::Wish wish) {
  Footing& footing = connection.footing;
  if (footing.generation != site_->generation() || is_missed(connection)) co_return false;
  const NextHop hosts = co_await find_next_hop(site_->resolver, destination, site_->hops);
  if (!hosts) co_return false;
  const auto host = std::ranges::find(*hosts, footing.host, &Host::name);
  if (host == hosts->end()) co_return false;
  Target target;
  target.haste.wish = wish;
  target.domain = ledger_name(destination);
  co_await set_host(target, destination, *host);
  if (!target.verdict.may_try() || tls::demand_digest(target.verdict) != footing.demand) {
    co_return false;
  }
  const bool has_extension = connection.session().extensions().require_tls;
  if (target.verdict.require_extension && !has_extension) co_return false;  // RFC 8689 §4.2.1
  footing.wish = wish;
  footing.until = target.until;
  co_return true;
}

awaitable<Connector::Try> Connector::try_target(Target target) {
  if (target.endpoint && !target.haste.insists) {
    if (const auto* death = dead_.find(*target.endpoint, steady_now())) {
      co_return std::unexpected(
          Refusal{Refusal::Kind::Dead, unreachable(death->why + " (a short while ago)"), true, {}});
    }
  }
  Try tried = co_await try_secured(target);
  if (target.endpoint) {
    if (tried) {
      dead_.answered(*target.endpoint);
    } else if (tried.error().kind == Refusal::Kind::Unreachable) {
      dead_.failed(*target.endpoint, tried.error().reply.text, steady_now());
    }
  }
  co_return tried;
}

// In TLS where it is to be had; in clear where the level allows that and it was not there before.
awaitable<Connector::Try> Connector::try_secured(const Target& target) {
  using Kind = Refusal::Kind;
  Try tried = co_await try_once(target, true);
  const auto kind = tried ? Kind::Refused : tried.error().kind;
  if (kind == Kind::Handshake) {
    site_->log.warning("tls failed")
        .field("relay", target.remote)
        .field("level", trust::name(target.verdict.level))
        .field("why", tried.error().reply.text);
  }
  const bool in_clear = tried && !(*tried)->missed_tls.empty();
  if (!in_clear && kind != Kind::Handshake && kind != Kind::NoTls) co_return tried;
  const std::string why = in_clear ? (*tried)->missed_tls : tried.error().reply.text;
  auto held = miss(target, why, kind == Kind::Handshake);
  if (held) {
    if (tried) co_await (*tried)->quit();
    co_return std::unexpected(std::move(*held));
  }
  if (!in_clear) tell_broken_promise(target, why);
  const bool may_fall_back = target.kind != Route::Kind::Smtps && target.verdict.in_clear();
  if (kind == Kind::Handshake && may_fall_back) {
    tried = co_await try_once(target, false);
    if (tried) (*tried)->missed_tls = why;
  }
  co_return tried;
}

awaitable<Connector::Try> Connector::try_once(const Target& target, bool offer_tls) {
  Try connection = co_await dial(target);
  if (!connection) co_return connection;
  std::optional<Refusal> refused;
  if (target.kind == Route::Kind::Smtps) refused = co_await secure(**connection, target, {});
  if (!refused) refused = co_await greet(**connection, target, offer_tls);
  if (!refused) {
    site_->connected.fetch_add(1, std::memory_order_relaxed);
    co_return connection;
  }
  if (refused->kind != Refusal::Kind::Handshake) co_await (*connection)->quit();
  co_return std::unexpected(std::move(*refused));
}

awaitable<Connector::Try> Connector::dial(const Target& target) {
  const auto& options = site_->options;
  const bool lmtp = target.kind == Route::Kind::Lmtp;
  Result<net::Stream> stream = fail(Blame::Environment, "not connected");
  if (target.endpoint) {
    const auto source = source_for(options, *target.endpoint);
    stream = co_await net::connect_tcp(thread_, *target.endpoint, source, options.time.connect);
  } else {
    stream = co_await net::connect_unix(thread_, target.socket, options.time.connect);
  }
  if (!stream) {
    auto why = fmt::format("{}: {}", target.remote, stream.error().input);
    co_return std::unexpected(
        Refusal{Refusal::Kind::Unreachable, unreachable(std::move(why)), true});
  }
  auto connection =
      std::make_unique<Connection>(std::move(*stream), lmtp ? site_->lmtp : site_->smtp,
                                   target.kind == Route::Kind::Smtps, target.remote, open_);
  connection->level = target.verdict.level;
  connection->rule = told_rule_of(target.verdict);
  connection->footing.generation = target.generation;
  co_return connection;
}

}  // namespace outrider::deliver
