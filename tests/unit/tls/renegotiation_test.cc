#include <gtest/gtest.h>

#include "pair.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

struct Ends {
  explicit Ends(Version version) {
    const auto files = ca.issue("mx.test");
    ServerOptions server;
    server.keys = {{files.certificate, files.key}};
    server_context = *ServerContext::load(server);
    ClientOptions client;
    client.parameters.least = client.parameters.most = version;
    client_context = *ClientContext::load(client);
    pair.emplace(*server_context, *client_context, "mx.test",
                 verdict_for(trust::Level::Encrypt, {"mx.test"}));
    finished = pair->shake_hands();
  }
  test::TestCa ca;
  std::shared_ptr<const ServerContext> server_context;
  std::shared_ptr<const ClientContext> client_context;
  std::optional<Pair> pair;
  bool finished = false;
};

TEST(Renegotiation, T3_OurServerRefusesIt) {
  Ends ends(Version::Tls12);
  ASSERT_TRUE(ends.finished);
  EXPECT_EQ(ends.pair->client.renegotiate().want, Want::Read);
  char bytes[64];
  EXPECT_NE(ends.pair->server.read(bytes).want, Want::Nothing);
  EXPECT_EQ(ends.pair->client.handshake().want, Want::Failed);
  EXPECT_TRUE(ends.pair->client.error().starts_with("no renegotiation"));
}

TEST(Renegotiation, Tls13HasNone) {
  Ends ends(Version::Tls13);
  ASSERT_TRUE(ends.finished);
  EXPECT_EQ(ends.pair->client.renegotiate().want, Want::Failed);
  EXPECT_NE(ends.pair->client.error(), "");
}

}  // namespace
}  // namespace outrider::tls
