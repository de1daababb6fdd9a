// What a route settles about TLS beyond its level, and the contexts that are made of it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "outrider/smtp/start_tls.h"
#include "outrider/tls/context.h"

namespace outrider::deliver {

/// Nothing set: as the site has it.
struct TlsProfile {
  std::optional<smtp::StartTlsForm> form;
  std::vector<std::string> names;  ///< of which a certificate must carry one; none: the host's
  std::vector<std::string> pins;   ///< SHA-256 of public keys, lower-case hex, of `fingerprint`
  std::optional<tls::Parameters> parameters;

  bool operator==(const TlsProfile&) const = default;
  /// The same for the same profile in any run, hexadecimal: tells destinations apart. Empty where
  /// nothing is set.
  std::string mark() const;
};

/// A context, and what it was made of. Without a context there is no TLS.
struct ClientTls {
  std::shared_ptr<const tls::ClientContext> context;
  tls::Parameters parameters;

  /// Words of the 1997 draft for its versions, the newest first: `TLS1.3`, `TLS1.2`.
  std::vector<std::string> tokens() const;
};

/// One context for each distinct set of parameters. A value; copies share the contexts.
class TlsContexts {
 public:
  TlsContexts() = default;
  TlsContexts(std::shared_ptr<const tls::ClientContext> usual, tls::Parameters parameters = {})
      : usual_{std::move(usual), std::move(parameters)} {}

  /// Makes the usual one, and one for each other set. Fails with the first that cannot be made.
  static Result<TlsContexts> load(const tls::ClientOptions& usual,
                                  const std::vector<tls::Parameters>& others);

  const ClientTls& usual() const { return usual_; }
  /// The usual one for nothing; without a context where the set is unknown.
  ClientTls find(const std::optional<tls::Parameters>& parameters) const;
  std::size_t size() const { return others_.size() + (usual_.context ? 1 : 0); }

 private:
  ClientTls usual_;
  std::vector<ClientTls> others_;
};

}  // namespace outrider::deliver
