// The part of a notice that a person reads. Private to notice.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outrider/mail/notice.h"

namespace outrider::mail {

std::string_view subject(NoticeKind kind);
/// Plain text with CRLF line ends, at most 78 columns where words allow it. `utf8`: it may have
/// UTF-8; otherwise such bytes are written as \xNN.
std::string human_text(NoticeKind kind, const Envelope& original,
                       const std::vector<const Recipient*>& recipients, const NoticeFacts& facts,
                       bool utf8);

/// `text` on one line, without control bytes, 7-bit unless `utf8`.
std::string one_line(std::string_view text, bool utf8, std::size_t bound = 2048);

}  // namespace outrider::mail
