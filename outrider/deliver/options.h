// What an operator can set about giving mail: plain values with their defaults and units. The
// configuration fills them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/smtp/start_tls.h"
#include "outrider/trust/decide.h"
#include "outrider/trust/history.h"

namespace outrider::deliver {

/// How many deliveries run at a time. A destination begins with `first`, gets one more with each
/// success up to `most`, and loses half with each refusal to talk.
struct ConcurrencyLimits {
  std::size_t first = 5;    ///< of a destination, 1 to `most`
  std::size_t most = 20;    ///< of a destination
  std::size_t total = 500;  ///< of the server; shared out evenly among its I/O threads

  bool operator==(const ConcurrencyLimits&) const = default;
};

/// How long a connection is kept for the next message.
struct ReuseLimits {
  std::chrono::seconds idle{5};         ///< then QUIT; 0: no reuse
  std::chrono::seconds reset_after{2};  ///< idle this long, RSET shows whether it still lives
  std::size_t messages = 500;           ///< on one connection; a server's LIMITS may lower it

  bool operator==(const ReuseLimits&) const = default;
};

/// Limits of one connection, where they differ from RFC 5321 §4.5.3.2.
struct TimeLimits {
  std::chrono::seconds connect{30};    ///< one address
  std::chrono::seconds greeting{300};  ///< until 220, and until EHLO is answered
  std::chrono::seconds handshake{60};  ///< TLS

  bool operator==(const TimeLimits&) const = default;
};

/// Hosts and destinations that could not be reached are left alone for a while: `first` after the
/// first failure, twice as long after each more, up to `longest`.
struct DeadLimits {
  Duration first = std::chrono::seconds(30);
  Duration longest = std::chrono::minutes(15);
  std::size_t hosts = 10000;  ///< remembered in all; the oldest are forgotten

  bool operator==(const DeadLimits&) const = default;
};

enum class LineEnds {
  Lf,   ///< as other programs on Unix store mail
  Crlf  ///< byte for byte as it came
};

/// Delivery into Maildirs. Content of the kind BINARYMIME is stored byte for byte in either form.
struct MaildirOptions {
  LineEnds line_ends = LineEnds::Lf;
  std::optional<uid_t> uid;  ///< owner of Maildirs and mail; nothing: the process's
  std::optional<gid_t> gid;
  std::size_t threads = 4;  ///< that write files, 1 to 64

  bool operator==(const MaildirOptions&) const = default;
};

struct NoticeOptions {
  std::optional<Address> postmaster;  ///< gets double bounces; nothing: they are logged and dropped
  std::size_t most_quoted = 256 * 1024;  ///< bytes of the message in a notice; more: the header
  /// The queue's Retry::lifetime, for the text of a notice of delay; nothing: it does not say.
  std::optional<Duration> lifetime;
  std::optional<Duration> tls_lifetime;  ///< the same of what waits for security alone

  bool operator==(const NoticeOptions&) const = default;
};

/// Which addresses of a host are tried.
enum class AddressFamilies { Both, Ipv4, Ipv6 };

struct Options {
  std::string hostname;  ///< in EHLO, in notices, in names of files; our name in lists of MX
  ConcurrencyLimits concurrency;
  ReuseLimits reuse;
  TimeLimits time;
  DeadLimits dead;
  NoticeOptions notices;
  MaildirOptions maildir;
  AddressFamilies families = AddressFamilies::Both;
  std::vector<std::string> own_names;    ///< beside hostname: an MX of that name is this server
  std::vector<IpAddress> own_addresses;  ///< so is a host with one of them
  bool loopback_is_own = true;  ///< mail for the world never goes to loopback; off in a laboratory
  std::optional<IpAddress> source_ipv4;  ///< address to connect from; nothing: the kernel's choice
  std::optional<IpAddress> source_ipv6;
  trust::Level tls = trust::Level::Opportunistic;  ///< where the route does not say
  bool dane = true;  ///< TLSA records are looked for, also where the level does not name them
  smtp::StartTlsForm start_tls_form = smtp::StartTlsForm::Rfc3207;  ///< where the route is silent
  trust::HistoryRules tls_history;  ///< what it means that a host's TLS is gone
  std::size_t recipients = 100;     ///< of one transaction; the rest follows in the next
  std::size_t hosts = 5;            ///< addresses that are tried in one attempt
  bool chunking = true;             ///< BDAT where it is offered (RFC 3030)
  bool pipelining = true;           ///< where it is offered (RFC 2920)
};

}  // namespace outrider::deliver
