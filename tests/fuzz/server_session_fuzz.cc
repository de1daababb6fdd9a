// A hostile client against the server: wherever its bytes are cut, the replies, the messages and
// the end are the same. STARTTLS of RFC 3207 is left out, since a cut behind it is told apart on
// purpose; that of the 1997 draft is in.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "support/dialogue.h"

namespace {

using namespace outrider;

void require(bool holds) {
  if (!holds) std::abort();
}

smtp::ServerOptions options_of(std::uint8_t bits) {
  const bool draft = (bits & 32) != 0;
  auto options = draft ? test::draft_options() : test::mx_options();
  options.offer_starttls = draft;
  options.require_tls = (bits & 64) != 0;
  options.lmtp = (bits & 1) != 0;
  options.line_ends = (bits & 2) != 0 ? smtp::LineEnds::Repair : smtp::LineEnds::Strict;
  options.offer_chunking = (bits & 4) == 0;
  options.limits = {.command_line = 100,
                    .recipients = 3,
                    .message_size = 200,
                    .errors = 5,
                    .idle_commands = 10,
                    .transactions = 2};
  return options;
}

// Some senders and recipients are refused, by a rule that depends on nothing but them.
test::Dialogue played(std::uint8_t bits, std::string_view bytes, test::Cut cut) {
  test::Dialogue client(options_of(bits));
  client.on_recipient = [](const smtp::RcptCommand& rcpt) {
    const bool known = rcpt.forward_path.local_part.size() % 3 != 0;
    return smtp::Reply(known ? smtp::replies::recipient_ok : smtp::replies::unknown_user);
  };
  if ((bits & 8) != 0) client.open();
  if ((bits & 16) != 0) client.says("DATA\r\n");
  client.says(bytes, cut);
  return client;
}

void check(const test::Dialogue& client, bool strict) {
  const auto& replies = client.replies();
  require(replies.ends_with("\r\n"));
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i] == '\n') require(i > 0 && replies[i - 1] == '\r');
  }
  for (const auto& message : client.messages()) {
    require(!message.recipients.empty() && message.recipients.size() <= 3);
    require(message.content.size() <= 200);
  }
  for (const auto& mail : client.senders()) {
    if (mail.body == smtp::Body::BinaryMime) return;
  }
  for (const auto& message : client.messages()) {
    const auto& text = message.content;
    require(!text.contains('\0'));
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') require(i > 0 && text[i - 1] == '\r');
      if (text[i] == '\r' && strict) require(i + 1 < text.size() && text[i + 1] == '\n');
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const auto whole = played(data[0], bytes, test::whole);
  check(whole, (data[0] & 2) == 0);
  for (const auto cut : {test::by_byte, test::by_line, test::cut_at(data[1])}) {
    const auto other = played(data[0], bytes, cut);
    require(other.replies() == whole.replies());
    require(other.messages() == whole.messages());
    require(other.senders() == whole.senders() && other.recipients() == whole.recipients());
    require(other.why_closed() == whole.why_closed());
    require(other.dropped() == whole.dropped());
    require(other.handshaking() == whole.handshaking());
  }
  return 0;
}
