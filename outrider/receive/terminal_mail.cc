#include "outrider/receive/terminal_mail.h"

#include <utility>

#include "outrider/base/text.h"
#include "outrider/receive/terminals.h"

namespace outrider::receive {

using smtp::Way;

TerminalMail::TerminalMail(Way way, const LocalDomains& domains, const std::string& utmp,
                           const std::string& host)
    : way_(way), domains_(domains), utmp_(utmp), host_(host) {}

bool TerminalMail::is_local(const Address& address) const {
  return domains_.has(to_lower(address.domain));
}

std::vector<std::string> TerminalMail::terminals_of(const Address& address) const {
  if (!is_local(address)) return {};
  return receive::terminals_of(domains_.user_of(address), utmp_);
}

std::optional<smtp::Reply> TerminalMail::refusal(const std::vector<Address>& addresses,
                                                 bool routed) const {
  if (way_ != Way::Send) return std::nullopt;
  if (routed) return smtp::replies::terminals_elsewhere;
  for (const Address& address : addresses) {
    if (!is_local(address)) return smtp::replies::terminals_elsewhere;
    if (terminals_of(address).empty()) return smtp::replies::no_terminal;
  }
  return std::nullopt;
}

void TerminalMail::content(std::string_view bytes) {
  if (content_.size() <= longest_terminal_content) content_.append(bytes);
}

awaitable<void> TerminalMail::show(mail::Envelope& envelope) {
  const auto text = terminal_text(envelope.reverse_path, host_, envelope.arrived, content_);
  too_long_ = !text;
  std::vector<mail::Recipient> stay;
  for (mail::Recipient& recipient : envelope.recipients) {
    bool reached = false;
    std::vector<std::string> devices;
    if (text && recipient.route.empty()) devices = terminals_of(recipient.address);
    const std::string user = domains_.user_of(recipient.address);
    for (const std::string& device : devices) {
      const bool written = co_await write_terminal(user, device, *text);
      reached |= written;
      terminals_ += written ? 1 : 0;
    }
    if (way_ == Way::SendAndMail || (way_ == Way::SendOrMail && !reached)) {
      stay.push_back(std::move(recipient));
    } else if (!reached) {
      recipient.status = mail::RecipientStatus::Failed;
      recipient.reply = none_reached().line();
      missed_.push_back(std::move(recipient));
    }
  }
  envelope.recipients = std::move(stay);
}

smtp::Reply TerminalMail::none_reached() const {
  return too_long_ ? smtp::replies::too_long_to_show : smtp::replies::no_terminal;
}

}  // namespace outrider::receive
