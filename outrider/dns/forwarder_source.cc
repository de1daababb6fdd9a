#include "outrider/dns/forwarder_source.h"

#include <fmt/format.h>
#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "outrider/base/signals_blocked.h"
#include "outrider/base/text.h"
#include "outrider/dns/forwarder.h"
#include "outrider/dns/forwarder_inquiry.h"

namespace outrider::dns {

namespace asio = boost::asio;

Result<std::shared_ptr<ForwarderSource>> ForwarderSource::open(const Options& options) {
  if (options.forwarders.empty()) {
    return fail(Blame::Operator, "no forwarder is named",
                "whose answers are believed must be named", "dns");
  }
  std::vector<Endpoint> forwarders;
  for (const auto& text : options.forwarders) {
    const auto forwarder = read_forwarder(text);
    if (!forwarder) {
      return fail(Blame::Operator, fmt::format("forwarder \"{}\"", printable(text)),
                  "an address, or address@port", "dns");
    }
    forwarders.push_back(*forwarder);
  }
  return std::shared_ptr<ForwarderSource>(
      new ForwarderSource(std::move(forwarders), options.timeout));
}

ForwarderSource::ForwarderSource(std::vector<Endpoint> forwarders, Duration timeout)
    : forwarders_(std::move(forwarders)), timeout_(timeout), work_(loop_.get_executor()) {
  const SignalsBlocked blocked;
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "dns-forwarders");
    loop_.run();
  });
}

ForwarderSource::~ForwarderSource() { close(); }

void ForwarderSource::close() {
  {
    const std::lock_guard held(lock_);
    if (std::exchange(closed_, true)) return;
  }
  asio::post(loop_, [this] { finish_all(); });
  work_.reset();
  thread_.join();
}

void ForwarderSource::ask(std::uint64_t number, std::string name, RecordType type, Done done) {
  Question question{std::move(name), type, steady_now() + timeout_, std::move(done), nullptr};
  {
    const std::lock_guard held(lock_);
    if (!closed_ && held_ < most_open + most_waiting) {
      ++held_;
      asio::post(loop_, [this, number, question = std::move(question)]() mutable {
        take(number, std::move(question));
      });
      return;
    }
  }
  question.done(failed_answer("the resolver takes no more questions"));
}

void ForwarderSource::cancel(std::uint64_t number) {
  const std::lock_guard held(lock_);
  if (closed_) return;
  asio::post(loop_, [this, number] { finish(number, failed_answer("cancelled")); });
}

void ForwarderSource::take(std::uint64_t number, Question question) {
  questions_.emplace(number, std::move(question));
  waiting_.push_back(number);
  begin_next();
}

void ForwarderSource::begin_next() {
  while (open_ < most_open && !waiting_.empty()) {
    const auto number = waiting_.front();
    waiting_.pop_front();
    const auto found = questions_.find(number);
    if (found != questions_.end()) begin(number, found->second);
  }
}

void ForwarderSource::begin(std::uint64_t number, Question& question) {
  ++open_;
  const auto inquiry = std::make_shared<ForwarderInquiry>(loop_, forwarders_, question.name,
                                                          question.type, question.deadline);
  question.inquiry = inquiry;
  asio::co_spawn(loop_, inquiry->run(),
                 [this, number, inquiry](const std::exception_ptr& bug, RawAnswer answer) {
                   if (bug) answer = failed_answer("the question could not be asked");
                   finish(number, std::move(answer));
                 });
}

void ForwarderSource::finish(std::uint64_t number, RawAnswer answer) {
  const auto found = questions_.find(number);
  if (found == questions_.end()) return;
  auto question = std::move(found->second);
  questions_.erase(found);
  {
    const std::lock_guard held(lock_);
    --held_;
  }
  if (question.inquiry) {
    question.inquiry->stop();
    --open_;
  }
  if (answer.canonical.empty()) answer.canonical = question.name;
  question.done(std::move(answer));
  begin_next();
}

void ForwarderSource::finish_all() {
  waiting_.clear();
  while (!questions_.empty()) {
    finish(questions_.begin()->first, failed_answer("the resolver was closed"));
  }
}

}  // namespace outrider::dns
