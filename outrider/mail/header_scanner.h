// A look at content while it streams by: where the header ends, what it has and lacks, and what a
// notice will quote of it. RFC 5322 §2.2; nothing is decoded, nothing is changed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::mail {

class HeaderScanner {
 public:
  /// `keep`: bytes of the header block that header() holds at most.
  explicit HeaderScanner(std::size_t keep = 64 * 1024) : keep_(keep) {}

  /// The next piece of content; any cut gives the same facts.
  void scan(std::string_view content);

  bool in_body() const { return in_body_; }                     ///< the header has ended
  std::uint64_t size() const { return size_; }                  ///< bytes of content so far
  std::uint64_t header_bytes() const { return header_bytes_; }  ///< with the empty line
  std::size_t fields() const { return fields_; }
  std::size_t hops() const { return hops_; }  ///< Received fields (RFC 5321 §6.3)
  bool header_has_eight_bit() const { return header_eight_bit_; }
  bool body_has_eight_bit() const { return body_eight_bit_; }
  bool has_message_id() const { return has_message_id_; }
  bool has_date() const { return has_date_; }
  bool has_from() const { return has_from_; }
  /// `TLS-Required: No` (RFC 8689 §3), on one line: the sender rather has it read than kept secret.
  bool tls_not_required() const { return tls_not_required_; }
  /// The header block as it came, without the empty line, cut behind the last whole line that fits.
  const std::string& header() const { return header_; }

 private:
  std::size_t scan_header(std::string_view content);
  void take_piece(std::string_view piece, bool ends_line);
  void end_line();
  void count_field(std::string_view name, std::string_view value);

  // What is looked for fits; longer lines only count.
  static constexpr std::size_t longest_start = 32;

  std::size_t keep_;
  std::uint64_t size_ = 0;
  std::uint64_t header_bytes_ = 0;
  std::size_t fields_ = 0;
  std::size_t hops_ = 0;
  std::size_t line_bytes_ = 0;      // of the line so far
  std::size_t line_in_header_ = 0;  // where it begins in header_
  char start_[longest_start] = {};  // its first bytes
  bool in_body_ = false;
  bool keeping_ = true;
  bool header_eight_bit_ = false;
  bool body_eight_bit_ = false;
  bool has_message_id_ = false;
  bool has_date_ = false;
  bool has_from_ = false;
  bool tls_not_required_ = false;
  std::string header_;
};

/// True where a byte above 127 is among them.
bool has_eight_bit(std::string_view bytes);

}  // namespace outrider::mail
