#include "outrider/policy/alarms.h"

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/fetch/url.h"
#include "outrider/policy/program.h"
#include "outrider/policy/web_addresses.h"

namespace outrider::policy {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

using namespace std::chrono_literals;
using Kind = Alarm::Kind;

constexpr std::array kinds{std::pair{Kind::TlsGone, std::string_view{"tls-gone"}},
                           std::pair{Kind::Unverified, std::string_view{"unverified"}},
                           std::pair{Kind::PolicyFailed, std::string_view{"policy-failed"}},
                           std::pair{Kind::DnsDisputed, std::string_view{"dns-disputed"}},
                           std::pair{Kind::ReportsFailing, std::string_view{"reports-failing"}}};

// Between the attempts at one webhook, which has an answer by then.
constexpr std::array<Duration, 3> pauses{2s, 10s, 45s};
constexpr Duration post_limit = 10s;
constexpr std::size_t most_told = 10000;

}  // namespace

std::string_view name(Kind kind) { return kinds[static_cast<std::size_t>(kind)].second; }

std::optional<Kind> alarm_named(std::string_view text) {
  for (const auto& [kind, word] : kinds) {
    if (word == text) return kind;
  }
  return std::nullopt;
}

std::string alarm_json(const Alarm& alarm) {
  json::object object{{"alarm", name(alarm.kind)}, {"time", rfc3339(alarm.when)}};
  const std::pair<const char*, const std::string&> texts[] = {
      {"domain", alarm.domain}, {"host", alarm.host}, {"level", alarm.level}, {"why", alarm.why}};
  for (const auto& [key, value] : texts) {
    if (!value.empty()) object[key] = printable(value, 1000);
  }
  if (alarm.last_seen) object["last_seen"] = rfc3339(*alarm.last_seen);
  if (alarm.known > 0) {
    object["hosts_gone"] = alarm.gone;
    object["hosts_known"] = alarm.known;
  }
  return json::serialize(object);
}

Alarms::Alarms(AlarmRules rules, Log& log, std::optional<AlarmSources> sources)
    : rules_(std::move(rules)), log_(log), sources_(std::move(sources)) {
  if (rules_.command.empty()) return;
  programs_ = std::jthread([this](const std::stop_token& stop) { run_programs(stop); });
}

Alarms::~Alarms() = default;

bool Alarms::is_repeated(const Alarm& alarm) {
  const std::string key = std::string(name(alarm.kind)) + "\n" + alarm.domain + "\n" + alarm.host;
  const std::lock_guard held(lock_);
  if (told_.size() >= most_told) {
    std::erase_if(told_, [&](const auto& each) {
      return alarm.when - each.second >= rules_.silence || alarm.when < each.second;
    });
    if (told_.size() >= most_told) told_.clear();  // rather twice than not at all
  }
  const auto [at, is_new] = told_.try_emplace(key, alarm.when);
  if (is_new) return false;
  const bool soon = alarm.when >= at->second && alarm.when - at->second < rules_.silence;
  if (!soon) at->second = alarm.when;
  return soon;
}

bool Alarms::raise(Alarm alarm) {
  if (is_repeated(alarm)) return false;
  raised_.fetch_add(1, std::memory_order_relaxed);
  tell(alarm);
  const auto& wanted = rules_.kinds;
  if (!wanted.empty() && std::ranges::find(wanted, alarm.kind) == wanted.end()) return true;
  const std::lock_guard held(lock_);
  if (sources_ && !rules_.webhook.empty()) {
    if (takes(posting_, alarm.kind)) {
      asio::co_spawn(sources_->home, post(alarm_json(alarm), alarm.kind), asio::detached);
    } else {
      log_.error("alarm_not_posted").field("why", "too many wait for the webhook");
    }
  }
  if (rules_.command.empty()) return true;
  if (takes(room_, alarm.kind)) {
    waiting_.push_back(std::move(alarm));
    woken_.notify_one();
  } else {
    log_.error("alarm_not_run").field("why", "too many wait for the program");
  }
  return true;
}

bool Alarms::takes(Room& room, Kind kind) const {
  const bool is_report = kind == Kind::ReportsFailing;
  auto& taken = is_report ? room.reports : room.own;
  if (taken >= (is_report ? rules_.most_reports : rules_.most_waiting)) return false;
  ++taken;
  return true;
}

// Reports are about yesterday, and come after what is lost now.
Alarm Alarms::next_waiting() {
  auto at = std::ranges::find_if(
      waiting_, [](const Alarm& each) { return each.kind != Kind::ReportsFailing; });
  if (at == waiting_.end()) at = waiting_.begin();
  Alarm alarm = std::move(*at);
  waiting_.erase(at);
  --(alarm.kind == Kind::ReportsFailing ? room_.reports : room_.own);
  return alarm;
}

void Alarms::tell(const Alarm& alarm) const {
  auto line = log_.warning("alarm");
  line.field("alarm", name(alarm.kind));
  if (!alarm.host.empty()) line.field("host", alarm.host);
  if (!alarm.domain.empty()) line.field("domain", alarm.domain);
  if (alarm.last_seen) line.field("last_seen", rfc3339(*alarm.last_seen));
  if (alarm.known > 0) {
    line.field("hosts_gone", alarm.gone).field("hosts_known", alarm.known);
  }
  if (!alarm.level.empty()) line.field("level", alarm.level);
  line.field("why", alarm.why);
}

void Alarms::run_programs(const std::stop_token& stop) {
  for (;;) {
    Alarm alarm;
    {
      std::unique_lock held(lock_);
      if (!woken_.wait(held, stop, [&] { return !waiting_.empty(); })) return;
      if (stop.stop_requested()) return;  // though some wait: each would be killed at once
      alarm = next_waiting();
    }
    const auto ran = run_program(rules_.command, alarm_json(alarm) + "\n",
                                 {{"OUTRIDER_ALARM", std::string(name(alarm.kind))},
                                  {"OUTRIDER_DOMAIN", alarm.domain},
                                  {"OUTRIDER_HOST", alarm.host}},
                                 rules_.patience, stop);
    if (!ran) {
      log_.error("alarm_not_run")
          .field("alarm", name(alarm.kind))
          .field("domain", alarm.domain)
          .field("why", ran.error().text());
    }
  }
}

asio::awaitable<void> Alarms::post(std::string body, Kind kind) {
  const auto url = fetch::parse_url(rules_.webhook);  // checked where it was read
  std::string why = "no URL";
  asio::steady_timer timer(sources_->home);
  for (std::size_t attempt = 0; url; ++attempt) {
    const WebAddresses addresses = co_await web_addresses(sources_->resolver, url->host);
    fetch::Request request;
    request.url = rules_.webhook;
    request.addresses = addresses.found;
    request.limit = post_limit;
    request.body = body;
    request.body_type = "application/json";
    const fetch::Answer answer = co_await sources_->client.post(std::move(request));
    if (answer) why.clear();
    if (answer || attempt == pauses.size()) break;
    why = addresses.found.empty() ? addresses.why : answer.error().error.text();
    timer.expires_after(pauses[attempt]);
    co_await timer.async_wait(asio::use_awaitable);
  }
  if (!why.empty()) log_.error("alarm_not_posted").field("why", why);
  const std::lock_guard held(lock_);
  --(kind == Kind::ReportsFailing ? posting_.reports : posting_.own);
}

}  // namespace outrider::policy
