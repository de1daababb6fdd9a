#!/usr/bin/env python3
"""docs/performance.md from what was measured last (bench/results) and bench/notes.md, which says what
the figures do not. It draws docs/performance/*.svg on the way."""

import json
import pathlib
import statistics
import sys
import tomllib

TOP = pathlib.Path(__file__).resolve().parents[2]
RESULTS, PICTURES = TOP / "bench/results", TOP / "docs/performance"
SYNCING = ["postfix", "exim", "haraka"]  # OpenSMTPD was not seen to sync
NAMES = {"outrider": "Outrider", "postfix": "Postfix", "exim": "Exim", "haraka": "Haraka",
         "opensmtpd": "OpenSMTPD"}
COLOURS = {"outrider": "#3b7d4f", "postfix": "#7a8fa6", "exim": "#a6907a", "haraka": "#8a7aa6",
           "opensmtpd": "#b5b5b5"}


def read(name):
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


PEERS, SCALE = read("peers"), read("scale")
RUNS = PEERS.pop("runs", [])  # on which machine, when and how often the works were run


def middle(work, peer="outrider", key="rate"):
    found = [each[key] for each in PEERS.get(work, {}).get(peer, []) if key in each]
    return statistics.median(found) if found else None


def best(work, key="rate"):
    found = [value for peer in SYNCING if (value := middle(work, peer, key)) is not None]
    return max(found) if found else None


def number(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def over(ours, theirs):
    return ours / theirs if ours and theirs else None


def ratio(work, other, key="rate"):
    return over(middle(work, key=key), other)


class Target:
    def __init__(self, name, text):
        self.name, self.text, self.found, self.met, self.unknown = name, text, [], [], False

    def least(self, what, value, wanted, unit=""):
        return self._add(what, value, unit, value is not None and value >= wanted)

    def most(self, what, value, wanted, unit=""):
        return self._add(what, value, unit, value is not None and value <= wanted)

    def _add(self, what, value, unit, met):
        if value is None:
            self.found.append(f"{what}: not measured")
            self.unknown = True
        else:
            self.found.append(f"{what} {number(value)}{unit}" + ("" if met else " (missed)"))
            self.met.append(met)
        return self

    def row(self):
        verdict = "not measured" if not self.met else "missed" if not any(self.met) else \
            "met" if all(self.met) and not self.unknown else "in part"
        return f"| {self.name} | {self.text} | {'; '.join(self.found) or '-'} | {verdict} |"


def targets():
    a, b, c = "A 4 KiB x ", "B 4 KiB x 20", "C relay, TLS on both hops"
    limit = middle("no server 4 KiB x 20", "limit")
    p1 = Target("P1", "durable accept, 4 KiB: 12 times Postfix, 5 times the best peer, half of source "
                "to sink without a server")
    p2 = Target("P2", "its CPU: at most 1/15 of Postfix")
    for sessions in ("20", "100"):
        work = a + sessions
        p1.least(f"{sessions} sessions: {number(middle(work))} msg/s, Postfix x", ratio(work, middle(work, "postfix")), 12)
        p1.least("best peer x", ratio(work, best(work)), 5)
        p2.most(f"{sessions} sessions: {number(middle(work, key='cpu_ms'))} ms, of Postfix",
                ratio(work, middle(work, "postfix", "cpu_ms"), "cpu_ms"), 1 / 15)
    p1.least("of the limit", ratio(a + "20", limit), 0.5)
    large, body = "A 5 MiB x 20", "A 100 KiB x 20"
    p5 = Target("P5", "relay until all is there: 10 times Postfix with a tenth of its CPU; 100 KiB 4 "
                "times, above 2,000 msg/s")
    p5.least(f"{number(middle(b))} msg/s, Postfix x", ratio(b, middle(b, "postfix")), 10)
    p5.most("CPU of Postfix", ratio(b, middle(b, "postfix", "cpu_ms"), "cpu_ms"), 0.1)
    p5.least("100 KiB: Postfix x", ratio("B 100 KiB x 20", middle("B 100 KiB x 20", "postfix")), 4)
    p5.least("msg/s", middle("B 100 KiB x 20"), 2000)
    full, resumed = "C full handshakes", "C resumed handshakes"
    p7 = Target("P7", "handshakes: 90 % of `openssl s_server`, 0.6 ms of CPU; resumed 1.5 times as many, "
                "every offer used")
    p7.least("full, of s_server (s_time)", ratio("C s_time full", middle("C s_time full", "s_server")), 0.9)
    p7.most("CPU", middle(full, key="cpu_ms"), 0.6, " ms")
    p7.least("resumed to full", ratio(resumed, middle(full)), 1.5)
    p7.least("offers used", middle(resumed, key="resumed"), 0.99)
    p8 = Target("P8", "idle connection: 4 KiB, 20 in TLS; 50,000 held")
    p8.most("plain", middle("D idle, plain", key="kib"), 4, " KiB")
    p8.most("TLS", middle("D idle, TLS", key="kib"), 20, " KiB")
    held = SCALE.get("idle", {}).get("connections", 0)
    p8.least("held", held if held >= 50000 else None, 50000)  # fewer: the machine lets no more files be open
    p9 = Target("P9", "4 KiB message accepted and delivered: 10 KiB written, 0.1 syncs")
    p9.most("written", middle("B disk, 4 KiB x 20", key="kib_written"), 10, " KiB")
    for sessions in ("20", "100"):
        p9.most(f"syncs at {sessions} sessions", middle(f"B disk, 4 KiB x {sessions}", key="syncs"), 0.1)
    queue = SCALE.get("queue", {})
    queue = queue if queue.get("messages", 0) >= 1000000 else {}
    p10 = Target("P10", "a million in the queue: 85 % of the empty queue's rate, first delivery within 5 s of "
                 "a start, a page in 50 ms, 500 bytes each")
    p10.least("rate", over(queue.get("accepted when full"), queue.get("accepted when empty")), 0.85)
    p10.most("first delivery", queue.get("first delivery s"), 5, " s")
    p10.most("page", queue.get("next page ms"), 50, " ms with the program's start")
    p10.most("memory", queue.get("bytes a message"), 500, " bytes")
    micro = {each["name"]: each for each in read("micro").get("benchmarks", [])}
    p11 = Target("P11", "end of data, dots and line ends on one core: 4 GB/s")
    for name in ("read 4 KiB of DATA", "read 1 MiB of DATA"):
        p11.least(name, over(micro.get(name, {}).get("bytes_per_second"), 1e9), 4, " GB/s")
    p12 = Target("P12", "twice as much costs at most 2.1 times the CPU")
    for name, value in SCALE.get("sweep", {}).items():
        p12.most(name, value, 2.1)
    return [p1, p2,
            Target("P3", "one session, one message at a time: 3 times Postfix").least(
                f"{number(middle(a + '1'))} msg/s, Postfix x", ratio(a + "1", middle(a + "1", "postfix")), 3),
            Target("P4", "100 KiB and 5 MiB: 3 times the best peer").least(
                f"100 KiB: {number(middle(body))} msg/s, x", ratio(body, best(body)), 3).least(
                f"5 MiB: {number(middle(large))} msg/s, x", ratio(large, best(large)), 3),
            p5, Target("P6", "relay with TLS on both hops: 10 times Postfix").least(
                f"{number(middle(c))} msg/s, x", ratio(c, middle(c, "postfix")), 10),
            p7, p8, p9, p10, p11, p12]


def bars(name, title, rows):
    """Horizontal bars; rows: (peer, value)."""
    rows = [(peer, value) for peer, value in rows if value is not None]
    most = max((value for _, value in rows), default=1)
    height = 34 + 24 * len(rows)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" font-family="sans-serif" '
             f'font-size="13"><rect width="640" height="{height}" fill="#fff"/>',
             f'<text x="8" y="20" fill="#222">{title}</text>']
    for at, (peer, value) in enumerate(rows):
        y, width = 30 + 24 * at, max(1, 420 * value / most)
        lines.append(f'<text x="8" y="{y + 15}" fill="#222">{NAMES[peer]}</text>'
                     f'<rect x="100" y="{y}" width="{width:.0f}" height="18" fill="{COLOURS[peer]}"/>'
                     f'<text x="{106 + width:.0f}" y="{y + 14}" fill="#222">{number(value)}</text>')
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.svg").write_text("\n".join(lines + ["</svg>"]) + "\n")
    return f"![{title}](performance/{name}.svg)\n"


def cell(found, key, rounds=0):
    """The median, the least and the most; and how many rounds it is of, where some are missing."""
    values = sorted(each[key] for each in found if key in each)
    if not values:
        return "-"
    short = f" ({len(values)} of {rounds} rounds)" if len(values) < rounds else ""
    return f"{number(statistics.median(values))} [{number(values[0])} to {number(values[-1])}]{short}"


def comparison():
    peers = [peer for peer in NAMES if any(peer in found for found in PEERS.values())]
    lines = ["| work | figure | " + " | ".join(NAMES[peer] for peer in peers) + " | of Postfix | limit |",
             "|---|---|" + "---|" * (len(peers) + 2)]
    words = {"rate": "a second", "cpu_ms": "CPU ms each", "kib": "KiB each", "resumed": "share resumed",
             "kib_written": "KiB written each", "syncs": "syncs each"}
    rounds = {work: run["rounds"] for run in RUNS for work in run["works"]}
    for work, found in sorted(PEERS.items()):
        measured = {key for figures in found.values() for each in figures for key in each}
        for key in [key for key in words if key in measured]:
            cells = [cell(found.get(peer, []), key, rounds.get(work, 0)) for peer in peers]
            times = ratio(work, middle(work, "postfix", key), key)
            limit = cell(found.get("limit") or found.get("s_server") or [], key, rounds.get(work, 0))
            lines.append(f"| {work} | {words[key]} | " + " | ".join(cells) +
                         f" | {'-' if times is None else number(times) + 'x'} | {limit} |")
    return "\n".join(lines)


def lasting():
    """How long a run is."""
    seconds = [each["seconds"] for found in PEERS.values() for figures in found.values()
               for each in figures if "seconds" in each]
    if not seconds:
        return "How long a run lasted was not measured."
    return (f"A run lasts {number(statistics.median(seconds))} s (median of all; "
            f"{number(min(seconds))} to {number(max(seconds))} s).")


def machines():
    if not RUNS:
        return "On which machine and when was not kept.\n"
    lines = ["| run | machine | servers |", "|---|---|---|"]
    for run in RUNS:
        works = ", ".join(sorted({work[0] for work in run["works"] if work[1] == " "}))
        versions = ", ".join(f"{NAMES[name]} {version}" for name, version in run["versions"].items())
        lines.append(f"| {run['date']}, {run['rounds']} rounds: {works} | {run['cores']} cores "
                     f"({run['processor']}), {run['memory_gib']} GiB, {run['file_system']}, "
                     f"{run['system']}, Linux {run['kernel']}, OpenSSL {run['openssl']} | {versions} |")
    return "\n".join(lines) + "\n"


def profiles():
    lines = ["| work | kernel | TLS | store | own code | other | samples |", "|---|---|---|---|---|---|---|"]
    details = []
    for path in sorted(RESULTS.glob("profile-*.json")):
        name, found = path.stem.removeprefix("profile-"), json.loads(path.read_text())
        sums = found.get("sums", {})
        lines.append(f"| [{name}](performance/flame-{name}.svg) | " + " | ".join(
            f"{sums[each]} %" if each in sums else "not measured"
            for each in ("kernel", "TLS", "store", "own code", "other")) + f" | {found['samples']} |")
        details.append(f"- **{name}**: " + ", ".join(
            f"{part} {share} %" for part, share in found["parts"] if share >= 1) + ".")
    return "\n".join(lines + ["", *details])


def speed(each):
    if "bytes_per_second" in each:
        return f"{each['bytes_per_second'] / 1e9:.1f} GB/s"
    counted = each["name"].startswith(("commit a message", "limit: RocksDB"))
    return f"{number(each['items_per_second'])}/s" if counted and "items_per_second" in each else ""


def micro():
    found = read("micro").get("benchmarks", [])
    counts = tomllib.loads((TOP / "bench/counts.toml").read_text())
    lines = ["| work | time | a second | instructions | allocations |", "|---|---|---|---|---|"]
    for each in found:
        count = counts.get(each["name"], {})
        lines.append(f"| {each['name'].replace('/real_time', '')} | {each['real_time']:,.0f} ns | "
                     f"{speed(each)} | {count.get('instructions', '')} | {count.get('allocations', '')} |")
    lines += ["", "A message of 4 KiB costs the whole server, all threads together, from one connection:", "",
              "| work | instructions | allocations | system calls | syncs |", "|---|---|---|---|---|"]
    for name, count in counts.items():
        if "calls" in count:
            lines.append(f"| {name} | {count['instructions']} | {count['allocations']:g} | "
                         f"{count['calls']:g} | {count['syncs']:g} |")
    return "\n".join(lines)


def scale():
    lines = ["| what | figures |", "|---|---|"]
    for part, found in SCALE.items():
        lines.append(f"| {part} | " + ", ".join(
            f"{name} {number(value)}" for name, value in found.items()) + " |")
    return "\n".join(lines)


def main():
    work = "A 4 KiB x 20"
    print("# Performance\n")
    print((TOP / "bench/notes.md").read_text().split("<!-- figures -->")[0])
    print(machines())
    print("## Targets\n| id | target | measured | |\n|---|---|---|---|")
    print("\n".join(target.row() for target in targets()))
    print("\n## Beside other servers\n")
    for name, title, key, kind in (
            ("accept", "Accepted into the durable queue, 4 KiB, 20 sessions: messages a second", "rate", work),
            ("accept-cpu", "The same: CPU, ms a message", "cpu_ms", work),
            ("relay", "Relayed, 4 KiB, 20 sessions: messages a second", "rate", "B 4 KiB x 20"),
            ("tls", "Relayed with TLS on both hops: messages a second", "rate", "C relay, TLS on both hops"),
            ("idle", "An idle connection: KiB", "kib", "D idle, plain")):
        print(bars(name, title, [(peer, middle(kind, peer, key)) for peer in NAMES]))
    print("Medians of the rounds, and their least and most. The limit is source to sink without a server; "
          "for `s_time` it is `openssl s_server`, one on each core. " + lasting() + "\n")
    print(comparison())
    print("\n## Scale\n")
    print(scale())
    print("\n## Where the time goes\nShares of the server's CPU time, kernel included. Green is Outrider's own "
          "code, blue the store, violet TLS.\n")
    print(profiles())
    print("\n## The hot paths\n")
    print(micro())
    print((TOP / "bench/notes.md").read_text().split("<!-- figures -->")[1].rstrip())


def keep_micro(path):
    """What Google Benchmark found, without what it tells of the machine. What did not run this time
    stays."""
    kept = {each["name"]: each for each in read("micro").get("benchmarks", [])}
    for each in json.loads(pathlib.Path(path).read_text())["benchmarks"]:
        kept[each["name"]] = {key: each[key] for key in (
            "name", "real_time", "bytes_per_second", "items_per_second") if key in each}
    (RESULTS / "micro.json").write_text(json.dumps({"benchmarks": list(kept.values())}, indent=1) + "\n")


if __name__ == "__main__":
    keep_micro(sys.argv[2]) if sys.argv[1:2] == ["micro"] else main()
