// CRC-32C (RFC 3720 B.4), as RocksDB has it: with our own function where the processor has an
// instruction for it. Inside the module only.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rocksdb::crc32c {

/// Of the bytes before, whose checksum is `crc`, and of these.
std::uint32_t Extend(std::uint32_t crc, const char* bytes, std::size_t size);

}  // namespace rocksdb::crc32c
