"""Loads, sinks and counters of the benchmarks. In clear the source and the sink are Postfix's
smtp-source and smtp-sink, so that nobody needs to trust a tool of ours; what they cannot do (TLS,
sizes mixed, a look at each byte) is done by `outrider bench`."""

import json
import os
import pathlib
import re
import shutil
import subprocess

from servers import FOLDER, lab

POSTFIX_ROOT = lab.TOP / "build/neighbours/postfix/upper"
TOOLS = {**os.environ, "LD_LIBRARY_PATH": str(POSTFIX_ROOT / "usr/lib/postfix")}


def tool(name, *arguments, **options):
    """A program of Postfix's package, outside of its root."""
    return subprocess.run([str(POSTFIX_ROOT / "usr/sbin" / name), *map(str, arguments)], env=TOOLS,
                          timeout=300, check=True, capture_output=True, **options)


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


class SmtpSink:
    def __init__(self):
        self.port = lab.free_port()
        self.output = open(FOLDER / "sink.out", "wb")
        self.process = subprocess.Popen(
            [str(POSTFIX_ROOT / "usr/sbin/smtp-sink"), "-u", "nobody", "-c", f"127.0.0.1:{self.port}",
             "1000"], stdout=self.output, env=TOOLS)
        lab.wait_for(lambda: lab.answers(self.port), 10, "the sink")

    def count(self):
        counts = re.findall(rb"mesg=(\d+)", (FOLDER / "sink.out").read_bytes()[-400:])
        return int(counts[-1]) if counts else 0

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Sink:
    """`outrider bench sink`; stop() gives what it counted."""

    def __init__(self, *arguments, host="127.0.0.1", port=None):
        self.port = port or lab.free_port()
        self.path = FOLDER / f"sink-{self.port}.out"
        self.output = open(self.path, "w")
        self.process = subprocess.Popen(
            [lab.OUTRIDER, "bench", "sink", "--listen", f"{host}:{self.port}", "--count", "--json",
             *map(str, arguments)], stdout=self.output)
        lab.wait_for(lambda: lab.answers(self.port, host) or self.process.poll() is not None, 10,
                     "the sink")

    def count(self, what="deliveries"):
        found = re.findall(rf"{what}=(\d+)\n", self.path.read_text()[-400:])
        return int(found[-1]) if found else 0

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.output.close()
        return json.loads(self.path.read_text().rsplit("\n", 2)[1])


class Syncs:
    """fsync and fdatasync of the whole machine, and KiB written to its disks."""

    EVENTS = ("fsync", "fdatasync")

    def __enter__(self):
        subprocess.run(["sync"], check=True)
        self.written = _sectors()
        events = [part for name in self.EVENTS for part in ("-e", f"syscalls:sys_enter_{name}")]
        self.perf = None
        if shutil.which("perf"):
            self.perf = subprocess.Popen(["perf", "stat", "-a", "-x,", *events, "sleep", "600"],
                                         stderr=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self.syncs = None
        if self.perf:
            subprocess.run(["pkill", "-INT", "-P", str(self.perf.pid)], check=False)
            lines = self.perf.communicate(timeout=20)[1].split("\n")
            counts = [line.split(",")[0] for line in lines if "sys_enter" in line]
            self.syncs = sum(int(count) for count in counts) if all(
                count.isdigit() for count in counts) and counts else None
        subprocess.run(["sync"], check=True)
        self.kilobytes = (_sectors() - self.written) / 2


def _sectors():
    """Written to the disk that the queue is on."""
    device = os.stat(FOLDER).st_dev
    name = pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve()
    return int((name / "stat").read_text().split()[6])
