// Both ends of a TLS connection in one process, driven by turns over a socket pair.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "outrider/tls/context.h"

namespace outrider::tls {

struct SocketPair {
  SocketPair() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds); }
  ~SocketPair() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  int fds[2];
};

struct Pair {
  Pair(const ServerContext& server_context, const ClientContext& client_context,
       std::string_view host, const trust::Verdict& verdict, Resumption resumption = {},
       std::optional<Version> only = std::nullopt)
      : server(*Session::server(server_context, sockets.fds[0], only)),
        client(*Session::client(client_context, sockets.fds[1], host, verdict,
                                std::move(resumption))) {}

  /// True when both have finished; false when one has failed, or neither gets further.
  bool shake_hands() {
    auto server_want = Want::Read;
    auto client_want = Want::Read;
    for (int turn = 0; turn < 10; ++turn) {
      if (client_want != Want::Nothing) client_want = client.handshake().want;
      if (server_want != Want::Nothing) server_want = server.handshake().want;
      if (client_want == Want::Failed || server_want == Want::Failed) return false;
      if (client_want == Want::Nothing && server_want == Want::Nothing) return true;
    }
    return false;
  }

  static std::string move(Session& from, Session& to, std::string_view text) {
    from.write(text);
    char buffer[256];
    const auto step = to.read(buffer);
    return step.want == Want::Nothing ? std::string(buffer, step.bytes) : std::string();
  }

  /// One word each way, so that tickets arrive, and a goodbye.
  bool talk_and_part() {
    const bool talked =
        move(client, server, "NOOP") == "NOOP" && move(server, client, "OK") == "OK";
    client.shutdown();
    return talked;
  }

  SocketPair sockets;
  Session server;
  Session client;
};

inline trust::Verdict verdict_for(trust::Level level, std::vector<std::string> names) {
  trust::Verdict verdict;
  verdict.level = level;
  verdict.names = std::move(names);
  return verdict;
}

}  // namespace outrider::tls
