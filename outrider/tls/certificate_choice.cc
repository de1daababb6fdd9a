#include "outrider/tls/certificate_choice.h"

#include <openssl/err.h>

#include <algorithm>

#include "outrider/base/text.h"

namespace outrider::tls {
namespace {

const LoadedPair* of_kind(const CertificateChoice::Pairs& pairs, int kind) {
  const auto at = std::ranges::find(pairs, kind, &LoadedPair::kind);
  return at == pairs.end() ? nullptr : *at;
}

bool show(SSL* ssl, const LoadedPair& pair) {
  return SSL_use_cert_and_key(ssl, pair.leaf.get(), pair.key.get(), pair.chain.get(), 1) == 1;
}

// The client knows its kind of key and the signatures of its chain.
bool can_use(SSL* ssl, const LoadedPair& pair) {
  return (SSL_check_chain(ssl, pair.leaf.get(), pair.key.get(), pair.chain.get()) &
          CERT_PKEY_VALID) != 0;
}

}  // namespace

Result<void> CertificateChoice::enter(const LoadedPair& pair) {
  const bool is_first = !of_kind(first_, pair.kind);
  if (is_first) first_.push_back(&pair);
  const LoadedPair* other = is_first ? nullptr : of_kind(first_, pair.kind);
  bool is_named = false;
  for (const auto& name : pair.names) {
    auto& pairs = by_name_[name];
    if (const auto* same = of_kind(pairs, pair.kind)) {
      if (same != &pair) other = same;
      continue;
    }
    pairs.push_back(&pair);
    is_named = true;
  }
  if (is_first || is_named) return {};
  return fail(Blame::Operator,
              "would never be shown: " + other->file + " has a key of the same kind and " +
                  (pair.names.empty() ? "this one has no name" : "all its names"),
              "TLS certificate", pair.file);
}

const CertificateChoice::Pairs* CertificateChoice::find(const std::string& name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : &at->second;
}

// RFC 6125 §6.4.3: a wildcard is the whole left-most label.
const CertificateChoice::Pairs* CertificateChoice::find_wildcard(const std::string& name) const {
  const auto dot = name.find('.');
  return dot == name.npos || dot == 0 ? nullptr : find("*" + name.substr(dot));
}

// A name may have its key of one kind from a certificate of its own, and another by a wildcard.
void CertificateChoice::join_wildcards() {
  for (auto& [name, pairs] : by_name_) {
    const Pairs* wild = find_wildcard(name);
    for (std::size_t i = 0; wild && wild != &pairs && i < wild->size(); ++i) {
      if (!of_kind(pairs, (*wild)[i]->kind)) pairs.push_back((*wild)[i]);
    }
  }
}

Result<CertificateChoice> CertificateChoice::make(std::vector<LoadedPair> pairs) {
  CertificateChoice choice;
  choice.pairs_ = std::move(pairs);
  for (const auto& pair : choice.pairs_) {
    if (auto entered = choice.enter(pair); !entered) return std::unexpected(entered.error());
  }
  choice.join_wildcards();
  return choice;
}

const CertificateChoice::Pairs& CertificateChoice::named(std::string_view name) const {
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto lower = to_lower(name);
  if (const auto* pairs = find(lower)) return *pairs;
  const auto* pairs = find_wildcard(lower);
  return pairs ? *pairs : first_;
}

bool CertificateChoice::apply(SSL* ssl) const {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (!name || pairs_.size() == first_.size()) return true;  // the context shows the first
  const Pairs& pairs = named(name);
  if (&pairs == &first_ || pairs == first_) return true;
  SSL_certs_clear(ssl);
  for (const auto* pair : pairs) {
    if (!show(ssl, *pair)) return false;
  }
  // Another name's certificate beats none: who verifies refuses it, all others get TLS.
  const bool usable = std::ranges::any_of(pairs, [ssl](auto* pair) { return can_use(ssl, *pair); });
  for (const auto* pair : first_) {
    if (!usable && !of_kind(pairs, pair->kind) && !show(ssl, *pair)) return false;
  }
  ERR_clear_error();
  return true;
}

const LoadedPair* CertificateChoice::chosen(SSL* ssl) const {
  const X509* shown = SSL_get_certificate(ssl);
  const auto at = std::ranges::find_if(
      pairs_, [shown](const LoadedPair& pair) { return pair.leaf.get() == shown; });
  return at == pairs_.end() ? nullptr : &*at;
}

}  // namespace outrider::tls
