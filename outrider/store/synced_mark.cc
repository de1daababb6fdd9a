#include "outrider/store/synced_mark.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace outrider::store {
namespace {

// Digits and a line's end.
constexpr std::size_t digits = 16;

std::string file_of(const std::string& folder) { return folder + "/synced"; }

}  // namespace

SyncedMark::SyncedMark(const std::string& folder)
    : file_(::open(file_of(folder).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {}

void SyncedMark::set(std::uint64_t change) const {
  std::array<char, digits + 2> text{};
  std::snprintf(text.data(), text.size(), "%016llx\n", static_cast<unsigned long long>(change));
  // An older mark is true as well.
  [[maybe_unused]] const auto written = ::pwrite(file_.value(), text.data(), digits + 1, 0);
}

std::uint64_t SyncedMark::left_in(const std::string& folder) {
  const Fd file(::open(file_of(folder).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  std::array<char, digits + 1> text{};
  if (!file || ::read(file.value(), text.data(), text.size()) != ssize_t{text.size()}) return 0;
  std::uint64_t change = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, change, 16);
  return error == std::errc() && end == text.data() + digits && *end == '\n' ? change : 0;
}

}  // namespace outrider::store
