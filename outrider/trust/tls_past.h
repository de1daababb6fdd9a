// What was seen of the TLS of hosts, so that its absence is noticed. The rules are those of
// trust/history.h; here is the table. It lives on one I/O thread, and in memory alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "outrider/trust/history.h"

namespace outrider::trust {

class TlsPast {
 public:
  explicit TlsPast(const HistoryRules& rules, std::size_t most = 10000)
      : rules_(rules), most_(most) {}

  /// A handshake with `host` (`mx.example:25`) succeeded.
  void seen(const std::string& host, std::string_view version, Time now);
  /// None was to be had; nothing: it was not expected.
  std::optional<Absence> missed(const std::string& host, Time now);
  /// An operator's word: it may be gone. True where it was missed.
  bool forget(const std::string& host);
  const TlsHistory* find(const std::string& host) const;
  std::size_t size() const { return hosts_.size(); }

 private:
  void make_room(Time now);

  HistoryRules rules_;
  std::size_t most_;
  std::unordered_map<std::string, TlsHistory> hosts_;
};

}  // namespace outrider::trust
