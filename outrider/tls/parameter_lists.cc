// Covers what OpenSSL tells of a list as a whole only: which of its items is the wrong one.
#include <openssl/err.h>

#include <string>

#include "outrider/base/text.h"
#include "outrider/tls/crypto.h"
#include "outrider/tls/parameters.h"

namespace outrider::tls {
namespace {

std::string_view rule_of(List list) {
  switch (list) {
    case List::Groups: return "TLS groups";
    case List::Suites: return "TLS 1.3 suites";
    case List::Ciphers: return "TLS ciphers";
    case List::Signatures: return "TLS signature algorithms";
  }
  return "TLS";
}

bool has_cipher(const SSL_CTX* context, const std::string& name) {
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    if (name == SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i))) return true;
  }
  return false;
}

// ciphers(1): these take away from the list, or order it; alone they select nothing.
bool is_instruction(std::string_view item) { return std::string_view("!-+@").contains(item[0]); }

bool knows(SSL_CTX* context, List list, const std::string& item) {
  switch (list) {
    case List::Groups: return SSL_CTX_set1_groups_list(context, item.c_str()) == 1;
    // The library passes over names of suites that it does not know.
    case List::Suites:
      return SSL_CTX_set_ciphersuites(context, item.c_str()) == 1 && has_cipher(context, item);
    case List::Ciphers:
      return is_instruction(item) || SSL_CTX_set_cipher_list(context, item.c_str()) == 1;
    case List::Signatures: return SSL_CTX_set1_sigalgs_list(context, item.c_str()) == 1;
  }
  return false;
}

// What a list such as ALL may bring in.
Result<void> refuse_naked_ciphers(SSL_CTX* context, const std::string& items) {
  if (SSL_CTX_set_cipher_list(context, items.c_str()) != 1) {
    ERR_clear_error();
    return fail(Blame::Operator, "\"" + printable(items) + "\" leaves no cipher", "TLS ciphers");
  }
  const STACK_OF(SSL_CIPHER)* ciphers = SSL_CTX_get_ciphers(context);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    const bool naked = SSL_CIPHER_get_cipher_nid(cipher) == NID_undef ||
                       SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null;
    if (!naked) continue;
    return fail(Blame::Operator,
                "\"" + printable(items) + "\" has " + SSL_CIPHER_get_name(cipher) +
                    ", which does not encrypt, or not to somebody; add !aNULL:!eNULL",
                "TLS ciphers");
  }
  return {};
}

}  // namespace

Result<void> check(List list, std::string_view items) {
  const ContextPtr scratch(SSL_CTX_new(TLS_method()));
  if (!scratch) return fail(Blame::Environment, "no TLS context: " + take_openssl_error());
  SSL_CTX_set_security_level(scratch.get(), 0);
  for (std::size_t at = 0; at < items.size();) {
    const auto end = std::min(items.find(':', at), items.size());
    const std::string item(items.substr(at, end - at));
    at = end + 1;
    if (!item.empty() && knows(scratch.get(), list, item)) continue;
    ERR_clear_error();
    return fail(Blame::Operator, "\"" + printable(item) + "\" is not known to the TLS library",
                std::string(rule_of(list)));
  }
  if (list == List::Ciphers && !items.empty()) {
    return refuse_naked_ciphers(scratch.get(), std::string(items));
  }
  return {};
}

}  // namespace outrider::tls
