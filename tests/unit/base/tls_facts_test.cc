#include "outrider/base/tls_facts.h"

#include <gtest/gtest.h>

namespace outrider {
namespace {

TEST(TlsFacts, ReadAsTheLogWantsThem) {
  TlsFacts facts{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384", .group = "X25519"};
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/X25519");
  facts.peer = PeerCheck::Verified;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/X25519/verified");
  facts.group.clear();
  facts.peer = PeerCheck::Unverified;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified");
  facts.resumed = true;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified/resumed");
  facts.kernel = true;
  EXPECT_EQ(facts.text(), "TLSv1.3/TLS_AES_256_GCM_SHA384/unverified/resumed/ktls");
}

}  // namespace
}  // namespace outrider
