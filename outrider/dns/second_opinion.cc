#include "outrider/dns/second_opinion.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace outrider::dns {
namespace {

std::string_view verdict(const Answer& answer) {
  if (answer.status == Status::Bogus) return "bogus";
  return answer.secure ? "secure" : "insecure";
}

std::string reason(const Answer& answer) {
  return answer.why.empty() ? std::string() : fmt::format(" ({})", answer.why);
}

/// The two answers to one question, until both are there.
class Pair {
 public:
  explicit Pair(Source::Done done) : done_(std::move(done)) {}

  void take_own(RawAnswer answer) { take(own_, theirs_, std::move(answer)); }
  void take_theirs(RawAnswer answer) { take(theirs_, own_, std::move(answer)); }

 private:
  void take(std::optional<RawAnswer>& mine, const std::optional<RawAnswer>& other,
            RawAnswer answer) {
    {
      const std::lock_guard held(lock_);
      mine = std::move(answer);
      if (!other) return;
    }
    done_(compare(std::move(*own_), std::move(*theirs_)));
  }

  std::mutex lock_;
  std::optional<RawAnswer> own_;
  std::optional<RawAnswer> theirs_;
  Source::Done done_;
};

}  // namespace

RawAnswer compare(RawAnswer own, RawAnswer theirs) {
  if (own.status == Status::Failed) return own;
  if (theirs.status == Status::Failed) {
    if (own.status == Status::Bogus) return own;
    theirs.why = fmt::format("no second opinion: {}", theirs.why);
    return theirs;
  }
  if (verdict(own) == verdict(theirs)) return own;
  RawAnswer disputed;
  disputed.status = Status::Bogus;
  disputed.disputed = true;
  disputed.canonical = std::move(own.canonical);
  disputed.why = fmt::format("disputed: {} by our own validation{}, {} by the resolver{}",
                             verdict(own), reason(own), verdict(theirs), reason(theirs));
  return disputed;
}

SecondOpinion::SecondOpinion(std::shared_ptr<Source> own, std::shared_ptr<Source> theirs)
    : own_(std::move(own)), theirs_(std::move(theirs)) {}

SecondOpinion::~SecondOpinion() { close(); }

void SecondOpinion::ask(std::uint64_t number, std::string name, RecordType type, Done done) {
  // Shared by the two that are asked: either may be the last.
  const auto pair = std::make_shared<Pair>(std::move(done));
  own_->ask(number, name, type, [pair](RawAnswer answer) { pair->take_own(std::move(answer)); });
  theirs_->ask(number, std::move(name), type,
               [pair](RawAnswer answer) { pair->take_theirs(std::move(answer)); });
}

void SecondOpinion::cancel(std::uint64_t number) {
  own_->cancel(number);
  theirs_->cancel(number);
}

void SecondOpinion::close() {
  own_->close();
  theirs_->close();
}

}  // namespace outrider::dns
