// Fixed pieces of work on the hot paths: timed by micro_bench, and counted in instructions by
// count_bench. Each does one unit of it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace outrider::bench_micro {

struct Work {
  std::string name;
  std::string unit;       ///< what one run is: `message`, `4 KiB of content`
  std::size_t bytes = 0;  ///< of content in one run; 0: there is none
  std::function<void()> run;
};

std::vector<Work> all_works();

std::vector<Work> smtp_works();   ///< sessions, commands, replies, content
std::vector<Work> trust_works();  ///< decisions and the ledger
std::vector<Work> queue_works();  ///< the schedule

/// What waits for the disk is timed, not counted: Google Benchmark's own.
void register_commits();

}  // namespace outrider::bench_micro
