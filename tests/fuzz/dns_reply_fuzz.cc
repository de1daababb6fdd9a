// Any bytes as a forwarder's reply behind the right number and question: read within bounds, and
// nothing comes out that a log or a record could be hurt by.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "outrider/dns/message.h"
#include "outrider/dns/records.h"

namespace {

using namespace outrider::dns;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr RecordType types[] = {RecordType::A,    RecordType::Alias, RecordType::Pointer,
                                RecordType::Mx,   RecordType::Text,  RecordType::Aaaa,
                                RecordType::Tlsa, RecordType::Mx};

bool is_readable(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

void read_data(const std::string& data) {
  if (const auto name = read_name(data)) require(name->empty() || is_name(*name));
  if (const auto mx = read_mx(data)) require(mx->host.empty() || is_name(mx->host));
  if (const auto text = read_text(data)) require(text->size() < data.size());
  if (const auto tlsa = read_tlsa(data)) require(tlsa->data.size() + 3 == data.size());
  if (const auto address = read_ipv6(data)) require(data.size() == 16);
}

void check(const Query& query, const std::string& message) {
  const auto reply = read_reply(message, query);
  if (!reply) return;
  require(is_reply_to(message, query));
  require(reply->data.size() <= Source::most_records);
  require(is_readable(reply->last));
  require(reply->ttl.count() >= 0 && reply->ttl.count() <= 0x7FFFFFFF);
  require(!reply->truncated || reply->data.empty());
  require(!reply->authentic || (static_cast<unsigned char>(message[3]) & 0x20) != 0);
  for (const auto& data : reply->data) read_data(data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t flags_and_counts = 10;
  if (size < 1 + flags_and_counts) return 0;
  Query query;
  query.id = 0x1234;
  query.name = "mx.example";
  query.type = types[bytes[0] % 8];
  query.edns = false;
  const std::string_view said(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto asked = write_query(query);
  std::string message(asked, 0, 2);
  message += said.substr(0, flags_and_counts);
  message += asked.substr(12);
  message += said.substr(flags_and_counts);
  message[2] = static_cast<char>(message[2] | 0x80);
  check(query, message);
  check(query, std::string(said));
  return 0;
}
