// One of the fixed works, so often: for a program that counts instructions within counted(). It
// prints how often memory was asked for there. Without arguments it lists the works, a line each:
// NAME<tab>UNIT.
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include "tests/bench/micro/works.h"

using outrider::bench_micro::Work;

namespace {
unsigned long allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

extern "C" [[gnu::noinline]] void counted(const Work& work, int times) {
  for (int i = 0; i < times; ++i) work.run();
}

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const Work& work : outrider::bench_micro::all_works()) {
    if (wanted.empty()) std::printf("%s\t%s\n", work.name.c_str(), work.unit.c_str());
    if (work.name != wanted) continue;
    for (int i = 0; i < 10; ++i) work.run();  // what grows once has grown
    allocations = 0;
    counted(work, argc > 2 ? std::atoi(argv[2]) : 100);
    std::printf("%lu\n", allocations);
    return 0;
  }
  return wanted.empty() ? 0 : 64;
}
