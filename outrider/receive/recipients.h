// Who has a mailbox here: local domains with their users, aliases, catch-all and recipient
// delimiter. Built when the configuration is read, then only looked at; safe from any thread.
// RFC 5321 §4.5.1 (postmaster), §3.9.1 (aliases).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/result.h"
#include "outrider/receive/aliases.h"

namespace outrider::receive {

struct DomainOptions {
  std::string name;                ///< lower case, A-labels
  bool any_user = false;           ///< every local-part is a user
  std::vector<std::string> users;  ///< local-parts
  std::string users_file;          ///< one a line, `#` begins a comment; empty: none
  std::string aliases_file;        ///< as aliases(5); empty: none
  std::string catch_all;           ///< `user` or `user@domain` for unknown local-parts; empty: none
  std::string recipient_delimiter = "+";  ///< `user+tag` is `user`; empty: none
  bool case_sensitive = false;            ///< local-parts of users and aliases
};

struct LocalDomainsOptions {
  std::vector<DomainOptions> domains;
  /// Where mail for postmaster goes in domains without one; null: to `postmaster` of the domain.
  Address postmaster;
  std::string hostname;          ///< the domain of `<Postmaster>` where no domain is ours
  std::size_t expansion = 1000;  ///< recipients that one alias may become
};

/// What a forward-path means here.
struct Resolution {
  enum class Kind {
    Elsewhere,  ///< not a domain of ours
    Unknown,    ///< our domain, no such user: 550 5.1.1
    User,       ///< one address: a mailbox here, in the spelling of the configuration
    Alias       ///< replaced by the addresses, here or elsewhere
  };
  Kind kind = Kind::Elsewhere;
  std::vector<Address> addresses;  ///< without doubles; of User exactly one
};

class LocalDomains {
 public:
  /// Reads the files. Errors name file and line: grammar, loops, an alias that leads to nobody.
  static Result<std::shared_ptr<const LocalDomains>> load(const LocalDomainsOptions& options);

  bool has(std::string_view domain) const;  ///< of `domain` in lower case
  std::vector<std::string> names() const;   ///< of the domains, sorted
  /// A user or an alias of that name, and not only an address that is taken.
  bool is_named(const Address& address) const;
  /// The user who is meant by an address of ours, without its tag.
  std::string user_of(const Address& address) const;
  /// `user+tag@domain` of a user keeps its tag for the delivery.
  Resolution resolve(const Address& forward_path) const;

 private:
  struct Domain {
    bool any_user = false;
    bool case_sensitive = false;
    std::string delimiter;
    std::optional<Address> catch_all;
    NameMap<std::string> users;  ///< folded name to the spelling of the configuration
    Aliases aliases;
  };
  struct Expansion;

  Result<void> add(const DomainOptions& options);
  Result<void> check_targets() const;
  Result<void> check_alias(const std::string& domain, const std::string& alias,
                           const Alias& what) const;
  const Domain* domain_of(std::string_view name) const;
  Resolution::Kind look(const Address& address, Expansion& expansion) const;
  bool take_user(const Domain& domain, const Address& address, Expansion& expansion) const;
  bool take_alias(const Domain& domain, const Address& address, Expansion& expansion) const;
  bool take_postmaster(const Address& address, Expansion& expansion) const;

  NameMap<Domain> domains_;
  Address postmaster_;
  std::string default_domain_;
  std::size_t limit_ = 1000;
};

}  // namespace outrider::receive
