#include "outrider/smtp/start_tls.h"

#include <gtest/gtest.h>

namespace outrider::smtp {
namespace {

const std::vector<std::string> ours{"TLS1.3", "TLS1.2"};

TEST(StartTls, H7_AsksForTheBestTokenThatBothHave) {
  using Tokens = std::vector<std::string>;
  EXPECT_EQ(tokens_to_ask({"TLS1.0", "tls1.2"}, ours), Tokens{"TLS1.2"});
  EXPECT_EQ(tokens_to_ask({"TLS1.2", "TLS1.3"}, ours), ours);
  EXPECT_EQ(tokens_to_ask({}, ours), ours);
  EXPECT_EQ(tokens_to_ask({"TLS1.0", "SSL3.0"}, ours), Tokens{});
  EXPECT_EQ(tokens_to_ask({"SSL3.0"}, {"TLS1.2", "SSL3.0"}), Tokens{}) << "RFC 7568";
}

}  // namespace
}  // namespace outrider::smtp
