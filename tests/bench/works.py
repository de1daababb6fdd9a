"""The works that servers are measured by. Each gives a dictionary of figures."""

import os
import statistics
import subprocess
import time

import load
from servers import lab


def accept(server, size, sessions, messages, together=True):
    """A: into the durable queue, delivery held."""
    cpu, start = server.cpu.seconds(), time.monotonic()
    load.smtp_source(server.port, size, sessions, messages, together)
    seconds = time.monotonic() - start
    return {"rate": messages / seconds, "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / messages}


def relay(server, sink, give, messages, counted=False):
    """B and C: source -> server -> sink, until all is in the sink. `counted`: with the syncs and
    bytes of the machine, which is a run of its own, as perf and sync cost time."""
    before, cpu, start = sink.count(), server.cpu.seconds(), time.monotonic()
    with load.Syncs() if counted else _nothing() as syncs:
        give(server.port, messages)
        lab.wait_for(lambda: sink.count() - before >= messages, 240, "all in the sink")
        seconds = time.monotonic() - start
        time.sleep(0.5)
    figures = {"rate": messages / seconds, "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / messages}
    if counted:
        figures |= {"kib_written": syncs.kilobytes / messages}
        if syncs.syncs is not None:
            figures["syncs"] = syncs.syncs / messages
    return figures


class _nothing:
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return None


def greet(server, count, *arguments):
    """C: connections with a handshake, 8 at a time."""
    load.source(server.port, "--greet", "-s", 8, "-m", 50, *arguments)
    cpu = server.cpu.seconds()
    told = load.source(server.port, "--greet", "-s", 8, "-m", count, *arguments)
    time.sleep(0.3)
    return {"rate": told["connections_per_second"], "resumed": told["resumed"] / count,
            "cpu_ms": (server.cpu.seconds() - cpu) * 1000 / count}


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


def s_time(port, resumed=False, seconds=3, clients=4):
    """Handshakes a second that OpenSSL's own client gets, several of it at once."""
    running = [subprocess.Popen(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-reuse" if resumed else "-new",
         "-time", str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for _ in range(clients)]
    told = [each.communicate(timeout=seconds + 30)[0] for each in running]
    total = 0
    for text in told:
        line = next(line for line in text.split("\n") if "real seconds" in line)
        total += int(line.split()[0]) / int(line.split(" in ")[1].split()[0])
    return {"rate": total}


def s_server(authority):
    """OpenSSL's own server on a free port: the process and its port."""
    certificate, key = authority.issue("s-server.test")
    port = lab.free_port()
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-key", key,
         "-quiet", "-naccept", "1000000"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return process, port


def limit(size, sessions, messages):
    """Source to sink without a server between."""
    sink = load.SmtpSink()
    try:
        start = time.monotonic()
        load.smtp_source(sink.port, size, sessions, messages)
        return {"rate": messages / (time.monotonic() - start)}
    finally:
        sink.stop()


def median(figures, key):
    return statistics.median(each[key] for each in figures)


