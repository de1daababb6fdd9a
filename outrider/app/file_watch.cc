#include "outrider/app/file_watch.h"

#include <sys/stat.h>

#include <utility>

namespace outrider::app {

FileWatch::FileWatch(std::vector<std::string> files) : files_(std::move(files)) {
  for (const auto& file : files_) stamps_.push_back(stamp_of(file));
}

FileWatch::Stamp FileWatch::stamp_of(const std::string& file) {
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) return {};
  return {status.st_ino, status.st_size,
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::optional<std::string> FileWatch::changed() {
  std::optional<std::string> first;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const auto stamp = stamp_of(files_[i]);
    if (stamp == stamps_[i]) continue;
    stamps_[i] = stamp;
    if (!first) first = files_[i];
  }
  return first;
}

}  // namespace outrider::app
