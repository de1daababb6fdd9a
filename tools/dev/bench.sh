# Read by ./dev: the benchmarks.

bench() {
  packages build test bench
  build release
  local what=${1:-all}
  [ $# = 0 ] || shift
  case $what in
    all) shown everything "$@" ;;
    quick) python3 tests/bench/bench.py quick "$@" ;;
    peers) shown python3 tests/bench/bench.py "$@" ;;
    scale) shown python3 tests/bench/scale.py "$@" ;;
    trust) python3 tests/bench/trust_bench.py "$@" ;;
    profile) python3 tests/bench/profile.py "$@" ;;
    micro) micro "$@" ;;
    counts) build release count_bench && python3 tests/bench/counts.py "$@" ;;
    page) page ;;
    *) echo "dev: no such benchmark: $what" >&2; return 64 ;;
  esac
}

# All that the page shows. A part that fails is told by the exit code, and stops no other.
everything() {
  local failed=0
  python3 tests/bench/bench.py "$@" || failed=1
  python3 tests/bench/scale.py || failed=1
  micro || failed=1
  python3 tests/bench/profile.py all || failed=1
  return $failed
}

# What was measured is shown, whether or not all could be.
shown() {
  local failed=0
  "$@" || failed=1
  page
  return $failed
}

page() {
  python3 tests/bench/page.py > docs/performance.md.new
  mv docs/performance.md.new docs/performance.md
}

# The build system looks for Google Benchmark again: it may have come just now.
micro() {
  cmake --preset release >/dev/null && build release micro_bench || return
  mkdir -p bench/results build/bench
  build/release/tests/bench/micro_bench --benchmark_out=build/bench/micro.json \
    --benchmark_out_format=json "$@" && python3 tests/bench/page.py micro build/bench/micro.json
}
