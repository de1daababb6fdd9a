// What is known of the TLS of hosts and of domains over time, and what one more session changes of
// it. Pure: records and a sighting in, changed records and what is worth telling out. Whether TLS
// that is missing is waited for is history.h's to say; nothing here is ever a proof.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/tls_facts.h"
#include "outrider/trust/history.h"

namespace outrider::trust {

/// Of sessions, by what they had.
struct Sessions {
  std::uint64_t verified = 0;    ///< TLS, and the host was proven
  std::uint64_t unverified = 0;  ///< TLS, with whomever
  std::uint64_t without = 0;     ///< no TLS was to be had, whatever was done then

  std::uint64_t all() const { return verified + unverified + without; }
  bool operator==(const Sessions&) const = default;
};

/// A digest, and since when it is seen.
struct Since {
  std::string digest;  ///< SHA-256, lower-case hex; empty: never seen
  Time when{};

  bool operator==(const Since&) const = default;
};

/// Something that went wrong, in words; empty: it never did.
struct Mishap {
  std::string why;  ///< printable
  Time when{};

  bool operator==(const Mishap&) const = default;
};

/// Of `mx.example:25`.
struct HostRecord {
  Time first{}, last{};  ///< a session, with TLS or without
  Sessions sessions;
  std::uint64_t resumed = 0;
  TlsHistory tls;                      ///< by which absence is judged
  std::string version, cipher, group;  ///< of the last session with TLS
  Since key, certificate;
  std::string proof;       ///< of the last: `ca`, `dane-ee`, …; empty: unverified
  std::string doubt;       ///< why it was unverified, in the library's words
  Time verified{};         ///< last
  std::string dane, sts;   ///< what was published at the last session: `usable`, `enforce`, …
  std::string requiretls;  ///< whether it was offered inside TLS: `yes`, `no`; empty: not known
  Mishap missed;           ///< the last session without TLS
  Mishap failed;           ///< the last handshake that failed

  bool operator==(const HostRecord&) const = default;
};

/// An operator's word about a domain.
struct Word {
  Time when{};
  std::string who;   ///< the user of the control socket
  std::string what;  ///< `accept-new`, `plaintext-once`, `keep`

  bool operator==(const Word&) const = default;
};

struct Day {
  std::uint64_t number = 0;  ///< since 1970, in UTC
  Sessions sessions;

  bool operator==(const Day&) const = default;
};

/// TLS of a host, missed by mail of a domain. Many domains share a host: the alarm, the wait and
/// the ruling of one are nobody else's.
struct Lack {
  std::string host;
  Time first{};              ///< TlsHistory::first and count then: where they are others, TLS
  std::uint64_t count = 0;   ///< was back
  Time since{};              ///< the wait is counted from here
  std::optional<Time> told;  ///< when the last alarm was raised
  bool accepted = false;     ///< an operator took note of it

  bool operator==(const Lack&) const = default;
};

struct DomainRecord {
  static constexpr std::size_t most_hosts = 20, most_days = 30, most_words = 10, most_lacks = 64;

  Time first{}, last{};
  std::vector<std::string> hosts;  ///< `mx.example:25`, the one that was seen last comes last
  std::vector<Day> days;           ///< with sessions, the newest last
  std::vector<Word> words;         ///< the newest last
  Time clear_until{};              ///< what is missed is not waited for before this
  std::vector<Lack> lacks;         ///< the newest last; see find_lack()

  bool operator==(const DomainRecord&) const = default;
};

/// A session with a host, or the attempt.
struct Sighting {
  std::string host;    ///< `mx.example:25`
  std::string domain;  ///< whose mail it was to take
  Time when{};
  std::string_view dane, sts;  ///< what is published; empty: it was not asked for
  bool requiretls = false;     ///< is offered, of a session with TLS
};

/// What is worth telling about a session with TLS.
struct News {
  enum class Kind {
    Back,         ///< TLS that was missed
    Key,          ///< another public key, and so another certificate
    Certificate,  ///< another certificate of the same key
    Unverified    ///< the host was proven before, and is not now
  };
  Kind kind;
  std::string was, is;

  bool operator==(const News&) const = default;
};
std::string_view name(News::Kind kind);  ///< `tls-back`, `key-changed`, …

std::vector<News> secured(HostRecord& record, const Sighting& sighting, const TlsFacts& facts);
/// `handshake`: it was offered, and failed.
void missed(HostRecord& record, const Sighting& sighting, std::string_view why, bool handshake);

/// A session of the domain's; `one`: what it was.
void seen(DomainRecord& record, const Sighting& sighting, const Sessions& one);
/// Keeps the last ten.
void add_word(DomainRecord& record, Word word);
bool in_clear(const DomainRecord& record, Time now);

/// What the domain misses of a host whose past is `tls`; null: nothing since TLS was there last.
const Lack* find_lack(const DomainRecord& record, std::string_view host, const TlsHistory& tls);
/// The same; it begins `now` where there is none.
Lack& lack_of(DomainRecord& record, const std::string& host, const TlsHistory& tls, Time now);
/// TLS was there.
void end_lack(DomainRecord& record, std::string_view host);
/// Whether an operator's ruling lets mail of the domain go to the host without TLS.
bool is_released(const DomainRecord& record, std::string_view host, const TlsHistory& tls,
                 Time now);
/// One more session without TLS. `may_tell`: else Absence::tell is false.
Absence miss(Lack& lack, const TlsHistory& tls, Time now, const HistoryRules& rules, bool may_tell);

/// The sessions of the last `days` days, today being one.
Sessions lately(const DomainRecord& record, Time now, std::uint64_t days);

}  // namespace outrider::trust
