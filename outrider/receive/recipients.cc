#include "outrider/receive/recipients.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_set>

#include "outrider/base/text.h"

namespace outrider::receive {
namespace {

constexpr std::string_view postmaster_name = "postmaster";
constexpr std::size_t deepest_alias = 20;
constexpr std::size_t longest_file = 64 << 20;

std::string fold(std::string_view name, bool exact) {
  return exact ? std::string(name) : to_lower(name);
}

Result<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno("cannot be opened", errno, path);
  struct stat facts{};
  std::string text;
  ssize_t n = 0;
  int error = 0;
  if (::fstat(fd, &facts) != 0) {
    error = errno;
  } else if (!S_ISREG(facts.st_mode)) {
    error = EINVAL;
  } else {
    char part[64 * 1024];
    while (text.size() <= longest_file && (n = ::read(fd, part, sizeof part)) > 0)
      text.append(part, static_cast<std::size_t>(n));
    if (n < 0) error = errno;
  }
  ::close(fd);
  if (error != 0) return fail_errno("cannot be read", error, path);
  if (text.size() > longest_file) return fail(Blame::Operator, "larger than 64 MiB", {}, path);
  return text;
}

Result<void> add_user(NameMap<std::string>& users, std::string_view text, bool exact,
                      const std::string& place) {
  Address address;
  if (!parse_alias_address(text, address) || !address.domain.empty())
    return fail(Blame::Operator, fmt::format("`{}` is no user name", printable(text, 80)),
                "local-part of RFC 5321 §4.1.2", place);
  users.try_emplace(fold(address.local_part, exact), address.local_part);
  return {};
}

Result<void> add_users_file(NameMap<std::string>& users, const std::string& path, bool exact) {
  const Result<std::string> text = read_file(path);
  if (!text) return std::unexpected(text.error());
  std::string_view rest = *text;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    Result<void> added = add_user(users, line, exact, fmt::format("{}:{}", path, number));
    if (!added) return added;
  }
  return {};
}

}  // namespace

/// What one forward-path has become so far.
struct LocalDomains::Expansion {
  std::vector<Address> addresses;
  std::unordered_set<std::string> seen;  ///< aliases that are open or done
  std::size_t depth = 0;
  bool too_large = false;

  void add(Address address) {
    if (std::ranges::find(addresses, address) == addresses.end())
      addresses.push_back(std::move(address));
  }
};

Result<std::shared_ptr<const LocalDomains>> LocalDomains::load(const LocalDomainsOptions& options) {
  auto domains = std::make_shared<LocalDomains>();
  domains->postmaster_ = options.postmaster;
  domains->limit_ = options.expansion;
  domains->default_domain_ =
      options.domains.empty() ? options.hostname : options.domains.front().name;
  for (const DomainOptions& domain : options.domains) {
    const Result<void> added = domains->add(domain);
    if (!added) return std::unexpected(added.error());
  }
  const Result<void> checked = domains->check_targets();
  if (!checked) return std::unexpected(checked.error());
  return std::shared_ptr<const LocalDomains>(std::move(domains));
}

Result<void> LocalDomains::add(const DomainOptions& options) {
  const auto [at, is_new] = domains_.try_emplace(to_lower(options.name));
  const std::string place = "domain " + printable(options.name);
  if (!is_new) return fail(Blame::Operator, "named twice", {}, place);
  Domain& domain = at->second;
  domain.any_user = options.any_user;
  domain.case_sensitive = options.case_sensitive;
  domain.delimiter = options.recipient_delimiter;
  for (const std::string& user : options.users) {
    Result<void> added = add_user(domain.users, user, domain.case_sensitive, place);
    if (!added) return added;
  }
  if (!options.users_file.empty()) {
    Result<void> added = add_users_file(domain.users, options.users_file, domain.case_sensitive);
    if (!added) return added;
  }
  if (!options.aliases_file.empty()) {
    const Result<std::string> text = read_file(options.aliases_file);
    if (!text) return std::unexpected(text.error());
    Result<Aliases> aliases = Aliases::parse(*text, options.aliases_file, domain.case_sensitive);
    if (!aliases) return std::unexpected(aliases.error());
    domain.aliases = std::move(*aliases);
  }
  if (!options.catch_all.empty()) {
    Address address;
    if (!parse_alias_address(options.catch_all, address))
      return fail(Blame::Operator,
                  fmt::format("catch_all `{}` is no address", printable(options.catch_all, 80)), {},
                  place);
    if (address.domain.empty()) address.domain = at->first;
    domain.catch_all = std::move(address);
  }
  return {};
}

// An alias that leads to nobody would bounce mail that was answered with 250: found here instead.
Result<void> LocalDomains::check_targets() const {
  for (const auto& [name, domain] : domains_) {
    for (const auto& [alias, what] : domain.aliases.all()) {
      Result<void> checked = check_alias(name, alias, what);
      if (!checked) return checked;
    }
    if (domain.catch_all && resolve(*domain.catch_all).kind == Resolution::Kind::Unknown)
      return fail(Blame::Operator,
                  fmt::format("catch_all leads to `{}`, who is unknown",
                              printable(domain.catch_all->text(), 80)),
                  {}, "domain " + name);
  }
  return {};
}

Result<void> LocalDomains::check_alias(const std::string& domain, const std::string& alias,
                                       const Alias& what) const {
  constexpr std::string_view rule = "every alias ends at an address";
  for (Address target : what.targets) {
    if (target.domain.empty()) target.domain = domain;
    const Domain* at = domain_of(target.domain);
    const bool is_alias =
        at != nullptr && at->aliases.find(fold(target.local_part, at->case_sensitive)) != nullptr;
    if (!is_alias && resolve(target).kind == Resolution::Kind::Unknown)
      return fail(Blame::Operator,
                  fmt::format("alias `{}` leads to `{}`, who is neither a user nor an alias",
                              printable(alias, 80), printable(target.text(), 80)),
                  std::string(rule), what.place);
  }
  if (resolve(Address{alias, domain}).kind != Resolution::Kind::Unknown) return {};
  return fail(Blame::Operator,
              fmt::format("alias `{}` leads back to itself, is nested deeper than {} or becomes "
                          "more than {} addresses",
                          printable(alias, 80), deepest_alias, limit_),
              std::string(rule), what.place);
}

bool LocalDomains::has(std::string_view domain) const { return domain_of(domain) != nullptr; }

std::vector<std::string> LocalDomains::names() const {
  std::vector<std::string> names;
  for (const auto& [name, domain] : domains_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

bool LocalDomains::is_named(const Address& address) const {
  const Domain* domain = domain_of(address.domain);
  if (domain == nullptr) return false;
  const std::string name = fold(address.local_part, domain->case_sensitive);
  return domain->users.contains(name) || domain->aliases.find(name) != nullptr;
}

std::string LocalDomains::user_of(const Address& address) const {
  const Domain* domain = domain_of(address.domain);
  if (domain == nullptr || domain->delimiter.empty()) return address.local_part;
  return address.local_part.substr(0, address.local_part.find(domain->delimiter));
}

const LocalDomains::Domain* LocalDomains::domain_of(std::string_view name) const {
  const auto at = domains_.find(name);
  return at == domains_.end() ? nullptr : &at->second;
}

Resolution LocalDomains::resolve(const Address& forward_path) const {
  Resolution resolution;
  Address address = forward_path;
  if (address.domain.empty()) address.domain = default_domain_;  // RFC 5321 §4.1.1.3
  Expansion expansion;
  resolution.kind = look(address, expansion);
  if (resolution.kind == Resolution::Kind::Elsewhere && forward_path.domain.empty()) {
    // RFC 5321 §4.5.1: a server that relays only has a postmaster too.
    expansion.add(postmaster_.is_null() ? Address{std::string(postmaster_name), default_domain_}
                                        : postmaster_);
    resolution.kind = Resolution::Kind::Alias;
  }
  if (expansion.too_large || expansion.addresses.empty()) {
    if (resolution.kind != Resolution::Kind::Elsewhere) resolution.kind = Resolution::Kind::Unknown;
    return resolution;
  }
  resolution.addresses = std::move(expansion.addresses);
  return resolution;
}

Resolution::Kind LocalDomains::look(const Address& address, Expansion& expansion) const {
  const Domain* domain = domain_of(address.domain);
  if (domain == nullptr) return Resolution::Kind::Elsewhere;
  if (take_alias(*domain, address, expansion)) return Resolution::Kind::Alias;
  if (take_user(*domain, address, expansion)) return Resolution::Kind::User;
  if (take_postmaster(address, expansion)) return Resolution::Kind::Alias;
  if (!domain->catch_all) return Resolution::Kind::Unknown;
  if (++expansion.depth > deepest_alias) return Resolution::Kind::Unknown;
  if (look(*domain->catch_all, expansion) == Resolution::Kind::Elsewhere)
    expansion.add(*domain->catch_all);
  --expansion.depth;
  return Resolution::Kind::Alias;
}

bool LocalDomains::take_alias(const Domain& domain, const Address& address,
                              Expansion& expansion) const {
  std::string name = fold(address.local_part, domain.case_sensitive);
  const Alias* alias = domain.aliases.find(name);
  if (alias == nullptr && !domain.delimiter.empty()) {
    name.resize(std::min(name.find(domain.delimiter), name.size()));
    alias = domain.aliases.find(name);
  }
  if (alias == nullptr) return false;
  // An alias that names itself means the user of that name, as `joe: joe, archive` does.
  if (!expansion.seen.insert("alias " + name + '@' + address.domain).second) {
    take_user(domain, address, expansion);
    return true;
  }
  if (++expansion.depth > deepest_alias) expansion.too_large = true;
  for (Address target : alias->targets) {
    if (expansion.too_large) break;
    if (target.domain.empty()) target.domain = address.domain;
    if (look(target, expansion) == Resolution::Kind::Elsewhere) expansion.add(std::move(target));
    if (expansion.addresses.size() > limit_) expansion.too_large = true;
  }
  --expansion.depth;
  return true;
}

bool LocalDomains::take_user(const Domain& domain, const Address& address,
                             Expansion& expansion) const {
  const std::string name = fold(address.local_part, domain.case_sensitive);
  auto at = domain.users.find(name);
  std::size_t tag = name.size();
  if (at == domain.users.end() && !domain.delimiter.empty()) {
    tag = std::min(name.find(domain.delimiter), name.size());
    if (tag > 0) at = domain.users.find(std::string_view(name).substr(0, tag));
  }
  if (at != domain.users.end()) {
    expansion.add({at->second + address.local_part.substr(tag), address.domain});
  } else if (domain.any_user) {
    expansion.add({name.substr(0, tag) + address.local_part.substr(tag), address.domain});
  } else {
    return false;
  }
  return true;
}

bool LocalDomains::take_postmaster(const Address& address, Expansion& expansion) const {
  if (!iequals(address.local_part, postmaster_name)) return false;
  if (!expansion.seen.insert("postmaster " + address.domain).second) return false;
  if (postmaster_.is_null()) {
    expansion.add({std::string(postmaster_name), address.domain});
  } else if (look(postmaster_, expansion) == Resolution::Kind::Elsewhere) {
    expansion.add(postmaster_);
  }
  return true;
}

}  // namespace outrider::receive
