// Which route for which recipient, and the queue's key for it: recipients of one message with one
// key are delivered together. Built when the configuration is read, then only looked at; safe from
// any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "outrider/deliver/route.h"

namespace outrider::deliver {

/// What a key of the queue means.
struct Destination {
  std::string key;
  Route route;
  std::string domain;  ///< of the recipients, for the kind Mx; else empty
};

/// With nothing added, all mail goes by MX.
class Routes {
 public:
  /// `pattern`: `user@example.org` (any case), `example.org`, `.example.org` (all below it, not
  /// itself), `*` (the rest). Fails on another form and on a pattern that is there already.
  Result<void> add(std::string_view pattern, Route route);

  /// The most exact one: address, domain, the longest suffix, `*`.
  const Route& route_for(const Address& recipient) const { return find(recipient).route; }

  /// Mx: the domain; others: the route's text. With a TLS level of the route's own, `?tls=…`
  /// follows, and `#` with the mark of a TLS profile of its own, because recipients with different
  /// TLS must not share a connection.
  std::string key_for(const Address& recipient) const;

  /// The way back from a key. One of a route that is not configured any more means what its text
  /// says; what says nothing becomes an error route with 451 4.3.5, so that the mail waits.
  Destination destination(std::string_view key) const;

 private:
  struct Entry {
    Route route;
    std::string key;  // empty for Mx: the domain makes it
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Table = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  const Entry& find(const Address& recipient) const;
  const Entry* find_suffix(std::string_view domain) const;

  Table addresses_, domains_, suffixes_;
  void learn(const std::string& key, const Route& route);

  std::unordered_map<std::string, Route, Hash, std::equal_to<>> by_key_;
  std::unordered_map<std::string, TlsProfile, Hash, std::equal_to<>> by_mark_;
  Entry rest_;
  bool rest_given_ = false;
};

}  // namespace outrider::deliver
