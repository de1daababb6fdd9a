#!/usr/bin/env python3
"""Where the server's time goes during a work: shares by part, and a flame graph.

usage: profile.py WORK [MESSAGES]      WORK: accept, accept-one, accept-large, relay, relay-large, tls,
handshakes, or all of them. It writes bench/results/profile-WORK.json and docs/performance/flame-WORK.svg, and prints
the parts and the functions with the most time below them."""

import collections
import json
import re
import subprocess
import sys
import time

import load
import machine
import works
from flame import draw
from servers import FOLDER, PEERS, lab

FREQUENCY = "499"


def sample(server, work):
    data = FOLDER / "perf.data"
    perf = subprocess.Popen(["perf", "record", "-e", "cpu-clock", "-F", FREQUENCY, "--call-graph",
                             "dwarf,16384", "-o", str(data), "-p", str(server.process.pid)],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    told = work()
    perf.send_signal(2)
    perf.wait(120)
    text = subprocess.run(["perf", "script", "-i", str(data), "-F", "comm,ip,sym,dso"],
                          check=True, capture_output=True, text=True, errors="replace",
                          timeout=900).stdout
    data.unlink()
    return told, list(stacks(text))


def stacks(text):
    """(thread, frames from the outermost to the innermost), a frame being (name, dso)."""
    thread, frames = "", []
    for line in text.split("\n"):
        if not line.strip():
            if frames:
                yield thread, frames[::-1]
            thread, frames = "", []
        elif not thread:
            thread = line.strip()
        else:
            match = re.match(r"\s*[0-9a-f]+ (.*) \((.*)\)$", line)
            if match:
                frames.append((short(match.group(1)), match.group(2)))


def short(name):
    """A function's name without what it is made of."""
    name = re.sub(r"\(inlined\)$", "", name).strip()
    while True:
        shorter = re.sub(r"<[^<>]*>|\([^()]*\)", "", name)
        if shorter == name:
            return name.replace("[clone .resume]", "").replace(" const", "").strip()
        name = shorter


# In this order: TLS writes to its socket by write(2), as files are written, and waiting is a part of
# the others. Polling asks sockets, and is none of their work.
POLLING = re.compile(r"\w*_poll\b")
KERNEL = [("kernel: sockets", ("sock_", "tcp_", "inet_", "unix_", "sys_sendto", "sys_recvfrom",
                               "sys_accept", "sys_shutdown", "sys_connect", "sys_socket",
                               "sys_sendmsg", "sys_recvmsg")),
          ("kernel: disk", ("fsync", "fdatasync", "ext4_", "xfs_", "btrfs_", "vfs_iocb_iter_write",
                            "generic_perform_write", "iomap_", "blk_")),
          ("kernel: waiting", ("sys_epoll", "do_epoll", "eventfd", "sys_futex", "schedule"))]
LIBRARIES = [("store", "librocksdb"), ("TLS", "libssl"), ("TLS", "libcrypto")]
SUMS = ("kernel", "TLS", "store", "own code", "other")


def kernel_part(frames):
    names = POLLING.sub("", " ".join(name for name, dso in frames if "kernel" in dso))
    for part, words in KERNEL:
        if any(word in names for word in words):
            return part
    return "kernel: other"


def part_of(frames):
    """To which part of the whole a sample belongs."""
    if "kernel" in frames[-1][1]:
        return kernel_part(frames)
    for name, dso in reversed(frames):
        for part, library in LIBRARIES:
            if library in dso:
                return part
        own = re.match(r"(?:.* )?outrider::(?:([a-z]\w*)::)?", name)
        if own:  # what is in no module's namespace, a class too, is base's
            return f"outrider: {own.group(1) or 'base'}"
        if "boost::asio" in name and not name.startswith("boost::asio::detail::awaitable_thread"):
            return "Asio"
    return "other"


def sum_of(part):
    if part.startswith("outrider: "):
        return "own code"
    part = part.split(":")[0]
    return part if part in SUMS else "other"


def fold(samples):
    folded = collections.Counter()
    for thread, frames in samples:
        folded[";".join([thread] + [name for name, _ in frames])] += 1
    return folded


def shares(samples):
    """By the sums, by the parts, and by functions with all that is below them."""
    sums, parts, inside = collections.Counter(), collections.Counter(), collections.Counter()
    for _, frames in samples:
        part = part_of(frames)
        parts[part] += 1
        sums[sum_of(part)] += 1
        for name in {name for name, _ in frames}:
            inside[name] += 1
    percent = lambda count: round(100 * count / max(len(samples), 1), 1)
    listed = lambda counted, most: [(name, percent(count)) for name, count in counted.most_common(most)]
    return {name: percent(sums[name]) for name in SUMS}, listed(parts, 30), listed(inside, 400)


WORKS = {"accept": ("A", 4096, 20, 10000), "accept-one": ("A", 4096, 1, 900),
         "accept-large": ("A", 5 << 20, 20, 100), "relay": ("B", 4096, 20, 8000),
         "relay-large": ("B", 102400, 20, 1500), "tls": ("C", 4096, 20, 6000),
         "handshakes": ("H", 0, 8, 3000)}


def run(name, messages):
    kind, size, sessions, usual = WORKS[name]
    messages = messages or usual
    (FOLDER / "ca").mkdir(parents=True, exist_ok=True)
    authority = lab.Authority(FOLDER / "ca") if kind in "CH" else None
    sink = None
    if kind == "C":
        sink = load.Sink(*sum(zip(("--certificate", "--key"), authority.issue("sink.test")), ()))
    elif kind == "B":
        sink = load.SmtpSink()
    give = works.give_tls if kind == "C" else \
        lambda port, n: load.smtp_source(port, size, sessions, n)
    try:
        return serve(kind, sink, authority, give, lambda server: {
            "A": lambda: works.accept(server, size, sessions, messages),
            "H": lambda: works.greet(server, messages, "--starttls")}.get(
                kind, lambda: works.relay(server, sink, give, messages)))
    finally:
        if sink:
            sink.stop()


def serve(kind, sink, authority, give, work_of):
    server = PEERS["outrider"](sink.port if sink else None, authority)
    try:
        if kind != "H":
            give(server.port, 200)
            time.sleep(1)
        return sample(server, work_of(server))
    finally:
        server.stop()


def tell(name, messages):
    told, samples = run(name, messages)
    sums, parts, inside = shares(samples)
    print(name, told, f"{len(samples)} samples")
    print("  ".join(f"{part} {share:.1f} %" for part, share in sums.items()) + "\n")
    for part, share in parts:
        print(f"{share:5.1f} %  {part}")
    print()
    for function, share in inside:
        if "boost::asio" not in function and share >= 0.8:
            print(f"{share:5.1f} %  {function[:110]}")
    results = lab.TOP / "bench/results"
    results.mkdir(parents=True, exist_ok=True)
    (results / f"profile-{name}.json").write_text(json.dumps(
        {"sums": sums, "parts": parts, "samples": len(samples), "told": told}, indent=1) + "\n")
    picture = lab.TOP / f"docs/performance/flame-{name}.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(draw(fold(samples), f"{name}: CPU time of the server"))


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else "accept"
    if wanted not in [*WORKS, "all"]:
        sys.exit(__doc__)
    machine.require(machine.groups() or lab.can_have_neighbours(), machine.program(),
                    machine.perf("cpu-clock"))
    lab.Neighbour("postfix", "postfix")
    for name in WORKS if wanted == "all" else [wanted]:
        tell(name, int(sys.argv[2]) if len(sys.argv) > 2 else 0)


if __name__ == "__main__":
    main()
