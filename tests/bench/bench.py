#!/usr/bin/env python3
"""Outrider beside its peers: the same machine, disk, source and sink, in turn (A B C, A B C, …).

  accept     A  into the durable queue, delivery held
  relay      B  source -> server -> sink, until all is there; and what it writes (P9)
  tls        C  the same with STARTTLS on both hops; handshakes a second
  idle       D  memory of connections that do nothing

usage: bench.py [quick] [--rounds N] [--peers a,b] [--works a,b]. `quick`: Outrider and Postfix, one
round of accept and relay, kept nowhere. What is found goes to bench/results/peers.json, a work's
entry being of one run; page.py makes the page. Exit code 1: a server did not do its part."""

import argparse
import json
import shutil
import subprocess
import sys
import time

import load
import machine
import works
from servers import FOLDER, PEERS, lab

RESULTS = lab.TOP / "bench/results"

# The messages are those of a first trial, from which a count is chosen that takes WANTED seconds.
#          name             size    sessions messages together
ACCEPT = [("4 KiB x 1", 4096, 1, 300, True), ("4 KiB x 20", 4096, 20, 1500, True),
          ("4 KiB x 100", 4096, 100, 1500, True), ("4 KiB x 20, each", 4096, 20, 500, False),
          ("100 KiB x 20", 102400, 20, 400, True), ("5 MiB x 20", 5 << 20, 20, 40, True)]
RELAY = [("4 KiB x 20", 4096, 20, 500), ("4 KiB x 100", 4096, 100, 500),
         ("100 KiB x 20", 102400, 20, 200)]
TLS_MESSAGES, HANDSHAKES = 300, 500
WANTED, LEAST, MOST, MOST_BYTES = 4, 3, 60000, 2 << 30
IDLE = {"outrider": 10000, "postfix": 300}  # a process for each costs Postfix its time
PATIENT = ["outrider", "postfix", "exim", "haraka", "opensmtpd"]
TROUBLES = (AssertionError, subprocess.SubprocessError, OSError, ValueError)


class Run:
    def __init__(self, peers, rounds):
        self.peers, self.rounds, self.figures, self.counts = peers, rounds, {}, {}
        self.failures = []
        self.facts = machine.facts() | {"rounds": rounds, "versions": {}}
        for name in peers:
            self.attempt(f"version of {name}", lambda: self.facts["versions"].update(
                {name: PEERS[name].version()}))
        shutil.rmtree(FOLDER / "ca", ignore_errors=True)
        (FOLDER / "ca").mkdir(parents=True)
        self.authority = lab.Authority(FOLDER / "ca")

    def note(self, work, name, found):
        self.figures.setdefault(work, {}).setdefault(name, []).append(found)
        told = "  ".join(f"{key} {value:.3f}" if value < 10 else f"{key} {value:.0f}"
                         for key, value in found.items())
        print(f"{work:34} {name:10} {told}", flush=True)

    def fit(self, work, name, size, trial, run):
        """Notes run(count) with a count that takes about WANTED seconds. Found in the first round and
        kept, so that no later round is measured twice for being fast."""
        most = min(MOST, MOST_BYTES // max(size, 1))
        count = self.counts.get((work, name), min(trial, most))
        found = run(count)
        while (work, name) not in self.counts and found["seconds"] < LEAST and count < most:
            count = min(most, max(count + 1, int(count * WANTED / found["seconds"])))
            found = run(count)
        self.counts[work, name] = count
        self.note(work, name, found)

    def each(self, work, part):
        for round in range(1, self.rounds + 1):
            for name in self.peers:
                if work in PEERS[name].works:
                    self.attempt(f"{work}, {name}, round {round}", lambda: part(name))

    def attempt(self, what, part):
        """A server that fails does not end the others' run, and is told at the end."""
        try:
            part()
        except TROUBLES as error:
            self.failures.append(f"{what}: {error}")
            print(f"FAILED: {what}: {error}", flush=True)

    def accept(self, wanted=ACCEPT):
        def part(name):
            server = PEERS[name]()
            try:
                load.smtp_source(server.port, 4096, 2, 40)
                for work, size, sessions, messages, together in wanted:
                    if not together and name == "opensmtpd":
                        continue  # it stands still for minutes
                    self.fit(f"A {work}", name, size, messages, lambda count: works.accept(
                        server, size, sessions, count, together))
            finally:
                server.stop()
        self.each("accept", part)
        for _ in range(self.rounds):
            self.attempt("no server", lambda: self.fit(
                "no server 4 KiB x 20", "limit", 4096, 10000,
                lambda count: works.limit(4096, 20, count)))

    def relay(self, wanted=RELAY, counted=True):
        def part(name):
            sink = load.SmtpSink()
            try:
                self.relays(name, sink, wanted, counted)
            finally:
                sink.stop()
        self.each("relay", part)

    def relays(self, name, sink, wanted, counted):
        server = PEERS[name](sink.port)
        try:
            load.smtp_source(server.port, 4096, 2, 40)
            time.sleep(1.5)
            for work, size, sessions, messages in wanted:
                give = lambda port, n: load.smtp_source(port, size, sessions, n)
                self.fit(f"B {work}", name, size, messages,
                         lambda count: works.relay(server, sink, give, count))
                if counted and size == 4096:
                    self.note(f"B disk, {work}", name, works.relay_counted(
                        server, sink, give, self.counts[f"B {work}", name]))
        finally:
            server.stop()

    def tls(self):
        certificate, key = self.authority.issue("sink.test")

        def part(name):
            sink = load.Sink("--certificate", certificate, "--key", key)
            try:
                self.secured(name, sink)
            finally:
                sink.stop()
        self.each("tls", part)
        for _ in range(self.rounds):
            self.attempt("s_server", lambda: self.note(
                "C s_time full", "s_server", works.s_servers(self.authority)))

    def secured(self, name, sink):
        server = PEERS[name](sink.port, self.authority)
        try:
            works.give_tls(server.port, 40)
            time.sleep(1.5)
            self.fit("C relay, TLS on both hops", name, 4096, TLS_MESSAGES,
                     lambda count: works.relay(server, sink, works.give_tls, count))
            for kind, more in (("full", []), ("resumed", ["--resume"])):
                self.fit(f"C {kind} handshakes", name, 0, HANDSHAKES,
                         lambda count: works.greet(server, count, "--starttls", *more))
            if name == "outrider":
                self.note("C s_time full", name, works.s_time([server.tls_port]))
        finally:
            server.stop()

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
        self.relay([work for work in RELAY if work[0] == "4 KiB x 20"], counted=False)

    def compare(self):
        print()
        for work, found in self.figures.items():
            ours = found.get("outrider")
            for key in [key for key in ours[0] if key not in ("seconds", "messages")] if ours else ():
                row = f"{work:30} {key:12} outrider {works.median(ours, key):10.3f}"
                for name, theirs in found.items():
                    if name != "outrider" and key in theirs[0]:
                        other = works.median(theirs, key)
                        ratio = works.median(ours, key) / other if other else 0
                        row += f"   {name} {other:.3f} ({ratio:.2f})"
                print(row)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("quick", nargs="?", choices=["quick"])
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--peers")
    parser.add_argument("--works", default="accept,relay,tls,idle")
    given = parser.parse_args()
    given.rounds = given.rounds or (1 if given.quick else 3)
    usual = ["outrider", "postfix"] if given.quick else PATIENT
    given.peers = given.peers.split(",") if given.peers else usual
    given.works = given.works.split(",")
    for name in given.peers:
        if name not in PEERS:
            parser.error(f"no such peer: {name}")
    return given


def main():
    given = arguments()
    counted = "relay" in given.works and not given.quick
    machine.require(
        machine.groups() or lab.can_have_neighbours(), machine.program(),
        machine.perf(*load.Syncs.EVENTS) if counted else "", machine.block_device() if counted else "",
        machine.node() if "haraka" in given.peers else "")
    lab.Neighbour("postfix", "postfix")
    run = Run(given.peers, given.rounds)
    if given.quick:
        run.quick()
    for part in [] if given.quick else given.works:
        getattr(run, part)()
        keep(run)
    run.compare()
    if run.failures:
        sys.exit("\nbench: not all was done:\n" + "\n".join(run.failures))


def keep(run):
    """Works that were not run keep what was found before. What was run is replaced whole: figures of
    two runs are not compared."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "peers.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    others = [{**old, "works": [work for work in old["works"] if work not in run.figures]}
              for old in known.pop("runs", [])]
    known |= run.figures
    known["runs"] = [old for old in others if old["works"]] + [
        {**run.facts, "works": sorted(run.figures)}]
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
