#include "outrider/report/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <random>
#include <utility>

#include "outrider/fetch/url.h"
#include "outrider/report/gzip.h"
#include "outrider/report/report_mail.h"

namespace outrider::report {
namespace asio = boost::asio;
namespace {

constexpr Duration longest_look = std::chrono::minutes(1);

Duration by_chance(Duration most) {
  std::random_device device;
  return Duration(std::uniform_int_distribution<Duration::rep>(0, most.count())(device));
}

std::string text_of(const ReportTarget& target) {
  return target.url.empty() ? target.mail.text() : target.url;
}

}  // namespace

Sender::Sender(SenderRules rules, SenderParts parts, asio::any_io_executor home)
    : rules_(std::move(rules)),
      parts_(std::move(parts)),
      home_(std::move(home)),
      delay_(by_chance(rules_.delay)) {}

void Sender::start() { asio::co_spawn(home_, run(), asio::detached); }

void Sender::stop() {
  const std::lock_guard held(lock_);
  stopped_ = true;
  if (!timer_.lock()) return;
  asio::post(home_, [timer = timer_] {
    if (const auto running = timer.lock()) running->cancel();
  });
}

awaitable<void> Sender::run() {
  const auto executor = co_await asio::this_coro::executor;
  const auto timer = std::make_shared<asio::steady_timer>(executor);
  const Duration between = std::min(longest_look, parts_.tally.period() / 4);
  for (;;) {
    {
      const std::lock_guard held(lock_);
      if (stopped_) co_return;
      timer_ = timer;
    }
    timer->expires_after(between);
    boost::system::error_code ended;
    co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!ended) co_await send_due(now());
  }
}

// What is due, and how far it is. A domain whose servers are slow holds up a few others at most.
struct Sender::Round {
  Round(const asio::any_io_executor& executor, Time time, std::vector<TallyKey> finished)
      : keys(std::move(finished)), began(time), ended(executor) {}
  Time time() const {
    return began + std::chrono::duration_cast<Duration>(steady_now() - steady_began);
  }

  const std::vector<TallyKey> keys;
  std::size_t next = 0;
  std::size_t working = 0;
  const Time began;
  const Steady steady_began = steady_now();
  asio::steady_timer ended;
};

awaitable<void> Sender::send_due(Time time) {
  const auto executor = co_await asio::this_coro::executor;
  const auto round = std::make_shared<Round>(executor, time, parts_.tally.finished(time));
  if (round->keys.empty()) co_return;
  sent_.erase(sent_.begin(), sent_.lower_bound(round->keys.front().first));
  round->working = std::min(rules_.at_a_time, round->keys.size());
  round->ended.expires_at(asio::steady_timer::time_point::max());
  for (auto left = round->working; left > 0; --left) {
    asio::co_spawn(executor, work(round), [round](const std::exception_ptr&) {
      if (--round->working == 0) round->ended.cancel();
    });
  }
  boost::system::error_code ended;
  while (round->working > 0) {
    co_await round->ended.async_wait(asio::redirect_error(asio::use_awaitable, ended));
  }
}

awaitable<void> Sender::work(std::shared_ptr<Round> round) {
  while (round->next < round->keys.size()) {
    const TallyKey& key = round->keys[round->next++];
    co_await attempt(key, *round);
  }
}

awaitable<void> Sender::attempt(const TallyKey& key, const Round& round) {
  const Time begin = round.time();
  if (begin < parts_.tally.begin_of(key.first + 1) + delay_) co_return;
  Due& due = due_.try_emplace(key, Due{begin, begin, rules_.retry, {}}).first->second;
  if (begin < due.next) co_return;
  const Sent sent = co_await send(key, due);
  const Time last = due.first + rules_.give_up;
  if (sent == Sent::Later && begin < last) {
    due.next = std::min(round.time() + due.pause, last);
    due.pause *= 2;
    co_return;
  }
  if (sent == Sent::Later) parts_.log.warning("tls_report_given_up").field("domain", key.second);
  parts_.tally.drop(key);
  due_.erase(key);
  if (sent == Sent::Yes) parts_.tally.flush();  // a crash now would send it twice
}

awaitable<Sender::Sent> Sender::send(const TallyKey& key, Due& due) {
  const std::string& domain = key.second;
  const dns::TextAnswer answer = co_await parts_.resolver.text("_smtp._tls." + domain);
  if (answer.temporary()) co_return Sent::Later;
  const std::vector<ReportTarget> targets = report_targets(answer.texts);
  std::optional<TlsReport> report = parts_.tally.report(key);
  if (targets.empty() || !report) co_return Sent::Never;
  report->organization = rules_.organization;
  report->contact = rules_.contact.text();
  report->id = fmt::format("{}.{}@{}", report->begin.time_since_epoch().count() / 1000, domain,
                           rules_.contact.domain);
  bool is_allowed = false;
  const Steady end = steady_now() + rules_.patience;
  for (const ReportTarget& target : targets) {
    if (!may_send_to(target, key.first, due)) continue;
    is_allowed = true;
    const bool sent = co_await send_to(target, *report, domain, end);
    if (sent) co_return Sent::Yes;
  }
  co_return is_allowed ? Sent::Later : Sent::Never;
}

// A report counts once for a target, however often it is tried.
bool Sender::may_send_to(const ReportTarget& target, std::uint64_t period, Due& due) {
  if (std::ranges::count(due.allowed, text_of(target)) > 0) return true;
  Bounds& sent = sent_[period];
  auto& to_one = sent.to_one[text_of(target)];
  if (sent.all >= rules_.most || to_one >= rules_.most_to_one) {
    parts_.log.warning("tls_report_too_many").field("to", text_of(target));
    return false;
  }
  ++sent.all;
  ++to_one;
  due.allowed.push_back(text_of(target));
  return true;
}

awaitable<bool> Sender::send_to(const ReportTarget& target, const TlsReport& report,
                                const std::string& domain, Steady end) {
  bool sent = false;
  if (target.url.empty()) {
    sent = co_await mail(target.mail, report, domain);
  } else {
    sent = co_await post(target.url, report, end);
  }
  if (sent) {
    parts_.log.info("tls_report_sent")
        .field("domain", domain)
        .field("to", text_of(target))
        .field("report", report.id)
        .field("succeeded", successes(report))
        .field("failed", failures(report));
  }
  co_return sent;
}

// With the null reverse-path: a report that does not arrive is nobody's business. RFC 8460 §5.3: it
// does not wait for the TLS whose failure it may tell of.
awaitable<bool> Sender::mail(const Address& to, const TlsReport& report,
                             const std::string& domain) {
  MailParts parts{rules_.contact, to, domain, rules_.contact.domain, now()};
  const std::string content = report_mail(report, gzip(report_json(report)), parts);
  mail::Envelope envelope;
  envelope.recipients.push_back({.address = to});
  envelope.tls_optional = true;
  envelope.arrived = parts.now;
  envelope.size = content.size();
  if (!parts_.queue.accepting()) co_return false;
  const std::unique_ptr<queue::Incoming> incoming = parts_.queue.begin();
  const Result<void> kept = co_await incoming->append(content);
  if (!kept) co_return false;
  const Result<MessageId> id = co_await incoming->commit(std::move(envelope));
  co_return id.has_value();
}

awaitable<bool> Sender::post(const std::string& url, const TlsReport& report, Steady end) {
  const auto parsed = fetch::parse_url(url);
  if (!parsed) co_return false;
  fetch::Request request;
  request.url = url;
  request.addresses = co_await parts_.addresses(parsed->host);
  request.limit = std::chrono::duration_cast<Duration>(end - steady_now());
  if (request.limit <= Duration(0)) co_return false;
  request.body = gzip(report_json(report));
  request.body_type = "application/tlsrpt+gzip";
  const fetch::Answer answer = co_await parts_.client.post(std::move(request));
  if (!answer) {
    parts_.log.info("tls_report_refused")
        .field("to", url)
        .field("why", answer.error().error.text());
  }
  co_return answer.has_value();
}

}  // namespace outrider::report
