// Questions to answers, each with its DNSSEC state. libunbound validates in this process, so no
// answer depends on the honesty of another resolver; where a site's own resolver is to be believed,
// or heard as a second opinion, that is a choice (Validation). RFC 4035 §4.3 names the states.
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
#include "outrider/base/tlsa.h"

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
  bool secure = false;    ///< validated, each alias on the way too; a denial as well
  bool disputed = false;  ///< the two ways of Validation::Both do not agree; status is Bogus
  std::string canonical;  ///< where CNAMEs led; the question's name where there were none
  std::chrono::seconds ttl{0};
  std::string why;  ///< for bogus and failed, printable; for disputed, who says what

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
  std::vector<std::string> texts;  ///< PTR: names; TXT: a record's strings joined, raw bytes
};
struct TlsaAnswer : Answer {
  std::vector<Tlsa> records;  ///< all of the set that are well-formed: data of 1 byte and more
};

/// Who checks signatures.
enum class Validation {
  Own,       ///< libunbound, in this process
  Resolver,  ///< the forwarders: their AD bit is believed (RFC 4035 §4.9.3: where the way is safe)
  Both       ///< both; where they do not agree, the answer is Bogus and `disputed`
};

struct Options {
  Validation validation = Validation::Own;  ///< others than Own need forwarders, and no hosts file
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

  /// `_25._tcp.mx.example` (RFC 6698 §3). As many records as a message of the DNS holds, 64 KiB. A
  /// set of which no record is well-formed is Found all the same: that it is there says something
  /// (RFC 7672 §2.2). Where aliases lead does not change the TLSA base domain (§2.2.3).
  virtual awaitable<TlsaAnswer> tlsa(std::string name);
  /// TXT: at most 100 records, and 64 KiB in all.
  virtual awaitable<TextAnswer> text(std::string name);
  /// One step: whether `name` itself is an alias. Found: it is, and `canonical` is the name it
  /// leads to; `secure` tells of this one CNAME record, whatever lies behind it (and of the DNAME,
  /// where one above the name makes it: RFC 7672 §2.1.3).
  ///
  /// For the TLSA base domain (RFC 7672 §2.1.3, §2.2.2), from an answer of ipv4() or ipv6():
  /// - secure: the whole chain was. Candidates are `canonical`, then the name itself.
  /// - not secure, and `canonical` is the name itself: DANE does not apply.
  /// - not secure, and `canonical` is another name: some record of the chain was not secure, which
  ///   one is not told. Ask alias(name): found and secure means that the name is published in a
  ///   signed zone and leads out of it, and the name itself is the candidate. Names between the
  ///   first and the last never are.
  virtual awaitable<Answer> alias(std::string name);

  /// Ends all questions, and those to come: they fail. An answer is brought to the loop that it was
  /// asked on, so this comes before the loops are destroyed.
  virtual void close() = 0;
};

}  // namespace outrider::dns
