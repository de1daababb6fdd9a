# Read by ./dev: the test suites. Each counts its tests; the last line adds them up.

passed=0 failed=0 skipped=0
failures=()

say() { printf '\n== %s\n' "$*"; }

# count FILE: adds what a test program printed. GoogleTest's and unittest's closing lines.
count() {
  local file=$1 ran ok skip
  if grep -q '^\[==========\]' "$file"; then
    ran=$(sed -n 's/^\[==========\] \([0-9]*\) tests\? from .* ran.*/\1/p' "$file" | tail -1)
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\?\..*/\1/p' "$file" | tail -1)
    skip=$(sed -n 's/^\[  SKIPPED \] \([0-9]*\) tests\?[.,].*/\1/p' "$file" | tail -1)
  else
    ran=$(sed -n 's/^Ran \([0-9]*\) tests\? in .*/\1/p' "$file" | tail -1)
    [ "${ran:-0}" != 0 ] || return 1 # a pattern that fits no test shows nothing
    skip=$(sed -n 's/.*skipped=\([0-9]*\).*/\1/p' "$file" | tail -1)
    local bad
    bad=$(sed -n 's/^FAILED (\(.*\))/\1/p' "$file" | grep -oE '(failures|errors)=[0-9]+' |
      cut -d= -f2 | paste -sd+ | sed 's/^$/0/')
    ok=$((${ran:-0} - (${bad:-0}) - ${skip:-0}))
  fi
  [ -n "${ran:-}" ] || return 1 # it died before it could say
  passed=$((passed + ${ok:-0}))
  skipped=$((skipped + ${skip:-0}))
  failed=$((failed + ran - ${ok:-0} - ${skip:-0}))
  [ "$ran" = $((${ok:-0} + ${skip:-0})) ]
}

# run NAME COMMAND...: a test program that prints closing lines.
run() {
  local name=$1 out status=0
  shift
  mkdir -p build/results
  out=build/results/${name// /-}.txt
  timeout -k 10 "${OUTRIDER_TEST_LIMIT:-1800}" "$@" >"$out" 2>&1 || status=$?
  if count "$out" && [ $status = 0 ]; then
    printf '%-28s ok\n' "$name"
    grep -E '^(\[  SKIPPED \] [A-Z]|.*\.\.\. skipped)' "$out" || true
    grep -oE 'figure: .*' "$out" || true
  else
    printf '%-28s FAILED (exit %s)\n' "$name" "$status"
    grep -vE '^\[ +(OK|RUN) ' "$out" | tail -n 60
    failures+=("$name")
    # A program that died has a failure that it could not count.
    grep -qE '^(\[==========\].* ran|Ran )' "$out" || failed=$((failed + 1))
    [ $status = 0 ] || grep -qE '^(\[  FAILED|FAILED )' "$out" || failed=$((failed + 1))
  fi
}

# check NAME COMMAND...: one test, judged by its exit code.
check() {
  local name=$1 out
  shift
  out=$(mktemp)
  if "$@" >"$out" 2>&1; then
    passed=$((passed + 1))
    printf '%-28s ok\n' "$name"
  else
    failed=$((failed + 1))
    failures+=("$name")
    printf '%-28s FAILED\n' "$name"
    tail -n 60 "$out"
  fi
  rm -f "$out"
}

units() { # units PRESET [MODULE...]: the programs of tests/unit
  local preset=$1 program
  shift
  build "$preset" "${@/#/unit_}"
  for program in "build/$preset"/tests/unit_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    [ $# = 0 ] || [[ " $* " = *" ${program##*unit_} "* ]] || continue
    run "$preset ${program##*/}" "$program" --gtest_brief=1 \
      --gtest_output="json:build/results/$preset-${program##*/}.json"
  done
}

suite_tidy() {
  check "structure" python3 tools/tidy.py
  check "format" bash -c "git ls-files '*.h' '*.cc' | xargs clang-format-19 --dry-run -Werror"
  check "configuration page" bash -c 'build/release/outrider config reference | diff - docs/configuration.md'
}

suite_unit() { # with AddressSanitizer and UndefinedBehaviorSanitizer
  export ASAN_OPTIONS=detect_stack_use_after_return=0 UBSAN_OPTIONS=print_stacktrace=1
  units asan
}

suite_threads() { # what runs on several threads, with ThreadSanitizer
  TSAN_OPTIONS="halt_on_error=1 suppressions=$top/tests/support/tsan.supp" \
    units tsan base dns fetch store policy net queue report receive deliver console app
}


suite_system() { build release && for file in tests/system/test_*.py; do
  [ "$file" = tests/system/test_crash.py ] || run "${file##*/}" python3 -W ignore::ResourceWarning "$file" -v; done; }

# The rows of tests/conformance.toml: with the outcomes of this run where all of it was run.
suite_conformance() {
  check "conformance page" bash -c 'python3 tools/conformance.py page | diff - docs/conformance.md'
  if [[ " $ran " != *" unit "*" system "* ]]; then
    GTEST_FILTER=$(python3 tools/conformance.py filter) units asan
    local file
    for file in $(python3 tools/conformance.py files); do
      run "${file##*/}" python3 -W ignore::ResourceWarning "$file" -v -k '*.test_[HLRTS][1-9]_*'
    done
  fi
  if python3 tools/conformance.py rows build/results; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    failures+=("conformance")
  fi
}

suite_crash() { build release && run "kill -9" python3 -W ignore::ResourceWarning tests/system/test_crash.py -v; }

suite_counts() {
  build release outrider count_bench
  check "instructions a message" python3 tests/bench/counts.py check
}

suite_fuzz() { fuzz_all "${OUTRIDER_FUZZ_SECONDS:-40}"; }

# One target on one core: a fuzz program for so many seconds, its words in a file of its own.
fuzz_one() {
  local target=$1 name=${1##*/}
  mkdir -p "build/fuzz/corpus/$name" "build/fuzz/seeds/$name"
  "$target" -max_total_time="$2" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/ "build/fuzz/corpus/$name" "build/fuzz/seeds/$name" \
    > "build/fuzz/$name.log" 2>&1
  echo "exit $?" >> "build/fuzz/$name.log"
}

fuzz_all() {
  local target name
  build asan fuzz_targets
  python3 tests/fuzz/make_seeds.py build/fuzz/seeds
  export -f fuzz_one
  printf '%s\n' build/asan/tests/fuzz/*_fuzz |
    xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$1" "$2"' _ {} "$1"
  for target in build/asan/tests/fuzz/*_fuzz; do
    name=${target##*/}
    check "$name, $1 s" bash -c 'tail -n 40 "$1"; tail -n 1 "$1" | grep -qx "exit 0"' _ \
      "build/fuzz/$name.log"
    sed -n 's/^stat::number_of_executed_units: */  runs: /p' "build/fuzz/$name.log"
  done
}

lint() {
  [ -f build/debug/build.ninja ] || cmake --preset debug >/dev/null
  cmake --build build/debug --target outrider
  run-clang-tidy-19 -quiet -p build/debug "outrider/.*\.cc$"
}

run_suites() {
  local suite ran="" started=$SECONDS
  rm -rf build/results
  [ $# -gt 0 ] || set -- "${suites[@]}"
  for suite in "$@"; do
    declare -F "suite_$suite" >/dev/null ||
      { echo "dev: no such suite: $suite (there are: ${suites[*]})" >&2; exit 64; }
  done
  build release
  for suite in "$@"; do
    say "$suite"
    local begun=$SECONDS
    "suite_$suite"
    printf '%s: %d seconds\n' "$suite" $((SECONDS - begun))
    ran+=" $suite"
  done
  printf '\n%d seconds\n' $((SECONDS - started))
  [ ${#failures[@]} = 0 ] || printf 'failed: %s\n' "${failures[@]}"
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ] && [ ${#failures[@]} = 0 ]
}
