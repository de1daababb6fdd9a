// Am I listed in the DNS as a mail exchanger of this domain? Asked for the chart of trust/admit.h,
// answered within a bound or not at all. RFC 5321 §5.1: the MX records, or the address where there
// are none.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/dns/resolver.h"
#include "outrider/net/io_thread.h"
#include "outrider/receive/options.h"
#include "outrider/trust/admit.h"

namespace outrider::receive {

using boost::asio::awaitable;

/// Answers are kept, so that a flood of commands is no flood of questions. Safe from any thread.
class Listing {
 public:
  /// Answers that are kept, and questions that run at a time: one more is Unknown.
  static constexpr std::size_t most_kept = 10'000;
  static constexpr std::size_t most_asked = 64;

  explicit Listing(dns::Resolver& resolver) : resolver_(resolver) {}

  /// `arrived_at`: the address of ours that the client connected to. Unknown where the DNS has no
  /// answer, or none in time; it is kept for the next one who asks. `self` and `options` are held
  /// until the answer is there.
  static awaitable<trust::Listed> ask(std::shared_ptr<Listing> self, net::IoThread& thread,
                                      std::string domain, std::vector<IpAddress> own_addresses,
                                      std::shared_ptr<const Options> options);

 private:
  struct Kept {
    trust::Listed listed = trust::Listed::Unknown;
    Steady until;
  };
  struct Question;

  static awaitable<void> find(std::shared_ptr<Question> question);
  static awaitable<trust::Listed> look(Question& question);
  static awaitable<trust::Listed> is_own_host(Question& question, std::string host);
  const Kept* find_kept(const std::string& key, Steady time) const;
  void keep(const Question& question);

  dns::Resolver& resolver_;
  std::mutex lock_;
  std::unordered_map<std::string, Kept> kept_;
  std::size_t asked_ = 0;
};

}  // namespace outrider::receive
