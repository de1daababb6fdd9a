// The folder that a store lives in: ours alone, and held by one process.
#pragma once

#include <cstdint>
#include <string>

#include "outrider/base/result.h"

namespace outrider::store {

/// Makes the folder (mode 0700) where it is not there. Fails where it is no folder or a symbolic
/// link, belongs to another user, or may be written by others.
Result<void> prepare_folder(const std::string& path);

/// Leaves our process id in the folder, for holder_of(). Called by whoever has the lock.
Result<void> leave_process_id(const std::string& path);
/// The process id left in the folder, or 0.
long holder_of(const std::string& path);

/// What an unprivileged user may still write in the file system of `path`; 0 where it cannot be
/// told.
std::uint64_t free_bytes_at(const std::string& path);

}  // namespace outrider::store
