// CRC-32C (RFC 3720 B.4) for RocksDB by the processor's own instruction. Debian builds the library
// for processors that have none, and a quarter of what a large message costs went there. A
// program's symbol goes before that of a shared library: it is this function that RocksDB calls.
#include "outrider/store/checksum.h"

#include <dlfcn.h>

#include <cstring>

#ifdef __x86_64__
#include <nmmintrin.h>

namespace rocksdb::crc32c {
namespace {

__attribute__((target("sse4.2"))) std::uint32_t by_processor(std::uint32_t crc, const char* bytes,
                                                             std::size_t size) {
  std::uint64_t wide = ~crc;
  for (; size >= sizeof wide; bytes += sizeof wide, size -= sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++bytes, --size)
    narrow = _mm_crc32_u8(narrow, static_cast<unsigned char>(*bytes));
  return ~narrow;
}

}  // namespace

std::uint32_t Extend(std::uint32_t crc, const char* bytes, std::size_t size) {
  if (__builtin_cpu_supports("sse4.2")) return by_processor(crc, bytes, size);
  static const auto library =
      reinterpret_cast<decltype(&Extend)>(dlsym(RTLD_NEXT, "_ZN7rocksdb6crc32c6ExtendEjPKcm"));
  return library(crc, bytes, size);
}

}  // namespace rocksdb::crc32c
#endif
