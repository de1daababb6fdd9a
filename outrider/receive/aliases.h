// A file of aliases as aliases(5): names that stand for other addresses.
//
//     postmaster: anna
//     # continuation lines begin with a space
//     sales: anna, bob@example.net,
//       "front desk"@example.org
//
// Programs (`|command`), files (`/path`) and `:include:` are refused: a mail server that runs
// commands from a data file has no defence left.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/result.h"

namespace outrider::receive {

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};
template <class T>
using NameMap = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

struct Alias {
  std::vector<Address> targets;  ///< an empty domain: the alias's own
  std::string place;             ///< `file:line`, for errors found later
};

class Aliases {
 public:
  /// `file` names the source in errors. Names are folded to lower case unless `case_sensitive`.
  static Result<Aliases> parse(std::string_view text, std::string_view file, bool case_sensitive);

  const Alias* find(std::string_view folded_name) const;
  const NameMap<Alias>& all() const { return aliases_; }

 private:
  NameMap<Alias> aliases_;
};

/// `local`, `local@domain`, `"quoted local"@domain`; the domain in ASCII or an address literal.
/// Nothing where it is none of these.
bool parse_alias_address(std::string_view text, Address& address);

}  // namespace outrider::receive
