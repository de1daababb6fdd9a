// Unbound on loopback in front of a DnsWorld: a site's resolver, that validates or does not.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/dns_server.h"
#include "support/dns_world.h"

namespace outrider::test {

class DnsForwarder {
 public:
  enum class Kind {
    Validating,  ///< with the world's trust anchor
    Unanchored,  ///< validates, but knows no trust anchor: all is insecure
    Oblivious    ///< does not validate
  };
  static std::string missing();  ///< the package that is missing; empty: none

  /// `more`: lines of unbound.conf. Throws where it does not start.
  DnsForwarder(const DnsWorld& world, Kind kind, const std::string& more = {});
  ~DnsForwarder();
  DnsForwarder(const DnsForwarder&) = delete;
  DnsForwarder& operator=(const DnsForwarder&) = delete;

  std::string address() const { return server_->address(); }  ///< `127.0.0.1@PORT`

 private:
  std::filesystem::path folder_;
  std::optional<DnsServer> server_;
};

}  // namespace outrider::test
