#!/usr/bin/env python3
"""Where the server's time goes during a work: shares by part, and a flame graph.

usage: profile.py WORK [MESSAGES]      WORK: accept, accept-one, accept-large, relay, relay-large, tls,
handshakes. It writes bench/results/profile-WORK.json and docs/performance/flame-WORK.svg, and prints
the parts and the functions with the most time below them."""

import collections
import json
import re
import subprocess
import sys
import time

import load
import works
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
                          capture_output=True, text=True, errors="replace", timeout=900).stdout
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


KERNEL = [("kernel: sockets", ("sys_sendto", "sys_recvfrom", "sys_accept", "sys_shutdown", "sys_close",
                               "sys_connect", "sys_socket", "sys_read", "sys_sendmsg", "sys_recvmsg")),
          ("kernel: waiting", ("sys_epoll", "do_epoll", "sys_futex", "schedule")),
          ("kernel: disk", ("fdatasync", "sys_write", "ext4", "sys_pwrite", "blk_", "fsync"))]
LIBRARIES = [("store", "librocksdb"), ("TLS", "libssl"), ("TLS", "libcrypto")]


def part_of(frames):
    """To which part of the whole a sample belongs."""
    if "kernel" in frames[-1][1]:
        names = " ".join(name for name, dso in frames if "kernel" in dso)
        for part, words in KERNEL:
            if any(word in names for word in words):
                return part
        return "kernel: other"
    for name, dso in reversed(frames):
        for part, library in LIBRARIES:
            if library in dso:
                return part
        own = re.match(r"(?:.* )?outrider::(\w+)::", name)
        if own:
            return f"outrider: {own.group(1)}"
        if name.startswith("outrider::"):
            return "outrider: base"
        if "boost::asio" in name and not name.startswith("boost::asio::detail::awaitable_thread"):
            return "Asio"
    return "other"


def fold(samples):
    folded = collections.Counter()
    for thread, frames in samples:
        folded[";".join([thread] + [name for name, _ in frames])] += 1
    return folded


def shares(samples):
    parts, inside = collections.Counter(), collections.Counter()
    for _, frames in samples:
        parts[part_of(frames)] += 1
        for name in {name for name, _ in frames}:
            inside[name] += 1
    total = max(len(samples), 1)
    percent = lambda counted, most: [(name, round(100 * count / total, 1))
                                     for name, count in counted.most_common(most)]
    return percent(parts, 30), percent(inside, 400)


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
    server = PEERS["outrider"](sink.port if sink else None, authority)
    give = lambda port, n: load.smtp_source(port, size, sessions, n)
    if kind == "C":
        give = lambda port, n: load.source(port, "--starttls", "-s", sessions, "-m", n)
    try:
        if kind != "H":
            give(server.port, 200)
            time.sleep(1)
        work = {"A": lambda: works.accept(server, size, sessions, messages),
                "H": lambda: works.greet(server, messages, "--starttls")}.get(
                    kind, lambda: works.relay(server, sink, give, messages))
        return sample(server, work)
    finally:
        server.stop()
        if sink:
            sink.stop()


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "accept"
    if name not in WORKS:
        sys.exit(__doc__)
    FOLDER.mkdir(parents=True, exist_ok=True)
    lab.Neighbour("postfix", "postfix")
    told, samples = run(name, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    parts, inside = shares(samples)
    print(told, f"{len(samples)} samples")
    for part, share in parts:
        print(f"{share:5.1f} %  {part}")
    print()
    for function, share in inside:
        if "boost::asio" not in function and share >= 0.8:
            print(f"{share:5.1f} %  {function[:110]}")
    results = lab.TOP / "bench/results"
    results.mkdir(parents=True, exist_ok=True)
    (results / f"profile-{name}.json").write_text(json.dumps(
        {"parts": parts, "samples": len(samples), "told": told}, indent=1) + "\n")
    from flame import draw
    picture = lab.TOP / f"docs/performance/flame-{name}.svg"
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_text(draw(fold(samples), f"{name}: CPU time of the server"))


if __name__ == "__main__":
    main()
