// Terminals of users who are logged in and take messages, as write(1) finds them: utmp says where,
// the device says whether (`mesg y` is its group's permission to write). RFC 788 §4.1.1.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/clock.h"

namespace outrider::receive {

using boost::asio::awaitable;

/// Devices (`/dev/pts/3`) where `user` is logged in by the file `utmp`, that are terminals of that
/// user and whose group may write. A file that cannot be read has nobody in it. The process needs
/// the terminals' group, `tty`.
std::vector<std::string> terminals_of(const std::string& user, const std::string& utmp);

/// True when all of `text` was written to a device that is still the user's and willing. One that
/// stands still is given up after 3 s.
awaitable<bool> write_terminal(std::string user, std::string device, std::string text);

/// What a terminal is given of a message, line ends and all: who sends it, From, Date and Subject,
/// the body. Every byte beyond printable ASCII and tab is shown, `^[`, `\xe2`, and none of them
/// does anything. Nothing where it is too long: 16 KiB or 200 lines.
std::optional<std::string> terminal_text(const Address& from, std::string_view host, Time arrived,
                                         std::string_view content);

/// So much of a message is looked at; more is too long in any case.
constexpr std::size_t longest_terminal_content = 64 * 1024;

}  // namespace outrider::receive
