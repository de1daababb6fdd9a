// Where answers come from: libunbound's validation, the AD bit of a resolver, or both compared.
// Callers leave a question and are called back; nothing here waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "outrider/base/result.h"
#include "outrider/dns/resolver.h"

namespace outrider::dns {

/// Record types we ask for, by their numbers (RFC 1035 §3.2.2, RFC 3596, RFC 6672, RFC 6698 §7.1).
enum class RecordType : int {
  A = 1,
  Alias = 5,
  Pointer = 12,
  Mx = 15,
  Text = 16,
  Aaaa = 28,
  SubtreeAlias = 39,  // DNAME
  Tlsa = 52
};

/// An answer with the records as they came; names in them are not compressed.
struct RawAnswer : Answer {
  std::vector<std::string> data;
};

inline RawAnswer failed_answer(std::string why) {
  RawAnswer answer;
  answer.why = std::move(why);
  return answer;
}

class Source {
 public:
  using Done = std::move_only_function<void(RawAnswer)>;

  /// Questions under way at a time, and questions that wait for a place; one more fails.
  static constexpr std::size_t most_open = 512;
  static constexpr std::size_t most_waiting = 20000;
  /// Records of one answer that are kept.
  static constexpr std::size_t most_records = 1000;

  virtual ~Source() = default;

  /// The number for one question to come.
  std::uint64_t next_number() { return last_number_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// Calls `done` exactly once, on any thread, the caller's too. Safe from any thread.
  virtual void ask(std::uint64_t number, std::string name, RecordType type, Done done) = 0;
  /// Ends a question, which fails; one that is answered already is left alone.
  virtual void cancel(std::uint64_t number) = 0;
  /// What is open fails, what comes later too; when this returns, no `done` is called any more but
  /// for questions that come later.
  virtual void close() = 0;

 private:
  std::atomic<std::uint64_t> last_number_{0};
};

/// As the options' validation says.
Result<std::shared_ptr<Source>> open_source(const Options& options);

}  // namespace outrider::dns
