#include "outrider/tls/tlsa_data.h"

#include <gtest/gtest.h>

#include "outrider/tls/tlsa_of.h"
#include "support/test_ca.h"

namespace outrider::tls {
namespace {

TEST(TlsaData, IsReadableWhereItIsAWholeCertificateOrKey) {
  test::TestCa ca;
  const auto files = ca.issue("mx.test");
  for (const std::uint8_t selector : {0, 1}) {
    const TlsaKind kind{.usage = 3, .selector = selector, .matching = 0};
    Tlsa record = *tlsa_of({files.certificate, files.key}, kind);
    EXPECT_TRUE(is_readable(record));
    Tlsa other = record;
    other.selector = 1 - selector;
    EXPECT_FALSE(is_readable(other)) << "a key is no certificate";
    record.data.push_back('x');
    EXPECT_FALSE(is_readable(record)) << "more behind it";
    record.data.resize(record.data.size() - 2);
    EXPECT_FALSE(is_readable(record)) << "less";
  }
  EXPECT_FALSE(is_readable({3, 1, 0, std::string("\x30\x02\x05\x00", 4)})) << "any SEQUENCE";
}

TEST(TlsaData, OfADigestIsNothingToBeRead) {
  EXPECT_TRUE(is_readable({3, 1, 1, std::string(32, 'x')}));
}

}  // namespace
}  // namespace outrider::tls
