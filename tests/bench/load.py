"""Loads, sinks and counters of the benchmarks. In clear the source and the sink are Postfix's
smtp-source and smtp-sink, so that nobody needs to trust a tool of ours; what they cannot do (TLS,
sizes mixed, a look at each byte) is done by `outrider bench`."""

import json
import os
import re
import signal
import subprocess
import time

import machine
from servers import FOLDER, lab

POSTFIX_ROOT = lab.TOP / "build/neighbours/postfix/upper"
TOOLS = {**os.environ, "LD_LIBRARY_PATH": str(POSTFIX_ROOT / "usr/lib/postfix")}


def tool(name, *arguments):
    """A program of Postfix's package, outside of its root."""
    done = subprocess.run([str(POSTFIX_ROOT / "usr/sbin" / name), *map(str, arguments)], env=TOOLS,
                          timeout=300, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{name} {' '.join(map(str, arguments))}: {done.stderr[-300:]}")


def smtp_source(port, size, sessions, messages, together=True):
    """Messages to the server; `together`: many on a connection."""
    tool("smtp-source", *(["-d"] if together else []), "-s", sessions, "-m", messages, "-l", size,
         "-f", "a@src.test", "-t", "b@dst.test", f"127.0.0.1:{port}")


def source(port, *arguments, check=True):
    """`outrider bench source`: what it tells."""
    done = subprocess.run([lab.OUTRIDER, "bench", "source", "--server", f"127.0.0.1:{port}", "--json",
                           *map(str, arguments)], capture_output=True, text=True, timeout=600)
    if check and done.returncode:
        raise AssertionError(f"the source: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


class Process:
    """A sink that runs until stop()."""

    def __init__(self, name, command, host="127.0.0.1", **options):
        self.path, self.words = FOLDER / f"{name}.out", FOLDER / f"{name}.err"
        self.name, self.host = name, host
        with open(self.path, "wb") as out, open(self.words, "wb") as words:
            self.process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=words, **options)
        try:
            lab.wait_for(self._answers, 10, name)
        except BaseException:
            self.end()
            raise

    def _answers(self):
        self.living()
        return lab.answers(self.port, self.host)

    def living(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: "
                                 + self.words.read_text(errors="replace")[-500:])

    def last(self, what):
        """The count that it told last."""
        self.living()
        with open(self.path, "rb") as told:
            told.seek(max(0, self.path.stat().st_size - 400))
            found = re.findall(rf"{what}=(\d+)[^\d]".encode(), told.read())
        return int(found[-1]) if found else 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.terminate()
        self.process.wait()


class SmtpSink(Process):
    def __init__(self):
        self.port = lab.free_port()
        super().__init__("smtp-sink", [POSTFIX_ROOT / "usr/sbin/smtp-sink", "-u", "nobody", "-c",
                                       f"127.0.0.1:{self.port}", 1000], env=TOOLS)

    def count(self):
        return self.last("mesg")

    def stop(self):
        self.end()


class Sink(Process):
    """`outrider bench sink`; stop() gives what it counted."""

    def __init__(self, *arguments, host="127.0.0.1", port=None):
        self.port = port or lab.free_port()
        super().__init__(f"sink-{host}-{self.port}", [
            lab.OUTRIDER, "bench", "sink", "--listen", f"{host}:{self.port}", "--count", "--json",
            *arguments], host)

    def count(self, what="deliveries"):
        return self.last(what)

    def stop(self):
        self.end()
        return json.loads(self.path.read_text().rsplit("\n", 2)[1])


class Syncs:
    """fsync and fdatasync of the whole machine, and KiB written to the disk of the queues."""

    EVENTS = ("syscalls:sys_enter_fsync", "syscalls:sys_enter_fdatasync")

    def __enter__(self):
        subprocess.run(["sync"], check=True)
        self.written = _sectors()
        events = [part for name in self.EVENTS for part in ("-e", name)]
        self.perf = subprocess.Popen(["perf", "stat", "-a", "-x,", *events], stderr=subprocess.PIPE,
                                     text=True)
        time.sleep(0.3)  # until it counts
        return self

    def __exit__(self, *_):
        self.perf.send_signal(signal.SIGINT)
        told = self.perf.communicate(timeout=20)[1]
        counts = [line.split(",")[0] for line in told.split("\n") if "sys_enter" in line]
        if len(counts) != len(self.EVENTS) or not all(count.isdigit() for count in counts):
            raise AssertionError(f"perf has no counts of syncs: {told}")
        self.syncs = sum(map(int, counts))
        subprocess.run(["sync"], check=True)
        self.kilobytes = (_sectors() - self.written) / 2


def _sectors():
    """Written to the disk that the queue is on."""
    return int(machine.disk().read_text().split()[6])
