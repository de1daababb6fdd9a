#include "outrider/mail/fold.h"

#include <algorithm>

namespace outrider::mail {
namespace {

constexpr std::size_t most_columns = 78;
constexpr std::size_t hard_limit = 990;  // RFC 5322 §2.1.1: 998, and room for the fold

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

void Folder::add(std::string_view word) {
  if (word.empty()) return;
  if (column_ + 1 + word.size() > most_columns && column_ > 1) {
    text_ += "\r\n";
    column_ = 0;
  }
  text_ += ' ';
  ++column_;
  for (const char c : word) {
    const bool between = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (column_ >= hard_limit && between) {
      text_ += "\r\n ";
      column_ = 1;
    }
    text_ += is_control(c) ? '?' : c;
    ++column_;
  }
}

std::string folded(std::string_view name, std::string_view value, std::size_t bound) {
  Folder folder(name);
  auto cut = std::min(value.size(), bound);
  while (cut > 0 && cut < value.size() && (static_cast<unsigned char>(value[cut]) & 0xc0) == 0x80) {
    --cut;
  }
  value = value.substr(0, cut);
  while (!value.empty()) {
    const auto end = std::min(value.find_first_of(" \t\r\n"), value.size());
    folder.add(value.substr(0, end));
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return folder.done();
}

std::string safe_path(const Address& address) {
  auto path = address.path();
  std::ranges::replace_if(path, is_control, '?');
  return path;
}

}  // namespace outrider::mail
