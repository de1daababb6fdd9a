#include "outrider/deliver/connector.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "outrider/base/text.h"

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
  void add(smtp::Reply reply, bool ours, const std::string& remote) {
    if (reply.code == 521) ++never;
    reached.reply = std::move(reply);
    reached.ours = ours;
    reached.remote = remote;
  }
  void add_death(std::optional<Steady> until) {
    if (!until) answered = true;
    if (until && (!reached.retry || *until < *reached.retry)) reached.retry = until;
  }
  Reached done() {
    // RFC 7504 §3: a host that never takes mail. Where others are merely down they are waited for.
    reached.permanent = never > 0 && never == tried && !reached.retry;
    if (answered) reached.retry.reset();
    if (reached.reply.code == 0) reached.reply = unreachable("no host was tried");
    return std::move(reached);
  }

  Reached reached;
  std::size_t tried = 0;  // in fact, and not only remembered as dead
  std::size_t never = 0;
  bool answered = false;
};

}  // namespace

Connector::Connector(std::shared_ptr<Site> site, net::IoThread& thread, OpenConnections& open)
    : site_(std::move(site)), thread_(thread), open_(open), dead_(site_->options.dead) {}

trust::Verdict Connector::verdict(const Destination& destination, const std::string& host) const {
  trust::Facts facts;
  facts.destination = destination.domain.empty() ? destination.route.host : destination.domain;
  facts.mx_host = host;
  facts.site = destination.route.tls.value_or(site_->options.tls);
  facts.site_source = destination.route.tls ? "route" : "default";
  return trust::decide(facts);
}

Reached Connector::reached_by(std::unique_ptr<Connection> connection, const Target& target) {
  Reached reached;
  reached.connection = std::move(connection);
  reached.level = trust::name(target.verdict.level);
  return reached;
}

awaitable<Reached> Connector::connect(Destination destination,
                                      std::shared_ptr<const tls::ClientContext> tls,
                                      Memory memory) {
  Target target;
  target.memory = memory;
  target.kind = destination.route.kind;
  target.tls = std::move(tls);
  if (!destination.route.socket.empty()) {
    target.socket = target.remote = destination.route.socket;
    target.verdict.level = trust::Level::None;  // it never leaves this machine
    Summary summary;
    Try tried = co_await try_target(target);
    if (tried) co_return reached_by(std::move(*tried), target);
    summary.add(std::move(tried.error().reply), tried.error().ours, target.remote);
    co_return std::move(summary.reached);
  }
  const NextHop hosts = co_await find_next_hop(site_->resolver, destination, site_->hops);
  if (hosts) co_return co_await connect_to(std::move(target), *hosts, destination);
  Reached none;
  none.reply = hosts.error();
  none.permanent = hosts.error().permanent();
  co_return std::move(none);
}

awaitable<Reached> Connector::connect_to(Target target, const std::vector<Host>& hosts,
                                         const Destination& destination) {
  Summary summary;
  for (const Host& host : hosts) {
    target.host = host.name;
    target.verdict = verdict(destination, host.name);
    summary.reached.level = trust::name(target.verdict.level);
    for (const IpAddress& address : host.addresses) {
      if (summary.tried >= site_->options.hosts || site_->draining) break;
      target.endpoint = Endpoint{address, destination.route.port};
      target.remote = remote_text(host.name, *target.endpoint);
      Try tried = co_await try_target(target);
      if (tried) co_return reached_by(std::move(*tried), target);
      const auto* death = dead_.find(*target.endpoint, steady_now());
      summary.add_death(death == nullptr ? std::nullopt : std::optional(death->until));
      Refusal& refused = tried.error();
      // What was found out now tells more than what is remembered.
      if (refused.kind == Refusal::Kind::Dead && summary.tried > 0) continue;
      if (refused.kind != Refusal::Kind::Dead) ++summary.tried;
      summary.add(std::move(refused.reply), refused.ours, target.remote);
    }
  }
  co_return summary.done();
}

awaitable<Connector::Try> Connector::try_target(Target target) {
  if (target.endpoint && target.memory == Memory::Trusted) {
    if (const auto* death = dead_.find(*target.endpoint, steady_now())) {
      co_return std::unexpected(
          Refusal{Refusal::Kind::Dead, unreachable(death->why + " (a short while ago)"), true});
    }
  }
  Try tried = co_await try_once(target, true);
  const bool handshake = !tried && tried.error().kind == Refusal::Kind::Handshake;
  if (handshake) {
    site_->log.warning("tls failed")
        .field("relay", target.remote)
        .field("level", trust::name(target.verdict.level))
        .field("why", tried.error().reply.text);
    const bool in_clear =
        target.kind != Route::Kind::Smtps && target.verdict.fallback == trust::Fallback::Plaintext;
    if (in_clear) tried = co_await try_once(target, false);
  }
  if (target.endpoint) {
    if (tried) {
      dead_.answered(*target.endpoint);
    } else if (tried.error().kind == Refusal::Kind::Unreachable) {
      dead_.failed(*target.endpoint, tried.error().reply.text, steady_now());
    }
  }
  co_return tried;
}

awaitable<Connector::Try> Connector::try_once(const Target& target, bool offer_tls) {
  Try connection = co_await dial(target);
  if (!connection) co_return connection;
  std::optional<Refusal> refused;
  if (target.kind == Route::Kind::Smtps) refused = co_await secure(**connection, target);
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
  co_return connection;
}

awaitable<std::optional<Connector::Refusal>> Connector::greet(Connection& connection,
                                                              const Target& target,
                                                              bool offer_tls) {
  smtp::ClientSession& session = connection.session();
  bool use_tls = offer_tls && target.tls && target.verdict.wants_tls();
  bool behind_tls = false;
  for (;;) {
    const smtp::ClientEvent event = co_await connection.advance(site_->options.time.greeting);
    if (std::holds_alternative<smtp::Ready>(event)) {
      if (session.secure()) co_return std::nullopt;
      if (use_tls && session.extensions().starttls) {
        session.start_tls();
        continue;
      }
      if (!target.verdict.requires_tls()) co_return std::nullopt;
      co_return without_tls(target, target.tls ? "the server does not offer STARTTLS"
                                               : "this server has no TLS for clients");
    }
    if (std::holds_alternative<smtp::TlsReady>(event)) {
      std::optional<Refusal> refused = co_await secure(connection, target);
      if (refused) co_return refused;
      session.tls_established();
      behind_tls = true;
    } else if (const auto* refused = std::get_if<smtp::TlsRefused>(&event)) {
      use_tls = false;
      if (target.verdict.requires_tls()) {
        co_return without_tls(target, "STARTTLS was refused: " + printable(refused->reply.line()));
      }
    } else if (const auto* broken = std::get_if<smtp::Broken>(&event)) {
      co_return refusal(*broken, target, behind_tls);
    } else {
      co_return without_tls(target, "the conversation is out of step");
    }
  }
}

awaitable<std::optional<Connector::Refusal>> Connector::secure(Connection& connection,
                                                               const Target& target) {
  if (!target.tls) co_return without_tls(target, "this server has no TLS for clients");
  const Result<TlsFacts> facts = co_await connection.stream().connect_tls(
      target.tls, target.host, target.verdict, site_->options.time.handshake);
  if (facts) {
    connection.tls = facts->text();
    co_return std::nullopt;
  }
  connection.broken = true;
  Refusal refused;
  refused.kind = Refusal::Kind::Handshake;
  refused.reply = {450, "4.7.5", fmt::format("{}: {}", target.remote, facts.error().input)};
  co_return refused;
}

Connector::Refusal Connector::refusal(const smtp::Broken& broken, const Target& target,
                                      bool behind_tls) const {
  Refusal refused;
  if (broken.reply.code >= 400) {
    refused.kind = Refusal::Kind::Refused;
    refused.reply = broken.reply;
    refused.ours = false;
    return refused;
  }
  // Some servers end a TLS 1.3 handshake only after we have finished ours.
  const bool handshake = behind_tls && target.verdict.fallback == trust::Fallback::Plaintext;
  refused.kind = handshake ? Refusal::Kind::Handshake : Refusal::Kind::Unreachable;
  refused.reply = {450, "4.4.2", fmt::format("{}: {}", target.remote, printable(broken.why, 400))};
  return refused;
}

Connector::Refusal Connector::without_tls(const Target& target, std::string_view why) const {
  Refusal refused;
  refused.kind = Refusal::Kind::Refused;
  refused.reply = {450, "4.7.5",
                   fmt::format("{}: TLS is demanded ({}), and {}", target.remote,
                               trust::name(target.verdict.level), why)};
  return refused;
}

}  // namespace outrider::deliver
