#include "outrider/receive/client.h"

#include <atomic>
#include <chrono>
#include <cstdint>

#include "outrider/base/clock.h"

namespace outrider::receive {

std::string Client::text() const {
  if (!endpoint) return "unix";
  if (endpoint->address.v6) return endpoint->text();
  return '[' + endpoint->address.text() + "]:" + std::to_string(endpoint->port);
}

std::string Client::origin_address() const {
  if (!endpoint) return {};
  return (endpoint->address.v6 ? "IPv6:" : "") + endpoint->address.text();
}

std::string next_session_id() {
  static constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  static constexpr std::size_t length = 11;
  // Seconds since 1970 above 20 bits of count: a restarted server goes on behind the old one.
  static std::atomic<std::uint64_t> next{
      static_cast<std::uint64_t>(
          std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count())
      << 20};
  std::uint64_t value = next.fetch_add(1, std::memory_order_relaxed);
  std::string text(length, '0');
  for (std::size_t i = length; i-- > 0; value >>= 5) text[i] = digits[value & 31];
  return text;
}

}  // namespace outrider::receive
