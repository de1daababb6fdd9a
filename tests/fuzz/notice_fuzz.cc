// Whatever a server said and a client wrote: the notice has lines that end with CRLF, 7-bit where
// it says so, and one group of fields a recipient.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "outrider/mail/header_scanner.h"
#include "outrider/mail/notice.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace outrider::mail;
  std::array<std::string, 6> words;
  for (std::size_t i = 0, word = 0; i < size; ++i) {
    if (data[i] == '|' && word + 1 < words.size()) {
      ++word;
    } else {
      words[word] += static_cast<char>(data[i]);
    }
  }
  Envelope original;
  original.reverse_path = {words[0] + "x", "example.org"};
  original.envid = words[1];
  Recipient recipient;
  recipient.address = {words[2] + "y", "example.net"};
  recipient.orcpt = words[3];
  recipient.reply = words[4];
  recipient.remote = words[5];
  NoticeFacts facts;
  facts.host = "mx.example.org";
  facts.id = "0123456789ABC";
  facts.header = "Subject: x\r\n";
  const auto notice = make_notice(NoticeKind::Failure, original, {&recipient}, facts);
  require(notice.has_value());
  const auto& content = notice->content;
  for (std::size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n') require(i > 0 && content[i - 1] == '\r');
    if (content[i] == '\r') require(i + 1 < content.size() && content[i + 1] == '\n');
    require(content[i] != '\0');
  }
  require(notice->envelope.has_eight_bit == has_eight_bit(content));
  require(count(content, "\r\nAction: ") == 1 && count(content, "\r\nStatus: ") == 1);
  require(count(content, "\r\nTo:") == 1 && count(content, "\r\nBcc:") == 0);
  return 0;
}
