// Messages that say which they are, and whose text can be checked to the last byte on the other
// side: what the load tools send and look at again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::bench {

/// Stands in the field `X-Outrider-Bench`, the first of a message's header, before a digest of all
/// behind it up to the empty line: what servers add in front is theirs, what follows is ours.
struct Label {
  std::uint64_t run = 0;     ///< of one source: messages of another are another's
  std::uint64_t number = 0;  ///< of the message in its run
  std::uint64_t lines = 0;   ///< of text behind the header, each of line_size bytes

  bool operator==(const Label&) const = default;
};

constexpr std::size_t line_size = 78;  ///< with CRLF

/// So many lines that header and text together come nearest to `size` bytes.
std::uint64_t lines_for(std::size_t size);

/// The header, with the empty line behind it.
std::string make_header(const Label& label, std::string_view from, std::string_view to);

/// The text from byte `at` on: a piece of at least one byte, or nothing at its end. Some lines
/// begin with dots, so that dot-stuffing is put to the test.
std::string_view text_from(const Label& label, std::uint64_t at);

/// Reads a message in pieces, however it is cut, and tells whether it is whole.
class Checker {
 public:
  enum class Verdict {
    Whole,
    Damaged,    ///< bytes from the label on differ, are missing or too many
    Unlabelled  ///< no message of a source
  };

  void take(std::string_view piece);
  Verdict end() const;
  const std::optional<Label>& label() const { return label_; }
  std::uint64_t size() const { return size_; }  ///< bytes so far, header and text

 private:
  void take_header(std::string_view piece);
  void read_header(std::string_view header);
  void compare(std::string_view piece);

  std::string header_;
  bool in_text_ = false;
  bool damaged_ = false;
  std::uint64_t size_ = 0;
  std::uint64_t at_ = 0;  ///< in the text
  std::optional<Label> label_;
};

}  // namespace outrider::bench
