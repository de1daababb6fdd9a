#include <gtest/gtest.h>

#include "outrider/tls/context.h"

namespace outrider::tls {
namespace {

TEST(ClientContext, NamesTheFileItCannotRead) {
  const auto context = ClientContext::load({.ca_file = "/nowhere.pem"});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().place, "/nowhere.pem");
}

}  // namespace
}  // namespace outrider::tls
