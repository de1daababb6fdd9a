// Paths and parameters: what is accepted is clean, prints, and parses to the same again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "outrider/smtp/domain_name.h"
#include "outrider/smtp/parameters.h"
#include "outrider/smtp/xtext.h"

namespace {

using namespace outrider;
using namespace outrider::smtp;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_clean(std::string_view text) {
  require(std::ranges::none_of(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }));
}

void check_address(const Address& address, bool reverse) {
  require_clean(address.local_part);
  require_clean(address.domain);
  require(address.local_part.size() <= 64 && address.domain.size() <= 255);
  const auto path = address.path();
  Cursor in(path);
  const auto again =
      reverse ? parse_reverse_path(in, Letters::Utf8) : parse_forward_path(in, Letters::Utf8);
  require(again && again->mailbox == address && in.at_end());
}

void try_mail(std::string_view text, const Offered& offered) {
  const auto mail = parse_mail(text, offered);
  if (!mail) return require(mail.error().permanent());
  check_address(mail->reverse_path, true);
  require_clean(mail->envid);
  require(mail->envid.size() <= 100);
  require(from_xtext(to_xtext(mail->envid)) == mail->envid);
  require(mail->smtputf8 || !mail->reverse_path.needs_smtputf8());
}

void try_rcpt(std::string_view text, const Offered& offered, bool smtputf8) {
  const auto rcpt = parse_rcpt(text, offered, smtputf8);
  if (!rcpt) return require(rcpt.error().permanent());
  require(!rcpt->forward_path.is_null());
  check_address(rcpt->forward_path, false);
  require_clean(rcpt->orcpt);
  require(!rcpt->notify.never ||
          !(rcpt->notify.success || rcpt->notify.failure || rcpt->notify.delay));
  require(smtputf8 || !rcpt->forward_path.needs_smtputf8());
}

void try_domain(std::string_view text) {
  const auto domain = to_a_labels(text, true);
  if (domain) require(to_a_labels(*domain, false) == domain);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool utf8 = (data[0] & 1) != 0;
  const Offered offered{
      .extended = (data[0] & 2) == 0, .smtputf8 = utf8, .chunking = (data[0] & 4) != 0};
  try_mail(text, offered);
  try_rcpt(text, offered, utf8);
  try_mail("FROM:<" + std::string(text), offered);
  try_rcpt("TO:<" + std::string(text), offered, utf8);
  try_domain(text);
  if (const auto mailbox = parse_mailbox(text, Letters::Utf8)) check_address(*mailbox, true);
  if (const auto decoded = from_xtext(text)) require_clean(*decoded);
  return 0;
}
