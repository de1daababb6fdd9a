// Numbers of the TLS registries that a probe offers or meets, and their names there.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "outrider/app/tls_probe_hello.h"

namespace outrider::app::probe {
namespace {

enum class Family { Tls13, Aead, Cbc, Static, Anonymous, Broken };

struct Suite {
  std::uint16_t number;
  Family family;
  std::string_view name;
};

// clang-format off
constexpr Suite suites[] = {
    {0x1302, Family::Tls13, "TLS_AES_256_GCM_SHA384"},
    {0x1303, Family::Tls13, "TLS_CHACHA20_POLY1305_SHA256"},
    {0x1301, Family::Tls13, "TLS_AES_128_GCM_SHA256"},
    {0xc02c, Family::Aead, "ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
    {0xc030, Family::Aead, "ECDHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xcca9, Family::Aead, "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xcca8, Family::Aead, "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xc02b, Family::Aead, "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"},
    {0xc02f, Family::Aead, "ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0x009f, Family::Aead, "DHE_RSA_WITH_AES_256_GCM_SHA384"},
    {0xccaa, Family::Aead, "DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0x009e, Family::Aead, "DHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xc024, Family::Cbc, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"},
    {0xc028, Family::Cbc, "ECDHE_RSA_WITH_AES_256_CBC_SHA384"},
    {0xc023, Family::Cbc, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"},
    {0xc027, Family::Cbc, "ECDHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0xc00a, Family::Cbc, "ECDHE_ECDSA_WITH_AES_256_CBC_SHA"},
    {0xc014, Family::Cbc, "ECDHE_RSA_WITH_AES_256_CBC_SHA"},
    {0xc009, Family::Cbc, "ECDHE_ECDSA_WITH_AES_128_CBC_SHA"},
    {0xc013, Family::Cbc, "ECDHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x006b, Family::Cbc, "DHE_RSA_WITH_AES_256_CBC_SHA256"},
    {0x0067, Family::Cbc, "DHE_RSA_WITH_AES_128_CBC_SHA256"},
    {0x0039, Family::Cbc, "DHE_RSA_WITH_AES_256_CBC_SHA"},
    {0x0033, Family::Cbc, "DHE_RSA_WITH_AES_128_CBC_SHA"},
    {0x009d, Family::Static, "RSA_WITH_AES_256_GCM_SHA384"},
    {0x009c, Family::Static, "RSA_WITH_AES_128_GCM_SHA256"},
    {0x003d, Family::Static, "RSA_WITH_AES_256_CBC_SHA256"},
    {0x003c, Family::Static, "RSA_WITH_AES_128_CBC_SHA256"},
    {0x0035, Family::Static, "RSA_WITH_AES_256_CBC_SHA"},
    {0x002f, Family::Static, "RSA_WITH_AES_128_CBC_SHA"},
    {0x003b, Family::Broken, "RSA_WITH_NULL_SHA256"},
    {0x0002, Family::Broken, "RSA_WITH_NULL_SHA"},
    {0x0001, Family::Broken, "RSA_WITH_NULL_MD5"},
    {0xc006, Family::Broken, "ECDHE_ECDSA_WITH_NULL_SHA"},
    {0xc010, Family::Broken, "ECDHE_RSA_WITH_NULL_SHA"},
    {0xc015, Family::Broken, "ECDH_anon_WITH_NULL_SHA"},
    {0xc018, Family::Anonymous, "ECDH_anon_WITH_AES_128_CBC_SHA"},
    {0xc019, Family::Anonymous, "ECDH_anon_WITH_AES_256_CBC_SHA"},
    {0x00a6, Family::Anonymous, "DH_anon_WITH_AES_128_GCM_SHA256"},
    {0x00a7, Family::Anonymous, "DH_anon_WITH_AES_256_GCM_SHA384"},
    {0x0034, Family::Anonymous, "DH_anon_WITH_AES_128_CBC_SHA"},
    {0x003a, Family::Anonymous, "DH_anon_WITH_AES_256_CBC_SHA"},
    {0x0003, Family::Broken, "RSA_EXPORT_WITH_RC4_40_MD5"},
    {0x0008, Family::Broken, "RSA_EXPORT_WITH_DES40_CBC_SHA"},
    {0x0014, Family::Broken, "DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"},
    {0xc007, Family::Broken, "ECDHE_ECDSA_WITH_RC4_128_SHA"},
    {0xc011, Family::Broken, "ECDHE_RSA_WITH_RC4_128_SHA"},
    {0x0005, Family::Broken, "RSA_WITH_RC4_128_SHA"},
    {0x0004, Family::Broken, "RSA_WITH_RC4_128_MD5"},
    {0x0009, Family::Broken, "RSA_WITH_DES_CBC_SHA"},
    {0x0015, Family::Broken, "DHE_RSA_WITH_DES_CBC_SHA"},
    {0xc008, Family::Broken, "ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"},
    {0xc012, Family::Broken, "ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0016, Family::Broken, "DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x000a, Family::Broken, "RSA_WITH_3DES_EDE_CBC_SHA"},
};

struct Named {
  std::uint16_t number;
  std::string_view name;
};
constexpr Named versions[] = {{ssl30, "SSLv3"}, {tls10, "TLSv1"}, {tls11, "TLSv1.1"},
                              {tls12, "TLSv1.2"}, {tls13, "TLSv1.3"}};
constexpr Named groups[] = {{0x0017, "P-256"}, {0x0018, "P-384"}, {0x0019, "P-521"},
                            {0x001d, "X25519"}, {0x001e, "X448"},
                            {x25519_mlkem768, "X25519MLKEM768"}};
// RFC 8446 §6
constexpr Named alerts[] = {
    {0, "close_notify"}, {10, "unexpected_message"}, {22, "record_overflow"},
    {40, "handshake_failure"}, {42, "bad_certificate"}, {47, "illegal_parameter"},
    {50, "decode_error"}, {51, "decrypt_error"}, {70, "protocol_version"},
    {71, "insufficient_security"}, {80, "internal_error"}, {86, "inappropriate_fallback"},
    {100, "no_renegotiation"}, {109, "missing_extension"}, {112, "unrecognized_name"},
    {120, "no_application_protocol"}};
// clang-format on

template <std::size_t n>
std::string name_in(const Named (&table)[n], std::uint16_t number) {
  const auto* found = std::ranges::find(table, number, &Named::number);
  return found == std::end(table) ? fmt::format("{:#06x}", number) : std::string(found->name);
}

std::vector<std::uint16_t> all_of(Family family) {
  std::vector<std::uint16_t> numbers;
  for (const auto& suite : suites) {
    if (suite.family == family) numbers.push_back(suite.number);
  }
  return numbers;
}

}  // namespace

std::vector<std::uint16_t> suites_of_tls13() { return all_of(Family::Tls13); }
std::vector<std::uint16_t> suites_aead() { return all_of(Family::Aead); }
std::vector<std::uint16_t> suites_cbc() { return all_of(Family::Cbc); }
std::vector<std::uint16_t> suites_static() { return all_of(Family::Static); }
std::vector<std::uint16_t> suites_anonymous() { return all_of(Family::Anonymous); }
std::vector<std::uint16_t> suites_broken() { return all_of(Family::Broken); }

std::string version_name(std::uint16_t version) { return name_in(versions, version); }
std::string group_name(std::uint16_t group) { return name_in(groups, group); }

std::string suite_name(std::uint16_t suite) {
  const auto* found = std::ranges::find(suites, suite, &Suite::number);
  return found == std::end(suites) ? fmt::format("{:#06x}", suite) : std::string(found->name);
}

std::string HelloAnswer::text() const {
  switch (kind) {
    case Kind::Alert: return fmt::format("alert {} ({})", alert, name_in(alerts, alert));
    case Kind::ServerHello: return version_name(version) + ", " + suite_name(suite);
    case Kind::Retry:
      return fmt::format("{}, {}, {}", version_name(version), suite_name(suite), group_name(group));
    case Kind::Closed:
    case Kind::NotAsked: break;
    case Kind::NoTls: return "no TLS: " + why;
  }
  return why.empty() ? "nothing" : why;
}

}  // namespace outrider::app::probe
