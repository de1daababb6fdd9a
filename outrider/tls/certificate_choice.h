// Which certificates a client is shown (RFC 6066 §3): those of the name it asks for, one of each
// kind of key, or else the first of each kind. Within this module only.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/tls/key_pair.h"

namespace outrider::tls {

class CertificateChoice {
 public:
  using Pairs = std::vector<const LoadedPair*>;  ///< of different kinds

  /// Fails where a pair would never be chosen: all its names belong to others of its kind.
  static Result<CertificateChoice> make(std::vector<LoadedPair> pairs);

  const std::vector<LoadedPair>& all() const { return pairs_; }
  const Pairs& first() const { return first_; }  ///< for those who name nobody that we know
  const Pairs& named(std::string_view name) const;

  /// Shows this handshake's client the pairs of the name that it sent. False: out of memory.
  bool apply(SSL* ssl) const;
  /// The pair that was chosen for this handshake.
  const LoadedPair* chosen(SSL* ssl) const;

 private:
  Result<void> enter(const LoadedPair& pair);
  void join_wildcards();
  const Pairs* find(const std::string& name) const;
  const Pairs* find_wildcard(const std::string& name) const;

  std::vector<LoadedPair> pairs_;  // does not change any more: the others point into it
  Pairs first_;
  std::unordered_map<std::string, Pairs> by_name_;
};

}  // namespace outrider::tls
