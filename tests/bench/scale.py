#!/usr/bin/env python3
"""What grows: a queue of a million messages to 100,000 destinations, a next hop that was away and
comes back, 50,000 idle connections, a message to 10,000 recipients, a next hop that is slow beside
one that is not, a mix of all that is unpleasant, and what twice as much costs.

usage: scale.py [PART...] [--messages N]   parts: queue herd idle recipients slow mix sweep
It needs root, for port 25 of a loopback address, and for the queue 6 GiB of disk. A queue of less
than a million is told and not kept. Exit code 1: something was lost, damaged or came twice."""

import argparse
import contextlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import load
import machine
import works
from bench import RESULTS, TROUBLES
from servers import FOLDER, CpuGroup, lab
import dns_tree

MX = "127.84.0.1"
MILLION, HELD = 1000000, 50000
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

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.server.process:
            self.server.kill()
        self.cpu.end()

    def start(self):
        with open(FOLDER / "scale.out", "ab") as out:
            self.server.process = subprocess.Popen(
                [lab.OUTRIDER, "serve", "-c", str(self.server.config_path)], stdout=out, stderr=out,
                preexec_fn=self.cpu.join)
        lab.wait_for(self._answers, 120, "the server")

    def _answers(self):
        check(self.server.process.poll() is None, f"the server ended: {self.server.log()[-500:]}")
        return lab.answers(self.port)

    def waiting(self):
        """Messages in its queue."""
        return json.loads(self.server.command("status", "--json").stdout)["messages"]

    def empty(self):
        self.server.command("queue", "remove", "--all")
        lab.wait_for(lambda: self.waiting() == 0, 120, "an empty queue")


def check(holds, words):
    if not holds:
        raise AssertionError(words)


def whole(sink, deliveries=None):
    """The sink's counts at its end: all came whole, each once, and so many of them."""
    counts = sink.stop()
    check(counts["damaged"] == 0 and counts["deliveries"] == counts["distinct"] and
          deliveries in (None, counts["deliveries"]), f"of {deliveries or 'all'} came: {counts}")
    return counts


def tell(part, **figures):
    print(f"{part:12} " + "  ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in figures.items()), flush=True)
    return figures


@contextlib.contextmanager
def world():
    """A zone with as many domains as one wants, whose mail goes to port 25 of MX."""
    shutil.rmtree(FOLDER / "scale-dns", ignore_errors=True)
    tree = dns_tree.Tree(FOLDER / "scale-dns", "world", {"scale.world": (
        dns_tree.PLAIN, f"* MX 10 mx\nmx A {MX}")})
    try:
        yield tree
    finally:
        tree.stop()


WORLD = (PLAIN + "[limits]\nconnections_per_network = 1000\nrecipients = 10000\n"
         "[delivery]\nloopback_is_own = false\n")


# P10
def queue(arguments):
    count = arguments.messages
    domains, step = min(100000, count // 10), max(5000, count // 20)
    with world() as tree, Outrider("scale-queue", WORLD, tree=tree) as server:
        give = lambda n: load.source(server.port, "-s", 100, "-m", n, "--size", 1000, "--threads", 2,
                                     "--to", "sink@scale.world", "--domains", domains)
        before = server.cpu.kilobytes()
        found = {"messages": count, "domains": domains}
        found["accepted when empty"] = empty_rate(server, give, step, domains)
        for start in range(0, count, 250000):
            give(min(250000, count - start))
        time.sleep(5)
        waiting = server.waiting()
        check(waiting >= count, f"of {count} messages {waiting} are in the queue")
        found["bytes a message"] = (server.cpu.kilobytes() - before) * 1024 / waiting
        found["accepted when full"] = statistics.median(
            give(step)["messages_per_second"] for _ in range(3))
        found |= pages(server.server)
        found |= start_again(server, give)
        return tell("queue", **found)


def empty_rate(server, give, step, domains):
    """With every destination known and dead, as they are when the queue is full."""
    give(max(step, domains))
    rates = []
    for _ in range(3):
        server.empty()
        rates.append(give(step)["messages_per_second"])
    server.empty()
    return statistics.median(rates)


def pages(server):
    begun = time.monotonic()
    page = server.queue("list", "--limit", "100")["items"]
    first = (time.monotonic() - begun) * 1000
    begun = time.monotonic()
    server.queue("list", "--limit", "100", "--after", page[-1]["id"])
    return {"first page ms": first, "next page ms": (time.monotonic() - begun) * 1000}


def start_again(server, give):
    """Ended and started with all that waits, the next hop being there now; a message comes at once."""
    server.server.stop(120)
    with load.Sink(host=MX, port=25) as sink:
        begun = time.monotonic()
        server.start()
        found = {"start s": time.monotonic() - begun}
        give(1)
        lab.wait_for(sink.count, 300, "the first delivery")
        found["first delivery s"] = time.monotonic() - begun
        server.server.kill()  # what it sent in its last moment it may not know to be delivered
        whole(sink)
        return found


def herd(_arguments):
    """A next hop of 2,000 domains goes away while the server runs, and comes back."""
    count, config = 50000, WORLD + ('dead_first = "10s"\ndead_longest = "10s"\n'
                                    'queue: retry_first = "10s"\nqueue: retry_longest = "10s"\n')
    with world() as tree, Outrider("scale-herd", config, tree=tree) as server:
        give = lambda n: load.source(server.port, "-s", 100, "-m", n, "--size", 1000, "--to",
                                     "sink@scale.world", "--domains", 2000)
        with load.Sink(host=MX, port=25) as sink:
            give(2000)
            lab.wait_for(lambda: server.waiting() == 0, 60, "all in the sink")
            whole(sink, 2000)
        give(count)
        time.sleep(20)
        check(server.waiting() == count, f"of {count} messages {server.waiting()} wait")
        with load.Sink(host=MX, port=25) as sink:
            begun, first, peak = time.monotonic(), None, 0
            while sink.count() < count:
                check(time.monotonic() - begun < 240, f"only {sink.count()} of {count} came")
                first = first or (sink.count() and time.monotonic() - begun)
                peak = max(peak, connections(MX, 25))
                time.sleep(0.02)
            seconds = time.monotonic() - begun
            whole(sink, count)
        return tell("herd", **{"messages": count, "retry s": 10, "first delivery s": first or seconds,
                               "msg/s": count / max(seconds - (first or 0), 0.001),
                               "peak connections": peak})


def connections(address, port):
    """Established ones at a server's end."""
    local = "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{port:04X}"
    return sum(line.split()[1] == local and line.split()[3] == "01"
               for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])


# P8
def idle(_arguments):
    count = machine.open_files(HELD + 500) - 500  # fewer than the target where no more may be open
    with Outrider("scale-idle", f"[limits]\nconnections = {count + 100}\n"
                  f"connections_per_network = {count + 100}\n") as server:
        return tell("idle", connections=count, **works.idle(server, count))


def recipients(_arguments):
    with load.Sink() as sink, Outrider(
            "scale-recipients", f'[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{sink.port}"\n'
            "[limits]\nrecipients = 10000\n") as server:
        load.source(server.port, "-m", 1)
        lab.wait_for(lambda: sink.count() >= 1, 30, "the first message")
        before, cpu, begun = server.cpu.kilobytes(), server.cpu.seconds(), time.monotonic()
        load.source(server.port, "-m", 1, "-r", 10000, "-s", 1)
        lab.wait_for(lambda: sink.count() >= 10001, 120, "all recipients")
        found = {"recipients": 10000, "seconds": time.monotonic() - begun,
                 "cpu_s": server.cpu.seconds() - cpu, "kib": server.cpu.kilobytes() - before}
        whole(sink, 10001)
        return tell("recipients", **found)


def slow(_arguments):
    """A next hop that takes two seconds a message, with many of them waiting for it."""
    with load.Sink() as fast, load.Sink("--delay", 2000) as late, Outrider(
            "scale-slow", f'[[route]]\ndomain = "late.test"\nvia = "smtp://127.0.0.1:{late.port}"\n'
            f'[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{fast.port}"\n') as server:
        give = lambda n, to: load.source(server.port, "-m", n, "--to", to)
        timed = lambda: works.relay(server, fast, lambda _, n: give(n, "a@fast.test"), 10000)["rate"]
        timed()
        alone = [timed() for _ in range(3)]
        give(5000, "a@late.test")
        beside = [timed() for _ in range(3)]
        check(server.waiting() > 0, "the slow hop was done before the rounds were")
        whole(fast, 70000)
        return tell("slow", alone=statistics.median(alone), beside_a_slow_one=statistics.median(beside))


# What must be shown, 2: sizes with a long tail, a third of the recipients refused, next hops that are
# slow or down, TLS on both hops. Of 20 domains one is slow and one down.
def mix(_arguments):
    shutil.rmtree(FOLDER / "ca", ignore_errors=True)
    (FOLDER / "ca").mkdir(parents=True)
    authority = lab.Authority(FOLDER / "ca")
    certificate, key = authority.issue("sink.test")
    tls = ("--certificate", certificate, "--key", key)
    with load.Sink(*tls, "--refuse", 0.3) as good, load.Sink(*tls, "--delay", 1000) as late:
        ports = {0: late.port, 1: lab.free_port()}
        config = "".join(
            f'[[route]]\ndomain = "{n}.mix.test"\nvia = "smtp://127.0.0.1:{ports.get(n, good.port)}"\n'
            'tls = "encrypt"\n' for n in range(20)) + '[[route]]\ndomain = "*"\nvia = "discard"\n'
        with Outrider("scale-mix", config, authority) as server:
            found = mixed(server, good, late)
        counts = [whole(good), whole(late)]
    delivered, refused = (sum(each[what] for each in counts) for what in ("deliveries", "refused"))
    warm, warmed = found.pop("warm"), found.pop("warmed")
    found |= {"delivered": delivered - warmed, "refused": refused - (warm - warmed)}
    check(found["delivered"] + found["refused"] == found["expected"], f"some are missing: {found}")
    return tell("mix", **found)


def mixed(server, good, late):
    """`warm`: recipients of the first, small run that can be delivered or refused, and `warmed`: those
    that were delivered."""
    give = lambda n: load.source(server.port, "--starttls", "-s", 50, "-m", n, "--size", "1K-20M",
                                 "--to", "sink@mix.test", "--domains", 20, "--users", 1000)
    settled = lambda n: lab.wait_for(lambda: server.waiting() == n // 20, 240,
                                     "the end of all that can be delivered, or returned")
    give(200)
    settled(200)
    warmed, count = good.count() + late.count(), 6000
    cpu, begun = server.cpu.seconds(), time.monotonic()
    told = give(count)
    settled(200 + count)
    return {"messages": count, "MB": told["bytes"] / 1e6,
            "accepted a second": told["messages_per_second"],
            "settled a second": count / (time.monotonic() - begun),
            "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / count, "expected": count * 19 // 20,
            "down": count // 20, "warm": 200 * 19 // 20, "warmed": warmed}


# P12
def sweep(_arguments):
    with world() as tree, load.Sink(host=MX, port=25) as sink, \
            Outrider("scale-sweep", WORLD, tree=tree) as server, \
            Outrider("scale-sweep-fresh", WORLD + 'idle = "0s"\n', tree=tree) as fresh:
        # `fresh` has a connection for each delivery: how many can be used again depends on how fast
        # they come.
        found = {name: growth(run) for name, run in sweeps(sink, server, fresh).items()}
        whole(sink)
        return tell("sweep", **found)


def sweeps(sink, server, fresh):
    def cost(server, deliveries, *arguments):
        before, cpu = sink.count(), server.cpu.seconds()
        load.source(server.port, *(["--to", "sink@a.scale.world"] if deliveries else []), *arguments)
        lab.wait_for(lambda: sink.count() - before >= deliveries, 120, "all in the sink")
        time.sleep(1.2)
        return server.cpu.seconds() - cpu

    return {"messages": lambda n: cost(server, n * 5000, "-m", n * 5000),
            "recipients": lambda n: cost(server, n * 40000, "-m", 20, "-s", 4, "-r", n * 2000),
            "connections": lambda n: cost(server, 0, "--greet", "-m", n * 4000),
            "domains": lambda n: cost(fresh, n * 4000, "-m", n * 4000, "--domains", n * 2000),
            "domains of a message": lambda n: cost(fresh, n * 4000, "-m", 4, "-s", 4, "-r", n * 1000,
                                                   "--domains", n * 1000)}


def growth(run):
    """The worst that twice as much costs, of two to one and of four to two."""
    run(2)  # what is looked up once
    costs = [[run(n) for n in (1, 2, 4)] for _ in range(3)]
    return max(statistics.median(each[at + 1] / each[at] for each in costs) for at in (0, 1))


PARTS = {"queue": queue, "herd": herd, "idle": idle, "recipients": recipients, "slow": slow,
         "mix": mix, "sweep": sweep}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS])
    parser.add_argument("--messages", type=int, default=MILLION)
    arguments = parser.parse_args()
    parts = arguments.parts or list(PARTS)
    machine.require(machine.groups(), machine.program(), dns_tree.missing(),
                    machine.port_25(MX) if {"queue", "herd", "sweep"} & {*parts} else "")
    RESULTS.mkdir(parents=True, exist_ok=True)
    path, failures = RESULTS / "scale.json", []
    for name in parts:
        known = json.loads(path.read_text()) if path.exists() else {}
        known.pop(name, None)  # what fails now is not shown with what it did once
        try:
            known[name] = PARTS[name](arguments)
        except TROUBLES as error:
            failures.append(f"{name}: {error}")
            print(f"FAILED: {failures[-1]}", flush=True)
        if name != "queue" or arguments.messages >= MILLION:
            path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    if failures:
        sys.exit("\nscale: not all held:\n" + "\n".join(failures))


if __name__ == "__main__":
    main()
