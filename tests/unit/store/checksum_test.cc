#include "outrider/store/checksum.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#ifdef __x86_64__
namespace outrider::store {
namespace {

using rocksdb::crc32c::Extend;
constexpr const char* name = "_ZN7rocksdb6crc32c6ExtendEjPKcm";

TEST(Checksum, IsThatOfTheTestVectors) {  // RFC 3720 B.4
  const std::string zeros(32, '\0'), ones(32, '\xff');
  EXPECT_EQ(Extend(0, zeros.data(), zeros.size()), 0x8a9136aau);
  EXPECT_EQ(Extend(0, ones.data(), ones.size()), 0x62a8ab43u);
  EXPECT_EQ(Extend(0, "123456789", 9), 0xe3069283u);
}

TEST(Checksum, IsOursWhereRocksDbLooksForIt) {
  EXPECT_EQ(dlsym(RTLD_DEFAULT, name), reinterpret_cast<void*>(&Extend));
}

TEST(Checksum, IsThatOfTheLibraryForAnySizeAndStart) {
  const auto library = reinterpret_cast<decltype(&Extend)>(dlsym(RTLD_NEXT, name));
  ASSERT_TRUE(library);
  ASSERT_NE(library, &Extend);
  std::minstd_rand random(1);
  std::string bytes(5000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (std::size_t size = 0; size < 70; ++size) {
    const char* from = bytes.data() + size % 9;
    EXPECT_EQ(Extend(17, from, size), library(17, from, size)) << size;
  }
  EXPECT_EQ(Extend(0, bytes.data(), 5000), library(0, bytes.data(), 5000));
}

}  // namespace
}  // namespace outrider::store
#endif
