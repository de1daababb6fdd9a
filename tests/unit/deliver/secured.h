// A deliverer that trusts an authority of its own, and certificates for the servers it meets.
#pragma once

#include <string>
#include <string_view>

#include "unit/deliver/post.h"

namespace outrider::deliver {

inline std::string port_of(const ScriptedServer& server) { return std::to_string(server.port()); }

struct Secured {
  Secured() {
    client.ca_file = ca.authority_file();
    post.tls = *tls::ClientContext::load(client);
    context = context_of({});
    post.world.addresses["mx.away.test"] = {*IpAddress::parse("127.0.0.1")};
  }
  /// Of a server mx.away.test.
  std::shared_ptr<const tls::ServerContext> context_of(tls::Parameters parameters) {
    files = ca.issue("mx.away.test");
    tls::ServerOptions server;
    server.keys = {{files.certificate, files.key}};
    server.parameters = std::move(parameters);
    auto made = tls::ServerContext::load(server);
    EXPECT_TRUE(made) << made.error().text();
    return made ? *made : nullptr;
  }
  void route(const ScriptedServer& server, std::string_view level, std::string_view scheme = "smtp",
             std::string_view host = "mx.away.test", TlsProfile profile = {}) {
    if (profile.parameters) post.contexts = *TlsContexts::load(client, {*profile.parameters});
    post.route("away.test",
               std::string(scheme) + "://[" + std::string(host) + "]:" + port_of(server) +
                   "?tls=" + std::string(level),
               std::move(profile));
  }
  void send() {
    post.start();
    post.put_to("anna@away.test");
  }
  test::TestCa ca;
  test::TestCa::Files files;  ///< of the last server
  tls::ClientOptions client;
  std::shared_ptr<const tls::ServerContext> context;
  Post post;
};

}  // namespace outrider::deliver
