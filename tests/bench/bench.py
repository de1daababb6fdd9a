#!/usr/bin/env python3
"""Throughput of Outrider beside Postfix: the same machine, disk, source and sink, in turn.

  A  accept into the durable queue, delivery held     B  relay: source -> server -> sink

usage: bench.py [quick] [--rounds N]. Source and sink are Postfix's smtp-source and smtp-sink, so
that nobody needs to trust a tool of ours. Both servers sync before they say 250."""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lab  # noqa: E402

FOLDER = lab.TOP / "build/bench"
POSTFIX_ROOT = lab.TOP / "build/neighbours/postfix/upper"
CPU_GROUPS = pathlib.Path("/sys/fs/cgroup/cpuacct")
TOOLS = {**os.environ, "LD_LIBRARY_PATH": str(POSTFIX_ROOT / "usr/lib/postfix")}

#        name             size    sessions messages
ACCEPT = [("4 KiB x 1", 4096, 1, 1000), ("4 KiB x 20", 4096, 20, 6000),
          ("4 KiB x 100", 4096, 100, 6000), ("100 KiB x 20", 102400, 20, 1000)]
RELAY = [("4 KiB x 20", 4096, 20, 5000), ("100 KiB x 20", 102400, 20, 800)]
QUICK = ("4 KiB x 20",)


def tool(name, *arguments, **options):
    return subprocess.run([str(POSTFIX_ROOT / "usr/sbin" / name), *map(str, arguments)], env=TOOLS,
                          timeout=180, check=True, capture_output=True, **options)


class CpuGroup:
    """CPU seconds of a server and all its children, dead ones too."""

    def __init__(self, name):
        self.path = CPU_GROUPS / f"outrider-bench-{name}"
        self.path.mkdir(exist_ok=True)

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self):
        return int((self.path / "cpuacct.usage").read_text()) / 1e9


class Sink:
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


class Outrider:
    name = "outrider"

    def __init__(self, sink_port, held):
        self.cpu = CpuGroup(self.name)
        shutil.rmtree(FOLDER / self.name, ignore_errors=True)
        via = f"smtp://127.0.0.1:{lab.free_port() if held else sink_port}"
        self.server = lab.Server(FOLDER / self.name, "mx.test",
                                 f'[[route]]\ndomain = "dst.test"\nvia = "{via}"\n'
                                 'log: level = "info"\n')
        self.port = self.server.port
        self.server.process = subprocess.Popen(
            [lab.OUTRIDER, "serve", "-c", str(self.server.config_path)], preexec_fn=self.cpu.join,
            stderr=open(FOLDER / "outrider.err", "wb"))
        lab.wait_for(lambda: lab.answers(self.port), 20, "Outrider")

    def stop(self):
        self.server.stop()


class Postfix:
    name = "postfix"

    def __init__(self, sink_port, held):
        self.cpu, self.port = CpuGroup(self.name), lab.free_port()
        self.neighbour = lab.Neighbour("postfix", "postfix")
        folder = self.folder = FOLDER / self.name
        shutil.rmtree(folder, ignore_errors=True)
        for part in ("etc", "spool", "data", "log"):
            (folder / part).mkdir(parents=True)
        (folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}/log
myhostname = mx.test
mydestination =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink_port}
smtpd_recipient_restrictions = permit_mynetworks, reject
alias_maps =
biff = no
message_size_limit = 52428800
smtpd_peername_lookup = no
smtp_host_lookup = native
disable_dns_lookups = yes
default_process_limit = 100
{"defer_transports = smtp" if held else ""}
""")
        start = (f"cp /usr/share/postfix/master.cf.dist {folder}/etc/master.cf; "
                 f"sed -i -e 's/^smtp  *inet/127.0.0.1:{self.port} inet/' "
                 rf"-e '/^[a-z0-9:.]* *\(inet\|unix\) /s/^\(\S* *\S* *\S* *\S* *\)y/\1n/' {folder}/etc/master.cf; "
                 f"cp /etc/postfix/dynamicmaps.cf {folder}/etc/; chown postfix {folder}/data; "
                 f"exec postfix -c {folder}/etc start-fg")
        self.process = subprocess.Popen([lab.NEIGHBOUR, "run", "postfix", "sh", "-c", start],
                                        preexec_fn=self.cpu.join, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, start_new_session=True)
        lab.wait_for(lambda: lab.answers(self.port), 30, "Postfix")

    def stop(self):
        self.neighbour.run("postfix", "-c", f"{self.folder}/etc", "stop", capture_output=True)
        self.process.wait(20)


def measure(kind, work, server, sink):
    _, size, sessions, messages = work
    before, cpu, start = sink.count(), server.cpu.seconds(), time.monotonic()
    tool("smtp-source", "-d", "-s", sessions, "-m", messages, "-l", size, "-f", "a@src.test", "-t",
         "b@dst.test", f"127.0.0.1:{server.port}")
    if kind == "B":
        lab.wait_for(lambda: sink.count() - before >= messages, 120, "all in the sink")
    seconds = time.monotonic() - start
    time.sleep(0.5)
    return messages / seconds, (server.cpu.seconds() - cpu) * 1000 / messages


def run(kind, works, rounds):
    figures = {}
    for _ in range(rounds):
        for Peer in (Outrider, Postfix):
            sink = Sink()
            server = Peer(sink.port, held=kind == "A")
            try:
                tool("smtp-source", "-d", "-s", 2, "-m", 40, "-l", 4096, "-f", "a@src.test", "-t",
                     "b@dst.test", f"127.0.0.1:{server.port}")
                time.sleep(1)
                for work in works:
                    figures.setdefault((work[0], server.name), []).append(
                        measure(kind, work, server, sink))
            finally:
                server.stop()
                sink.stop()
    return figures


def table(kind, works, figures):
    rows = []
    for work in works:
        ours, theirs = figures[work[0], "outrider"], figures[work[0], "postfix"]
        median = lambda values, part: statistics.median(value[part] for value in values)
        rows.append({
            "work": f"{kind} {work[0]}",
            "outrider": round(median(ours, 0)), "postfix": round(median(theirs, 0)),
            "ratio": round(median(ours, 0) / median(theirs, 0), 1),
            "spread": [round(min(v[0] for v in ours)), round(max(v[0] for v in ours))],
            "outrider_cpu_ms": round(median(ours, 1), 3), "postfix_cpu_ms": round(median(theirs, 1), 3),
        })
        row = rows[-1]
        print(f"{row['work']:18} {row['outrider']:7} msg/s {row['spread']!s:16} Postfix {row['postfix']:6} "
              f"msg/s  ratio {row['ratio']:5}   CPU ms/msg {row['outrider_cpu_ms']:.3f} against "
              f"{row['postfix_cpu_ms']:.3f}", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("quick", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    reason = lab.can_have_neighbours()
    if reason:
        sys.exit(f"bench: {reason}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = []
    for kind, works in (("A", ACCEPT), ("B", RELAY)):
        if arguments.quick:
            works = [work for work in works if work[0] in QUICK]
        rows += table(kind, works, run(kind, works, arguments.rounds))
    (FOLDER / "result.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
