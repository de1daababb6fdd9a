#include "outrider/store/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "outrider/store/checksum.h"
#include "outrider/store/folder.h"

namespace outrider::store {
namespace {

constexpr std::size_t checksum_bytes = 4;

using Trailer = std::array<char, checksum_bytes>;

Trailer trailer_of(std::uint32_t checksum) {
  Trailer trailer{};
  for (std::size_t at = 0; at < trailer.size(); ++at)
    trailer[at] = static_cast<char>(checksum >> (8 * at));
  return trailer;
}

std::uint32_t checksum_of(std::string_view bytes, std::uint32_t before = 0) {
  return rocksdb::crc32c::Extend(before, bytes.data(), bytes.size());
}

Result<void> sync_folder(int folder, const std::string& place) {
  if (::fsync(folder) != 0) return fail_errno("cannot sync the folder", errno, place);
  return {};
}

// Fewer bytes than asked for: the end of the file.
Result<void> read_at(int file, std::uint64_t offset, std::string& bytes, const std::string& place) {
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got =
        ::pread(file, bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read", errno, place);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return {};
}

}  // namespace

Result<void> NewFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, frame_bytes - in_frame_);
    if (auto written = write(part); !written) return written;
    checksum_ = checksum_of(part, checksum_);
    in_frame_ += part.size();
    bytes.remove_prefix(part.size());
    if (in_frame_ < frame_bytes) continue;
    if (auto ended = end_frame(); !ended) return ended;
  }
  return {};
}

Result<void> NewFile::sync() {
  if (in_frame_ > 0) {
    if (auto ended = end_frame(); !ended) return ended;
  }
  if (::fdatasync(file_.value()) != 0) return fail_errno("cannot sync", errno, place_);
  return sync_folder(folder_, place_);
}

Result<void> NewFile::end_frame() {
  const Trailer trailer = trailer_of(std::exchange(checksum_, 0));
  in_frame_ = 0;
  return write({trailer.data(), trailer.size()});
}

Result<void> NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.value(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("cannot write", errno, place_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Files> Files::open(const std::string& path) {
  if (auto ready = prepare_folder(path); !ready) return std::unexpected(ready.error());
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder) return fail_errno("cannot open the folder", errno, path);
  const Fd above(::openat(folder.value(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above) return fail_errno("cannot open the folder above", errno, path);
  if (auto synced = sync_folder(above.value(), path); !synced)
    return std::unexpected(synced.error());
  return Files(std::move(folder), path);
}

Result<NewFile> Files::create(const std::string& name) const {
  Fd file(::openat(folder_.value(), name.c_str(),
                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return fail_errno("cannot make the file", errno, place(name));
  return NewFile(std::move(file), folder_.value(), place(name));
}

Result<std::optional<std::string>> Files::read(const std::string& name,
                                               std::uint32_t number) const {
  const Fd file(::openat(folder_.value(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file && errno == ENOENT) return std::optional<std::string>();
  if (!file) return fail_errno("cannot open", errno, place(name));
  constexpr std::size_t whole = frame_bytes + checksum_bytes;
  std::string frame(whole, '\0');
  if (auto got = read_at(file.value(), std::uint64_t{number} * whole, frame, place(name)); !got)
    return std::unexpected(got.error());
  if (frame.empty()) return std::optional<std::string>();
  const std::size_t size = frame.size() - std::min(frame.size(), checksum_bytes);
  const Trailer trailer = trailer_of(checksum_of({frame.data(), size}));
  if (size == 0 || !std::ranges::equal(std::string_view(frame).substr(size), trailer)) {
    return fail(Blame::Environment, "frame " + std::to_string(number) + " is damaged",
                "docs/queue-format.md", place(name));
  }
  frame.resize(size);
  return std::optional(std::move(frame));
}

Result<void> Files::erase(const std::string& name) const {
  if (::unlinkat(folder_.value(), name.c_str(), 0) != 0 && errno != ENOENT)
    return fail_errno("cannot delete", errno, place(name));
  return {};
}

Result<std::vector<std::string>> Files::names() const {
  Fd again(::openat(folder_.value(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) return fail_errno("cannot list the folder", errno, path_);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(again.value()), ::closedir);
  if (!listing) return fail_errno("cannot list the folder", errno, path_);
  again.release();  // the listing's own now
  std::vector<std::string> names;
  for (errno = 0; const dirent* entry = ::readdir(listing.get()); errno = 0) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  if (errno != 0) return fail_errno("cannot list the folder", errno, path_);
  std::ranges::sort(names);
  return names;
}

}  // namespace outrider::store
