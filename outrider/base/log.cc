#include "outrider/base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include "outrider/base/clock.h"
#include "outrider/base/text.h"

namespace outrider {
namespace {

constexpr std::size_t value_limit = 256;
// The first line is written at once, what comes within this time after it together: a wake-up for
// each would cost more than the line.
constexpr auto gathering = std::chrono::milliseconds(10);
constexpr std::size_t enough = 64 * 1024;
constexpr std::string_view level_names[] = {"debug", "info", "warning", "error"};

std::string_view name(LogLevel level) { return level_names[static_cast<int>(level)]; }

// What may stand in text form without quotes; everything else is quoted by printable().
bool is_plain(std::string_view value) {
  return !value.empty() && value.size() <= value_limit && std::ranges::all_of(value, [](char c) {
    return c > ' ' && c < 127 && c != '"' && c != '\\' && c != '=';
  });
}

// JSON has no \xNN: the escapes that printable() makes become visible text.
void append_json_string(std::string& out, std::string_view value) {
  out += '"';
  for (const char c : printable(value, value_limit)) {
    if (c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_text_value(std::string& out, std::string_view value) {
  // `=` needs no escape inside quotes, and angle brackets of addresses stay readable.
  if (is_plain(value)) {
    out += value;
  } else {
    out.append("\"").append(printable(value, value_limit)).append("\"");
  }
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

struct Log::Sink {
  explicit Sink(const LogOptions& given) : options(given) {
    open();
    writer = std::thread([this] { run(); });
  }

  ~Sink() {
    {
      const std::lock_guard lock(mutex);
      ending = true;
    }
    wake.notify_all();
    writer.join();
    if (!options.path.empty() && fd >= 0) ::close(fd);
  }

  void open() {
    fd = STDERR_FILENO;
    if (options.path.empty()) return;
    const int file = ::open(options.path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
    if (file >= 0) fd = file;
  }

  void add(std::string_view line) {
    std::size_t waiting = 0;
    {
      const std::lock_guard lock(mutex);
      if (pending.size() + line.size() > options.backlog) {
        ++dropped;
        return;
      }
      waiting = pending.size();
      pending += line;
    }
    // The writer sleeps where there was nothing, and gathers where there is not enough.
    if (waiting == 0 || (waiting < enough && waiting + line.size() >= enough)) wake.notify_one();
  }

  void run() {
    std::string batch;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [this] { return ending || reopening || !pending.empty(); });
      batch.swap(pending);
      const auto lost = std::exchange(dropped, 0);
      writing = true;
      const bool reopen_now = std::exchange(reopening, false);
      lock.unlock();
      write_all(fd, batch);
      if (lost > 0) write_all(fd, fmt::format("outrider: {} log lines were dropped\n", lost));
      if (reopen_now) replace_file();
      batch.clear();
      lock.lock();
      writing = false;
      idle.notify_all();
      if (ending && pending.empty()) return;
      wake.wait_for(lock, gathering, [this] {
        return ending || reopening || flushing > 0 || pending.size() >= enough;
      });
    }
  }

  void replace_file() {
    if (options.path.empty()) return;
    const int old = fd;
    open();
    if (old != STDERR_FILENO && old != fd) ::close(old);
  }

  LogOptions options;
  int fd = -1;
  std::mutex mutex;
  std::condition_variable wake, idle;
  std::string pending;
  std::size_t dropped = 0;
  unsigned flushing = 0;  // who waits for flush()
  bool ending = false, writing = false, reopening = false;
  std::thread writer;
};

Log::Log(const LogOptions& options) : sink_(std::make_unique<Sink>(options)) {}
Log::~Log() = default;

bool Log::wants(LogLevel level) const { return level >= sink_->options.least; }
LogForm Log::form() const { return sink_->options.form; }
void Log::write(std::string_view line) { sink_->add(line); }

void Log::flush() {
  std::unique_lock lock(sink_->mutex);
  if (sink_->pending.empty() && !sink_->writing) return;
  ++sink_->flushing;
  sink_->wake.notify_one();
  sink_->idle.wait(lock, [this] { return sink_->pending.empty() && !sink_->writing; });
  --sink_->flushing;
}

void Log::reopen() {
  {
    const std::lock_guard lock(sink_->mutex);
    sink_->reopening = true;
  }
  sink_->wake.notify_one();
}

LogLine::LogLine(Log* log, LogLevel level, std::string_view event)
    : log_(log->wants(level) ? log : nullptr), level_(level) {
  if (!log_) return;
  line_.reserve(320);
  const bool stamped = log_->sink_->options.timestamps;
  if (log_->form() == LogForm::Json) {
    line_ += '{';
    if (stamped) line_.append("\"time\":\"").append(rfc3339(now())).append("\",");
    line_.append("\"level\":\"").append(name(level_)).append("\",\"event\":\"").append(event) +=
        '"';
  } else {
    if (stamped) line_.append(rfc3339(now())).append(" ");
    line_.append(name(level_)).append(" ").append(event);
  }
}

LogLine::LogLine(LogLine&& other) noexcept
    : log_(std::exchange(other.log_, nullptr)),
      level_(other.level_),
      line_(std::move(other.line_)) {}

LogLine::~LogLine() {
  if (!log_) return;
  line_ += log_->form() == LogForm::Json ? "}\n" : "\n";
  log_->write(line_);
}

LogLine& LogLine::field(std::string_view key, std::string_view value) {
  if (!log_) return *this;
  if (log_->form() == LogForm::Json) {
    line_.append(",\"").append(key).append("\":");
    append_json_string(line_, value);
  } else {
    line_.append(" ").append(key).append("=");
    append_text_value(line_, value);
  }
  return *this;
}

LogLine& LogLine::number(std::string_view key, std::int64_t value) {
  if (!log_) return *this;
  const bool json = log_->form() == LogForm::Json;
  line_.append(json ? ",\"" : " ").append(key).append(json ? "\":" : "=");
  fmt::format_to(std::back_inserter(line_), "{}", value);
  return *this;
}

}  // namespace outrider
