#include "outrider/app/trust_parts.h"

#include <utility>

#include "outrider/policy/web_addresses.h"

namespace outrider::app {

Result<std::unique_ptr<TrustParts>> TrustParts::open(const TrustOptions& options,
                                                     dns::Resolver& resolver, queue::Queue& queue,
                                                     Log& log) {
  std::unique_ptr<TrustParts> parts(new TrustParts(options, resolver, queue, log));
  auto store = store::Store::open({.path = options.path, .memory = 8 << 20, .log_bytes = 32 << 20});
  if (!store) return std::unexpected(store.error());
  parts->store_ = std::move(*store);
  if (const auto& cut = parts->store_->cut(); !cut.empty())
    log.error("trust").field("path", options.path).field("status", "log-cut").field("error", cut);
  auto web = fetch::Client::open(options.web);
  if (!web) return std::unexpected(web.error());
  parts->web_ = std::move(*web);
  if (!options.alarm.webhook.empty()) {
    auto alarm_web = fetch::Client::open(options.alarm_web);
    if (!alarm_web) return std::unexpected(alarm_web.error());
    parts->alarm_web_ = std::move(*alarm_web);
  }
  if (auto loaded = parts->load(); !loaded) return std::unexpected(loaded.error());
  return parts;
}

Result<void> TrustParts::load() {
  ledger_ = std::make_unique<policy::Ledger>(options_.ledger, store_.get(), log_);
  if (auto loaded = ledger_->load(); !loaded) return loaded;
  if (options_.reports) {
    tally_ = std::make_unique<report::Tally>(options_.tally, store_.get(), log_);
    if (auto loaded = tally_->load(); !loaded) return loaded;
  }
  inbox_ = std::make_unique<report::Inbox>(
      report::InboxRules{}, store_.get(), log_,
      [this](const report::TlsReport& report) { tell_failing(report); });
  return inbox_->load();
}

Result<void> TrustParts::start(boost::asio::any_io_executor home) {
  std::optional<policy::AlarmSources> webhook;
  if (alarm_web_) webhook.emplace(resolver_, *alarm_web_, home);
  alarms_ = std::make_unique<policy::Alarms>(options_.alarm, log_, std::move(webhook));
  if (tally_) start_sender(home);
  if (!options_.sts) return {};
  sts_ = std::make_unique<policy::StsPolicies>(options_.sts_rules,
                                               policy::StsSources{resolver_, *web_}, store_.get(),
                                               std::move(home), log_);
  if (auto loaded = sts_->load(); !loaded) return loaded;
  sts_->start();
  return {};
}

void TrustParts::start_sender(boost::asio::any_io_executor home) {
  auto addresses = [this](std::string host) -> report::awaitable<std::vector<IpAddress>> {
    policy::WebAddresses found = co_await policy::web_addresses(resolver_, std::move(host));
    co_return std::move(found.found);
  };
  sender_ = std::make_unique<report::Sender>(
      options_.sender,
      report::SenderParts{*tally_, queue_, resolver_, *web_, std::move(addresses), log_},
      std::move(home));
  sender_->start();
}

void TrustParts::set_own_names(OwnNames names) {
  const std::lock_guard held(own_names_lock_);
  own_names_ = std::move(names);
}

// What others see of us that we cannot see.
void TrustParts::tell_failing(const report::TlsReport& report) {
  std::vector<policy::Alarm> alarms;
  {
    const std::lock_guard held(own_names_lock_);
    alarms = failing_alarms(report, own_names_, now());
  }
  for (auto& alarm : alarms) alarms_->raise(std::move(alarm));
}

void TrustParts::stop() {
  if (sts_) sts_->stop();
  if (sender_) sender_->stop();
  web_->close();
  if (alarm_web_) alarm_web_->close();
}

deliver::Services TrustParts::services() {
  return {sts_.get(), ledger_.get(), alarms_.get(), tally_.get(), inbox_.get()};
}

}  // namespace outrider::app
