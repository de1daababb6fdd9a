// A world of DNS on loopback for tests: NSD with zones written on the spot, signed by ldns, with a
// trust anchor of their own. Nothing of the machine's own DNS is touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/dns_server.h"

namespace outrider::test {

struct DnsZone {
  enum class Kind {
    Signed,    ///< secure, denials by NSEC3
    Plain,     ///< below a signed zone without a DS: insecure
    Tampered,  ///< signed; then each 192.0.2.66 and c0000242 in it became another: bogus
    Expired,   ///< the signatures ended long ago: bogus
    Stripped,  ///< there is a DS, and its server gives no signatures: bogus
    Broken     ///< its server knows of it and has no data: SERVFAIL
  };
  std::string name;  ///< `mail.world`, without the final dot
  Kind kind = Kind::Signed;
  std::string records;  ///< as in a zone file, without SOA and NS; TTL 60
};

class DnsWorld {
 public:
  /// What is missing here to have one, naming its package; empty: nothing.
  static std::string missing();

  /// The first zone is the trust anchor and must be Signed; zones below it are delegated by it.
  /// Zones elsewhere stand alone, and are insecure. Throws where the servers do not start.
  explicit DnsWorld(const std::vector<DnsZone>& zones);
  ~DnsWorld();
  DnsWorld(const DnsWorld&) = delete;
  DnsWorld& operator=(const DnsWorld&) = delete;

  std::string forwarder() const;  ///< `127.0.0.1@PORT`, for a resolver's options
  std::string trust_anchor_file() const;
  const std::string& anchor() const { return anchor_; }  ///< the first zone's name

 private:
  void write_zone(const DnsZone& zone, const std::string& delegations);
  std::string make_key(const DnsZone& zone);  // and gives its DS record
  void sign(const DnsZone& zone);
  void write_config(const std::vector<DnsZone>& zones, std::uint16_t port);
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
  std::string anchor_;
  std::optional<DnsServer> server_;
};

}  // namespace outrider::test
