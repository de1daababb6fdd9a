// A ClientSession and the server's side of the talk as text, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "outrider/smtp/client_session.h"

namespace outrider::smtp {

inline Transaction to(std::initializer_list<std::string_view> users) {
  Transaction transaction;
  transaction.mail.reverse_path = {"me", "example.org"};
  for (const auto user : users) {
    transaction.recipients.push_back({{std::string(user), "example.net"}, {}, {}});
  }
  return transaction;
}

struct Talk {
  explicit Talk(ClientOptions given = {.hostname = "client.example"}, bool secure = false)
      : options(std::move(given)), session(options, secure) {}

  /// Feeds what the server says; the next event.
  ClientEvent hears(std::string_view bytes) {
    const auto room = session.prepare();
    std::memcpy(room.data(), bytes.data(), bytes.size());
    session.received(bytes.size());
    return session.next();
  }

  /// What the client has said since the last call.
  std::string says() {
    std::string said(session.output());
    session.output_sent();
    return said;
  }

  /// Greeting and EHLO with these extensions, one a line.
  void open(std::string_view extensions = "") {
    EXPECT_TRUE(is<NeedInput>(hears("220 mx.example\r\n")));
    EXPECT_TRUE(says().ends_with("client.example\r\n"));
    std::string reply = "250-mx.example\r\n";
    while (!extensions.empty()) {
      const auto end = std::min(extensions.find('\n'), extensions.size());
      reply.append("250-").append(extensions.substr(0, end)).append("\r\n");
      extensions.remove_prefix(std::min(end + 1, extensions.size()));
    }
    EXPECT_TRUE(is<Ready>(hears(reply + "250 HELP\r\n")));
  }

  template <class Expected>
  static bool is(const ClientEvent& event) {
    return std::holds_alternative<Expected>(event);
  }

  ClientOptions options;
  ClientSession session;
};

inline std::string why(const ClientEvent& event) {
  const auto* broken = std::get_if<Broken>(&event);
  return broken ? broken->why : "not broken";
}

inline std::vector<int> codes(const ClientEvent& event) {
  std::vector<int> codes;
  const auto* done = std::get_if<Done>(&event);
  if (!done) return {-1};
  for (const auto& result : done->results) codes.push_back(result.reply.code);
  return codes;
}

}  // namespace outrider::smtp
