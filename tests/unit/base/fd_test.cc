#include "outrider/base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace outrider {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
int some_file() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(Fd, ClosesWhatItOwns) {
  const int fd = some_file();
  {
    const Fd owner(fd);
    EXPECT_TRUE(owner);
    EXPECT_TRUE(is_open(owner.value()));
  }
  EXPECT_FALSE(is_open(fd));
  EXPECT_FALSE(Fd());
  EXPECT_FALSE(Fd(-1));
}

TEST(Fd, IsClosedOnceHoweverItMoves) {
  const int first = some_file(), second = some_file();
  {
    Fd owner(first), other(second);
    owner = std::move(other);
    EXPECT_EQ(owner.value(), second);
    const Fd last(std::move(owner));
    EXPECT_EQ(last.value(), second);
    EXPECT_FALSE(owner);
  }
  EXPECT_FALSE(is_open(first));
  EXPECT_FALSE(is_open(second));
}

TEST(Fd, LetsGo) {
  const int fd = some_file();
  Fd owner(fd);
  EXPECT_EQ(owner.release(), fd);
  EXPECT_FALSE(owner);
  EXPECT_TRUE(is_open(fd));
  const Fd again(fd);
}

}  // namespace
}  // namespace outrider
