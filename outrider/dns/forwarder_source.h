// Answers of forwarders whose AD bit is believed (RFC 4035 §4.9.3). libunbound hides that bit, and
// the C library's resolver has no limit of time once it speaks TCP; so the questions are asked
// here, all of them on one thread that never waits for a single one. There is no cache: the
// forwarder has one.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/dns/source.h"

namespace outrider::dns {

class ForwarderInquiry;

class ForwarderSource final : public Source {
 public:
  /// Fails without forwarders, and where one is not of its form.
  static Result<std::shared_ptr<ForwarderSource>> open(const Options& options);
  ~ForwarderSource() override;  ///< closes

  void ask(std::uint64_t number, std::string name, RecordType type, Done done) override;
  void cancel(std::uint64_t number) override;
  void close() override;

 private:
  struct Question {
    std::string name;
    RecordType type = RecordType::A;
    Steady deadline;
    Done done;
    std::shared_ptr<ForwarderInquiry> inquiry;  // none: waiting for a place
  };
  ForwarderSource(std::vector<Endpoint> forwarders, Duration timeout);

  // On the loop:
  void take(std::uint64_t number, Question question);
  void begin_next();
  void begin(std::uint64_t number, Question& question);
  void finish(std::uint64_t number, RawAnswer answer);
  void finish_all();

  const std::vector<Endpoint> forwarders_;
  const Duration timeout_;

  std::mutex lock_;  // of the two below
  bool closed_ = false;
  std::size_t held_ = 0;  // questions without answer

  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::map<std::uint64_t, Question> questions_;
  std::deque<std::uint64_t> waiting_;
  std::size_t open_ = 0;

  std::thread thread_;
};

}  // namespace outrider::dns
