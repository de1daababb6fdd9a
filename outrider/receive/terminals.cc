#include "outrider/receive/terminals.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <memory>

#include "outrider/base/text.h"

namespace outrider::receive {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds patience{3};
constexpr std::size_t most_entries = 10'000, most_terminals = 32;
constexpr std::size_t longest_text = 16 * 1024, most_lines = 200;

/// A field of utmp, which has no end where it is full.
template <std::size_t N>
std::string_view field(const char (&bytes)[N]) {
  return {bytes, ::strnlen(bytes, N)};
}

std::optional<uid_t> uid_of(const std::string& user) {
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  ::getpwnam_r(user.c_str(), &entry, buffer, sizeof buffer, &found);
  return found ? std::optional(found->pw_uid) : std::nullopt;
}

// utmp outlives a session that died; its terminal may be somebody else's by now.
bool is_willing(int fd, uid_t owner) {
  struct stat facts{};
  return ::fstat(fd, &facts) == 0 && S_ISCHR(facts.st_mode) && (facts.st_mode & S_IWGRP) != 0 &&
         facts.st_uid == owner && ::isatty(fd) == 1;
}

int open_device(const std::string& device) {
  return ::open(device.c_str(), O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

bool is_line_name(std::string_view line) {
  return !line.empty() && !line.starts_with('/') && !line.contains("..") &&
         std::ranges::all_of(line, [](char c) { return c > ' ' && c < 127; });
}

void append_shown(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if ((byte >= ' ' && byte < 127) || byte == '\t') {
    out += c;
  } else if (byte < ' ' || byte == 127) {
    out += '^';
    out += static_cast<char>(byte ^ 0x40);
  } else {
    out += fmt::format("\\x{:02x}", byte);
  }
}

void append_line(std::string& out, std::string_view line) {
  for (const char c : line) append_shown(out, c);
  out += "\r\n";
}

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_field_of_interest(std::string_view line) {
  return istarts_with(line, "From:") || istarts_with(line, "Date:") ||
         istarts_with(line, "Subject:");
}

}  // namespace

std::vector<std::string> terminals_of(const std::string& user, const std::string& utmp) {
  std::vector<std::string> devices;
  const auto owner = uid_of(user);
  const int file = ::open(utmp.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (!owner || file < 0) {
    if (file >= 0) ::close(file);
    return devices;
  }
  struct utmp entry{};
  for (std::size_t n = 0; n < most_entries && devices.size() < most_terminals; ++n) {
    if (::read(file, &entry, sizeof entry) != static_cast<ssize_t>(sizeof entry)) break;
    const std::string_view line = field(entry.ut_line);
    if (entry.ut_type != USER_PROCESS || field(entry.ut_user) != user || !is_line_name(line))
      continue;
    const std::string device = fmt::format("/dev/{}", line);
    const int fd = open_device(device);
    if (fd < 0) continue;
    if (is_willing(fd, *owner)) devices.push_back(device);
    ::close(fd);
  }
  ::close(file);
  return devices;
}

awaitable<bool> write_terminal(std::string user, std::string device, std::string text) {
  const auto owner = uid_of(user);
  const int fd = owner ? open_device(device) : -1;
  if (fd < 0) co_return false;
  if (!is_willing(fd, *owner)) {
    ::close(fd);
    co_return false;
  }
  const auto executor = co_await asio::this_coro::executor;
  const auto terminal = std::make_shared<asio::posix::stream_descriptor>(executor, fd);
  asio::steady_timer limit(executor, patience);
  limit.async_wait([terminal](boost::system::error_code cleared) {
    boost::system::error_code ignored;
    if (!cleared) terminal->cancel(ignored);
  });
  const auto bytes = asio::buffer(text);
  const auto token = asio::as_tuple(asio::use_awaitable);
  const auto [failed, written] = co_await asio::async_write(*terminal, bytes, token);
  co_return !failed && written == text.size();
}

std::optional<std::string> terminal_text(const Address& from, std::string_view host, Time arrived,
                                         std::string_view content) {
  if (content.size() > longest_terminal_content) return std::nullopt;
  std::string out = "\r\n";
  append_line(out, fmt::format("Message from {} by {}, {}", printable(from.path()), host,
                               rfc5322_date(arrived)));
  bool in_header = true, shown = false;
  std::size_t lines = 0;
  while (!content.empty()) {
    const std::string_view line = take_line(content);
    if (in_header) {
      in_header = !line.empty();
      const bool continues = line.starts_with(' ') || line.starts_with('\t');
      shown = !in_header || is_field_of_interest(line) || (continues && shown);
      if (!shown) continue;
    }
    append_line(out, line);
    if (++lines > most_lines || out.size() > longest_text) return std::nullopt;
  }
  out += "EOF\r\n";
  return out;
}

}  // namespace outrider::receive
