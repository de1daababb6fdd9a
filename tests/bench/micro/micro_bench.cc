// The hot paths, timed by Google Benchmark, with the limits of the machine beside them: a copy of
// the same bytes, and a search through them.
#include <benchmark/benchmark.h>

#include <cstring>

#include "tests/bench/micro/works.h"

namespace {

using outrider::bench_micro::Work;

void time_work(benchmark::State& state, const Work& work) {
  for (auto _ : state) work.run();
  state.SetItemsProcessed(state.iterations());
  if (work.bytes > 0)
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(work.bytes));
}

void copy(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string from(size, 'x');
  std::string to(size, ' ');
  for (auto _ : state) {
    std::memcpy(to.data(), from.data(), size);
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void search(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(std::memchr(text.data(), '\r', text.size()));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  for (const Work& work : outrider::bench_micro::all_works())
    benchmark::RegisterBenchmark(work.name.c_str(),
                                 [work](benchmark::State& state) { time_work(state, work); });
  outrider::bench_micro::register_commits();
  benchmark::RegisterBenchmark("limit: memcpy", copy)->Arg(4096)->Arg(1 << 20);
  benchmark::RegisterBenchmark("limit: memchr", search)->Arg(4096)->Arg(1 << 20);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
