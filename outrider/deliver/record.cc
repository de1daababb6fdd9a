#include "outrider/deliver/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/deliver/notices.h"

namespace outrider::deliver {
namespace {

using mail::RecipientStatus;
using queue::Fate;

constexpr std::size_t longest_reply = 512;  // bytes that are kept of one

RecipientStatus status_of(const Said& said, bool here) {
  if (said.waits || said.reply.transient()) return RecipientStatus::Pending;
  if (said.reply.permanent()) return RecipientStatus::Failed;
  return here ? RecipientStatus::Delivered : RecipientStatus::Relayed;
}

struct Word {
  std::string_view status;  // as log readers know it
  std::string_view dsn;     // where the reply has no enhanced code of its own
};

Word word_for(RecipientStatus status, bool expired) {
  if (expired) return {"expired", "5.4.7"};
  switch (status) {
    case RecipientStatus::Pending: return {"deferred", "4.0.0"};
    case RecipientStatus::Failed: return {"bounced", "5.0.0"};
    default: return {"sent", "2.0.0"};
  }
}

// One attempt becoming a record.
class Recorder {
 public:
  Recorder(Site& site, queue::Claim& claim, const Attempt& attempt)
      : site_(site),
        claim_(claim),
        attempt_(attempt),
        time_(now()),
        fate_(any_waits() ? claim.fate(time_, waits_for_tls()) : Fate::Retry),
        notices_(claim, time_, waits_for_tls()) {}

  awaitable<void> run() {
    outcomes_.reserve(attempt_.said.size());
    for (const Said& said : attempt_.said) take(said);
    std::vector<queue::Draft> drafts;
    if (!notices_.empty()) drafts = co_await notices_.write(site_.options, site_.log);
    claim_.finish(std::move(outcomes_), std::move(drafts), fate_ == Fate::Warn);
  }

 private:
  bool any_waits() const {
    return std::ranges::any_of(attempt_.said, [&](const Said& said) {
      return status_of(said, attempt_.here) == RecipientStatus::Pending;
    });
  }
  bool waits_for_tls() const {
    return std::ranges::any_of(attempt_.said, [](const Said& said) { return said.for_tls; });
  }
  void take(const Said& said);
  void count(RecipientStatus status);
  void log(const Said& said, const Word& word, const std::string& reply);

  Site& site_;
  queue::Claim& claim_;
  const Attempt& attempt_;
  Time time_;
  Fate fate_;
  Notices notices_;
  std::vector<queue::Outcome> outcomes_;
};

void Recorder::take(const Said& said) {
  RecipientStatus status = status_of(said, attempt_.here);
  // A host whose TLS is gone never makes a bounce: the next attempt goes by the level's rule.
  const bool expired = status == RecipientStatus::Pending && fate_ == Fate::GiveUp && !said.held;
  const bool late = status == RecipientStatus::Pending && fate_ == Fate::Warn;
  if (expired) status = RecipientStatus::Failed;
  count(status);

  queue::Outcome outcome;
  outcome.recipient = said.recipient;
  outcome.status = status;
  outcome.reply = printable(said.reply.line(), longest_reply);
  if (!said.ours) outcome.remote = attempt_.remote;
  outcome.for_tls = said.for_tls && status == RecipientStatus::Pending;
  log(said, word_for(status, expired), outcome.reply);
  if (late) {
    notices_.add(mail::NoticeKind::Delay, outcome, false);
  } else if (status == RecipientStatus::Failed) {
    notices_.add(mail::NoticeKind::Failure, outcome, false);
  } else if (status != RecipientStatus::Pending) {
    notices_.add(mail::NoticeKind::Success, outcome, attempt_.peer_notifies);
  }
  outcomes_.push_back(std::move(outcome));
}

void Recorder::count(RecipientStatus status) {
  auto& counter = status == RecipientStatus::Pending  ? site_.deferred
                  : status == RecipientStatus::Failed ? site_.bounced
                                                      : site_.sent;
  counter.fetch_add(1, std::memory_order_relaxed);
}

void Recorder::log(const Said& said, const Word& word, const std::string& reply) {
  if (!site_.log.wants(LogLevel::Info)) return;
  const mail::Envelope& envelope = claim_.envelope();
  const mail::Recipient& recipient = envelope.recipients[said.recipient];
  const auto delay = std::chrono::duration<double>(time_ - envelope.arrived).count();
  const bool has_dsn = !said.reply.status.empty() && word.status != "expired";
  LogLine line = site_.log.info("delivery");
  line.field("id", claim_.id().text())
      .field("from", envelope.reverse_path.path())
      .field("to", recipient.address.path());
  if (!recipient.orcpt.empty()) line.field("orcpt", recipient.orcpt);
  line.field("status", word.status)
      .field("relay", attempt_.relay.empty() ? std::string_view("none") : attempt_.relay)
      .field("delay", fmt::format("{:.2f}", std::max(delay, 0.0)))
      .field("attempts", claim_.attempts() + 1)
      .field("dsn", has_dsn ? std::string_view(said.reply.status) : word.dsn);
  if (!attempt_.level.empty()) {
    line.field("tls", attempt_.tls.empty() ? std::string_view("none") : attempt_.tls)
        .field("level", attempt_.level);
    if (!attempt_.rule.empty()) line.field("rule", attempt_.rule);
  }
  line.field("reply", reply);
  if (attempt_.in_doubt && said.waits) {
    line.field("note", "possible duplicate: the end of the content was sent and not answered");
  }
}

}  // namespace

awaitable<void> record(Site& site, queue::Claim& claim, Attempt attempt) {
  Recorder recorder(site, claim, attempt);
  co_await recorder.run();
}

}  // namespace outrider::deliver
