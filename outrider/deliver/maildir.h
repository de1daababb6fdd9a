// One message into a Maildir: written under tmp/, synced, renamed into new/, and the folder synced.
// Blocking; for threads that may wait for a disk.
//
// Nothing on the path is trusted: each folder is opened from the one above it without following
// links, and must belong to the mail's owner. Names follow https://cr.yp.to/proto/maildir.html.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "outrider/deliver/line_ends.h"
#include "outrider/deliver/options.h"
#include "outrider/smtp/reply.h"

namespace outrider::deliver {

/// What a mailbox answers: the reply is the error, always one of 4yz.
template <class T>
using Stored = std::expected<T, smtp::Reply>;

/// A folder's file descriptor.
class Folder {
 public:
  Folder() = default;
  explicit Folder(int fd) : fd_(fd) {}
  Folder(Folder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Folder& operator=(Folder&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Folder();
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

/// The folder at an absolute path. What is missing is made with mode 0700. Fails on a symbolic
/// link, on another owner than the mail's, and on folders that everybody may write.
Stored<Folder> open_mail_folder(const std::string& path, const MaildirOptions& options);

/// Destroyed before commit(), it leaves no trace.
class MaildirFile {
 public:
  /// `path`: the Maildir, made where it is not there. `host`: ours, for the file's name.
  static Stored<MaildirFile> create(const std::string& path, const MaildirOptions& options,
                                    std::string_view host);
  MaildirFile(MaildirFile&&) noexcept;
  MaildirFile& operator=(MaildirFile&&) = delete;
  ~MaildirFile();

  /// Content with CRLF line ends; stored as the options say, unless `keep_line_ends()`.
  void keep_line_ends() { convert_ = false; }
  Stored<void> write(std::string_view content);
  /// The file's name in new/: it is there now, and stays there over a power cut.
  Stored<std::string> commit();

 private:
  MaildirFile(Folder tmp, Folder fresh, std::string_view host, const MaildirOptions& options);
  Stored<void> open(const MaildirOptions& options);
  Stored<void> flush();
  Stored<void> publish();

  Folder tmp_, new_;
  std::string host_;
  std::string name_;
  int fd_ = -1;
  bool convert_;
  CrlfToLf lines_;
  std::string buffer_;
};

}  // namespace outrider::deliver
