#include "outrider/base/fd.h"

#include <unistd.h>

namespace outrider {

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace outrider
