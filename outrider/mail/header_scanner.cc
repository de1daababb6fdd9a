#include "outrider/mail/header_scanner.h"

#include <algorithm>
#include <cstring>

#include "outrider/base/text.h"

namespace outrider::mail {

// Without a branch in the loop over a block, so that the compiler makes vector code of it.
bool has_eight_bit(std::string_view bytes) {
  constexpr std::size_t block = 256;
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, block);
    unsigned char all = 0;
    for (const char c : part) all |= static_cast<unsigned char>(c);
    if (all & 0x80) return true;
    bytes.remove_prefix(part.size());
  }
  return false;
}

void HeaderScanner::scan(std::string_view content) {
  size_ += content.size();
  if (!in_body_) content.remove_prefix(scan_header(content));
  if (in_body_ && !body_eight_bit_) body_eight_bit_ = has_eight_bit(content);
}

std::size_t HeaderScanner::scan_header(std::string_view content) {
  std::size_t taken = 0;
  while (taken < content.size() && !in_body_) {
    const auto rest = content.substr(taken);
    const auto lf = rest.find('\n');
    const bool ends = lf != std::string_view::npos;
    const auto piece = rest.substr(0, ends ? lf + 1 : rest.size());
    taken += piece.size();
    take_piece(piece, ends);
  }
  return taken;
}

void HeaderScanner::take_piece(std::string_view piece, bool ends_line) {
  header_bytes_ += piece.size();
  if (!header_eight_bit_) header_eight_bit_ = has_eight_bit(piece);
  if (line_bytes_ < longest_start) {
    const auto room = std::min(piece.size(), longest_start - line_bytes_);
    std::memcpy(start_ + line_bytes_, piece.data(), room);
  }
  line_bytes_ += piece.size();
  if (keeping_ && header_.size() + piece.size() > keep_) {
    header_.resize(line_in_header_);
    keeping_ = false;
  }
  if (keeping_) header_ += piece;
  if (ends_line) end_line();
}

void HeaderScanner::end_line() {
  const std::string_view start(start_, std::min(line_bytes_, longest_start));
  if (start == "\r\n" || start == "\n") {
    in_body_ = true;
    if (keeping_) header_.resize(line_in_header_);
    return;
  }
  if (start[0] != ' ' && start[0] != '\t') {
    ++fields_;
    const auto colon = start.find(':');
    const bool whole = line_bytes_ <= longest_start;
    if (colon != std::string_view::npos)
      count_field(trim(start.substr(0, colon)), whole ? start.substr(colon + 1) : "");
  }
  line_bytes_ = 0;
  if (keeping_) line_in_header_ = header_.size();
}

void HeaderScanner::count_field(std::string_view name, std::string_view value) {
  if (iequals(name, "Received")) ++hops_;
  if (iequals(name, "Message-ID")) has_message_id_ = true;
  if (iequals(name, "Date")) has_date_ = true;
  if (iequals(name, "From")) has_from_ = true;
  if (iequals(name, "TLS-Required") && iequals(trim(value.substr(0, value.find('\r'))), "No"))
    tls_not_required_ = true;
}

}  // namespace outrider::mail
