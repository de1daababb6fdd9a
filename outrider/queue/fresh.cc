#include "outrider/queue/fresh.h"

#include <unordered_map>

#include "outrider/mail/source_route.h"

namespace outrider::queue {

std::uint32_t shard_of(std::string_view key, unsigned shards) {
  return shards < 2 ? 0 : static_cast<std::uint32_t>(std::hash<std::string_view>{}(key) % shards);
}

std::string key_of(const DestinationOf& destination, const mail::Recipient& recipient) {
  if (recipient.route.empty()) return destination(recipient.address);
  return destination({"", std::string(mail::first_host(recipient.route))});
}

std::vector<Group> group_pending(const mail::Envelope& envelope, const DestinationOf& destination,
                                 unsigned shards) {
  std::vector<Group> groups;
  std::unordered_map<std::string, std::size_t> known;
  for (std::uint32_t at = 0; at < envelope.recipients.size(); ++at) {
    const mail::Recipient& recipient = envelope.recipients[at];
    if (recipient.status != mail::RecipientStatus::Pending) continue;
    std::string key = key_of(destination, recipient);
    // Most messages go to one place, without the map.
    if (!groups.empty() && groups.back().key == key) {
      groups.back().recipients.push_back(at);
      continue;
    }
    if (known.empty() && !groups.empty()) known.emplace(groups.front().key, 0);
    if (!groups.empty()) {
      const auto [place, is_new] = known.emplace(key, groups.size());
      if (!is_new) {
        groups[place->second].recipients.push_back(at);
        continue;
      }
    }
    const std::uint32_t shard = shard_of(key, shards);
    groups.push_back({std::move(key), shard, {at}});
  }
  return groups;
}

void Fresh::count() {
  std::size_t bytes = sizeof(Fresh) + body.capacity() + groups.size() * sizeof(Group);
  for (const mail::Recipient& recipient : envelope.recipients)
    bytes += sizeof recipient + recipient.address.local_part.size() + recipient.orcpt.size();
  counted = bytes;
  budget->take(bytes);
}

}  // namespace outrider::queue
