#include "outrider/receive/past.h"

#include "outrider/base/text.h"

namespace outrider::receive {

std::string past_key(std::string_view sender_domain, const IpAddress& client) {
  // What is given to one site at least: it may send from any address of it.
  const unsigned prefix = client.v6 ? 48 : 24;
  return to_lower(sender_domain) + ' ' + Network::of(client, prefix).text();
}

std::optional<trust::Absence> Past::judge(const std::string& key, const TlsFacts* tls, Time now) {
  const std::lock_guard guard(lock_);
  if (tls == nullptr) return past_.missed(key, now);
  past_.seen(key, tls->version, now);
  return std::nullopt;
}

}  // namespace outrider::receive
