#pragma once

namespace outrider::smtp {

/// What both sessions say when they can go no further: send the output, then give more bytes.
struct NeedInput {};

}  // namespace outrider::smtp
