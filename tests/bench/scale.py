#!/usr/bin/env python3
"""What grows: a queue of a million messages to 100,000 destinations, 50,000 idle connections, a
message to 10,000 recipients, a next hop that is slow beside one that is not, a mix of all that is
unpleasant, and what twice as much costs.

usage: scale.py [PART...] [--messages N]       parts: queue idle recipients slow mix sweep
It needs root, for port 25 of a loopback address, and for the queue 6 GiB of disk."""

import argparse
import json
import shutil
import subprocess
import sys
import time

import load
import works
from bench import RESULTS
from servers import FOLDER, CpuGroup, lab
import dns_tree

MX = "127.84.0.1"
PLAIN = "[mta_sts]\nenabled = false\n[tls_report]\nsend = false\n"


class Outrider:
    """One server with a configuration of its own, its CPU counted."""

    def __init__(self, name, config, authority=None, tree=None):
        self.cpu = CpuGroup(f"scale-{name}")
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        self.server = lab.Server(FOLDER, name, config, authority)
        if tree:
            tree.use(self.server)
        self.port = self.server.port
        self.start()

    def start(self):
        with open(FOLDER / "scale.out", "ab") as out:
            self.server.process = subprocess.Popen(
                [lab.OUTRIDER, "serve", "-c", str(self.server.config_path)], stdout=out, stderr=out,
                preexec_fn=self.cpu.join)
        lab.wait_for(lambda: lab.answers(self.port), 120, "the server")

    def kilobytes(self):
        return self.cpu.kilobytes()

    def status(self):
        return json.loads(self.server.command("status", "--json").stdout)

    def stop(self):
        self.server.stop(120)


def tell(part, **figures):
    print(f"{part:12} " + "  ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()), flush=True)
    return figures


def world():
    """A zone with as many domains as one wants, whose mail goes to port 25 of MX."""
    shutil.rmtree(FOLDER / "scale-dns", ignore_errors=True)
    return dns_tree.Tree(FOLDER / "scale-dns", "world", {"scale.world": (
        dns_tree.PLAIN, f"* MX 10 mx\nmx A {MX}")})


WORLD = (PLAIN + "[limits]\nconnections_per_network = 1000\nrecipients = 10000\n"
         "[delivery]\nloopback_is_own = false\n")


# P10
def queue(arguments):
    count = arguments.messages
    domains = min(100000, count // 10)
    tree, sink = world(), None
    server = Outrider("scale-queue", WORLD + 'queue: retry_first = "1m"\nqueue: retry_longest = "1m"\n',
                      tree=tree)
    give = lambda n: load.source(server.port, "-s", 100, "-m", n, "--size", 1000, "--threads", 2,
                                 "--to", "sink@scale.world", "--domains", domains)
    step = max(20000, count // 50)
    try:
        before = server.kilobytes()
        empty = give(step)["messages_per_second"]
        give(max(count - step, 1))
        time.sleep(5)
        found = {"messages": count, "domains": domains, "accepted when empty": empty,
                 "accepted when full": give(step)["messages_per_second"],
                 "bytes a message": (server.kilobytes() - before) * 1024 / (count + step)}
        begun = time.monotonic()
        page = server.server.queue("list", "--limit", "100")["items"]
        found["first page ms"] = (time.monotonic() - begun) * 1000
        begun = time.monotonic()
        server.server.queue("list", "--limit", "100", "--after", page[-1]["id"])
        found["next page ms"] = (time.monotonic() - begun) * 1000
        server.stop()
        sink = load.Sink(host=MX, port=25)
        begun = time.monotonic()
        server.start()
        found["start s"] = time.monotonic() - begun
        lab.wait_for(sink.count, 300, "the first delivery")
        found["first delivery s"] = time.monotonic() - begun
        delivered = sink.count()
        time.sleep(15)
        found["herd, msg/s"] = (sink.count() - delivered) / 15
        return tell("queue", **found)
    finally:
        server.server.kill()
        if sink:
            sink.stop()
        tree.stop()


# P8
def idle(_arguments):
    count = 50000
    server = Outrider("scale-idle", f"[limits]\nconnections = {count + 100}\n"
                      f"connections_per_network = {count + 100}\n")
    try:
        return tell("idle", connections=count, **works.idle(server, count))
    finally:
        server.stop()


def recipients(_arguments):
    sink = load.Sink()
    server = Outrider("scale-recipients", f'[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{sink.port}"\n'
                      "[limits]\nrecipients = 10000\n")
    try:
        load.source(server.port, "-m", 1)
        lab.wait_for(lambda: sink.count() >= 1, 30, "the first message")
        before, cpu, begun = server.kilobytes(), server.cpu.seconds(), time.monotonic()
        load.source(server.port, "-m", 1, "-r", 10000, "-s", 1)
        lab.wait_for(lambda: sink.count() >= 10001, 120, "all recipients")
        return tell("recipients", recipients=10000, seconds=time.monotonic() - begun,
                    cpu_s=server.cpu.seconds() - cpu, kib=server.kilobytes() - before)
    finally:
        server.stop()
        sink.stop()


def slow(_arguments):
    """A next hop that takes two seconds a message, with many of them waiting for it."""
    fast, late = load.Sink(), load.Sink("--delay", 2000)
    server = Outrider("scale-slow", f'[[route]]\ndomain = "late.test"\nvia = "smtp://127.0.0.1:{late.port}"\n'
                      f'[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{fast.port}"\n')
    give = lambda n, to: load.source(server.port, "-m", n, "--to", to)
    timed = lambda: works.relay(server, fast, lambda port, n: give(n, "a@fast.test"), 5000)["rate"]
    try:
        timed()
        alone = timed()
        give(5000, "a@late.test")
        return tell("slow", alone=alone, beside_a_slow_one=timed())
    finally:
        server.server.kill()
        fast.stop()
        late.stop()


# What must be shown, 2: sizes with a long tail, a third of the recipients refused, next hops that are
# slow or down, TLS on both hops.
def mix(_arguments):
    shutil.rmtree(FOLDER / "ca", ignore_errors=True)
    (FOLDER / "ca").mkdir(parents=True)
    authority = lab.Authority(FOLDER / "ca")
    certificate, key = authority.issue("sink.test")
    tls = ("--certificate", certificate, "--key", key)
    good, late = load.Sink(*tls, "--refuse", 0.3), load.Sink(*tls, "--delay", 1000)
    down = lab.free_port()
    routes = [(f"{n}.mix.test", {0: late.port, 1: down}.get(n, good.port)) for n in range(20)]
    server = Outrider("scale-mix", "".join(
        f'[[route]]\ndomain = "{domain}"\nvia = "smtp://127.0.0.1:{port}"\ntls = "encrypt"\n'
        for domain, port in routes) + '[[route]]\ndomain = "*"\nvia = "discard"\n', authority)
    give = lambda n: load.source(server.port, "--starttls", "-s", 50, "-m", n, "--size", "1K-20M",
                                 "--to", "sink@mix.test", "--domains", 20, "--users", 1000)
    try:
        give(200)
        count, cpu, begun = 6000, server.cpu.seconds(), time.monotonic()
        told = give(count)
        expected = told["recipients"] * 18 // 20
        lab.wait_for(lambda: server.status()["messages"] <= (count + 200) // 20 + 5, 240,
                     "what can be delivered, or returned")
        seconds = time.monotonic() - begun
        figures = {"messages": count, "MB": told["bytes"] / 1e6, "accepted a second": told["messages_per_second"],
                   "settled a second": count / seconds,
                   "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / count, "expected": expected}
    finally:
        server.server.kill()
        counts = good.stop()
        late.stop()
    return tell("mix", **figures, delivered=counts["deliveries"], refused=counts["refused"],
                damaged=counts["damaged"], twice=counts["deliveries"] - counts["distinct"])


# P12
def sweep(_arguments):
    tree = world()
    sink = load.Sink(host=MX, port=25)
    server = Outrider("scale-sweep", WORLD, tree=tree)
    # A connection for each delivery: how many can be used again depends on how fast they come.
    fresh = Outrider("scale-sweep-fresh", WORLD + 'idle = "0s"\n', tree=tree)

    def cost(server, deliveries, *arguments):
        before, cpu = sink.count(), server.cpu.seconds()
        load.source(server.port, "--to", "sink@a.scale.world", *arguments)
        lab.wait_for(lambda: sink.count() - before >= deliveries, 120, "all in the sink")
        time.sleep(1.2)
        return server.cpu.seconds() - cpu

    sweeps = {"messages": lambda n: cost(server, n * 5000, "-m", n * 5000),
              "recipients": lambda n: cost(server, n * 40000, "-m", 10, "-s", 4, "-r", n * 4000),
              "connections": lambda n: cost(server, 0, "--greet", "-m", n * 4000),
              "domains": lambda n: cost(fresh, n * 4000, "-m", n * 4000, "--domains", n * 2000),
              "domains of a message": lambda n: cost(fresh, n * 4000, "-m", 4, "-s", 4, "-r", n * 1000,
                                                     "--domains", n * 1000)}
    try:
        found = {}
        for name, run in sweeps.items():
            run(2)  # what is looked up once
            ratios = sorted(run(2) / run(1) for _ in range(5))
            found[name] = ratios[2]
        return tell("sweep", **found)
    finally:
        server.stop()
        fresh.stop()
        sink.stop()
        tree.stop()


PARTS = {"queue": queue, "idle": idle, "recipients": recipients, "slow": slow, "mix": mix,
         "sweep": sweep}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--messages", type=int, default=1000000)
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / "scale.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    for name in arguments.parts or PARTS:
        known[name] = PARTS[name](arguments)
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
