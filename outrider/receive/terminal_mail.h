// The part of one message that is for terminals: SEND, SOML and SAML. RFC 788 §4.1.1.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/mail/envelope.h"
#include "outrider/receive/recipients.h"
#include "outrider/smtp/envelope_command.h"
#include "outrider/smtp/reply.h"

namespace outrider::receive {

using boost::asio::awaitable;

class TerminalMail {
 public:
  /// All references outlive it.
  TerminalMail(smtp::Way way, const LocalDomains& domains, const std::string& utmp,
               const std::string& host);

  /// SEND alone refuses a recipient: one elsewhere (`routed`: by a source route), or who is not
  /// there.
  std::optional<smtp::Reply> refusal(const std::vector<Address>& addresses, bool routed) const;
  void content(std::string_view bytes);
  /// Writes to the terminals of the recipients in `envelope` who have one. Those for whom that is
  /// all leave it, and those whom SEND did not reach, with status Failed, too.
  awaitable<void> show(mail::Envelope& envelope);

  std::size_t terminals() const { return terminals_; }  ///< that were written to
  const std::vector<mail::Recipient>& missed() const { return missed_; }
  smtp::Reply none_reached() const;  ///< where SEND reached nobody

 private:
  bool is_local(const Address& address) const;
  std::vector<std::string> terminals_of(const Address& address) const;

  smtp::Way way_;
  const LocalDomains& domains_;
  const std::string& utmp_;
  const std::string& host_;
  std::string content_;
  std::size_t terminals_ = 0;
  bool too_long_ = false;
  std::vector<mail::Recipient> missed_;
};

}  // namespace outrider::receive
