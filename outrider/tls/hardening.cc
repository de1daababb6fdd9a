#include "outrider/tls/hardening.h"

#include <openssl/err.h>

#include <fstream>

#include "outrider/tls/crypto.h"

namespace outrider::tls {
namespace {

// AEAD with forward secrecy only; the suites of TLS 1.3 are all of that kind.
constexpr const char* aead_ciphers =
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

// TLS 1.0 and 1.1 know nothing better than CBC; still with forward secrecy.
constexpr const char* old_ciphers =
    ":ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA";

// The first list that the library knows is taken. A key of each group with a star is sent at once,
// so that a server without the first needs no second round trip; OpenSSL knows both since 3.5.
constexpr const char* group_lists[] = {"*X25519MLKEM768:*X25519:P-256:P-384", "X25519:P-256:P-384"};

constexpr std::size_t largest_record = 16384;

std::unexpected<Error> refuse(std::string_view what) {
  return fail(Blame::Environment, std::string(what) + ": " + take_openssl_error(), "TLS");
}

Result<void> choose_versions(SSL_CTX* context, const Parameters& parameters) {
  if (parameters.least > parameters.most) {
    return fail(Blame::Operator,
                "the oldest version of TLS, " + std::string(name(parameters.least)) +
                    ", is newer than the newest, " + std::string(name(parameters.most)),
                "TLS versions");
  }
  // RFC 8996: the old versions need SHA-1 and small keys. Nobody else's context allows those.
  if (parameters.least < Version::Tls12) SSL_CTX_set_security_level(context, 0);
  if (SSL_CTX_set_min_proto_version(context, protocol_number(parameters.least)) != 1 ||
      SSL_CTX_set_max_proto_version(context, protocol_number(parameters.most)) != 1) {
    return refuse("the TLS library has no such version");
  }
  return {};
}

Result<void> choose_groups(SSL_CTX* context, const std::string& wish,
                           std::vector<std::string>& notes) {
  if (!wish.empty()) {
    if (auto known = check(List::Groups, wish); !known) return known;
    if (SSL_CTX_set1_groups_list(context, wish.c_str()) != 1) return refuse("no TLS groups");
    notes.push_back("groups " + wish);
    return {};
  }
  for (const auto* list : group_lists) {
    if (SSL_CTX_set1_groups_list(context, list) != 1) continue;
    ERR_clear_error();
    const bool newest = list == group_lists[0];
    notes.push_back(newest ? "groups X25519MLKEM768:X25519:P-256:P-384"
                           : std::string("groups ") + list +
                                 "; the TLS library has no X25519MLKEM768");
    return {};
  }
  return refuse("no TLS groups");
}

Result<void> choose_ciphers(SSL_CTX* context, const Parameters& parameters) {
  if (auto known = check(List::Suites, parameters.suites); !known) return known;
  if (auto known = check(List::Ciphers, parameters.ciphers); !known) return known;
  if (auto known = check(List::Signatures, parameters.signatures); !known) return known;
  std::string ciphers = parameters.ciphers;
  if (ciphers.empty()) {
    ciphers = aead_ciphers;
    if (parameters.least < Version::Tls12) ciphers += old_ciphers;
  }
  if (SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) return refuse("no TLS ciphers");
  const auto& suites = parameters.suites;
  if (!suites.empty() && SSL_CTX_set_ciphersuites(context, suites.c_str()) != 1) {
    return refuse("no TLS 1.3 suites");
  }
  const auto& signatures = parameters.signatures;
  if (!signatures.empty() && SSL_CTX_set1_sigalgs_list(context, signatures.c_str()) != 1) {
    return refuse("no TLS signature algorithms");
  }
  return {};
}

// The module `tls` of the kernel, where it is loaded.
bool kernel_has_tls() {
  std::ifstream protocols("/proc/sys/net/ipv4/tcp_available_ulp");
  for (std::string word; protocols >> word;) {
    if (word == "tls") return true;
  }
  return false;
}

void ask_kernel(SSL_CTX* context, const Parameters& parameters, std::vector<std::string>& notes) {
  if (!parameters.kernel) return;
#ifdef OPENSSL_NO_KTLS
  (void)context;
  notes.push_back("no kernel TLS: the TLS library is built without it");
#else
  if (!kernel_has_tls()) {
    notes.push_back("no kernel TLS: the kernel's module is not loaded (modprobe tls)");
  } else if (parameters.padding > 0) {
    notes.push_back("no kernel TLS: the kernel cannot pad records");
  } else {
    SSL_CTX_set_options(context, SSL_OP_ENABLE_KTLS);
  }
#endif
}

}  // namespace

int protocol_number(Version version) {
  constexpr int numbers[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  return numbers[static_cast<std::size_t>(version)];
}

Result<void> harden(SSL_CTX* context, const Parameters& parameters,
                    std::vector<std::string>& notes) {
  // No renegotiation and no compression: each was an attack.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // RFC 8446 appendix E.5: 0-RTT needs a profile of the application, and SMTP has none.
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
  if (!parameters.tickets) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  if (auto done = choose_versions(context, parameters); !done) return done;
  if (auto done = choose_ciphers(context, parameters); !done) return done;
  if (auto done = choose_groups(context, parameters.groups, notes); !done) return done;
  if (parameters.padding > largest_record) {
    return fail(Blame::Operator, "records are not padded to more than 16384 bytes", "TLS padding");
  }
  if (parameters.padding > 0 && SSL_CTX_set_block_padding(context, parameters.padding) != 1) {
    return refuse("no TLS padding");
  }
  ask_kernel(context, parameters, notes);
  return {};
}

}  // namespace outrider::tls
