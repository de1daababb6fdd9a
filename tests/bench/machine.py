"""The machine that is measured on: what it must have, asked before anything runs, and what is told
of it beside the figures."""

import contextlib
import os
import pathlib
import re
import resource
import shutil
import socket
import subprocess
import sys
import time

from servers import FOLDER, CpuGroup, lab


def require(*reasons):
    """Ends the program when a reason is no empty text."""
    missing = [reason for reason in reasons if reason]
    if missing:
        sys.exit("bench: " + "\nbench: ".join(missing))
    FOLDER.mkdir(parents=True, exist_ok=True)


def groups():
    """Why CPU time cannot be counted."""
    if os.geteuid() != 0:
        return "needs root: for control groups, overlay roots and ports below 1024"
    try:
        group = CpuGroup("trial")
        group.seconds()
        group.remove()
    except OSError as error:
        return f"needs a control group that it may make, to count CPU time: {error}"
    return ""


def program():
    return "" if os.access(lab.OUTRIDER, os.X_OK) else f"there is no {lab.OUTRIDER}: ./dev build"


def perf(*events):
    """Why perf cannot count these events."""
    if not shutil.which("perf"):
        return "needs perf (Debian: linux-perf)"
    chosen = [part for event in events for part in ("-e", event)]
    done = subprocess.run(["perf", "stat", "-a", *chosen, "true"], capture_output=True, text=True)
    if done.returncode:
        return f"perf cannot count {' '.join(events)}: {done.stderr.strip()[:300]}"
    return ""


def disk():
    """Statistics of the block device that the queues are on; a FileNotFoundError has no such."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    device = os.stat(FOLDER).st_dev
    return pathlib.Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve(True) / "stat"


def block_device():
    try:
        disk()
    except FileNotFoundError as error:
        return f"{FOLDER} is on no block device whose writes can be counted: {error.filename}"
    return ""


def node():
    """Haraka's package asks for it."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Haraka needs node 20 and npm, or leave it out by --peers"
    version = _told("node", "--version")
    if int(re.match(r"v(\d+)", version)[1]) < 20:
        return f"Haraka needs node 20 or later, this is {version}; or leave it out by --peers"
    return ""


def port_25(address):
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, 25))
    except OSError as error:
        return f"needs port 25 of {address} for its sink: {error.strerror}"
    return ""


def open_files(wanted):
    """How many of these a program started by this one may have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, wanted), max(most, wanted)))
    return min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _told(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def facts():
    processor = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"date": time.strftime("%Y-%m-%d"), "cores": os.cpu_count(),
            "processor": processor[1] if processor else "unknown", "memory_gib": round(memory),
            "kernel": os.uname().release.partition("-")[0], "system": system[1] if system else "unknown",
            "file_system": _told("findmnt", "-n", "-o", "FSTYPE", "-T", str(FOLDER)),
            "openssl": _told("openssl", "version").split()[1]}
