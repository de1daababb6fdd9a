#!/usr/bin/env python3
"""What trust costs: the same mail to the same host, once with all of it (TLSA records in a signed
DNS, an MTA-STS policy, counts for reports) and once with none, in turn. TLS is used both times.

  reuse       connections as they are by default      each        a connection for each message

usage: trust_bench.py [--rounds N] [--messages N]. The source is Postfix's smtp-source; a second
Outrider is the host. It needs root, for port 25 of a loopback address."""

import argparse
import json
import shutil
import statistics
import sys
import time

from servers import FOLDER as BENCH_FOLDER, lab
import load
import dns_tree
import policy_web
import trust_certificates
import trust_world

FOLDER = BENCH_FOLDER / "trust"
OFF = "dane = false\n[mta_sts]\nenabled = false\n[tls_report]\nsend = false\n"


class World:
    def __init__(self):
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir(parents=True)
        names = ["mx.bench.world", "mta-sts.bench.world", "sender.test", "receiver.test"]
        self.certificates = trust_certificates.Certificates(FOLDER / "certificates", names)
        self.web = policy_web.PolicyWeb(self.certificates, {
            "bench.world": ("good", trust_world.policy("enforce", "mx.bench.world"))})
        tlsa = self.certificates.tlsa(3, 1, 1, "good")
        self.tree = dns_tree.Tree(FOLDER / "dns", "world", {"bench.world": (
            dns_tree.SIGNED, f'@ MX 10 mx\nmx A 127.82.0.1\n_25._tcp.mx TLSA {tlsa}\nmta-sts A 127.0.0.1\n'
            '_mta-sts TXT "v=STSv1; id=1;"')})
        certificate, key = self.certificates.files("good")
        self.receiver = lab.Server(FOLDER, "receiver.test", '[[route]]\ndomain = "*"\nvia = "discard"\n'
                                   '[[listener]]\naddress = "127.82.0.1:25"\nrole = "relay"\n'
                                   f'certificate = ["{certificate}"]\nkey = ["{key}"]\n', self.certificates).start()

    def sender(self, trust, each):
        shutil.rmtree(FOLDER / "sender.test", ignore_errors=True)
        config = "[delivery]\nloopback_is_own = false\n" + ("messages = 1\n" if each else "")
        config += OFF if not trust else (f'[mta_sts]\nport = {self.web.port}\nca_file = "{self.certificates.file}"\n'
                                         "special_addresses = true\n")
        return self.tree.use(lab.Server(FOLDER, "sender.test", config, self.certificates))

    def received(self):
        return json.loads(self.receiver.command("status", "--json").stdout)["received"]

    def stop(self):
        self.receiver.stop()
        self.web.close()
        self.tree.stop()


def send(port, messages):
    load.tool("smtp-source", "-d", "-s", 20, "-m", messages, "-l", 4096, "-f", "a@src.test", "-t",
              "b@bench.world", f"127.0.0.1:{port}")


def measure(world, trust, each, messages):
    with world.sender(trust, each) as sender:
        before = world.received()
        send(sender.port, 100)  # and the caches are warm
        lab.wait_for(lambda: world.received() - before >= 100, 60, "the first messages")
        before, start = world.received(), time.monotonic()
        send(sender.port, messages)
        lab.wait_for(lambda: world.received() - before >= messages, 120, "all messages")
        seconds = time.monotonic() - start
        sender.stop()
        level = "dane" if trust else "opportunistic"
        if f" level={level} " not in sender.lines("delivery", status="sent")[-1]:
            sys.exit(f"bench: mail did not go at level {level}")
        return messages / seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--messages", type=int, default=5000)
    arguments = parser.parse_args()
    lab.Neighbour("postfix", "postfix")
    world, rows = World(), []
    try:
        for name, each in (("reuse", False), ("each", True)):
            messages = arguments.messages // (4 if each else 1)
            found = {True: [], False: []}
            for _ in range(arguments.rounds):
                for trust in (True, False):
                    found[trust].append(measure(world, trust, each, messages))
            on, off = statistics.median(found[True]), statistics.median(found[False])
            rows.append({"work": name, "on": round(on), "off": round(off), "ratio": round(on / off, 3)})
            spread = lambda values: f"[{min(values):.0f}, {max(values):.0f}]"
            print(f"{name:6} with trust {on:6.0f} msg/s {spread(found[True])}  without {off:6.0f} msg/s "
                  f"{spread(found[False])}  ratio {on / off:.3f}", flush=True)
    finally:
        world.stop()
    (BENCH_FOLDER / "trust.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
