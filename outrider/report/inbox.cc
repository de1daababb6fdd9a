#include "outrider/report/inbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/report/gzip.h"
#include "outrider/report/mime.h"
#include "outrider/store/keyed.h"

namespace outrider::report {
namespace {

constexpr std::string_view table = "tls_inbox";
constexpr std::size_t longest_key = 300;

// RFC 8460 §5.3: who sends a report again gives it the same id.
std::string key_of(const TlsReport& report) {
  return fmt::format("{:015} {} {}", report.begin.time_since_epoch().count(), report.organization,
                     report.id)
      .substr(0, longest_key);
}

bool is_about(const TlsReport& report, const std::string& domain) {
  return domain.empty() || std::ranges::any_of(report.policies, [&](const auto& each) {
           return iequals(each.domain, domain);
         });
}

}  // namespace

Result<TlsReport> report_of_mail(std::string_view mail, const InboxRules& rules) {
  if (mail.size() > rules.most_mail) {
    return fail(Blame::Peer, "mail",
                fmt::format("a mail with a report has at most {} bytes", rules.most_mail));
  }
  auto part = find_report_part(mail);
  if (!part) return std::unexpected(part.error());
  Result<std::string> text = std::move(part->bytes);
  if (part->is_zipped) text = gunzip(*text, rules.most_json);
  if (!text) return std::unexpected(text.error());
  return parse_report(*text);
}

Inbox::Inbox(InboxRules rules, store::Store* store, Log& log, OnFailing on_failing)
    : rules_(rules), store_(store), log_(log), on_failing_(std::move(on_failing)) {}

Result<void> Inbox::load() {
  if (store_ == nullptr) return {};
  const std::lock_guard held(lock_);
  auto scanned = store::KeyedTable(*store_, table).scan("", [&](auto key, auto value) {
    if (auto report = parse_report(value)) {
      add(std::string(key), std::make_shared<const TlsReport>(std::move(*report)));
    } else {
      log_.warning("tls_report_damaged").field("key", key);
    }
    return true;
  });
  make_room(now());
  return scanned;
}

void Inbox::add(std::string key, std::shared_ptr<const TlsReport> report) {
  const std::size_t size = key.capacity() + sizeof(Reports::value_type) + memory_of(*report);
  reports_.emplace(std::move(key), Kept{std::move(report), size});
  kept_ += size;
}

Result<bool> Inbox::take(std::string_view mail) {
  auto read = report_of_mail(mail, rules_);
  if (!read) return std::unexpected(read.error());
  const auto report = std::make_shared<const TlsReport>(std::move(*read));
  const Time time = now();
  if (report->end < report->begin || report->end > time + rules_.ahead) {
    return fail(Blame::Peer, "date-range", "a report is about a time that is over",
                "RFC 8460 §4.1");
  }
  auto key = key_of(*report);
  {
    const std::lock_guard taking(taking_);
    if (has(key)) return false;
    if (store_ != nullptr) {
      auto kept =
          store::KeyedTable(*store_, table).put(key, report_json(*report), store::Durable::Now);
      if (!kept) return std::unexpected(kept.error());
    }
    const std::lock_guard held(lock_);
    add(std::move(key), report);
    make_room(time);
  }
  log_.info("tls_report")
      .field("organization", report->organization)
      .field("report", report->id)
      .field("domain", report->policies.front().domain)
      .field("succeeded", successes(*report))
      .field("failed", failures(*report));
  if (on_failing_ && failures(*report) > 0) on_failing_(*report);
  return true;
}

bool Inbox::has(const std::string& key) const {
  const std::lock_guard held(lock_);
  return reports_.contains(key);
}

// The keys begin with the begin of the report: its end, by which it grows old, has another order.
void Inbox::make_room(Time now) {
  for (auto at = reports_.begin(); at != reports_.end();) {
    at = now - at->second.report->end > rules_.keep ? erase(at) : std::next(at);
  }
  while (reports_.size() > rules_.most || kept_ > rules_.most_kept) erase(reports_.begin());
}

Inbox::Reports::iterator Inbox::erase(Reports::iterator at) {
  if (store_ != nullptr) {
    auto erased = store::KeyedTable(*store_, table).erase(at->first, store::Durable::Later);
    if (!erased) log_.error("tls_report_not_erased").field("why", erased.error().text());
  }
  kept_ -= at->second.size;
  return reports_.erase(at);
}

std::vector<std::shared_ptr<const TlsReport>> Inbox::list(const ReportFilter& filter) const {
  std::vector<std::shared_ptr<const TlsReport>> found;
  const std::lock_guard held(lock_);
  for (auto at = reports_.rbegin(); at != reports_.rend() && found.size() < filter.most; ++at) {
    const TlsReport& report = *at->second.report;
    if (!is_about(report, filter.domain) || (filter.failing_only && failures(report) == 0)) {
      continue;
    }
    found.push_back(at->second.report);
  }
  return found;
}

std::size_t Inbox::size() const {
  const std::lock_guard held(lock_);
  return reports_.size();
}

}  // namespace outrider::report
