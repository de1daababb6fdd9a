"""A proxy that takes TLS away between two Outriders, against what the sender knows of the destination:
nothing, that it had TLS before, its MTA-STS policy, its TLSA records. The table is
docs/tls-stripped.md: OUTRIDER_WRITE_DOCS=1 writes it anew."""

import json
import os
import time
import unittest

import dns_tree
import hostile_proxy
import lab
import policy_web
import proxy_attacks
import trust_certificates
import trust_world

PAGE = lab.TOP / "docs/tls-stripped.md"
WAYS = ("first", "known", "mtasts", "dane", "both")
ATTACKS = (proxy_attacks.Strip, proxy_attacks.Refuse454, proxy_attacks.CutServerHello,
           proxy_attacks.ClearText, proxy_attacks.SwapCertificate)
SOON = ('queue: retry_first = "1s"\nqueue: retry_factor = 1.0\nqueue: retry_longest = "1s"\n'
        'queue: delay_notice = "0s"\nqueue: tls_notice = "0s"\n')
MAY_BE_CLEAR = ("first",)

INTRODUCTION = """# Who takes TLS away
A man in the middle between two Outriders with their defaults, at the first message after he begins, by what the sender knows of the destination: nothing (`first`), that the host had TLS before (`known`), an MTA-STS policy in `enforce`, TLSA records, both. The cells tell what became of the message and which alarm was raised. What waits goes in TLS, each once, when he stops; that holds across a restart of the sender while the web server of the policies is down. Nothing is returned, and of what waited no word was seen in clear.

A foreign certificate is no matter for `opportunistic`: without a proof of the host it cannot be told from the right one, but for the alarm that a host which was proven before is not any more.

Made by `tests/system/test_trust_stripped.py`, which compares it with what it sees.

| the proxy | first | known | MTA-STS | DANE | both |
|---|---|---|---|---|---|
"""


class Case:
    def __init__(self, number, attack, way):
        self.attack, self.way = attack, way
        self.domain = f"{type(attack).__name__.lower()}-{way}.world"
        self.address = f"127.78.0.{number}"
        self.secret = f"SECRET-{number:03d}".encode()

    def zone(self, certificates):
        records = f"@ MX 10 mx\nmx A {self.address}\n"
        if self.way in ("mtasts", "both"):
            records += 'mta-sts A 127.0.0.1\n_mta-sts TXT "v=STSv1; id=1;"\n'
        if self.way in ("dane", "both"):
            records += f"_25._tcp.mx TLSA {certificates.tlsa(3, 1, 1, 'good')}\n"
        return (dns_tree.SIGNED if self.way in ("dane", "both") else dns_tree.PLAIN), records


def missing():
    return "needs root for port 25 of loopback addresses" if os.geteuid() != 0 else dns_tree.missing()


@unittest.skipIf(missing(), missing())
class Stripped(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        pairs = [(kind, way) for kind in ATTACKS for way in WAYS]
        names = [f"{kind.__name__.lower()}-{way}.world" for kind, way in pairs]
        self.certificates = trust_certificates.Certificates(
            self.path / "certificates", [f"{label}.{name}" for name in names for label in ("mx", "mta-sts")])
        swap = [str(file) for file in self.certificates.files("self")]
        self.cases = [Case(i + 1, kind(*swap) if kind is proxy_attacks.SwapCertificate else kind(), way)
                      for i, (kind, way) in enumerate(pairs)]
        self.web = policy_web.PolicyWeb(self.certificates, {
            case.domain: ("good", trust_world.policy("enforce", f"mx.{case.domain}")) for case in self.cases
            if case.way in ("mtasts", "both")})
        self.tree = dns_tree.Tree(self.path / "dns", "world",
                                  {case.domain: case.zone(self.certificates) for case in self.cases})
        self.addCleanup(self.tree.stop)
        self.sink = self.enterContext(lab.Server(
            self.path, "sink.test", "".join(lab.maildir_domain(self.path, case.domain) for case in self.cases) +
            lab.keep_crlf(), self.certificates))
        self.network = hostile_proxy.Network()
        self.addCleanup(self.network.close)
        for case in self.cases:
            calm = case.attack if case.way == "first" else None
            case.proxy = self.network.proxy(self.sink.port, calm, case.address, port=25)
        self.source = self.sender()
        self.enterContext(self.source)

    def sender(self):
        config = (SOON + lab.maildir_domain(self.path / "senders", "src.test") + lab.keep_crlf() +
                  f'idle = "0s"\nloopback_is_own = false\n[mta_sts]\nport = {self.web.port}\n'
                  f'ca_file = "{self.certificates.file}"\nspecial_addresses = true\n')
        return self.tree.use(lab.Server(self.path, "source.test", config, self.certificates))

    def send(self, cases, user):
        for case in cases:
            content = b"Subject: x\r\n\r\n" + case.secret + b"\r\n"
            answer = lab.send_raw(self.source, "a@src.test", [f"{user}@{case.domain}"], content)
            self.assertTrue(answer.startswith("250"), answer)

    def first_lines(self, cases, user):
        find = lambda case: self.source.lines("delivery", to=f"<{user}@{case.domain}>")
        return {case: lab.wait_for(lambda: find(case), 30, f"an outcome for {case.domain}\n" +
                                   self.source.log()[-1500:])[0] for case in cases}

    def outcome(self, case, line):
        verdict = "waits" if " status=deferred " in line else "clear" if " tls=none " in line else "TLS"
        alarms = [part.split("alarm=")[1].split(" ")[0] for part in
                  self.source.lines("alarm", host=f"mx.{case.domain}:25")]
        return ", ".join([verdict, *(f"alarm `{alarm}`" for alarm in dict.fromkeys(alarms))])

    def test_what_is_known_decides_and_nothing_is_lost(self):
        known = [case for case in self.cases if case.way != "first"]
        self.send(known, "before")
        for line in self.first_lines(known, "before").values():
            self.assertIn(" status=sent ", line)
            self.assertNotIn(" tls=none ", line)
        for case in known:
            case.proxy.attack = case.attack
        self.send(self.cases, "user")
        lines = self.first_lines(self.cases, "user")
        found = {(type(case.attack), case.way): self.outcome(case, line) for case, line in lines.items()}
        text = INTRODUCTION + "".join(
            f"| {kind.__doc__} | " + " | ".join(found[kind, way] for way in WAYS) + " |\n" for kind in ATTACKS)
        if os.environ.get("OUTRIDER_WRITE_DOCS"):
            PAGE.write_text(text)
        self.assert_nothing_in_clear(lines)
        self.restart_in_the_middle(lines)
        for case in self.cases:
            case.proxy.stop_attack()
        self.assert_all_arrive(lines)
        self.assertEqual(lab.mailbox(self.path / "senders", "a", "src.test"), [], "something was returned")
        for (kind, way), outcome in found.items():
            self.assertTrue(way == "first" or kind is proxy_attacks.SwapCertificate or
                            outcome.startswith("waits, alarm"), (kind, way, outcome))
            self.assertTrue(way not in ("mtasts", "dane", "both") or
                            outcome.startswith("waits, alarm `"), (kind, way, outcome))
        self.assertEqual(PAGE.read_text(), text, "OUTRIDER_WRITE_DOCS=1 writes it anew")

    def assert_nothing_in_clear(self, lines):
        time.sleep(2.5)  # more attempts
        for case, line in lines.items():
            if case.way not in MAY_BE_CLEAR:
                for wire in case.proxy.wires:
                    self.assertNotIn(case.secret, bytes(wire.raw), case.domain)
            if case.way in ("mtasts", "dane", "both"):
                for wire in case.proxy.wires:
                    self.assertNotIn(case.secret, bytes(wire.decrypted), case.domain)

    def restart_in_the_middle(self, lines):
        """With the policies' web server gone: what was known is still known."""
        self.web.close()
        self.source.stop()
        begin = len(self.source.log())
        self.source.start()
        waiting = sum(" status=deferred " in line for line in lines.values())
        self.assertEqual(len(self.source.queue("list", "--tls")["items"]), waiting)
        time.sleep(2.5)
        self.assertNotIn(" status=sent ", self.source.log()[begin:])
        case = next(case for case in self.cases if case.way == "mtasts")
        explained = json.loads(self.source.command("tls", "explain", case.domain, "--json").stdout)
        self.assertEqual(explained["hosts"][0]["verdict"]["level"], "mta-sts")
        self.assertIn("gone_since" if not isinstance(case.attack, proxy_attacks.SwapCertificate) else "last",
                      explained["hosts"][0]["known"])
        print(f"figure: {len(self.cases)} cases, {waiting} wait and are found again after the restart")

    def assert_all_arrive(self, lines):
        for case in self.cases:
            lab.wait_for(lambda case=case: lab.mailbox(self.path, "user", case.domain), 30,
                         f"mail for {case.domain}\n" + self.source.log()[-1500:])
        for case, line in lines.items():
            if " status=deferred " in line:
                sent = self.source.lines("delivery", to=f"<user@{case.domain}>", status="sent")
                self.assertNotIn(" tls=none ", sent[0])
            self.assertEqual(len(lab.mailbox(self.path, "user", case.domain)), 1, case.domain)


if __name__ == "__main__":
    unittest.main()
