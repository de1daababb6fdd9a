#pragma once

namespace outrider::smtp {

enum class LineEnds {
  Strict,  ///< a bare CR, bare LF or NUL refuses the message (SMTP smuggling)
  Repair   ///< a bare LF or CR in content becomes CRLF; still only CRLF.CRLF ends a message
};

}  // namespace outrider::smtp
