#include "outrider/deliver/maildir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::deliver {
namespace {

constexpr std::size_t buffer_size = 64 * 1024;
constexpr int most_names = 16;  // tries where a name is taken

std::unexpected<smtp::Reply> refuse(std::string_view status, std::string text) {
  return std::unexpected(smtp::Reply(451, status, std::move(text)));
}

std::unexpected<smtp::Reply> refuse_errno(std::string_view what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  auto text = fmt::format("{}: {}", what, std::strerror(error));
  if (full) return std::unexpected(smtp::Reply(452, "4.2.2", std::move(text)));
  return refuse("4.3.0", std::move(text));
}

uid_t owner_of(const MaildirOptions& options) { return options.uid.value_or(::geteuid()); }

// A file's name must not have `/`, and `:` begins Maildir's flags.
std::string host_in_names(std::string_view host) {
  std::string name;
  for (const char c : host.substr(0, 128)) {
    if (c == '/') {
      name += "\\057";
    } else if (c == ':') {
      name += "\\072";
    } else if (c > ' ' && c < 0x7f) {
      name += c;
    }
  }
  return name.empty() ? "localhost" : name;
}

std::string fresh_name(std::string_view host) {
  static std::atomic<std::uint64_t> counter{0};
  using namespace std::chrono;
  const auto time = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  return fmt::format("{}.M{:06}P{}Q{}.{}", time / 1000000, time % 1000000, ::getpid(), ++counter,
                     host);
}

Stored<void> set_owner(int fd, const MaildirOptions& options, std::string_view what) {
  if (!options.uid && !options.gid) return {};
  const auto uid = options.uid.value_or(static_cast<uid_t>(-1));
  const auto gid = options.gid.value_or(static_cast<gid_t>(-1));
  if (::fchown(fd, uid, gid) != 0) {
    return refuse_errno(fmt::format("cannot give {} to the mail's owner", what), errno);
  }
  return {};
}

// Walks down a path, and never along a link: who may write in one of its folders can rename what
// is in there, and so must not gain by it.
class Walk {
 public:
  explicit Walk(const MaildirOptions& options)
      : options_(options), here_(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

  Stored<void> enter(std::string_view name);
  Stored<Folder> end();

 private:
  Stored<bool> make(const std::string& name);
  std::unexpected<smtp::Reply> why_not(const std::string& name, int error) const;
  Stored<void> check_open_to_all(const struct stat& is, bool last) const;

  const MaildirOptions& options_;
  Folder here_;
  std::string path_;
};

std::unexpected<smtp::Reply> Walk::why_not(const std::string& name, int error) const {
  struct stat is{};
  const bool known = ::fstatat(here_.fd(), name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0;
  if (known && S_ISLNK(is.st_mode)) {
    return refuse("4.3.5", "mail folder " + printable(path_) + " is a symbolic link");
  }
  if (known && !S_ISDIR(is.st_mode)) {
    return refuse("4.3.5", "mail folder " + printable(path_) + " is not a folder");
  }
  return refuse_errno("cannot open mail folder " + printable(path_), error);
}

// True where it was made now.
Stored<bool> Walk::make(const std::string& name) {
  if (::mkdirat(here_.fd(), name.c_str(), 0700) != 0) {
    if (errno == EEXIST) return false;
    return refuse_errno("cannot make mail folder " + printable(path_), errno);
  }
  const Folder above(::openat(here_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (above.fd() < 0 || ::fsync(above.fd()) != 0) {
    return refuse_errno("cannot sync the folder above " + printable(path_), errno);
  }
  return true;
}

Stored<void> Walk::check_open_to_all(const struct stat& is, bool last) const {
  const bool open = (is.st_mode & S_IWOTH) != 0;
  const bool sticky = (is.st_mode & S_ISVTX) != 0;
  if (!open || (sticky && !last)) return {};
  return refuse("4.3.5", "mail folder " + printable(path_) + " may be written by everybody");
}

Stored<void> Walk::enter(std::string_view part) {
  const std::string name(part);
  if (name.empty() || name == ".") return {};
  path_ += "/" + name;
  if (name == "..") return refuse("4.3.5", "mail folder " + printable(path_) + " goes upwards");
  constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  bool made = false;
  int fd = ::openat(here_.fd(), name.c_str(), flags);
  if (fd < 0 && errno == ENOENT) {
    auto done = make(name);
    if (!done) return std::unexpected(done.error());
    made = *done;
    fd = ::openat(here_.fd(), name.c_str(), flags);
  }
  if (fd < 0) return why_not(name, errno);
  here_ = Folder(fd);
  struct stat is{};
  if (::fstat(fd, &is) != 0) return refuse_errno("cannot look at " + printable(path_), errno);
  if (made) {
    const Folder opened(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (opened.fd() < 0) return refuse_errno("cannot open " + printable(path_), errno);
    return set_owner(opened.fd(), options_, printable(path_));
  }
  return check_open_to_all(is, false);
}

Stored<Folder> Walk::end() {
  struct stat is{};
  Folder folder(::openat(here_.fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() < 0 || ::fstat(folder.fd(), &is) != 0) {
    return refuse_errno("cannot open mail folder " + printable(path_), errno);
  }
  if (is.st_uid != owner_of(options_)) {
    return refuse("4.3.5", fmt::format("mail folder {} belongs to user {}, not to {}",
                                       printable(path_), is.st_uid, owner_of(options_)));
  }
  if (auto checked = check_open_to_all(is, true); !checked) {
    return std::unexpected(checked.error());
  }
  return folder;
}

}  // namespace

Folder::~Folder() {
  if (fd_ >= 0) ::close(fd_);
}

Stored<Folder> open_mail_folder(const std::string& path, const MaildirOptions& options) {
  Walk walk(options);
  std::string_view rest = path;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('/'), rest.size());
    if (auto entered = walk.enter(rest.substr(0, end)); !entered) {
      return std::unexpected(entered.error());
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return walk.end();
}

MaildirFile::MaildirFile(Folder tmp, Folder fresh, std::string_view host,
                         const MaildirOptions& options)
    : tmp_(std::move(tmp)),
      new_(std::move(fresh)),
      host_(host_in_names(host)),
      convert_(options.line_ends == LineEnds::Lf) {}

MaildirFile::MaildirFile(MaildirFile&& other) noexcept
    : tmp_(std::move(other.tmp_)),
      new_(std::move(other.new_)),
      host_(std::move(other.host_)),
      name_(std::exchange(other.name_, {})),
      fd_(std::exchange(other.fd_, -1)),
      convert_(other.convert_),
      lines_(other.lines_),
      buffer_(std::move(other.buffer_)) {}

MaildirFile::~MaildirFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!name_.empty()) ::unlinkat(tmp_.fd(), name_.c_str(), 0);
}

Stored<MaildirFile> MaildirFile::create(const std::string& path, const MaildirOptions& options,
                                        std::string_view host) {
  // `cur` is for readers, which expect to find it.
  for (const auto* name : {"", "/cur"}) {
    auto folder = open_mail_folder(path + name, options);
    if (!folder) return std::unexpected(folder.error());
  }
  auto tmp = open_mail_folder(path + "/tmp", options);
  if (!tmp) return std::unexpected(tmp.error());
  auto fresh = open_mail_folder(path + "/new", options);
  if (!fresh) return std::unexpected(fresh.error());
  MaildirFile file(std::move(*tmp), std::move(*fresh), host, options);
  if (auto opened = file.open(options); !opened) return std::unexpected(opened.error());
  return file;
}

Stored<void> MaildirFile::open(const MaildirOptions& options) {
  constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  for (int i = 0; i < most_names && fd_ < 0; ++i) {
    auto name = fresh_name(host_);
    fd_ = ::openat(tmp_.fd(), name.c_str(), flags, 0600);
    if (fd_ < 0 && errno != EEXIST) return refuse_errno("cannot make a mail file", errno);
    if (fd_ >= 0) name_ = std::move(name);
  }
  if (fd_ < 0) return refuse("4.3.0", "no free name for a mail file");
  return set_owner(fd_, options, "a mail file");
}

Stored<void> MaildirFile::write(std::string_view content) {
  if (convert_) {
    lines_.convert(content, buffer_);
  } else {
    buffer_ += content;
  }
  return buffer_.size() < buffer_size ? Stored<void>{} : flush();
}

Stored<void> MaildirFile::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refuse_errno("cannot write a mail file", errno);
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
  return {};
}

Stored<std::string> MaildirFile::commit() {
  lines_.end(buffer_);
  if (auto flushed = flush(); !flushed) return std::unexpected(flushed.error());
  if (::fsync(fd_) != 0) return refuse_errno("cannot sync a mail file", errno);
  // Some file systems tell of a full disk only here.
  if (::close(std::exchange(fd_, -1)) != 0) return refuse_errno("cannot close a mail file", errno);
  if (auto published = publish(); !published) return std::unexpected(published.error());
  return std::exchange(name_, {});
}

Stored<void> MaildirFile::publish() {
  std::string name = name_;
  int error = EEXIST;
  for (int i = 0; i < most_names && error == EEXIST; ++i) {
    if (i > 0) name = fresh_name(host_);
    const int done =
        ::renameat2(tmp_.fd(), name_.c_str(), new_.fd(), name.c_str(), RENAME_NOREPLACE);
    error = done == 0 ? 0 : errno;
  }
  if (error != 0) return refuse_errno("cannot move a mail file into new", error);
  if (::fsync(new_.fd()) != 0) {
    error = errno;
    ::unlinkat(new_.fd(), name.c_str(), 0);
    name_.clear();
    return refuse_errno("cannot sync the folder new", error);
  }
  name_ = std::move(name);
  return {};
}

}  // namespace outrider::deliver
