#include "outrider/queue/record.h"

#include <algorithm>
#include <cassert>

#include "outrider/queue/wire.h"

namespace outrider::queue {
namespace {

using mail::RecipientStatus;

constexpr std::uint8_t version = 1;
// A recipient takes at least so many bytes: a count can be checked before it is believed.
constexpr std::size_t least_recipient = 10;

enum Flag : std::uint8_t {
  flag_held = 1,
  flag_eight_bit = 2,
  flag_smtputf8 = 4,
  flag_routed = 8,
  flag_require_tls = 16,
  flag_tls_optional = 32,
  flag_in_file = 64,
  flag_all = 127
};

enum ProgressFlag : std::uint8_t { progress_warned = 1, progress_for_tls = 2, progress_all = 3 };

std::uint64_t number_of(Time time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Time time_of(std::uint64_t number) { return Time(Duration(static_cast<std::int64_t>(number))); }

void write_key(std::string& out, std::uint64_t number, int bytes) {
  for (int at = bytes - 1; at >= 0; --at) out.push_back(static_cast<char>(number >> (8 * at)));
}

void write_recipient(std::string& out, const mail::Recipient& recipient, const Progress& progress) {
  write_text(out, recipient.address.local_part);
  write_text(out, recipient.address.domain);
  write_text(out, recipient.orcpt);
  out.push_back(static_cast<char>(recipient.notify));
  out.push_back(static_cast<char>(recipient.status));
  out.push_back(static_cast<char>((progress.warned ? progress_warned : 0) |
                                  (progress.for_tls ? progress_for_tls : 0)));
  write_number(out, progress.attempts);
  write_number(out, number_of(progress.next));
  write_text(out, recipient.reply);
  write_text(out, recipient.remote);
}

std::string encode_head(MessageId id, const Content& content, bool held,
                        const mail::Envelope& envelope) {
  std::string out;
  out.reserve(160 + envelope.recipients.size() * 64);
  out.push_back(static_cast<char>(version));
  write_key(out, id.value, 8);
  out.push_back(static_cast<char>(
      (held ? flag_held : 0) | (envelope.has_eight_bit ? flag_eight_bit : 0) |
      (envelope.smtputf8 ? flag_smtputf8 : 0) | (envelope.routed ? flag_routed : 0) |
      (envelope.require_tls ? flag_require_tls : 0) |
      (envelope.tls_optional ? flag_tls_optional : 0) | (content.in_file ? flag_in_file : 0)));
  write_number(out, content.chunks);
  out.push_back(static_cast<char>(envelope.body));
  out.push_back(static_cast<char>(envelope.ret));
  write_number(out, number_of(envelope.arrived));
  write_number(out, envelope.size);
  write_text(out, envelope.reverse_path.local_part);
  write_text(out, envelope.reverse_path.domain);
  write_text(out, envelope.envid);
  write_text(out, envelope.origin.helo);
  write_text(out, envelope.origin.client);
  write_text(out, envelope.origin.protocol);
  write_text(out, envelope.origin.tls);
  write_number(out, envelope.recipients.size());
  return out;
}

// Source routes stand behind all the rest, and only where there are some.
void write_routes(std::string& out, const mail::Envelope& envelope) {
  if (!envelope.routed) return;
  write_text(out, envelope.reverse_route);
  for (const auto& recipient : envelope.recipients) write_text(out, recipient.route);
}

void read_routes(Reader& in, mail::Envelope& envelope) {
  if (!envelope.routed) return;
  envelope.reverse_route = in.text();
  for (auto& recipient : envelope.recipients) recipient.route = in.text();
}

void read_recipient(Reader& in, mail::Recipient& recipient, Progress& progress) {
  recipient.address.local_part = in.text();
  recipient.address.domain = in.text();
  recipient.orcpt = in.text();
  recipient.notify = in.byte();
  recipient.status = in.choice(RecipientStatus::Expanded);
  const std::uint8_t flags = in.choice(static_cast<std::uint8_t>(progress_all));
  progress.warned = (flags & progress_warned) != 0;
  progress.for_tls = (flags & progress_for_tls) != 0;
  progress.attempts = static_cast<unsigned>(in.number(UINT32_MAX));
  progress.next = time_of(in.number());
  recipient.reply = in.text();
  recipient.remote = in.text();
}

void read_envelope(Reader& in, mail::Envelope& envelope) {
  envelope.body = in.choice(mail::BodyType::BinaryMime);
  envelope.ret = in.choice(mail::Return::Headers);
  envelope.arrived = time_of(in.number());
  envelope.size = in.number();
  envelope.reverse_path.local_part = in.text();
  envelope.reverse_path.domain = in.text();
  envelope.envid = in.text();
  envelope.origin.helo = in.text();
  envelope.origin.client = in.text();
  envelope.origin.protocol = in.text();
  envelope.origin.tls = in.text();
}

void read_recipients(Reader& in, Record& record) {
  const std::uint64_t count = in.number(most_recipients);
  if (in.failed() || count > in.left() / least_recipient) {
    in.fault();
    return;
  }
  record.envelope.recipients.resize(count);
  record.progress.resize(count);
  for (std::size_t at = 0; at < count && !in.failed(); ++at)
    read_recipient(in, record.envelope.recipients[at], record.progress[at]);
}

}  // namespace

bool Record::pending() const {
  return std::ranges::any_of(envelope.recipients, [](const mail::Recipient& recipient) {
    return recipient.status == RecipientStatus::Pending;
  });
}

bool Record::waits_for_tls() const {
  for (std::size_t at = 0; at < progress.size(); ++at) {
    const bool waits = envelope.recipients[at].status == RecipientStatus::Pending;
    if (waits && progress[at].for_tls) return true;
  }
  return false;
}

std::string encode(const Record& record) {
  const auto& recipients = record.envelope.recipients;
  assert(record.progress.size() == recipients.size());
  std::string out = encode_head(record.id, record.content, record.held, record.envelope);
  for (std::size_t at = 0; at < recipients.size(); ++at)
    write_recipient(out, recipients[at], record.progress[at]);
  write_routes(out, record.envelope);
  return out;
}

std::string encode_new(MessageId id, const Content& content, const mail::Envelope& envelope) {
  std::string out = encode_head(id, content, false, envelope);
  for (const mail::Recipient& recipient : envelope.recipients) write_recipient(out, recipient, {});
  write_routes(out, envelope);
  return out;
}

Result<Record> decode(std::string_view bytes, MessageId id) {
  Reader in(bytes);
  if (in.byte() != version)
    return fail(Blame::Environment, "a record of unknown version", "docs/queue-format.md",
                id.text());
  Record record;
  for (int at = 0; at < 8; ++at) record.id.value = record.id.value << 8 | in.byte();
  const std::uint8_t flags = in.choice(static_cast<std::uint8_t>(flag_all));
  record.held = (flags & flag_held) != 0;
  record.envelope.has_eight_bit = (flags & flag_eight_bit) != 0;
  record.envelope.smtputf8 = (flags & flag_smtputf8) != 0;
  record.envelope.routed = (flags & flag_routed) != 0;
  record.envelope.require_tls = (flags & flag_require_tls) != 0;
  record.envelope.tls_optional = (flags & flag_tls_optional) != 0;
  record.content.in_file = (flags & flag_in_file) != 0;
  record.content.chunks = static_cast<std::uint32_t>(in.number(UINT32_MAX));
  read_envelope(in, record.envelope);
  read_recipients(in, record);
  read_routes(in, record.envelope);
  if (in.failed() || in.left() != 0)
    return fail(Blame::Environment, "a damaged record", "docs/queue-format.md", id.text());
  if (record.id != id)
    return fail(Blame::Environment, "the record of message " + record.id.text(),
                "a record names its own message", id.text());
  return record;
}

std::string message_key(MessageId id) {
  std::string key;
  write_key(key, id.value, 8);
  return key;
}

std::string chunk_key(MessageId id, std::uint32_t number) {
  std::string key;
  write_key(key, id.value, 8);
  write_key(key, number, 4);
  return key;
}

std::optional<MessageId> message_of_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  MessageId id;
  for (const char byte : key) id.value = id.value << 8 | static_cast<std::uint8_t>(byte);
  return id;
}

}  // namespace outrider::queue
