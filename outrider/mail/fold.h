// Header fields of our own making: folded (RFC 5322 §2.2.3), and never more than one field.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "outrider/base/address.h"

namespace outrider::mail {

/// One field, word by word. A control byte in a word becomes a question mark.
class Folder {
 public:
  explicit Folder(std::string_view name) : text_(name), column_(name.size()) {}

  /// Adds a space and `word`, on a new line where this one would pass 78 columns.
  void add(std::string_view word);
  /// The field with its line end.
  std::string done() { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  std::size_t column_;
};

/// `name value` with the value's words folded; a value longer than `bound` bytes is cut.
std::string folded(std::string_view name, std::string_view value, std::size_t bound = 4096);

/// Address::path() without control bytes: an address never ends a line.
std::string safe_path(const Address& address);

}  // namespace outrider::mail
