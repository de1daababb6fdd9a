// What one attempt to deliver a claim came to, as values: what was said about whom, and by whom.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outrider/smtp/reply.h"

namespace outrider::deliver {

/// The last words about one recipient. 2yz: taken; 4yz: later; 5yz: never.
struct Said {
  std::uint32_t recipient = 0;  ///< index in the envelope
  smtp::Reply reply;
  bool ours = false;  ///< nobody else said it
  /// It waits whatever the reply's code: a server that refused to talk at all has not judged it.
  bool waits = false;
  /// The wait is ours alone, for TLS to come back: the end of the lifetime is not judged by it.
  bool held = false;
  bool for_tls = false;  ///< it waits for security alone
};

/// Recipients of the claim that nothing was said about are due again at once.
struct Attempt {
  std::vector<Said> said;
  std::string relay;           ///< for the log: `mx.example[192.0.2.1]:25`, `local`, `none`
  std::string remote;          ///< the same, for words that are not ours
  std::string tls;             ///< TlsFacts::text(); empty in clear
  std::string level;           ///< of trust::decide; empty where nothing was connected
  std::string rule;            ///< the reason that decided it
  bool here = false;           ///< into a mailbox, not to a next hop
  bool peer_notifies = false;  ///< the next hop offers DSN, and tells of success itself
  bool in_doubt = false;       ///< the end of content was sent and not answered

  /// The same words about all of them.
  void say(const std::vector<std::uint32_t>& recipients, const smtp::Reply& reply, bool ours,
           bool waits = false, bool held = false, bool for_tls = false) {
    said.clear();
    said.reserve(recipients.size());
    for (const auto recipient : recipients) {
      said.push_back({recipient, reply, ours, waits, held, for_tls});
    }
  }
};

}  // namespace outrider::deliver
