#include "outrider/dns/message.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/dns/records.h"
#include "outrider/dns/wire.h"

namespace outrider::dns {
namespace {

// The flags of RFC 1035 §4.1.1 and RFC 4035 §3.
constexpr unsigned is_reply = 0x8000;
constexpr unsigned opcode_bits = 0x7800;
constexpr unsigned is_truncated = 0x0200;
constexpr unsigned recursion_desired = 0x0100;
constexpr unsigned authentic_data = 0x0020;
constexpr unsigned checking_disabled = 0x0010;
constexpr unsigned code_bits = 0x000F;

constexpr unsigned class_internet = 1;
constexpr unsigned type_ns = 2;
constexpr unsigned type_soa = 6;
constexpr unsigned type_opt = 41;
constexpr unsigned dnssec_ok = 0x8000;
// What passes every path without fragments (DNS Flag Day 2020); more comes by TCP.
constexpr unsigned datagram_size = 1232;

constexpr int most_aliases = 16;
constexpr auto no_limit = std::numeric_limits<std::uint32_t>::max();

void put(std::string& message, unsigned number) {
  message += static_cast<char>(number >> 8);
  message += static_cast<char>(number & 0xFF);
}

struct Record {
  std::string owner;
  unsigned type = 0;
  unsigned klass = 0;
  std::uint32_t ttl = 0;
  std::string data;  // a name in it is not compressed
};

// RFC 3597 §4: no type but those of RFC 1035 may have compressed names.
std::string record_data(WireReader& in, unsigned type, std::size_t size) {
  const auto end = in.at() + size;
  std::string data;
  switch (static_cast<RecordType>(type)) {
    case RecordType::Mx: data = in.bytes(2); [[fallthrough]];
    case RecordType::Alias:
    case RecordType::Pointer:
      data += in.name();
      if (in.at() != end) in.bytes(no_limit);  // the length says otherwise
      return data;
    default: return std::string(in.bytes(size));
  }
}

Record read_record(WireReader& in) {
  Record record;
  record.owner = in.name();
  record.type = in.u16();
  record.klass = in.u16();
  record.ttl = in.u32();
  const bool known = record.klass == class_internet;
  const std::size_t size = in.u16();
  record.data = known ? record_data(in, record.type, size) : std::string(in.bytes(size));
  return record;
}

std::uint32_t time_to_live(std::uint32_t ttl) {
  return ttl > std::uint32_t{0x7FFFFFFF} ? 0 : ttl;  // RFC 2181 §8
}

// RFC 2308 §5: a denial lives as long as the SOA and its last field say.
std::uint32_t denial_ttl(const Record& soa) {
  const std::string_view data = soa.data;
  WireReader minimum(data.substr(std::max<std::size_t>(data.size(), 4) - 4));
  return std::min(time_to_live(soa.ttl), time_to_live(minimum.u32()));
}

std::string name_text(const std::string& wire) {
  if (auto name = read_name(wire)) return *name;
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0;) {
    const auto length = static_cast<unsigned char>(wire[at]);
    if (at > 0) text += '.';
    text += wire.substr(at + 1, length);
    at += 1U + length;
  }
  return printable(text, 800);
}

/// From the question's name along its aliases to the records that were asked for.
class AnswerSection {
 public:
  AnswerSection(WireReader& in, unsigned count) {
    for (unsigned i = 0; i < count && in.ok(); ++i) records_.push_back(read_record(in));
  }

  // False: the aliases do not end.
  bool read(const Query& query, Reply& reply, std::uint32_t& ttl) {
    std::string name = wire_name(query.name);
    const auto type = static_cast<unsigned>(query.type);
    for (int step = 0; step <= most_aliases; ++step) {
      for (auto& record : records_) {
        if (record.klass != class_internet || record.type != type || record.owner != name) continue;
        ttl = std::min(ttl, time_to_live(record.ttl));
        if (reply.data.size() < Source::most_records) reply.data.push_back(std::move(record.data));
      }
      const auto alias = std::ranges::find_if(records_, [&](const Record& record) {
        return record.klass == class_internet && record.owner == name &&
               record.type == static_cast<unsigned>(RecordType::Alias);
      });
      if (!reply.data.empty() || alias == records_.end()) {
        reply.last = name_text(name);
        reply.complete = !reply.data.empty() || step == 0;
        return true;
      }
      ttl = std::min(ttl, time_to_live(alias->ttl));
      name = alias->data;
    }
    return false;
  }

 private:
  std::vector<Record> records_;
};

// What is told beside the answer: the SOA of a denial (RFC 2308 §2.2: without one it may be a
// referral), and EDNS.
void read_rest(WireReader& in, unsigned authority, unsigned additional, Reply& reply,
               std::uint32_t& ttl, bool& security_aware) {
  bool has_soa = false;
  bool has_ns = false;
  for (unsigned i = 0; i < authority && in.ok(); ++i) {
    const auto record = read_record(in);
    has_ns = has_ns || record.type == type_ns;
    if (record.type != type_soa || !reply.data.empty()) continue;
    has_soa = true;
    ttl = std::min(ttl, denial_ttl(record));
  }
  reply.complete = reply.complete || has_soa;
  reply.referral = reply.code == Code::NoError && reply.data.empty() && has_ns && !has_soa;
  for (unsigned i = 0; i < additional && in.ok(); ++i) {
    const auto record = read_record(in);
    if (record.type != type_opt) continue;
    reply.code = static_cast<Code>(static_cast<unsigned>(reply.code) | record.ttl >> 24 << 4);
    security_aware = (record.ttl & dnssec_ok) != 0;
  }
}

}  // namespace

std::string write_query(const Query& query) {
  std::string message;
  message.reserve(12 + query.name.size() + 2 + 4 + 11);
  put(message, query.id);
  put(message, recursion_desired | (query.checking_disabled ? checking_disabled : 0));
  for (const unsigned count : {1U, 0U, 0U, query.edns ? 1U : 0U}) put(message, count);
  message += wire_name(query.name);
  put(message, static_cast<unsigned>(query.type));
  put(message, class_internet);
  if (!query.edns) return message;
  message += '\0';  // the root
  put(message, type_opt);
  put(message, datagram_size);
  put(message, 0);  // code and version
  put(message, dnssec_ok);
  put(message, 0);  // no options
  return message;
}

bool is_reply_to(std::string_view message, const Query& query) {
  WireReader in(message);
  const unsigned id = in.u16();
  const unsigned flags = in.u16();
  const unsigned questions = in.u16();
  in.bytes(6);
  if (!in.ok() || id != query.id || (flags & is_reply) == 0 || (flags & opcode_bits) != 0) {
    return false;
  }
  // A server that could not read the question cannot repeat it.
  if (questions == 0) return (flags & code_bits) == static_cast<unsigned>(Code::FormErr);
  const auto name = in.name();
  const unsigned type = in.u16();
  const unsigned klass = in.u16();
  return in.ok() && questions == 1 && name == wire_name(query.name) &&
         type == static_cast<unsigned>(query.type) && klass == class_internet;
}

std::optional<Reply> read_reply(std::string_view message, const Query& query) {
  if (!is_reply_to(message, query)) return std::nullopt;
  WireReader in(message);
  Reply reply;
  in.u16();
  const unsigned flags = in.u16();
  reply.code = static_cast<Code>(flags & code_bits);
  reply.truncated = (flags & is_truncated) != 0;
  reply.last = to_lower(query.name);
  if (reply.last.ends_with('.')) reply.last.pop_back();
  if (reply.truncated) return reply;
  const unsigned questions = in.u16();
  const unsigned answers = in.u16();
  const unsigned authority = in.u16();
  const unsigned additional = in.u16();
  if (questions == 1) {
    in.name();
    in.bytes(4);
  }
  std::uint32_t ttl = no_limit;
  bool security_aware = false;
  if (!AnswerSection(in, answers).read(query, reply, ttl)) return std::nullopt;
  read_rest(in, authority, additional, reply, ttl, security_aware);
  if (!in.ok()) return std::nullopt;
  reply.authentic = security_aware && (flags & authentic_data) != 0;
  reply.ttl = std::chrono::seconds(ttl == no_limit ? 0 : ttl);
  return reply;
}

}  // namespace outrider::dns
