#include "outrider/receive/options.h"

#include <algorithm>

namespace outrider::receive {

const LocalDomains& Options::local_domains() const {
  static const LocalDomains none;
  return domains ? *domains : none;
}

bool KnownCertificates::contain(const TlsFacts& facts) const {
  const auto known = [&](const std::string& digest) {
    return !digest.empty() && std::ranges::find(digests, digest) != digests.end();
  };
  if (known(facts.peer_digest) || known(facts.peer_key_digest)) return true;
  return facts.peer == PeerCheck::Verified &&
         std::ranges::any_of(names, [&](const std::string& name) {
           return trust::names_match(name, facts.peer_name);
         });
}

bool Partner::covers(std::string_view sender_domain, const std::optional<Endpoint>& client) const {
  if (!domain.empty() && trust::names_match(domain, sender_domain)) return true;
  return client && std::ranges::any_of(networks, [&](const Network& network) {
           return network.contains(client->address);
         });
}

}  // namespace outrider::receive
