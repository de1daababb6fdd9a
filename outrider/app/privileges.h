// What is done once at the start, as root where we are: limits of the process, and becoming an
// unprivileged user for good.
#pragma once

#include "outrider/app/config.h"
#include "outrider/base/result.h"

namespace outrider::app {

/// No program that this one might start gets more rights than this one.
void renounce_new_privileges();
/// Makes the folder of `path` where it is missing, for the user where there is one: for sockets
/// in /run, which is empty after a boot.
Result<void> make_folder_of(const std::string& path, const std::optional<Identity>& user);
/// As many open files as the hard limit allows, so that connections are limited by settings alone.
void raise_open_files();
/// Becomes the user with its groups, and can never go back. Nothing happens without a user, or
/// where the process is that user already.
Result<void> become(const Identity& user);

}  // namespace outrider::app
