// Questions and replies of the DNS as bytes (RFC 1035 §4.1), for a resolver whose AD bit is to be
// seen: with EDNS (RFC 6891) and the DO bit (RFC 3225). No I/O. Whoever answers is a peer, so a
// reply is read within its bounds, and what is not well-formed is no reply.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "outrider/dns/source.h"

namespace outrider::dns {

struct Query {
  std::uint16_t id = 0;
  std::string name;  ///< is_name() holds
  RecordType type = RecordType::A;
  bool edns = true;
  bool checking_disabled = false;  ///< CD: data that does not validate is wanted, too
};

/// One datagram, or one message of a stream without its length.
std::string write_query(const Query& query);

enum class Code : int {
  NoError = 0,
  FormErr = 1,
  ServFail = 2,
  NxDomain = 3,
  NotImp = 4,
  Refused = 5,
  BadVers = 16
};

struct Reply {
  Code code = Code::NoError;  ///< with the bits of EDNS
  bool truncated = false;     ///< nothing else of it is of use
  /// AD from a server that copied the DO bit. AD alone may be an echo, or a server's that knows
  /// nothing of DNSSEC; the question does not have it (RFC 6840 §5.7), so that none can echo it.
  bool authentic = false;
  /// False: the reply ends with an alias, and tells neither data nor that there is none. The
  /// question is then for `last` (RFC 7672 §2.1.3).
  bool complete = true;
  /// Neither an answer nor a denial, but the names of other servers: not what a resolver says.
  bool referral = false;
  std::string last;             ///< where aliases led, as canonical of Answer
  std::chrono::seconds ttl{0};  ///< the least of all that led to the answer
  std::vector<std::string> data;
};

/// Whether the message is a reply to this query at all: all else is somebody's guess.
bool is_reply_to(std::string_view message, const Query& query);

/// nullopt: not well-formed.
std::optional<Reply> read_reply(std::string_view message, const Query& query);

}  // namespace outrider::dns
