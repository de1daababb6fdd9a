// Any bytes as replies: the same replies whatever the cut, text without control bytes, and bounds.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "outrider/smtp/reply_parser.h"

namespace {

using outrider::smtp::Reply;
using outrider::smtp::ReplyParser;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Seen {
  std::vector<Reply> replies;
  std::string why;
  bool operator==(const Seen&) const = default;
};

Seen seen(std::string_view bytes, std::size_t cut) {
  Seen seen;
  ReplyParser parser(512, 2048);
  for (std::string_view part : {bytes.substr(0, cut), bytes.substr(cut)}) {
    while (!part.empty() && !parser.broken()) {
      part.remove_prefix(parser.read(part));
      if (parser.complete()) seen.replies.push_back(parser.take());
    }
  }
  seen.why = parser.why();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = seen(bytes, 0);
  require(whole == seen(bytes, bytes.size() * data[0] / 255));
  for (const auto& reply : whole.replies) {
    require(reply.code >= 200 && reply.code < 600 && reply.text.size() <= 4 * 2048);
    for (const char c : reply.text) require(c == '\n' || (c & 0x80) || (c >= 0x20 && c < 0x7f));
    require(reply.status.empty() || reply.status[0] - '0' == reply.code / 100);
  }
  return 0;
}
