// Any bytes as a message's record: refused, or a record that is encoded to the same bytes again.
#include <cstdint>
#include <cstdlib>

#include "outrider/queue/record.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

outrider::MessageId id_in(std::string_view bytes) {
  outrider::MessageId id;
  for (std::size_t at = 1; at < 9 && at < bytes.size(); ++at)
    id.value = id.value << 8 | static_cast<std::uint8_t>(bytes[at]);
  return id;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace outrider;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const MessageId id = id_in(bytes);
  const auto record = queue::decode(bytes, id);
  if (!record) return 0;
  require(record->id == id);
  require(record->progress.size() == record->envelope.recipients.size());
  const std::string again = queue::encode(*record);
  require(again == bytes);
  require(queue::decode(again, id) == record);
  require(!queue::decode(bytes, {id.value + 1}));
  return 0;
}
