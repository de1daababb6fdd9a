// The data of DNS records, read within their bounds: whoever runs a zone wrote these bytes.
// RFC 1035 §3.3 and §3.4, RFC 3596, RFC 6698 §2.1, RFC 7505. What is not well-formed gives nothing,
// because half a record is no answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/base/ip.h"
#include "outrider/dns/resolver.h"

namespace outrider::dns {

/// An uncompressed name that takes all of `data`: `mx.example.org`, lower case, without the final
/// dot; the root is empty. Only letters, digits, '-' and '_' in its labels: mail servers and
/// certificates have no others, and no log or notice can be hurt by them.
std::optional<std::string> read_name(std::string_view data);

std::optional<Mx> read_mx(std::string_view data);
std::optional<IpAddress> read_ipv4(std::string_view data);
std::optional<IpAddress> read_ipv6(std::string_view data);
std::optional<Tlsa> read_tlsa(std::string_view data);
/// RFC 1035 §3.3.14: the strings joined, as RFC 8461 §3.1 and RFC 8460 §3 ask; bytes as they came.
std::optional<std::string> read_text(std::string_view data);

/// Whether `name` can be asked for: the characters of read_name(), labels of 1 to 63, 253 in all.
/// A final dot is allowed.
bool is_name(std::string_view name);

/// `4.3.2.1.in-addr.arpa` (RFC 1035 §3.5), `….ip6.arpa` (RFC 3596 §2.5).
std::string pointer_name(const IpAddress& address);

}  // namespace outrider::dns
