// What a session is beside those before it: noted in the ledger, missed where it had TLS, and an
// alarm where what was there or was promised is not.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "outrider/deliver/connector.h"
#include "outrider/deliver/session_report.h"
#include "outrider/trust/dane.h"

namespace outrider::deliver {

using Kind = policy::Alarm::Kind;

namespace {

// By the destination, and so told as such: a session without TLS breaks the promise as much as one
// with a foreign certificate.
bool is_promised(const trust::Verdict& verdict) {
  const auto& source = verdict.reasons.front().source;
  return (verdict.requires_tls() || !verdict.may_try()) &&
         (source == "dane" || source == "mta-sts");
}

}  // namespace

trust::Sighting Connector::sighting(const Target& target) const {
  return {target.place, target.domain, now(), target.dane, target.sts};
}

void Connector::raise(Kind kind, const Target& target, std::string_view why) const {
  policy::Alarm alarm;
  alarm.kind = kind;
  alarm.domain = target.domain;
  alarm.host = target.place;
  alarm.level = trust::name(target.verdict.level);
  alarm.why = why;
  alarm.when = now();
  site_->alarms.raise(std::move(alarm));
}

void Connector::note_tls(const Target& target, const TlsFacts& facts, bool requiretls) {
  trust::Sighting seen = sighting(target);
  seen.requiretls = requiretls;
  for (const auto& news : site_->ledger.secured(seen, facts)) {
    if (news.kind == trust::News::Kind::Unverified) {
      raise(Kind::Unverified, target,
            fmt::format("proven before ({}), and not now: {}", news.was, news.is));
      continue;
    }
    site_->log.info("tls changed")
        .field("host", target.place)
        .field("domain", target.domain)
        .field("what", name(news.kind))
        .field("was", news.was)
        .field("is", news.is);
  }
}

// There is no TLS. Where it was there before that is an alarm, and mail that might go in clear
// waits a while; where TLS is demanded it waits anyway. An operator's ruling ends it.
std::optional<Connector::Refusal> Connector::miss(const Target& target, std::string_view why,
                                                  bool handshake) {
  const bool may_tell = !is_promised(target.verdict);
  const auto missing = site_->ledger.missed(sighting(target), why, handshake, may_tell);
  if (!missing) return std::nullopt;
  const auto& absence = missing->absence;
  if (absence.tell) {
    policy::Alarm alarm{.kind = Kind::TlsGone, .domain = target.domain, .host = target.place};
    alarm.level = trust::name(target.verdict.level);
    alarm.why = why;
    alarm.last_seen = absence.last_seen;
    alarm.gone = missing->gone;
    alarm.known = missing->known;
    alarm.when = now();
    site_->alarms.raise(std::move(alarm));
  }
  const bool in_clear = target.kind != Route::Kind::Smtps && target.verdict.in_clear();
  if (!in_clear || !absence.waits || target.haste.last) return std::nullopt;
  Refusal refused;
  refused.kind = Refusal::Kind::Held;
  refused.until = absence.until;
  refused.reply = {450, "4.7.5",
                   fmt::format("{} had TLS before and does not now ({}): it is waited for until {}",
                               target.place, why, rfc3339(absence.until))};
  return refused;
}

// The destination's own records or policy keep its mail from a host. A name server that is down
// for a while is nobody's alarm.
void Connector::tell_obstacle(const Target& target) const {
  if (target.dane == trust::name(trust::DaneState::Disputed)) {
    raise(Kind::DnsDisputed, target, target.verdict.obstacle);
  } else if (is_promised(target.verdict) && target.dane != trust::name(trust::DaneState::Failed)) {
    raise(Kind::PolicyFailed, target, target.verdict.obstacle);
  }
}

// The same where a session was tried, and did not reach what they demand.
void Connector::tell_broken_promise(const Target& target, std::string_view why) const {
  if (is_promised(target.verdict)) raise(Kind::PolicyFailed, target, why);
}

void Connector::count_obstacle(const Target& target) const {
  if (!target.counted) return;
  site_->tally->add(session_report(*target.counted, nullptr, target.verdict.obstacle, now()));
}

// A host that cannot be reached is no matter of TLS (RFC 8460 §4.3.4).
void Connector::count(const Target& target, const Try& tried) const {
  if (!target.counted || (!tried && tried.error().kind < Refusal::Kind::Handshake)) return;
  report::Session session =
      tried ? session_report(*target.counted, (*tried)->stream().tls(), (*tried)->missed_tls, now())
            : session_report(*target.counted, nullptr, tried.error().reply.text, now());
  if (!session.failure.result.empty()) {
    session.failure.receiving_ip = target.endpoint->address.text();
    const auto local = tried ? (*tried)->stream().local() : std::nullopt;
    if (local) session.failure.sending_ip = local->address.text();
  }
  site_->tally->add(session);
}

}  // namespace outrider::deliver
