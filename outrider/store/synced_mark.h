// How far the log is on disk for certain: the number of the last change that a sync has covered, in
// a small file beside it. It is never synced itself: what it says was true once, and more is now.
#pragma once

#include <cstdint>
#include <string>

#include "outrider/base/fd.h"

namespace outrider::store {

class SyncedMark {
 public:
  /// Of a store's folder. Without a file that can be written there are no marks, and no errors.
  explicit SyncedMark(const std::string& folder);
  void set(std::uint64_t change) const;
  /// The last mark of whoever had the folder before; 0: none is known.
  static std::uint64_t left_in(const std::string& folder);

 private:
  Fd file_;
};

}  // namespace outrider::store
