// Reads the parts that messages of the DNS are made of, within their bounds (RFC 1035 §4.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::dns {

/// After the first thing that is not there, all that follows is zero or empty and ok() is false.
class WireReader {
 public:
  explicit WireReader(std::string_view message) : message_(message) {}

  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::uint8_t u8();
  std::uint16_t u16();
  std::uint32_t u32();
  std::string_view bytes(std::size_t count);
  /// A name, its pointers followed (RFC 1035 §4.1.4): labels with their lengths and the root's
  /// zero, ASCII letters in lower case. Pointers lead backwards alone, so it comes to an end.
  std::string name();

 private:
  void fail() { ok_ = false; }

  std::string_view message_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// `mx.example` in the form of WireReader::name(). is_name() must hold.
std::string wire_name(std::string_view name);

}  // namespace outrider::dns
