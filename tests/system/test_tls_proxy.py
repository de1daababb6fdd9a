"""A hostile proxy between two Outriders: every attack against every level of TLS, at once, and what
becomes of the mail. The table is docs/tls-outcomes.md: OUTRIDER_WRITE_DOCS=1 writes it anew."""

import os
import unittest

import hostile_proxy
import lab
import proxy_attacks

PAGE = lab.TOP / "docs/tls-outcomes.md"
LEVELS = ("opportunistic", "known", "encrypt", "verify", "implicit")
TLS, CLEAR, WAITS, OVERHEARD = "TLS", "clear", "waits", "TLS, with the attacker"

INTRODUCTION = """# What a man in the middle can do
A proxy between two Outriders meddles with STARTTLS and with the handshake, once with each level of `[[route]] tls`, and once with a route `smtps://` at level `opportunistic`. The cells tell what became of a message at its first attempt: delivered in TLS, delivered in clear, or kept in the queue. None is returned, none is lost: when the proxy stops meddling, those that waited arrive, each once.

`opportunistic` keeps out who only listens. It goes on in clear where TLS fails, because the mail would have gone in clear without TLS, too (RFC 3207 §4). "Known" is the same level and a server whose TLS worked before: that it is gone raises an alarm, and the mail waits for a while before it goes in clear. `encrypt` never goes in clear, but takes any certificate. `verify` is the level that a man in the middle cannot get around; all that is left to him is to hold the mail up.

The page is made by `tests/system/test_tls_proxy.py`, which compares it with what it sees.

| the proxy | opportunistic | known | encrypt | verify | implicit |
|---|---|---|---|---|---|
"""


class Case:
    """One attack at one level: a domain, a proxy on an address of its own, a secret in the mail."""

    def __init__(self, number, name, attack, level):
        self.attack, self.level = attack, level
        self.demand = {"known": "opportunistic", "implicit": "opportunistic"}.get(level, level)
        self.does = type(attack).__doc__
        self.domain = f"{name}-{level}.test".lower()
        self.host = f"127.77.0.{number}"
        self.secret = f"SECRET-{number:03d}-{name}-{level}".encode()

    def listen(self, network, sink):
        implicit = self.level == "implicit"
        wire = hostile_proxy.ImplicitWire if implicit else hostile_proxy.Wire
        port = sink.ports[self.attack.version, implicit]
        calm = hostile_proxy.Attack() if self.level == "known" else self.attack
        self.proxy = network.proxy(port, calm, self.host, wire)

    def begin(self):
        self.proxy.attack = self.attack

    def route(self):
        scheme = "smtps" if self.level == "implicit" else "smtp"
        return (f'[[route]]\ndomain = "{self.domain}"\n'
                f'via = "{scheme}://{self.host}:{self.proxy.port}"\ntls = "{self.demand}"\n')

    def content(self):
        head = b"Subject: %s\r\nFrom: a@src.test\r\n\r\n%s\r\n" % (self.secret, self.secret)
        size = 150000 if isinstance(self.attack, proxy_attacks.Truncate) else 400
        return lab.lines_of(size, head)

    def outcome(self, server):
        """Of the first attempt, or nothing as long as there is none."""
        lines = server.lines("delivery", to=f"<user@{self.domain}>")
        if not lines:
            return None
        if " status=sent " not in lines[0]:
            return WAITS if " status=deferred " in lines[0] else lines[0]
        if " tls=none " in lines[0]:
            return CLEAR
        return OVERHEARD if self.proxy.read_by_us(self.secret) else TLS


def all_cases(certificate, key):
    attacks = [proxy_attacks.Nothing, *proxy_attacks.ON_STARTTLS, *proxy_attacks.ON_TLS,
               proxy_attacks.SwapCertificate]
    cases = []
    for kind in attacks:
        for level in LEVELS:
            if level == "implicit" and kind in proxy_attacks.ON_STARTTLS:
                continue
            swaps = kind is proxy_attacks.SwapCertificate
            attack = kind(certificate, key) if swaps else kind()
            cases.append(Case(len(cases) + 1, kind.__name__, attack, level))
    return cases


class Sink(lab.Server):
    """Takes the mail of all cases, on listeners with TLS 1.3 and on others that stop at 1.2."""

    def __init__(self, path, cases, authority):
        old = {False: lab.free_port(), True: lab.free_port()}
        super().__init__(path, "sink.test", "".join(
            lab.maildir_domain(path, case.domain) for case in cases) + lab.keep_crlf() +
            '[limits]\nconnections_per_network = 1000\nhandshake_time = "5s"\n' + "".join(
            f'[[listener]]\naddress = "127.0.0.1:{port}"\nmaximum_version = "1.2"\n' +
            ('tls = "implicit"\nrole = "submission"\n' if implicit else "")
            for implicit, port in old.items()), authority)
        self.ports = {("1.3", False): self.port, ("1.3", True): self.tls_port,
                      ("1.2", False): old[False], ("1.2", True): old[True]}


class Proxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        path = cls.folder.path
        authority = lab.Authority(path)
        (path / "evil").mkdir()
        cls.cases = all_cases(*lab.Authority(path / "evil").issue("evil.test"))
        authority.addresses = [case.host for case in cls.cases]
        cls.sink = Sink(path, cls.cases, authority)
        cls.sink.start()
        cls.addClassCleanup(cls.sink.__exit__)
        cls.network = hostile_proxy.Network()
        cls.addClassCleanup(cls.network.close)
        for case in cls.cases:
            case.listen(cls.network, cls.sink)
        cls.source = lab.Server(path, "source.test", cls.source_config(path), authority)
        cls.source.start()
        cls.addClassCleanup(cls.source.__exit__)
        cls.first_attempts()
        cls.afterwards()

    @classmethod
    def source_config(cls, path):
        return ("queue: retry_first = \"1s\"\nqueue: retry_factor = 1.0\nqueue: retry_longest = \"1s\"\n"
                + lab.maildir_domain(path / "notices", "src.test") + lab.keep_crlf()
                + 'greeting_time = "6s"\nhandshake_time = "6s"\nidle = "0s"\n'
                + "".join(case.route() for case in cls.cases))

    @classmethod
    def first_attempts(cls):
        known = [case for case in cls.cases if case.level == "known"]
        for case in known:
            lab.send_raw(cls.source, "a@src.test", [f"before@{case.domain}"], b"Subject: x\r\n\r\nx\r\n")
        for case in known:
            lab.wait_for(lambda: cls.source.lines("delivery", to=f"<before@{case.domain}>", status="sent"),
                         20, f"{case.domain} getting known")
            case.begin()
        for case in cls.cases:
            answer = lab.send_raw(cls.source, "a@src.test", [f"user@{case.domain}"], case.content())
            assert answer.startswith("250"), answer
        for case in cls.cases:
            case.became = lab.wait_for(lambda: case.outcome(cls.source), 40,
                                       f"a first attempt for {case.domain}")

    @classmethod
    def afterwards(cls):
        """An operator releases one message, the attacks end, what waits has its chance."""
        cls.seen = {case.domain for case in cls.cases if case.proxy.seen(case.secret)}
        cls.released = next(case for case in cls.cases if case.level == "known"
                            and isinstance(case.attack, proxy_attacks.Strip))
        cls.source.command("tls", "release", cls.released.domain, "--accept-new")
        lab.wait_for(lambda: cls.source.lines("delivery", to=f"<user@{cls.released.domain}>",
                                              status="sent"), 20, "a message that is released")
        for case in cls.cases:
            case.proxy.stop_attack()
        lab.wait_for(cls.source.is_empty, 40, "all mail gone once the attacks are over")
        lab.wait_for(cls.sink.is_empty, 40, "all mail in its Maildirs")

    def test_R8_R3_outcomes_are_those_of_the_page(self):
        rows = {}
        for case in self.cases:
            rows.setdefault(case.does, {})[case.level] = case.became
        page = INTRODUCTION + "".join(
            f"| {does} | " + " | ".join(row.get(level, "-") for level in LEVELS) + " |\n"
            for does, row in rows.items())
        if os.environ.get("OUTRIDER_WRITE_DOCS"):
            PAGE.write_text(page)
        self.maxDiff = None
        self.assertEqual(page, PAGE.read_text())

    def test_R8_L8_T5_no_word_in_clear_where_tls_is_demanded(self):
        for case in self.cases:
            if case.level not in ("opportunistic", "known"):
                self.assertNotEqual(case.became, CLEAR, case.domain)
                self.assertNotIn(case.domain, self.seen)

    def test_R8_the_proxy_does_see_what_is_in_clear(self):
        # Else the test above could not fail.
        in_clear = {case.domain for case in self.cases if case.became == CLEAR}
        self.assertTrue(in_clear)
        self.assertEqual(in_clear, self.seen)

    def test_L7_R8_tls_that_was_there_is_missed_and_waited_for(self):
        became = {(case.does, case.level): case.became for case in self.cases}
        for case in self.cases:
            if case.level == "known" and became[case.does, "opportunistic"] == CLEAR:
                self.assertEqual(case.became, WAITS, case.domain)
                if isinstance(case.attack, proxy_attacks.CutServerFinished12):
                    continue  # the handshake is resumed and shorter: lost is what is behind it
                place = f"{case.host}:{case.proxy.port}"
                self.assertEqual(len(self.source.lines("alarm", alarm="tls-gone", host=place)), 1,
                                 case.domain)

    def test_L7_L9_an_operator_releases_what_waits(self):
        self.assertEqual(self.released.became, WAITS)
        last = self.source.lines("delivery", to=f"<user@{self.released.domain}>", status="sent")[0]
        self.assertIn(" tls=none ", last)
        self.assertTrue(self.released.proxy.seen(self.released.secret))

    def test_R8_a_foreign_certificate_gets_nothing_where_names_are_verified(self):
        for case in self.cases:
            if case.level == "verify":
                self.assertFalse(case.proxy.read_by_us(case.secret), case.domain)
                self.assertIn(case.became, (TLS, WAITS))

    def test_R5_R6_what_was_said_before_tls_counts_for_nothing(self):
        lied = [case for case in self.cases if isinstance(case.attack, proxy_attacks.EhloLies)]
        self.assertEqual({case.became for case in lied}, {TLS})

    def test_R2_what_is_injected_is_never_executed(self):
        # The line of the log names STARTTLS and not what came behind it, and there is nothing else.
        refused = [line for line in self.sink.log().split("\n") if " refused " in line]
        self.assertTrue(any(" 554 " in line or '"554 ' in line for line in refused), refused)
        self.assertNotIn("injected", self.sink.log())
        self.assertNotIn("injected.test", self.source.log())

    def test_T5_a_downgrade_is_seen(self):
        became = {case.level: case.became for case in self.cases
                  if isinstance(case.attack, proxy_attacks.Downgrade)}
        self.assertEqual(set(became), set(LEVELS))
        self.assertNotIn(TLS, became.values())
        hosts = [case.host for case in self.cases if isinstance(case.attack, proxy_attacks.Downgrade)]
        failed = [line for line in self.source.lines("tls failed")
                  if any(f"relay={host}[" in line for host in hosts)
                  and "inappropriate fallback" in line]  # RFC 8446 §4.1.3
        self.assertGreaterEqual(len(failed), len(LEVELS))

    def test_L5_L8_each_message_arrives_once_and_none_is_returned(self):
        for case in self.cases:
            box = lab.mailbox(self.folder.path, "user", case.domain)
            self.assertEqual(len(box), 1, case.domain)
            self.assertTrue(box[0].endswith(case.content()), case.domain)
        self.assertEqual(lab.mailbox(self.folder.path / "notices", "a", "src.test"), [])
        self.assertFalse(self.source.lines("delivery", status="bounced"))
        print(f"figure: {len(self.cases)} messages past a hostile proxy, none lost, none returned, none twice")

    def test_the_proxies_did_what_they_are_for(self):
        for case in self.cases:
            self.assertEqual(case.proxy.errors, [], case.domain)


if __name__ == "__main__":
    unittest.main()
