"""The works that servers are measured by. Each gives a dictionary of figures."""

import os
import re
import statistics
import subprocess
import time

import load
from servers import lab


def timed(server, messages, work):
    cpu, start = server.cpu.seconds(), time.monotonic()
    work()
    seconds = time.monotonic() - start
    return {"rate": messages / seconds, "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / messages,
            "seconds": seconds, "messages": messages}


def accept(server, size, sessions, messages, together=True):
    """A: into the durable queue, delivery held."""
    return timed(server, messages,
                 lambda: load.smtp_source(server.port, size, sessions, messages, together))


def give_tls(port, messages):
    """With STARTTLS, and otherwise as smtp-source does it."""
    load.source(port, "--starttls", "-s", 20, "-m", messages, "--no-bdat", "--no-pipelining")


def relay(server, sink, give, messages):
    """B and C: source -> server -> sink, until all is in the sink."""
    before = sink.count()

    def work():
        give(server.port, messages)
        lab.wait_for(lambda: sink.count() - before >= messages, 240, "all in the sink")
    return timed(server, messages, work)


def relay_counted(*arguments):
    """The same with the syncs and bytes of the machine, which is a run of its own, as perf and sync
    cost time."""
    with load.Syncs() as syncs:
        figures = relay(*arguments)
        time.sleep(0.5)
    return figures | {"kib_written": syncs.kilobytes / figures["messages"],
                      "syncs": syncs.syncs / figures["messages"]}


def greet(server, count, *arguments):
    """C: connections with a handshake, 8 at a time."""
    load.source(server.port, "--greet", "-s", 8, "-m", 50, *arguments)
    cpu = server.cpu.seconds()
    told = load.source(server.port, "--greet", "-s", 8, "-m", count, *arguments)
    time.sleep(0.3)
    rate = told["connections_per_second"]
    return {"rate": rate, "resumed": told["resumed"] / count, "messages": count,
            "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / count, "seconds": count / rate}


def idle(server, count, *arguments):
    """D: KiB (PSS) of an idle connection."""
    load.source(server.port, "--greet", "-m", 20, *arguments)
    time.sleep(0.5)
    before = server.cpu.kilobytes()
    held = subprocess.Popen([lab.OUTRIDER, "bench", "source", "--server", f"127.0.0.1:{server.port}",
                             "--idle", "60", "-m", str(count), "-s", "50", *map(str, arguments)],
                            stdout=subprocess.PIPE, text=True)
    try:
        told = held.stdout.readline()
        if f"open: {count} of" not in told:
            raise AssertionError(f"not all connections opened: {told}")
        time.sleep(1)
        return {"kib": (server.cpu.kilobytes() - before) / count}
    finally:
        held.kill()
        held.wait()
        held.stdout.close()


def s_time(ports, seconds=6, clients=4):
    """Full handshakes a second that OpenSSL's own client gets, several of it at once, spread over the
    ports. It tells whole seconds, so the clock is ours."""
    start = time.monotonic()
    running = [subprocess.Popen(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{ports[at % len(ports)]}", "-new", "-time",
         str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for at in range(clients)]
    told = [each.communicate(timeout=seconds + 30)[0] for each in running]
    lasted = time.monotonic() - start
    counts = [re.search(r"(\d+) connections in \d+ real seconds", text) for text in told]
    if not all(counts):
        raise AssertionError(f"s_time has no count: {told[counts.index(None)][-500:]}")
    total = sum(int(count[1]) for count in counts)
    return {"rate": total / lasted, "seconds": lasted, "messages": total}


def s_servers(authority):
    """The same beside OpenSSL's own server. That has one thread, so there is one of it on each core,
    each with a port of its own."""
    certificate, key = authority.issue("s-server.test")
    ports = [lab.free_port() for _ in range(os.cpu_count())]
    running = []
    try:
        for port in ports:
            running.append(subprocess.Popen(
                ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-key",
                 key, "-quiet"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL))
        time.sleep(0.5)
        return s_time(ports, clients=max(4, len(ports)))
    finally:
        for process in running:
            process.kill()
            process.wait()


def limit(size, sessions, messages):
    """Source to sink without a server between."""
    sink = load.SmtpSink()
    try:
        start = time.monotonic()
        load.smtp_source(sink.port, size, sessions, messages)
        seconds = time.monotonic() - start
        return {"rate": messages / seconds, "seconds": seconds, "messages": messages}
    finally:
        sink.stop()


def median(figures, key):
    return statistics.median(each[key] for each in figures)


