#!/usr/bin/env python3
"""Instructions and allocations of fixed works, and of the whole server; of the server its system calls
and syncs, too. They are the same on every run, whatever else the machine does, and so they are a
ratchet: bench/counts.toml keeps them, and what grows by more than GROWTH is an error until that file
is changed on purpose.

usage: counts.py check | update | show [NAME]   (`show`: where one work's instructions go)"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lab  # noqa: E402

KEPT = lab.TOP / "bench/counts.toml"
PROGRAMS = [lab.TOP / "build/release/tests/bench/count_bench", pathlib.Path(lab.OUTRIDER)]
# Of the whole server two runs differ: instructions by 1 %.
GROWTH = {"instructions": 1.05, "allocations": 1.1, "calls": 1.1, "syncs": 1.1}
SYNCS = {"fsync", "fdatasync", "sync_file_range"}
# How often a thread sleeps and is woken is the scheduler's business, and another on each run.
WAITS = {"futex", "epoll_wait", "epoll_pwait", "epoll_ctl", "sched_yield", "restart_syscall"}
TIMES = 100
ALLOCATES = re.compile(r"^(malloc|calloc|realloc|memalign|posix_memalign|aligned_alloc)$")


class Counter:
    """Runs programs under callgrind and strace, one at a time, in a folder of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        # Valgrind of Debian 12 cannot read the debugging information of clang 19.
        for program in PROGRAMS:
            subprocess.run(["objcopy", "--strip-debug", program, self.folder / program.name], check=True)

    def callgrind(self, *command, options=()):
        out = self.folder / "callgrind.out"
        return subprocess.Popen(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *options,
                                 *map(str, command)], stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.DEVNULL)

    def strace(self, *command):
        (self.folder / "calls").unlink(missing_ok=True)
        # -D: the process is the server itself, and strace watches from aside.
        return subprocess.Popen(["strace", "-D", "-f", "-qq", "-c", "-U", "calls,name", "-o",
                                 self.folder / "calls", *map(str, command)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def calls(self):
        """System calls of the last run under strace but for those that wait, and the syncs among them."""
        path = self.folder / "calls"
        lab.wait_for(lambda: path.exists() and " total" in path.read_text(), 30, "strace's table")
        rows = [line.split() for line in path.read_text().splitlines()]
        counts = {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}
        del counts["total"]
        return (sum(count for name, count in counts.items() if name not in WAITS),
                sum(counts.get(name, 0) for name in SYNCS))

    def read(self):
        """Instructions of the last run, and the calls that ask for memory, from its very start."""
        text = (self.folder / "callgrind.out").read_text()
        names, allocations, called = {}, 0, ""
        for line in text.split("\n"):
            if line.startswith("cfn="):
                number, _, name = line[4:].partition(" ")
                called = names.setdefault(number, name) if name else names.get(number, "")
            elif line.startswith("fn="):
                number, _, name = line[3:].partition(" ")
                if name:
                    names[number] = name
            elif line.startswith("calls=") and ALLOCATES.match(called):
                allocations += int(line[6:].split()[0])
        total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE).group(1))
        return total, allocations

    def works(self):
        """Of count_bench: what the threads of the works themselves do, within counted()."""
        program = self.folder / "count_bench"
        listed = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        found = {}
        for line in listed.splitlines():
            name, unit = line.split("\t")
            allocations = self.work(name)
            total, _ = self.read()
            found[name] = {"unit": unit, "instructions": total // TIMES,
                           "allocations": allocations / TIMES}
        return found

    def work(self, name):
        process = self.callgrind(self.folder / "count_bench", name, TIMES,
                                 options=["--toggle-collect=counted"])
        allocations = process.communicate(timeout=300)[0]
        if process.returncode:
            raise SystemExit(f"counts: {name} failed")
        return int(allocations)


# What the whole server does with a message, all threads together, from a source with one connection.
# What many messages cost more than few, so that the start does not count.
FEW, MANY = 200, 2000
# One connection to the sink as well: how many more a backlog opens follows the clock, and so would
# the handshakes counted.
TO_SINK = ('[delivery]\nconcurrency_first = 1\nconcurrency_most = 1\nmessages = 1000000\n'
           '[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{port}"\n')
#        name                                    delivery                                       TLS
WHOLE = [("server, a message taken and discarded", '[[route]]\ndomain = "*"\nvia = "discard"\n', False),
         ("server, a message relayed", TO_SINK, False),
         ("server, a message relayed, TLS on both hops", TO_SINK + 'tls = "encrypt"\n', True)]


class Whole:
    """One of these works. Source and sink are not counted."""

    def __init__(self, counter, name, config, tls):
        self.counter, self.name, self.config, self.authority = counter, name, config, None
        if tls:
            (counter.folder / "ca").mkdir()
            self.authority = lab.Authority(counter.folder / "ca")

    def counted(self):
        instructions, allocations = self.each(self.counter.callgrind, self.counter.read)
        calls, syncs = self.each(self.counter.strace, self.counter.calls)
        return {"unit": "message of 4 KiB", "instructions": int(instructions),
                "allocations": allocations, "calls": calls, "syncs": syncs}

    def each(self, launch, read):
        self.run(FEW, launch)
        few = read()
        self.run(MANY, launch)
        return [(high - low) / (MANY - FEW) for low, high in zip(few, read())]

    def run(self, messages, launch):
        """`launch(program, arguments…)` starts the server under whatever counts."""
        sink, sink_port = self.sink()
        folder = self.counter.folder / "server"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        one = lab.Server(folder, "count.test", self.config.replace("{port}", str(sink_port)),
                         self.authority)
        process = launch(self.counter.folder / "outrider", "serve", "-c", one.config_path)
        try:
            lab.wait_for(lambda: lab.answers(one.port), 120, "the server that is counted")
            self.give(one.port, messages)
            lab.wait_for(lambda: one.is_empty(), 60, "an empty queue")
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            sink.terminate()
            sink.wait()

    def sink(self):
        port = lab.free_port()
        secure = self.authority.issue("sink.test") if self.authority else ()
        options = [part for pair in zip(("--certificate", "--key"), secure) for part in pair]
        sink = subprocess.Popen([lab.OUTRIDER, "bench", "sink", "--listen", f"127.0.0.1:{port}", *options],
                                stdout=subprocess.DEVNULL)
        lab.wait_for(lambda: lab.answers(port), 10, "the sink")
        return sink, port

    def give(self, port, messages):
        subprocess.run([lab.OUTRIDER, "bench", "source", "--server", f"127.0.0.1:{port}", "-s", "1", "-m",
                        str(messages), *(["--starttls"] if self.authority else [])], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)


def count_all():
    """On all cores, as what is counted does not depend on what else runs."""
    with (tempfile.TemporaryDirectory(prefix="outrider-counts-") as folder,
          concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool):
        whole = [pool.submit(Whole(Counter(f"{folder}/{number}"), *work).counted)
                 for number, work in enumerate(WHOLE)]
        small = pool.submit(Counter(f"{folder}/works").works)
        return small.result() | {work[0]: found.result() for work, found in zip(WHOLE, whole)}


def write(found):
    lines = ["# Counted by tests/bench/counts.py, a unit each. More than a little growth fails the tests until",
             "# this file says that it is meant: `./dev bench counts update`.", ""]
    for name, counts in found.items():
        lines += [f'["{name}"]', f'unit = "{counts["unit"]}"',
                  *(f"{key} = {round(counts[key], 2):.10g}" for key in GROWTH if key in counts), ""]
    KEPT.write_text("\n".join(lines[:-1]) + "\n")


def check(found):
    kept, worse = tomllib.loads(KEPT.read_text()), []
    for name, counts in found.items():
        before = kept.get(name)
        if not before:
            worse.append(f"{name}: not in {KEPT.name}")
            continue
        for key in counts.keys() & GROWTH.keys():
            line = f"{name}: {before[key]:g} {key} a {before['unit']}, now {counts[key]:g}"
            print(line)
            # A tenth of an allocation is a table that grows now and then.
            if counts[key] > before[key] * GROWTH[key] + (0.1 if key == "allocations" else 0):
                worse.append(line)
    worse += [f"{name}: in {KEPT.name}, and counted no more" for name in kept if name not in found]
    if worse:
        print("\nMore than there was (meant? `./dev bench counts update`):", *worse, sep="\n  ")
    return 1 if worse else 0


def show(name):
    with tempfile.TemporaryDirectory(prefix="outrider-counts-") as folder:
        counter = Counter(folder)
        for work in [work for work in WHOLE if work[0] == name]:
            Whole(counter, *work).run(MANY, counter.callgrind)
            break
        else:
            counter.work(name)
        subprocess.run(["callgrind_annotate", counter.folder / "callgrind.out"], check=True)


def main():
    what = sys.argv[1] if len(sys.argv) > 1 else "check"
    if what == "show":
        return show(sys.argv[2] if len(sys.argv) > 2 else WHOLE[0][0])
    found = count_all()
    if what == "update":
        return write(found)
    return check(found)


if __name__ == "__main__":
    sys.exit(main())
