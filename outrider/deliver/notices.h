// The notices that one attempt causes: collected recipient by recipient, then written, at most one
// of each kind. A double bounce goes to the postmaster, where there is one.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/log.h"
#include "outrider/deliver/options.h"
#include "outrider/mail/notice.h"
#include "outrider/queue/queue.h"

namespace outrider::deliver {

using boost::asio::awaitable;

class Notices {
 public:
  /// `claim` outlives it. `for_tls`: it waits for security alone.
  Notices(queue::Claim& claim, Time time, bool for_tls = false)
      : claim_(claim), time_(time), for_tls_(for_tls) {}

  /// `peer_notifies`: see mail::wanted().
  void add(mail::NoticeKind kind, const queue::Outcome& outcome, bool peer_notifies);
  bool empty() const;
  /// Reads what it quotes from the claim.
  awaitable<std::vector<queue::Draft>> write(const Options& options, Log& log);

 private:
  struct Quote {
    std::string header;
    std::string content;
  };

  awaitable<Quote> quote(std::size_t most_quoted);
  bool quotes_content(std::size_t most_quoted) const;
  void write_one(mail::NoticeKind kind, const mail::Envelope& original,
                 const std::vector<mail::Recipient>& recipients, const Quote& quote,
                 const Options& options, std::vector<queue::Draft>& drafts) const;
  void write_double_bounce(const Quote& quote, const Options& options, Log& log,
                           std::vector<queue::Draft>& drafts) const;

  queue::Claim& claim_;
  Time time_;
  bool for_tls_;
  std::array<std::vector<mail::Recipient>, 3> by_kind_;
  std::vector<mail::Recipient> double_bounces_;
};

}  // namespace outrider::deliver
