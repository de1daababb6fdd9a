// Two ways to an answer, and what holds where they do not agree: this process's own validation, and
// the word of a resolver. A difference between them is told, because either the one is deceived or
// the other is wrong, and both is worth knowing; it is never decided in favour of less.
#pragma once

#include <memory>
#include <string>

#include "outrider/dns/source.h"

namespace outrider::dns {

/// Where both know whether the answer is secure, insecure or bogus, and do not agree: Bogus,
/// `disputed`, and `why` says who says what. Where one does not know, nobody does: its failure.
/// Where they agree, our own answer: other records alone are no dispute, data changes with time.
RawAnswer compare(RawAnswer own, RawAnswer theirs);

/// Asks both at the same time, and answers when both have.
class SecondOpinion final : public Source {
 public:
  SecondOpinion(std::shared_ptr<Source> own, std::shared_ptr<Source> theirs);
  ~SecondOpinion() override;  ///< closes

  void ask(std::uint64_t number, std::string name, RecordType type, Done done) override;
  void cancel(std::uint64_t number) override;
  void close() override;

 private:
  const std::shared_ptr<Source> own_;
  const std::shared_ptr<Source> theirs_;
};

}  // namespace outrider::dns
