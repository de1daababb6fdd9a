// Sends the reports of a day that is over (RFC 8460 §3, §5): by mail into our own queue, or by
// HTTPS. Once each, also across restarts; what cannot be sent for a day is dropped.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "outrider/base/address.h"
#include "outrider/base/log.h"
#include "outrider/dns/resolver.h"
#include "outrider/fetch/client.h"
#include "outrider/queue/queue.h"
#include "outrider/report/rua.h"
#include "outrider/report/tally.h"

namespace outrider::report {

using boost::asio::awaitable;

struct SenderRules {
  std::string organization;                ///< as the reports name us
  Address contact;                         ///< its domain is the submitter
  Duration delay = std::chrono::hours(4);  ///< at most, by chance, after the end (RFC 8460 §4.1)
  Duration retry = std::chrono::hours(1);  ///< after the first attempt; then twice as long
  Duration patience = std::chrono::minutes(1);  ///< with all web servers of a domain together
  std::size_t at_a_time = 4;                    ///< domains
  Duration give_up = std::chrono::hours(24);    ///< after the first attempt (RFC 8460 §5.5)
  std::size_t most = 10000;                     ///< reports of a period
  /// Of a period, to one address: a stranger's, whom many domains may name to flood him.
  std::size_t most_to_one = 100;
};

struct SenderParts {
  Tally& tally;
  queue::Queue& queue;
  dns::Resolver& resolver;
  fetch::Client& client;
  /// Addresses of a web server.
  std::function<awaitable<std::vector<IpAddress>>(std::string host)> addresses;
  Log& log;
};

/// What it is made with outlives it; the loops end before it does.
class Sender {
 public:
  Sender(SenderRules rules, SenderParts parts, boost::asio::any_io_executor home);
  Sender(const Sender&) = delete;

  void start();
  void stop();
  /// Sends what is due at `time`; on the loop of `home`, which has one thread. One at a time.
  awaitable<void> send_due(Time time);

 private:
  struct Due {
    Time first{}, next{};
    Duration pause{};                  ///< before the next attempt
    std::vector<std::string> allowed;  ///< targets that are counted against the bounds
  };
  enum class Sent { Yes, Later, Never };
  struct Round;
  struct Bounds {
    std::map<std::string, std::size_t> to_one;
    std::size_t all = 0;
  };

  awaitable<void> run();
  awaitable<void> work(std::shared_ptr<Round> round);
  awaitable<void> attempt(const TallyKey& key, const Round& round);
  awaitable<Sent> send(const TallyKey& key, Due& due);
  awaitable<bool> send_to(const ReportTarget& target, const TlsReport& report,
                          const std::string& domain, Steady end);
  awaitable<bool> mail(const Address& to, const TlsReport& report, const std::string& domain);
  awaitable<bool> post(const std::string& url, const TlsReport& report, Steady end);
  bool may_send_to(const ReportTarget& target, std::uint64_t period, Due& due);

  const SenderRules rules_;
  const SenderParts parts_;
  const boost::asio::any_io_executor home_;
  const Duration delay_;
  std::map<TallyKey, Due> due_;
  std::map<std::uint64_t, Bounds> sent_;  ///< by period
  std::mutex lock_;
  bool stopped_ = false;
  std::weak_ptr<boost::asio::steady_timer> timer_;
};

}  // namespace outrider::report
