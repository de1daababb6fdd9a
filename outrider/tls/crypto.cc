#include "outrider/tls/crypto.h"

#include <openssl/err.h>

#include "outrider/base/text.h"

namespace outrider::tls {

std::string take_openssl_error() {
  const auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (const char* reason = ERR_reason_error_string(code)) return printable(reason);
  char text[256];
  ERR_error_string_n(code, text, sizeof text);
  return printable(text);
}

}  // namespace outrider::tls
