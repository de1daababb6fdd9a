// One question on its way to the forwarders: which of them is asked, when, for how long, and what
// their replies mean. Runs on the loop of ForwarderSource.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/dns/message.h"
#include "outrider/dns/source.h"

namespace outrider::dns {

/// Each forwarder is asked up to three times, with ever more patience; one that answers with an
/// error is not asked again, and the next one is. A SERVFAIL is asked again with CD (RFC 4035
/// §3.2.2): where data comes then, the forwarder holds it for forged, and that is the answer:
/// another forwarder, that may check nothing, is not asked to say better.
class ForwarderInquiry : public std::enable_shared_from_this<ForwarderInquiry> {
 public:
  ForwarderInquiry(boost::asio::io_context& loop, std::span<const Endpoint> forwarders,
                   std::string name, RecordType type, Steady deadline);

  /// The answer, at the latest at the deadline; soon after stop(). Hold the inquiry until then.
  awaitable<RawAnswer> run();
  /// On the loop.
  void stop();

 private:
  /// What came of asking one forwarder: an answer that stands, or why there is none.
  struct Outcome {
    std::optional<Reply> reply;
    bool bogus = false;
    bool silent = false;  // may be asked again
    std::string why;
  };

  awaitable<RawAnswer> follow();
  awaitable<Outcome> ask_all(std::string name);
  awaitable<Outcome> ask_one(Endpoint forwarder, std::string name);
  awaitable<std::optional<Reply>> exchange(Endpoint forwarder, Query query);
  awaitable<std::optional<Reply>> by_datagram(Endpoint forwarder, const Query& query);
  awaitable<std::optional<Reply>> by_stream(Endpoint forwarder, const Query& query);
  void limit(Duration patience);
  void close_sockets();
  bool is_over() const { return stopped_ || steady_now() >= deadline_; }

  std::span<const Endpoint> forwarders_;
  std::string name_;
  RecordType type_;
  Steady deadline_;
  bool stopped_ = false;
  boost::asio::ip::udp::socket datagrams_;
  boost::asio::ip::tcp::socket stream_;
  boost::asio::steady_timer timer_;
  std::array<char, 4096> datagram_;
  std::string message_;
};

}  // namespace outrider::dns
