// The log: one line an event, key=value in the field's usual words, or JSON. A line is built in
// place and leaves in one piece; a thread of its own writes, so that no caller waits for a disk.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace outrider {

enum class LogLevel { Debug, Info, Warning, Error };
enum class LogForm { Text, Json };

class Log;

/// One line, written when it is destroyed. Values that need it are quoted, control bytes are
/// escaped, and each value is cut at 256 bytes, so that no peer can forge or flood a line.
///
///     log.info("delivered").field("id", id.text()).field("status", "sent");
class LogLine {
 public:
  LogLine(Log* log, LogLevel level, std::string_view event);
  LogLine(LogLine&& other) noexcept;
  LogLine& operator=(LogLine&&) = delete;
  ~LogLine();

  LogLine& field(std::string_view key, std::string_view value);
  LogLine& field(std::string_view key, const std::string& value) {
    return field(key, std::string_view(value));
  }
  LogLine& field(std::string_view key, const char* value) {
    return field(key, std::string_view(value));
  }
  template <std::integral Number>
  LogLine& field(std::string_view key, Number value) {
    return number(key, static_cast<std::int64_t>(value));
  }

 private:
  LogLine& number(std::string_view key, std::int64_t value);

  Log* log_;
  LogLevel level_;
  std::string line_;
};

struct LogOptions {
  LogForm form = LogForm::Text;
  LogLevel least = LogLevel::Info;
  std::string path;               ///< a file that is appended to; empty: standard error
  bool timestamps = true;         ///< off where the journal adds its own
  std::size_t backlog = 4 << 20;  ///< bytes waiting at most; then lines are counted and dropped
};

/// Where lines go. Safe from any thread. A line is written within 10 ms of its end, together with
/// those that came behind it; destroyed, it writes all that is waiting.
class Log {
 public:
  explicit Log(const LogOptions& options);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  LogLine debug(std::string_view event) { return {this, LogLevel::Debug, event}; }
  LogLine info(std::string_view event) { return {this, LogLevel::Info, event}; }
  LogLine warning(std::string_view event) { return {this, LogLevel::Warning, event}; }
  LogLine error(std::string_view event) { return {this, LogLevel::Error, event}; }

  bool wants(LogLevel level) const;
  LogForm form() const;
  void flush();   ///< returns when all lines so far are written
  void reopen();  ///< after the file was moved away (SIGHUP)

 private:
  friend class LogLine;
  void write(std::string_view line);

  struct Sink;
  std::unique_ptr<Sink> sink_;
};

}  // namespace outrider
