// Which of some files changed since one looked last: by inode, size and time, not by content.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace outrider::app {

class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> files);
  /// The first that is not as it was, or came, or went; all count as seen from now on.
  std::optional<std::string> changed();

 private:
  struct Stamp {
    ino_t inode = 0;
    off_t size = -1;
    std::int64_t modified = 0;  // ns

    bool operator==(const Stamp&) const = default;
  };
  static Stamp stamp_of(const std::string& file);

  std::vector<std::string> files_;
  std::vector<Stamp> stamps_;
};

}  // namespace outrider::app
