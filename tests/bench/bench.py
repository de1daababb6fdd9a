#!/usr/bin/env python3
"""Outrider beside its peers: the same machine, disk, source and sink, in turn (A B C, A B C, …).

  accept     A  into the durable queue, delivery held
  relay      B  source -> server -> sink, until all is there; and what it writes (P9)
  tls        C  the same with STARTTLS on both hops; handshakes a second
  idle       D  memory of connections that do nothing

usage: bench.py [quick] [--rounds N] [--peers a,b] [--works a,b]. `quick`: Outrider and Postfix, one
round of accept and relay. What it finds goes to bench/results/peers.json; page.py makes the page."""

import argparse
import json
import shutil
import subprocess
import sys
import time

import load
import works
from servers import FOLDER, PEERS, lab

RESULTS = lab.TOP / "bench/results"

#          name             size    sessions messages together
ACCEPT = [("4 KiB x 1", 4096, 1, 1000, True), ("4 KiB x 20", 4096, 20, 6000, True),
          ("4 KiB x 100", 4096, 100, 6000, True), ("4 KiB x 20, each", 4096, 20, 2000, False),
          ("100 KiB x 20", 102400, 20, 1000, True), ("5 MiB x 20", 5 << 20, 20, 60, True)]
RELAY = [("4 KiB x 20", 4096, 20, 5000), ("4 KiB x 100", 4096, 100, 5000),
         ("100 KiB x 20", 102400, 20, 1200)]
TLS_MESSAGES = 3000
HANDSHAKES = 2000
IDLE = {"outrider": 10000, "postfix": 300}  # a process for each costs Postfix its time
SLOW = {"exim": 0.2, "haraka": 0.5}  # of the messages: enough to measure, and not for minutes
PATIENT = ["outrider", "postfix", "exim", "haraka", "opensmtpd"]


class Run:
    def __init__(self, peers, rounds):
        self.peers, self.rounds, self.figures = peers, rounds, {}
        shutil.rmtree(FOLDER / "ca", ignore_errors=True)
        (FOLDER / "ca").mkdir(parents=True)
        self.authority = lab.Authority(FOLDER / "ca")

    def note(self, work, name, found):
        self.figures.setdefault(work, {}).setdefault(name, []).append(found)
        told = "  ".join(f"{key} {value:.3f}" if value < 10 else f"{key} {value:.0f}"
                         for key, value in found.items())
        print(f"{work:34} {name:10} {told}", flush=True)

    def each(self, work, part):
        for _ in range(self.rounds):
            for name in self.peers:
                if work not in PEERS[name].works:
                    continue
                try:
                    part(name)
                except (AssertionError, subprocess.SubprocessError) as error:
                    print(f"{name} did not do it: {error}", flush=True)

    def accept(self, wanted=ACCEPT):
        def part(name):
            server = PEERS[name]()
            try:
                load.smtp_source(server.port, 4096, 2, 40)
                for work, size, sessions, messages, together in wanted:
                    if not together and name == "opensmtpd":
                        continue  # it stands still for minutes
                    count = max(60, int(messages * SLOW.get(name, 1)))
                    self.note(f"A {work}", name,
                              works.accept(server, size, sessions, count, together))
            finally:
                server.stop()
        self.each("accept", part)
        for _ in range(self.rounds):
            self.note("no server 4 KiB x 20", "limit", works.limit(4096, 20, 20000))

    def relay(self, wanted=RELAY):
        def part(name):
            sink = load.SmtpSink()
            server = PEERS[name](sink.port)
            try:
                load.smtp_source(server.port, 4096, 2, 40)
                time.sleep(1.5)
                for work, size, sessions, messages in wanted:
                    count = max(200, int(messages * SLOW.get(name, 1)))
                    give = lambda port, n: load.smtp_source(port, size, sessions, n)
                    self.note(f"B {work}", name, works.relay(server, sink, give, count))
                    if size == 4096:
                        self.note(f"B disk, {work}", name,
                                  works.relay(server, sink, give, count, counted=True))
            finally:
                server.stop()
                sink.stop()
        self.each("relay", part)

    def tls(self):
        certificate, key = self.authority.issue("sink.test")

        def part(name):
            sink = load.Sink("--certificate", certificate, "--key", key)
            server = PEERS[name](sink.port, self.authority)
            give = lambda port, n: load.source(port, "--starttls", "-s", 20, "-m", n,
                                               "--no-bdat", "--no-pipelining")
            try:
                give(server.port, 40)
                time.sleep(1.5)
                count = int(TLS_MESSAGES * SLOW.get(name, 1))
                self.note("C relay, TLS on both hops", name,
                          works.relay(server, sink, give, count))
                self.note("C full handshakes", name, works.greet(server, HANDSHAKES, "--starttls"))
                self.note("C resumed handshakes", name,
                          works.greet(server, HANDSHAKES, "--starttls", "--resume"))
                if name == "outrider":
                    self.note("C s_time full", name, works.s_time(server.tls_port))
            finally:
                server.stop()
                sink.stop()
        self.each("tls", part)
        for _ in range(self.rounds):
            process, port = works.s_server(self.authority)
            self.note("C s_time full", "s_server", works.s_time(port))
            process.kill()
            process.wait()

    def idle(self):
        def part(name):
            count = IDLE.get(name, 1000)
            for kind, arguments in (("plain", []), ("TLS", ["--starttls"])):
                server = PEERS[name](None, self.authority, idle=count)
                try:
                    self.note(f"D idle, {kind}", name, works.idle(server, count, *arguments))
                finally:
                    server.stop()
        self.each("idle", part)

    def quick(self):
        self.accept([work for work in ACCEPT if work[0] in ("4 KiB x 1", "4 KiB x 20")])
        self.relay([work for work in RELAY if work[0] == "4 KiB x 20"])

    def compare(self):
        print()
        for work, found in self.figures.items():
            ours = found.get("outrider")
            for key in ours[0] if ours else ():
                row = f"{work:30} {key:12} outrider {works.median(ours, key):10.3f}"
                for name, theirs in found.items():
                    if name != "outrider" and key in theirs[0]:
                        other = works.median(theirs, key)
                        ratio = works.median(ours, key) / other if other else 0
                        row += f"   {name} {other:.3f} ({ratio:.2f})"
                print(row)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quick", nargs="?", choices=["quick"])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--peers", default=None)
    parser.add_argument("--works", default="accept,relay,tls,idle")
    arguments = parser.parse_args()
    reason = lab.can_have_neighbours()
    if reason:
        sys.exit(f"bench: {reason}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    lab.Neighbour("postfix", "postfix")
    peers = ["outrider", "postfix"] if arguments.quick else PATIENT
    if arguments.peers:
        peers = arguments.peers.split(",")
    run = Run(peers, arguments.rounds or (1 if arguments.quick else 3))
    if arguments.quick:
        run.quick()
    for part in [] if arguments.quick else arguments.works.split(","):
        getattr(run, part)()
        keep(run.figures)
    run.compare()


def keep(figures):
    """Works that were not run keep what was found before."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "peers.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for work, found in figures.items():
        known.setdefault(work, {}).update(found)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
