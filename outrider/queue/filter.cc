#include "outrider/queue/filter.h"

#include <algorithm>

#include "outrider/base/text.h"

namespace outrider::queue {
namespace {

/// `pattern` is an address or `@domain`.
bool names(std::string_view pattern, const Address& address) {
  if (pattern.starts_with('@')) return iequals(pattern.substr(1), address.domain);
  if (pattern == "<>") return address.is_null();
  return iequals(pattern, address.text());
}

}  // namespace

bool matches(const Filter& filter, const Record& record, const DestinationOf& destination) {
  if (filter.held && *filter.held != record.held) return false;
  if (filter.for_tls && *filter.for_tls != record.waits_for_tls()) return false;
  if (!filter.sender.empty() && !names(filter.sender, record.envelope.reverse_path)) return false;
  if (filter.recipient.empty() && filter.destination.empty()) return true;

  const auto is_meant = [&](const mail::Recipient& recipient) {
    if (recipient.status != mail::RecipientStatus::Pending) return false;
    const Address& address = recipient.address;
    if (!filter.recipient.empty() && !names(filter.recipient, address)) return false;
    return filter.destination.empty() || iequals(filter.destination, address.domain) ||
           filter.destination == key_of(destination, recipient);
  };
  return std::ranges::any_of(record.envelope.recipients, is_meant);
}

Item item_of(Record record, bool active) {
  Item item;
  item.id = record.id;
  item.held = record.held;
  item.for_tls = record.waits_for_tls();
  item.active = active;
  Time next = Time::max();
  for (std::size_t at = 0; at < record.progress.size(); ++at) {
    item.attempts = std::max(item.attempts, record.progress[at].attempts);
    if (record.envelope.recipients[at].status == mail::RecipientStatus::Pending)
      next = std::min(next, record.progress[at].next);
  }
  if (next != Time::max()) item.next_attempt = next;
  item.envelope = std::move(record.envelope);
  return item;
}

}  // namespace outrider::queue
