#include "outrider/report/sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>
#include <utility>

#include "outrider/fetch/url.h"
#include "outrider/report/gzip.h"
#include "outrider/report/report_mail.h"

namespace outrider::report {
namespace asio = boost::asio;
namespace {

constexpr Duration longest_look = std::chrono::minutes(1);
constexpr Duration post_limit = std::chrono::seconds(60);

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

awaitable<void> Sender::send_due(Time time) {
  const std::vector<TallyKey> finished = parts_.tally.finished(time);
  for (const TallyKey& key : finished) {
    if (time < parts_.tally.begin_of(key.first + 1) + delay_) continue;
    Due& due = due_.try_emplace(key, Due{time, time}).first->second;
    if (time < due.next) continue;
    due.next = time + rules_.retry;
    const bool is_last = time - due.first >= rules_.give_up;
    const Sent sent = co_await send(key, due);
    if (sent == Sent::Later && !is_last) continue;
    if (sent == Sent::Later) parts_.log.warning("tls_report_given_up").field("domain", key.second);
    parts_.tally.drop(key);
    due_.erase(key);
    if (sent == Sent::Yes) parts_.tally.flush();  // a crash now would send it twice
  }
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
  for (const ReportTarget& target : targets) {
    if (!may_send_to(target, key.first, due)) continue;
    is_allowed = true;
    const bool sent = co_await send_to(target, *report, domain);
    if (sent) co_return Sent::Yes;
  }
  co_return is_allowed ? Sent::Later : Sent::Never;
}

// A report counts once for a target, however often it is tried.
bool Sender::may_send_to(const ReportTarget& target, std::uint64_t period, Due& due) {
  if (std::ranges::count(due.allowed, text_of(target)) > 0) return true;
  if (std::exchange(counted_, period) != period) {
    sent_to_.clear();
    sent_ = 0;
  }
  auto& to_one = sent_to_[text_of(target)];
  if (sent_ >= rules_.most || to_one >= rules_.most_to_one) {
    parts_.log.warning("tls_report_too_many").field("to", text_of(target));
    return false;
  }
  ++sent_;
  ++to_one;
  due.allowed.push_back(text_of(target));
  return true;
}

awaitable<bool> Sender::send_to(const ReportTarget& target, const TlsReport& report,
                                const std::string& domain) {
  bool sent = false;
  if (target.url.empty()) {
    sent = co_await mail(target.mail, report, domain);
  } else {
    sent = co_await post(target.url, report);
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

awaitable<bool> Sender::post(const std::string& url, const TlsReport& report) {
  const auto parsed = fetch::parse_url(url);
  if (!parsed) co_return false;
  fetch::Request request;
  request.url = url;
  request.addresses = co_await parts_.addresses(parsed->host);
  request.limit = post_limit;
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
