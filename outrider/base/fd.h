// A file descriptor that closes itself.
#pragma once

#include <utility>

namespace outrider {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}  ///< takes it over; below 0: none
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int value() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace outrider
