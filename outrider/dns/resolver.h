// Questions to answers, each with its DNSSEC state. libunbound validates in this process, so no
// answer depends on the honesty of another resolver. RFC 4035 §4.3 names the states.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::dns {

using boost::asio::awaitable;

/// Secure and insecure are told apart by Answer::secure; bogus and failed carry no records.
enum class Status {
  Found,
  NoData,  ///< the name exists, and has no record of this type
  NoName,  ///< NXDOMAIN
  Bogus,   ///< signatures do not hold: to be treated as an attack, never as absence
  Failed   ///< SERVFAIL, time-out: nobody knows
};

struct Answer {
  Status status = Status::Failed;
  bool secure = false;    ///< validated, the denials too
  std::string canonical;  ///< where CNAMEs led; the question's name where there were none
  std::chrono::seconds ttl{0};
  std::string why;  ///< for bogus and failed, printable

  bool found() const { return status == Status::Found; }
  bool absent() const { return status == Status::NoData || status == Status::NoName; }
  bool temporary() const { return status == Status::Bogus || status == Status::Failed; }
};

struct Mx {
  std::uint16_t preference = 0;
  std::string host;  ///< lower case, without the final dot; empty: null MX (RFC 7505)
  auto operator<=>(const Mx&) const = default;
};
struct MxAnswer : Answer {
  std::vector<Mx> hosts;  ///< as they came
};
struct AddressAnswer : Answer {
  std::vector<IpAddress> addresses;
};
struct TextAnswer : Answer {
  std::vector<std::string> texts;  ///< PTR: names; TXT: strings joined
};

struct Options {
  std::vector<std::string> forwarders;  ///< `192.0.2.53` or `127.0.0.1@5353`; empty: from the root
  std::vector<std::string> trust_anchor_files;  ///< empty: the system's root.key
  std::string hosts_file;                       ///< empty: none is read
  std::vector<std::string> unbound_options;     ///< `name: value` lines for libunbound, for experts
  std::chrono::milliseconds timeout{15000};     ///< a question's limit
};

/// Safe from any thread: the coroutine goes on where it began.
class Resolver {
 public:
  static Result<std::unique_ptr<Resolver>> open(const Options& options);
  virtual ~Resolver() = default;

  virtual awaitable<MxAnswer> mx(std::string name) = 0;
  virtual awaitable<AddressAnswer> ipv4(std::string name) = 0;
  virtual awaitable<AddressAnswer> ipv6(std::string name) = 0;
  virtual awaitable<TextAnswer> pointer(IpAddress address) = 0;

  /// Ends all questions, and those to come: they fail. An answer is brought to the loop that it was
  /// asked on, so this comes before the loops are destroyed.
  virtual void close() = 0;
};

}  // namespace outrider::dns
