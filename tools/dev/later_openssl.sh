#!/usr/bin/env bash
# The OpenSSL of a later Debian, unpacked in a folder of its own beside the machine's: programs that
# were built here run with it, since its names and versions of symbols are those of ours.
#
#   later_openssl.sh install          fetch and unpack it (once)
#   later_openssl.sh run COMMAND...   run a program with its libraries; `openssl` is its own
set -eu

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
suite=trixie
packages=(libc6 libssl3t64 openssl openssl-provider-legacy libzstd1 zlib1g)
folder=$top/build/openssl-$suite
libraries=$folder/tree/usr/lib/x86_64-linux-gnu

# apt with a state of its own, which knows the later Debian alone, from where the machine's comes.
later_apt() {
  apt-get -q -o Dir::State="$folder/state" -o Dir::Cache="$folder/cache" \
    -o Dir::State::status="$folder/status" -o Dir::Etc::sourcelist="$folder/sources.list" \
    -o Dir::Etc::sourceparts=- -o APT::Sandbox::User=root "$@"
}

fetch() {
  local mirror package
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' |
    grep -v security | head -n 1)
  mkdir -p "$folder"/{state/lists/partial,cache/archives/partial,debs,tree}
  : > "$folder/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
    > "$folder/sources.list"
  later_apt update
  (cd "$folder/debs" && later_apt download "${packages[@]}")
  for package in "$folder"/debs/*.deb; do dpkg-deb -x "$package" "$folder/tree"; done
}

case ${1:-} in
  install)
    [ -e "$folder/installed" ] && exit 0
    rm -rf "$folder"
    mkdir -p "$folder"
    fetch > "$folder/install.log" 2>&1 || { tail -n 20 "$folder/install.log" >&2; exit 1; }
    touch "$folder/installed"
    ;;
  run)
    shift
    program=$1
    shift
    [ "$program" != openssl ] || program=$folder/tree/usr/bin/openssl
    export OPENSSL_MODULES=$libraries/ossl-modules
    exec "$libraries/ld-linux-x86-64.so.2" \
      --library-path "$libraries:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu" "$program" "$@"
    ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
