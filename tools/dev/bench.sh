# Read by ./dev: the benchmarks.

bench() {
  packages build test bench
  build release
  local what=${1:-all}
  [ $# = 0 ] || shift
  case $what in
    all) python3 tests/bench/bench.py "$@" && python3 tests/bench/scale.py && page ;;
    quick) python3 tests/bench/bench.py quick "$@" ;;
    peers) python3 tests/bench/bench.py "$@" && page ;;
    scale) python3 tests/bench/scale.py "$@" && page ;;
    trust) python3 tests/bench/trust_bench.py "$@" ;;
    profile) python3 tests/bench/profile.py "$@" ;;
    micro) micro "$@" ;;
    counts) build release count_bench && python3 tests/bench/counts.py "$@" ;;
    page) page ;;
    *) echo "dev: no such benchmark: $what" >&2; return 64 ;;
  esac
}

page() { python3 tests/bench/page.py > docs/performance.md; }

# The build system looks for Google Benchmark again: it may have come just now.
micro() {
  cmake --preset release >/dev/null
  build release micro_bench
  mkdir -p bench/results build/bench
  build/release/tests/bench/micro_bench --benchmark_out=build/bench/micro.json \
    --benchmark_out_format=json "$@" && python3 tests/bench/page.py micro build/bench/micro.json
}
