#!/usr/bin/env bash
# A real mail server of Debian beside this machine's own, never in place of it: each neighbour has
# a root of its own, an overlay over the machine's, in which its packages are installed.
#
#   neighbour.sh install NAME PACKAGE...   make the root (once)
#   neighbour.sh run NAME COMMAND...       run a command inside it, in a mount namespace of its own
set -eu

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
roots=${OUTRIDER_NEIGHBOURS:-$top/build/neighbours}

# Everything mounted here is seen by this process alone and gone when it ends.
enter() {
  local root=$roots/$1
  shift
  mkdir -p "$root/upper" "$root/work" "$root/root"
  mount --make-rprivate /
  mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/root"
  mount --rbind /dev "$root/root/dev"
  mount -t proc proc "$root/root/proc"
  mount -t tmpfs tmpfs "$root/root/run"
  mount --bind "$top" "$root/root$top"
  mount --bind /tmp "$root/root/tmp"
  exec chroot "$root/root" "$@"
}

install_packages() {
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d # nothing starts by being installed
  chmod 755 /usr/sbin/policy-rc.d
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  apt-get install -y --no-install-recommends "$@"
  # Questions of the neighbour go to this machine alone, so that no mail leaves it.
  rm -f /etc/resolv.conf
  echo 'nameserver 127.0.0.1' > /etc/resolv.conf
}

case ${1:-} in
  install)
    name=$2
    shift 2
    [ -e "$roots/$name/installed" ] && exit 0
    rm -rf "${roots:?}/$name"
    mkdir -p "$roots/$name"
    "$0" run "$name" "$top/tools/dev/neighbour.sh" inside "$@" > "$roots/$name/install.log" 2>&1 ||
      { tail -n 20 "$roots/$name/install.log" >&2; exit 1; }
    touch "$roots/$name/installed"
    ;;
  inside) shift; install_packages "$@" ;;
  run) shift; exec unshare -m "$0" enter "$@" ;;
  enter) shift; enter "$@" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
