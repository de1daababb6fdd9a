// Sessions that a client may resume. Each is given out once (RFC 8446 appendix C.4), and only under
// the key it was kept with: a key names host, port, context and policy, so a session that was made
// under a weaker policy is never resumed under a stricter one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

struct ssl_session_st;

namespace outrider::tls {

/// Safe from any thread. Bounded: the one that was kept longest ago makes room.
class SessionCache {
 public:
  explicit SessionCache(std::size_t most = 10000, std::size_t most_of_key = 4);
  ~SessionCache();
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  std::size_t size() const;
  void forget_all();

  /// Within this module: takes the session over; the newest of a key, or null.
  void keep(const std::string& key, ssl_session_st* session);
  ssl_session_st* take(const std::string& key);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Where a connection's sessions are kept. Without a cache there is no resumption.
struct Resumption {
  std::shared_ptr<SessionCache> cache;
  std::string key;
};

}  // namespace outrider::tls
