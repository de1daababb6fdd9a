// What is kept of a message beside its content: envelope and progress, as one record. The bytes
// are described in docs/queue-format.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/message_id.h"
#include "outrider/base/result.h"
#include "outrider/mail/envelope.h"

namespace outrider::queue {

/// How far one recipient is. What became of it is in the envelope's recipient.
struct Progress {
  unsigned attempts = 0;
  Time next{};           ///< not before; the epoch: at once
  bool warned = false;   ///< the sender was told that it is late
  bool for_tls = false;  ///< it waits for security alone, which the destination had or promises

  bool operator==(const Progress&) const = default;
};

/// Where a message's content lies: in the table of bodies, or in a file of its own; read in chunks
/// of at most 256 KiB.
struct Content {
  std::uint32_t chunks = 0;
  bool in_file = false;

  bool operator==(const Content&) const = default;
};

struct Record {
  MessageId id;
  Content content;
  bool held = false;
  mail::Envelope envelope;
  std::vector<Progress> progress;  ///< one for each recipient of the envelope

  bool operator==(const Record&) const = default;
  bool pending() const;        ///< somebody still waits for it
  bool waits_for_tls() const;  ///< and one of them for security alone
};

constexpr std::size_t most_recipients = 1 << 20;

std::string encode(const Record& record);
/// The record of a message that nobody has tried yet.
std::string encode_new(MessageId id, const Content& content, const mail::Envelope& envelope);
/// Takes any bytes. Fails unless they are one whole record of version 1 for the message `id`.
Result<Record> decode(std::string_view bytes, MessageId id);

// Keys: numbers with the highest byte first, so that the order of keys is the order of arrival.
std::string message_key(MessageId id);
std::string chunk_key(MessageId id, std::uint32_t number);
std::optional<MessageId> message_of_key(std::string_view key);

}  // namespace outrider::queue
