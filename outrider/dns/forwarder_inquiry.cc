#include "outrider/dns/forwarder_inquiry.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <string_view>
#include <utility>

#include "outrider/dns/records.h"

namespace outrider::dns {
namespace {

namespace asio = boost::asio;
constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

constexpr int most_rounds = 3;
constexpr int most_hops = 8;  // of aliases that a forwarder leaves to us

// Nobody on the way can guess the number, and the kernel chooses the port (RFC 5452 §9.2).
std::uint16_t random_id() {
  std::uint16_t id = 0;
  [[maybe_unused]] const auto filled = ::getrandom(&id, sizeof id, 0);
  return id;
}

asio::ip::address address_of(const IpAddress& address) {
  if (address.v6) return asio::ip::address_v6(address.bytes);
  asio::ip::address_v4::bytes_type bytes;
  std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
  return asio::ip::address_v4(bytes);
}

std::string code_text(Code code) {
  switch (code) {
    case Code::FormErr: return "FORMERR";
    case Code::ServFail: return "SERVFAIL";
    case Code::NotImp: return "NOTIMP";
    case Code::Refused: return "REFUSED";
    default: return fmt::format("code {}", static_cast<int>(code));
  }
}

bool is_answer(const Reply& reply) {
  return reply.code == Code::NoError || reply.code == Code::NxDomain;
}

Status status_of(const Reply& reply) {
  if (reply.code == Code::NxDomain) return Status::NoName;
  return reply.data.empty() ? Status::NoData : Status::Found;
}

bool is_refusal_of_edns(const Reply& reply) {
  return reply.code == Code::FormErr || reply.code == Code::NotImp || reply.code == Code::BadVers;
}

}  // namespace

ForwarderInquiry::ForwarderInquiry(asio::io_context& loop, std::span<const Endpoint> forwarders,
                                   std::string name, RecordType type, Steady deadline)
    : forwarders_(forwarders),
      name_(std::move(name)),
      type_(type),
      deadline_(deadline),
      datagrams_(loop),
      stream_(loop),
      timer_(loop) {}

void ForwarderInquiry::stop() {
  stopped_ = true;
  close_sockets();
  timer_.cancel();
}

void ForwarderInquiry::close_sockets() {
  boost::system::error_code ignored;
  datagrams_.close(ignored);
  stream_.close(ignored);
}

// When the time is over, the sockets close, and whoever waits for one of them goes on.
void ForwarderInquiry::limit(Duration patience) {
  timer_.expires_at(std::min(deadline_, steady_now() + patience));
  timer_.async_wait([self = weak_from_this()](const boost::system::error_code& error) {
    const auto there = self.lock();
    // A new limit may have been set since.
    if (!error && there && there->timer_.expiry() <= steady_now()) there->close_sockets();
  });
}

awaitable<RawAnswer> ForwarderInquiry::run() {
  RawAnswer answer = co_await follow();
  timer_.cancel();
  close_sockets();
  if (answer.canonical.empty()) answer.canonical = name_;
  co_return answer;
}

awaitable<RawAnswer> ForwarderInquiry::follow() {
  RawAnswer answer;
  std::string name = name_;
  bool secure = true;
  for (int hop = 0; hop <= most_hops; ++hop) {
    Outcome outcome = co_await ask_all(name);
    if (outcome.bogus || !outcome.reply) {
      answer.status = outcome.bogus ? Status::Bogus : Status::Failed;
      answer.why = std::move(outcome.why);
      co_return answer;
    }
    Reply& reply = *outcome.reply;
    secure = secure && reply.authentic;  // RFC 7672 §2.1.3: the whole chain
    answer.ttl = hop == 0 ? reply.ttl : std::min(answer.ttl, reply.ttl);
    if (reply.complete || reply.code == Code::NxDomain) {
      answer.secure = secure;
      answer.canonical = std::move(reply.last);
      answer.status = status_of(reply);
      if (answer.found()) answer.data = std::move(reply.data);
      co_return answer;
    }
    name = std::move(reply.last);
    if (!is_name(name)) break;
  }
  answer.why = "aliases lead nowhere";
  co_return answer;
}

awaitable<ForwarderInquiry::Outcome> ForwarderInquiry::ask_all(std::string name) {
  std::vector<Endpoint> left(forwarders_.begin(), forwarders_.end());
  Outcome last;
  const auto time = std::chrono::duration_cast<Duration>(deadline_ - steady_now());
  for (int round = 0; round < most_rounds; ++round) {
    // A seventh of the time for the first round, then two and four.
    const auto patience =
        time * (1 << round) / ((1 << most_rounds) - 1) / static_cast<int>(forwarders_.size());
    for (std::size_t at = 0; at < left.size() && !is_over();) {
      limit(patience);
      last = co_await ask_one(left[at], name);
      if (last.reply || last.bogus) co_return last;
      if (last.silent) {
        ++at;
      } else {
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
      }
    }
  }
  if (last.why.empty()) last.why = "no time was left to ask";
  co_return last;
}

awaitable<ForwarderInquiry::Outcome> ForwarderInquiry::ask_one(Endpoint forwarder,
                                                               std::string name) {
  Query query;
  query.name = std::move(name);
  query.type = type_;
  Outcome outcome;
  outcome.reply = co_await exchange(forwarder, query);
  if (outcome.reply && is_refusal_of_edns(*outcome.reply)) {
    // Without EDNS there is no DO bit, and so no word of the forwarder on signatures.
    query.edns = false;
    outcome.reply = co_await exchange(forwarder, query);
  }
  if (!outcome.reply) {
    outcome.silent = true;
    outcome.why = fmt::format("no answer from {}", forwarder.text());
    co_return outcome;
  }
  if (outcome.reply->referral) {
    outcome.reply.reset();
    outcome.why = fmt::format("{} names other servers: it is no resolver", forwarder.text());
    co_return outcome;
  }
  if (is_answer(*outcome.reply)) co_return outcome;
  const auto code = std::exchange(outcome.reply, std::nullopt)->code;
  outcome.why = fmt::format("{} answers {}", forwarder.text(), code_text(code));
  if (code != Code::ServFail || !query.edns) co_return outcome;
  query.checking_disabled = true;
  const auto unchecked = co_await exchange(forwarder, query);
  if (unchecked && is_answer(*unchecked)) {
    outcome.bogus = true;
    outcome.why += ", and with checking disabled it has an answer: signatures do not hold";
  }
  co_return outcome;
}

awaitable<std::optional<Reply>> ForwarderInquiry::exchange(Endpoint forwarder, Query query) {
  query.id = random_id();
  message_ = write_query(query);
  std::optional<Reply> reply = co_await by_datagram(forwarder, query);
  if (reply && reply->truncated && !is_over()) reply = co_await by_stream(forwarder, query);
  if (reply && reply->truncated) reply.reset();
  close_sockets();
  co_return reply;
}

awaitable<std::optional<Reply>> ForwarderInquiry::by_datagram(Endpoint forwarder,
                                                              const Query& query) {
  const asio::ip::udp::endpoint there(address_of(forwarder.address), forwarder.port);
  boost::system::error_code error;
  datagrams_.open(there.protocol(), error);
  // Connected, so that nobody else is heard, and a closed port is told.
  if (!error) datagrams_.connect(there, error);
  if (error) co_return std::nullopt;
  const auto [unsent, sent] = co_await datagrams_.async_send(asio::buffer(message_), quietly);
  if (unsent) co_return std::nullopt;
  for (;;) {
    const auto [failed, size] = co_await datagrams_.async_receive(asio::buffer(datagram_), quietly);
    if (failed) co_return std::nullopt;
    const std::string_view datagram(datagram_.data(), size);
    if (is_reply_to(datagram, query)) co_return read_reply(datagram, query);
  }
}

// RFC 7766 §8: two bytes of length, then the message.
awaitable<std::optional<Reply>> ForwarderInquiry::by_stream(Endpoint forwarder,
                                                            const Query& query) {
  const asio::ip::tcp::endpoint there(address_of(forwarder.address), forwarder.port);
  const auto [unconnected] = co_await stream_.async_connect(there, quietly);
  if (unconnected) co_return std::nullopt;
  const auto length = message_.size();
  message_.insert(0, {static_cast<char>(length >> 8), static_cast<char>(length & 0xFF)});
  const auto [unsent, sent] = co_await asio::async_write(stream_, asio::buffer(message_), quietly);
  if (unsent) co_return std::nullopt;
  std::array<unsigned char, 2> size{};
  const auto [headless, two] = co_await asio::async_read(stream_, asio::buffer(size), quietly);
  if (headless) co_return std::nullopt;
  message_.resize(std::size_t{size[0]} << 8 | size[1]);
  const auto [cut, all] = co_await asio::async_read(stream_, asio::buffer(message_), quietly);
  if (cut) co_return std::nullopt;
  co_return read_reply(message_, query);
}

}  // namespace outrider::dns
