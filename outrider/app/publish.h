// `outrider dns DOMAIN`: the records that an operator should publish, and whether he does.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "outrider/app/config.h"
#include "outrider/base/tlsa.h"
#include "outrider/dns/resolver.h"

namespace outrider::app {

/// One record to publish.
struct WantedRecord {
  enum class Kind { Mx, Address, Tlsa, StsText, ReportText };
  Kind kind = Kind::Mx;
  std::string name;  ///< without the final dot
  std::string data;  ///< as in a zone file; of Address a remark
  Tlsa tlsa;         ///< of Tlsa
  std::string note;  ///< for the comment behind it: which certificate
};

/// What is published in its place.
struct Found {
  enum class State { Match, Missing, Differs, Unsigned, Unknown };
  State state = State::Unknown;
  std::string what;  ///< what is there instead, or why nobody knows
};
std::string_view name(Found::State state);  ///< `ok`, `missing`, …

/// `next_keys`: certificates that will be used later, PEM files. Fails where the domain is not one
/// of the configuration's, or a certificate cannot be read.
Result<std::vector<WantedRecord>> records_to_publish(const Config& config,
                                                     const std::string& domain,
                                                     const std::vector<std::string>& next_keys);

boost::asio::awaitable<Found> look_up(dns::Resolver& resolver, WantedRecord wanted);

/// A line of a zone file, the state as a comment behind it; `found` null: not asked for.
std::string record_line(const WantedRecord& wanted, const Found* found);

struct DnsRequest {
  std::string file, domain;
  std::vector<std::string> next_keys;
  bool offline = false, json = false;
};
/// 0: all is published as it should be, 1: something is not.
int dns_command(const DnsRequest& request);

}  // namespace outrider::app
