#include "outrider/bench/taker.h"

#include <functional>
#include <utility>
#include <variant>

#include "outrider/bench/sizes.h"

namespace outrider::bench {
namespace {

constexpr std::chrono::seconds patience{300};
constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

void Ledger::note(const Label& label, const std::string& recipient) {
  const std::hash<std::string> digest;
  const auto key =
      digest(recipient + '\n' + std::to_string(label.run) + '\n' + std::to_string(label.number));
  const std::lock_guard lock(mutex_);
  seen_.insert(key);
}

SinkCounts Ledger::counts() const {
  SinkCounts counts{.connections = connections.load(relaxed),
                    .secured = secured.load(relaxed),
                    .resumed = resumed.load(relaxed),
                    .verified = verified.load(relaxed),
                    .messages = messages.load(relaxed),
                    .deliveries = deliveries.load(relaxed),
                    .refused = refused.load(relaxed),
                    .damaged = damaged.load(relaxed),
                    .unlabelled = unlabelled.load(relaxed),
                    .bytes = bytes.load(relaxed)};
  const std::lock_guard lock(mutex_);
  counts.distinct = seen_.size();
  return counts;
}

Taker::Taker(const SinkOptions& options, std::shared_ptr<const tls::ServerContext> context,
             Ledger& ledger, net::Accepted accepted)
    : options_(options),
      context_(std::move(context)),
      ledger_(ledger),
      stream_(accepted.thread, accepted.fd),
      session_(options.smtp, options.implicit_tls) {}

awaitable<void> Taker::run() {
  ledger_.connections.fetch_add(1, relaxed);
  bool goes_on = true;
  if (options_.implicit_tls) goes_on = co_await secure();
  while (goes_on) {
    const smtp::Event event = session_.next();
    if (std::holds_alternative<smtp::NeedInput>(event)) {
      goes_on = co_await more_input();
    } else if (std::holds_alternative<smtp::MessageEnd>(event)) {
      co_await finish();
    } else if (std::holds_alternative<smtp::StartTls>(event)) {
      goes_on = co_await begin_tls();
    } else if (std::holds_alternative<smtp::Close>(event)) {
      co_await flush();
      goes_on = false;
    } else {
      settle(event);
    }
  }
  co_await stream_.shutdown();
}

void Taker::settle(const smtp::Event& event) {
  if (std::holds_alternative<smtp::Sender>(event)) {
    session_.answer(smtp::replies::sender_ok);
  } else if (const auto* recipient = std::get_if<smtp::Recipient>(&event)) {
    session_.answer(take_recipient(recipient->rcpt.forward_path));
  } else if (const auto* part = std::get_if<smtp::BodyPart>(&event)) {
    checker_.take(part->bytes);
  } else if (std::holds_alternative<smtp::Dropped>(event)) {
    forget();
  } else if (std::holds_alternative<smtp::Verify>(event) ||
             std::holds_alternative<smtp::Expand>(event)) {
    session_.answer(smtp::replies::cannot_verify);
  }
}

smtp::Reply Taker::take_recipient(const Address& recipient) {
  std::string text = recipient.text();
  if (options_.refuse > 0 && share_of(std::hash<std::string>()(text)) < options_.refuse) {
    ledger_.refused.fetch_add(1, relaxed);
    return smtp::replies::unknown_user;
  }
  recipients_.push_back(std::move(text));
  return smtp::replies::recipient_ok;
}

awaitable<void> Taker::finish() {
  if (options_.delay.count() > 0) co_await stream_.thread().sleep(options_.delay);
  ledger_.messages.fetch_add(1, relaxed);
  ledger_.deliveries.fetch_add(recipients_.size(), relaxed);
  ledger_.bytes.fetch_add(checker_.size(), relaxed);
  switch (checker_.end()) {
    case Checker::Verdict::Whole:
      for (const auto& recipient : recipients_) ledger_.note(*checker_.label(), recipient);
      break;
    case Checker::Verdict::Damaged: ledger_.damaged.fetch_add(1, relaxed); break;
    case Checker::Verdict::Unlabelled: ledger_.unlabelled.fetch_add(1, relaxed); break;
  }
  const std::size_t answers = options_.smtp.lmtp ? recipients_.size() : 1;
  for (std::size_t i = 0; i < answers; ++i) session_.answer(smtp::replies::ok);
  forget();
}

void Taker::forget() {
  checker_ = {};
  recipients_.clear();
}

awaitable<bool> Taker::begin_tls() {
  session_.answer(smtp::replies::start_tls);
  const bool written = co_await flush();
  if (!written) co_return false;
  const bool secured = co_await secure();
  if (!secured) co_return false;
  session_.tls_established();
  forget();
  co_return true;
}

awaitable<bool> Taker::secure() {
  const Result<TlsFacts> facts = co_await stream_.accept_tls(context_, patience);
  if (!facts) co_return false;
  ledger_.secured.fetch_add(1, relaxed);
  if (facts->resumed) ledger_.resumed.fetch_add(1, relaxed);
  if (facts->peer == PeerCheck::Verified) ledger_.verified.fetch_add(1, relaxed);
  co_return true;
}

awaitable<bool> Taker::flush() {
  if (session_.output().empty()) co_return true;
  const Result<void> written = co_await stream_.write(session_.output(), patience);
  session_.output_sent();
  co_return written.has_value();
}

awaitable<bool> Taker::more_input() {
  const bool written = co_await flush();
  if (!written) co_return false;
  const Result<void> readable = co_await stream_.wait_readable(patience);
  if (!readable) co_return false;
  const Result<std::size_t> n = co_await stream_.read_some(session_.prepare(), patience);
  if (!n || *n == 0) co_return false;
  session_.received(*n);
  co_return true;
}

}  // namespace outrider::bench
