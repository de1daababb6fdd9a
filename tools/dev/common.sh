# Read by ./dev: packages and builds.

suites=(tidy unit threads system conformance crash counts fuzz)

build_packages=(clang-19 lld-19 clang-format-19 llvm-19 libclang-rt-19-dev ccache cmake ninja-build pkg-config
  git openssl python3 libboost1.81-dev libfmt-dev libssl-dev libunbound-dev dns-root-data
  libcurl4-openssl-dev libidn2-dev librocksdb-dev zlib1g-dev libtomlplusplus-dev libcli11-dev)
test_packages=(libgtest-dev libgmock-dev nlohmann-json3-dev ldnsutils nsd unbound swaks libnet-ssleay-perl msmtp
  curl npm xfsprogs gnutls-bin sslscan testssl.sh valgrind strace procps)
lint_packages=(clang-tidy-19)
bench_packages=(libbenchmark-dev linux-perf)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Installs what is missing. Services that come with a package (a DNS server, say) are not started.
packages() {
  local wanted=() missing=() name list
  for list in "$@"; do
    case $list in
      build) wanted+=("${build_packages[@]}") ;;
      test) wanted+=("${test_packages[@]}") ;;
      bench) wanted+=("${bench_packages[@]}") ;;
      lint) wanted+=("${lint_packages[@]}") ;;
      *) echo "dev: no such set of packages: $list" >&2; return 64 ;;
    esac
  done
  for name in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
  done
  # An npm that did not come by Debian's package is as good.
  if command -v npm >/dev/null; then missing=("${missing[@]/#npm/}"); fi
  missing=($(printf '%s\n' "${missing[@]}" | grep . || true))
  [ ${#missing[@]} = 0 ] && return 0
  echo "installing: ${missing[*]}"
  as_root apt-get update -q >/dev/null
  install_without_starting "${missing[@]}"
}

install_without_starting() {
  local policy=/usr/sbin/policy-rc.d made=
  if ! [ -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
    made=yes
  fi
  local result=0
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" \
    >/dev/null || result=$?
  [ -z "$made" ] || as_root rm -f $policy
  # A name server that came for the tests alone does not start with the machine, either.
  local server
  for server in nsd unbound; do
    if [[ " $* " = *" $server "* ]] && command -v systemctl >/dev/null; then
      as_root systemctl disable $server >/dev/null 2>&1 || true
    fi
  done
  return $result
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"/tmp/outrider-cmake.$$" 2>&1 ||
    { cat "/tmp/outrider-cmake.$$"; rm -f "/tmp/outrider-cmake.$$"; return 1; }
  rm -f "/tmp/outrider-cmake.$$"
  cmake --build "build/$preset" ${1:+--target "$@"}
}
