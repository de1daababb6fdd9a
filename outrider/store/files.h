// Content that is too large for a table: a file each, in one folder. It goes to the disk once,
// where a table costs a log and later merges as well. A file is frames of equal length, the last
// one shorter, each with its checksum behind it (docs/queue-format.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/fd.h"
#include "outrider/base/result.h"

namespace outrider::store {

constexpr std::size_t frame_bytes = 256 << 10;

/// A file that is being written, by one thread at a time. It stays when this ends.
class NewFile {
 public:
  Result<void> append(std::string_view bytes);
  /// Ends the file: all of it, and its name, survive a power cut when this returns a value.
  Result<void> sync();

 private:
  friend class Files;
  NewFile(Fd file, int folder, std::string place)
      : file_(std::move(file)), folder_(folder), place_(std::move(place)) {}
  Result<void> write(std::string_view bytes);
  Result<void> end_frame();

  Fd file_;
  int folder_;  ///< of Files, which outlives it
  std::string place_;
  std::size_t in_frame_ = 0;
  std::uint32_t checksum_ = 0;
};

/// Names are not empty and hold neither `/` nor a dot in front. Safe from any thread. Errors name
/// the file.
class Files {
 public:
  /// Makes the folder with mode 0700 where it is not there. Fails where prepare_folder() does.
  static Result<Files> open(const std::string& path);

  /// A file of that name which is there is made anew.
  Result<NewFile> create(const std::string& name) const;
  /// The frame `number`, counted from 0; nothing where there is no such file or frame. A frame that
  /// is not what was written is an error.
  Result<std::optional<std::string>> read(const std::string& name, std::uint32_t number) const;
  /// No such file is no error. A power cut may bring it back.
  Result<void> erase(const std::string& name) const;
  Result<std::vector<std::string>> names() const;

 private:
  Files(Fd folder, std::string path) : folder_(std::move(folder)), path_(std::move(path)) {}
  std::string place(const std::string& name) const { return path_ + "/" + name; }

  Fd folder_;
  std::string path_;
};

}  // namespace outrider::store
