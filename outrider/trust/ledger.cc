#include "outrider/trust/ledger.h"

#include <algorithm>
#include <array>

#include "outrider/base/text.h"

namespace outrider::trust {
namespace {

constexpr std::size_t longest_why = 300;

std::uint64_t day_of(Time time) {
  const auto days = std::chrono::duration_cast<std::chrono::days>(time.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::int64_t>(days.count(), 0));
}

void touch(HostRecord& record, const Sighting& sighting) {
  if (record.sessions.all() == 0) record.first = sighting.when;
  record.last = sighting.when;
  record.dane = sighting.dane;
  record.sts = sighting.sts;
}

bool replaces(Since& since, const std::string& digest, Time when) {
  if (digest.empty() || since.digest == digest) return false;
  since = {digest, when};
  return true;
}

bool is_of(const Lack& lack, const TlsHistory& tls) {
  return lack.first == tls.first && lack.count == tls.count;
}

}  // namespace

std::string_view name(News::Kind kind) {
  constexpr std::array<std::string_view, 4> names{"tls-back", "key-changed", "certificate-changed",
                                                  "unverified"};
  return names[static_cast<std::size_t>(kind)];
}

std::vector<News> secured(HostRecord& record, const Sighting& sighting, const TlsFacts& facts) {
  std::vector<News> changes;
  touch(record, sighting);
  const bool verified = facts.peer == PeerCheck::Verified;
  if (record.tls.gone) {
    changes.push_back({News::Kind::Back, record.missed.why, facts.version});
  }
  const Since key = record.key, certificate = record.certificate;
  const bool other_key = replaces(record.key, facts.peer_key_digest, sighting.when);
  const bool other = replaces(record.certificate, facts.peer_digest, sighting.when);
  if (other_key && !key.digest.empty()) {
    changes.push_back({News::Kind::Key, key.digest, record.key.digest});
  } else if (other && !certificate.digest.empty()) {
    changes.push_back({News::Kind::Certificate, certificate.digest, record.certificate.digest});
  }
  if (!verified && !record.proof.empty()) {
    changes.push_back({News::Kind::Unverified, record.proof, facts.why});
  }
  ++(verified ? record.sessions.verified : record.sessions.unverified);
  if (facts.resumed) ++record.resumed;
  remember(record.tls, facts.version, sighting.when);
  record.version = facts.version;
  record.cipher = facts.cipher;
  record.group = facts.group;
  record.proof = verified ? name(facts.proof) : "";
  record.doubt = verified ? "" : printable(facts.why, longest_why);
  record.requiretls = sighting.requiretls ? "yes" : "no";
  if (verified) record.verified = sighting.when;
  return changes;
}

void missed(HostRecord& record, const Sighting& sighting, std::string_view why, bool handshake) {
  touch(record, sighting);
  ++record.sessions.without;
  record.missed = {printable(why, longest_why), sighting.when};
  if (handshake) record.failed = record.missed;
}

void seen(DomainRecord& record, const Sighting& sighting, const Sessions& one) {
  if (record.days.empty()) record.first = sighting.when;
  record.last = sighting.when;
  if (record.hosts.empty() || record.hosts.back() != sighting.host) {
    std::erase(record.hosts, sighting.host);
    record.hosts.push_back(sighting.host);
    if (record.hosts.size() > DomainRecord::most_hosts) record.hosts.erase(record.hosts.begin());
  }
  const auto today = day_of(sighting.when);
  // A clock that was set back counts into the newest day there is.
  if (record.days.empty() || record.days.back().number < today) {
    record.days.push_back({today, {}});
    if (record.days.size() > DomainRecord::most_days) record.days.erase(record.days.begin());
  }
  Sessions& day = record.days.back().sessions;
  day.verified += one.verified;
  day.unverified += one.unverified;
  day.without += one.without;
}

void add_word(DomainRecord& record, Word word) {
  record.words.push_back(std::move(word));
  if (record.words.size() > DomainRecord::most_words) record.words.erase(record.words.begin());
}

bool in_clear(const DomainRecord& record, Time now) { return now < record.clear_until; }

const Lack* find_lack(const DomainRecord& record, std::string_view host, const TlsHistory& tls) {
  const auto at = std::ranges::find(record.lacks, host, &Lack::host);
  return at == record.lacks.end() || !is_of(*at, tls) ? nullptr : &*at;
}

Lack& lack_of(DomainRecord& record, const std::string& host, const TlsHistory& tls, Time now) {
  auto& lacks = record.lacks;
  const auto at = std::ranges::find(lacks, host, &Lack::host);
  if (at != lacks.end()) {
    // TLS that comes and goes is told no more often than TLS that is gone.
    if (!is_of(*at, tls)) *at = {host, tls.first, tls.count, now, at->told, false};
    return *at;
  }
  if (lacks.size() >= DomainRecord::most_lacks) lacks.erase(lacks.begin());
  return lacks.emplace_back(Lack{host, tls.first, tls.count, now, std::nullopt, false});
}

void end_lack(DomainRecord& record, std::string_view host) {
  std::erase_if(record.lacks, [&](const Lack& lack) { return lack.host == host; });
}

bool is_released(const DomainRecord& record, std::string_view host, const TlsHistory& tls,
                 Time now) {
  const Lack* lack = find_lack(record, host, tls);
  return in_clear(record, now) || (lack != nullptr && lack->accepted);
}

Absence miss(Lack& lack, const TlsHistory& tls, Time now, const HistoryRules& rules,
             bool may_tell) {
  TlsHistory own = tls;
  own.gone = lack.since;
  own.told = lack.told;
  Absence absence = miss(own, now, rules);
  lack.since = *own.gone;
  absence.tell &= may_tell;
  if (absence.tell) lack.told = own.told;
  return absence;
}

Sessions lately(const DomainRecord& record, Time now, std::uint64_t days) {
  const auto today = day_of(now);
  const auto first = today >= days ? today - days + 1 : 0;
  Sessions sum;
  for (const Day& day : record.days) {
    if (day.number < first) continue;
    sum.verified += day.sessions.verified;
    sum.unverified += day.sessions.unverified;
    sum.without += day.sessions.without;
  }
  return sum;
}

}  // namespace outrider::trust
