#include "outrider/receive/inquiry.h"

#include <algorithm>
#include <expected>
#include <string>
#include <utility>
#include <vector>

namespace outrider::receive {
namespace {

using smtp::Reply;

// A longer answer tells more than anybody asked for.
constexpr std::size_t most_lines = 500;

struct Found {
  Address address;
  Resolution resolution;
};

std::string_view without_brackets(std::string_view text) {
  if (text.starts_with('<') && text.ends_with('>')) return text.substr(1, text.size() - 2);
  return text;
}

bool is_here(const Resolution& resolution) {
  return resolution.kind == Resolution::Kind::User || resolution.kind == Resolution::Kind::Alias;
}

void add(std::vector<Found>& found, const LocalDomains& domains, const Address& address) {
  Resolution resolution = domains.resolve(address);
  if (is_here(resolution)) found.push_back({address, std::move(resolution)});
}

// A bare name may be somebody's in more than one domain. Domains that take mail for anybody are
// meant by none.
std::vector<Found> find(const LocalDomains& domains, const Address& asked) {
  std::vector<Found> found;
  if (!asked.domain.empty()) {
    add(found, domains, asked);
    return found;
  }
  for (const std::string& name : domains.names()) {
    const Address address{asked.local_part, name};
    if (domains.is_named(address)) add(found, domains, address);
  }
  return found;
}

// RFC 6531 §3.7.4.2: what is beyond ASCII cannot be said to a client that did not ask for it.
bool is_sayable(const std::vector<Address>& addresses) {
  return addresses.size() <= most_lines &&
         std::ranges::none_of(addresses, &Address::needs_smtputf8);
}

Reply list_of(int code, std::string_view status, std::string text,
              const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    if (!text.empty()) text += '\n';
    text += address.path();
  }
  return Reply(code, std::string(status), std::move(text));
}

// The one that is meant, or the reply that says why there is none.
std::expected<Found, Reply> find_one(const LocalDomains& domains, std::string_view text,
                                     const Reply& elsewhere) {
  Address asked;
  if (!parse_alias_address(without_brackets(text), asked))
    return std::unexpected(smtp::replies::bad_recipient);
  if (!asked.domain.empty() && !domains.has(asked.domain)) return std::unexpected(elsewhere);
  auto found = find(domains, asked);
  if (found.empty()) return std::unexpected(smtp::replies::unknown_user);
  if (found.size() == 1) return std::move(found.front());
  std::vector<Address> candidates;
  for (const Found& each : found) candidates.push_back(each.address);
  if (!is_sayable(candidates)) return std::unexpected(smtp::replies::cannot_verify);
  return std::unexpected(list_of(553, "5.1.4", "ambiguous, possibly", candidates));
}

}  // namespace

Reply verify(const LocalDomains& domains, std::string_view text) {
  const auto found = find_one(domains, text, smtp::replies::cannot_verify);
  if (!found) return found.error();
  const auto& members = found->resolution.addresses;
  const bool is_user = found->resolution.kind == Resolution::Kind::User;
  const Address& mailbox = is_user ? members.front() : found->address;
  if (!is_sayable({mailbox})) return smtp::replies::cannot_verify;
  // RFC 5321 §3.5.2: of a list the server may say that it is one.
  if (members.size() > 1) return Reply(252, "2.1.5", mailbox.path() + " is a list");
  return Reply(250, "2.1.5", mailbox.path());
}

Reply expand(const LocalDomains& domains, std::string_view text) {
  const auto found = find_one(domains, text, smtp::replies::unknown_user);
  if (!found) return found.error();
  // Who gets what is left over is nobody's list.
  if (!domains.is_named(found->address)) return smtp::replies::unknown_user;
  if (found->resolution.kind == Resolution::Kind::User) return smtp::replies::not_a_list;
  const auto& members = found->resolution.addresses;
  return is_sayable(members) ? list_of(250, "2.1.5", "", members)
                             : Reply(smtp::replies::cannot_verify);
}

}  // namespace outrider::receive
