"""The destinations of the world: what each publishes, what its hosts do, and what is to become of mail
for it by the RFCs. `trust` is what Outrider must do, `postfix` what Postfix must do at level `dane`
where that differs, and `why` says why it does.

Verdicts: `proven` TLS with a host that was proven to be the destination's; `TLS` with whomever;
`clear`; `waits` in the queue; `returned`."""

from dataclasses import dataclass, field

from dns_tree import BROKEN, EXPIRED, PLAIN, SIGNED, STRIPPED, TAMPERED

TOP = "world"
OK, DEAD = "ok", "dead"
NO_STS = "Postfix has no MTA-STS of its own"
TESTING = "RFC 8461 §5: a policy in testing is told of in reports, and mail is delivered"
INSECURE_MX = ("RFC 7672 §2.2.1: the host is proven, not that it is the domain's. Postfix checks the record, too, "
               "as the next row shows, and calls the session Trusted")
LATER = ("RFC 3207 §4 leaves it to the client: Postfix goes on in clear, too, when the message has waited "
         "minimal_backoff_time")
NO_POLICY = "RFC 8461 §3.3: without a valid policy it is as if there were none"


@dataclass
class Host:
    """`name` is a label in the destination's zone; `tlsa`: (usage, selector, matching[, certificate])
    at its own name, or raw text."""
    name: str = "mx"
    certificate: str = "good"
    does: str = OK
    tlsa: tuple = ()


@dataclass
class Destination:
    name: str
    what: str
    trust: str
    hosts: list = field(default_factory=list)
    postfix: str = ""
    why: str = ""
    kind: str = SIGNED
    records: str = ""      # more of its zone; `{tlsa:3 1 1 self}` becomes a record's data
    zones: dict = field(default_factory=dict)  # more zones: name to (kind, records)
    exchangers: list = None  # of its MX records, absolute; None: the hosts in their order
    sts: str = ""          # the policy's text or fault; empty: none
    web: str = "good"      # the certificate of the policy's web server
    txts: tuple = ("v=STSv1; id=1;",)

    @property
    def domain(self):
        return f"{self.name}.{TOP}"


EE = (3, 1, 1)


def dane(name, what, trust, *tlsa, certificate="self", does=OK, **more):
    return Destination(name, what, trust, [Host("mx", certificate, does, tlsa)], **more)


def policy(mode="enforce", *mx, age=86400):
    return f"version: STSv1\r\nmode: {mode}\r\n" + "".join(f"mx: {each}\r\n" for each in mx) + \
        f"max_age: {age}\r\n"


def sts(name, what, trust, text, certificate="good", does=OK, postfix="TLS", why=NO_STS, **more):
    return Destination(name, what, trust, [Host("mx", certificate, does)], postfix, why, PLAIN,
                       sts=text.replace("{}", f"{name}.{TOP}"), **more)


LISTED = policy("enforce", "mx.{}")
TESTED = policy("testing", "mx.{}")

DANE = [
    dane("ee311", "TLSA 3 1 1, certificate of nobody", "proven", EE),
    dane("ee301", "TLSA 3 0 1", "proven", (3, 0, 1)),
    dane("ee312", "TLSA 3 1 2", "proven", (3, 1, 2)),
    dane("ee310", "TLSA 3 1 0: the whole key", "proven", (3, 1, 0)),
    dane("ee300", "TLSA 3 0 0: the whole certificate", "proven", (3, 0, 0)),
    dane("eeca", "TLSA 3 1 1, certificate of an authority", "proven", EE, certificate="good"),
    dane("eeexpired", "TLSA 3 1 1, the certificate has expired", "proven", EE, certificate="self-expired"),
    dane("eename", "TLSA 3 1 1, certificate of another name", "proven", EE, certificate="self-other"),
    dane("ta201", "TLSA 2 0 1, the anchor is sent", "proven", (2, 0, 1), certificate="ta"),
    dane("ta211", "TLSA 2 1 1, the anchor is sent", "proven", (2, 1, 1), certificate="ta"),
    dane("ta200", "TLSA 2 0 0, the anchor is not sent", "proven", (2, 0, 0), certificate="ta-alone"),
    dane("taunsent", "TLSA 2 1 1, the anchor is not sent", "waits", (2, 1, 1), certificate="ta-alone"),
    dane("taname", "TLSA 2 0 1, certificate of another name", "waits", (2, 0, 1), certificate="ta-other"),
    dane("taexpired", "TLSA 2 0 1, the certificate has expired", "waits", (2, 0, 1), certificate="ta-expired"),
    dane("mismatch", "TLSA 3 1 1 of another key", "waits", (3, 1, 1, "other")),
    dane("rollover", "two TLSA 3 1 1, the second is the key's", "proven", (3, 1, 1, "other"), EE),
    dane("agility", "TLSA 3 1 2 of another key, 3 1 1 of this one: the strongest digest counts", "waits",
         (3, 1, 2, "other"), EE),
    dane("pkix", "TLSA 1 1 1 alone: of no use", "TLS", (1, 1, 1)),
    dane("pkixta", "TLSA 0 0 1 alone: of no use", "TLS", (0, 0, 1)),
    dane("selector", "TLSA 3 9 1 alone: of no use", "TLS", "3 9 1 " + "ab" * 32),
    dane("matching", "TLSA 3 1 9 alone: of no use", "TLS", "3 1 9 " + "ab" * 32),
    dane("short", "TLSA 3 1 1 of three bytes: of no use", "TLS", "3 1 1 abcdef"),
    dane("mixed", "TLSA 1 1 1 and 3 1 1", "proven", (1, 1, 1), EE),
    dane("pkixclear", "TLSA 1 1 1 alone, no STARTTLS", "waits", (1, 1, 1), does="no-starttls"),
    dane("noofferee", "TLSA 3 1 1, no STARTTLS", "waits", EE, does="no-starttls"),
    dane("refusedee", "TLSA 3 1 1, STARTTLS is refused with 454", "waits", EE, does="454"),
    dane("brokenee", "TLSA 3 1 1, the handshake breaks", "waits", EE, does="breaks"),
    dane("absent", "signed, no TLSA", "TLS"),
    dane("absentclear", "signed, no TLSA, no STARTTLS", "clear", does="no-starttls"),
    Destination("wildcard", "TLSA 3 1 1 by a wildcard", "proven", [Host("mx", "self")],
                records="*._tcp.mx TLSA {tlsa:3 1 1 self}"),
    Destination("implicit", "no MX, TLSA 3 1 1 at the domain", "proven", exchangers=[],
                hosts=[Host("@", "self", OK, (EE,))]),
    Destination("insecuremx", "MX not signed, its host is, with TLSA 3 1 1", "proven",
                [Host("mx.insecuremxhost", "self", OK, (EE,))], kind=PLAIN,
                exchangers=["mx.insecuremxhost.world."], zones={"insecuremxhost.world": (SIGNED, "")},
                postfix="TLS", why=INSECURE_MX),
    Destination("insecuremxbad", "MX not signed, its host is, with TLSA of another key", "waits",
                [Host("mx.insecuremxbadhost", "self", OK, ((3, 1, 1, "other"),))], kind=PLAIN,
                exchangers=["mx.insecuremxbadhost.world."], zones={"insecuremxbadhost.world": (SIGNED, "")}),
    Destination("insecurehost", "MX signed, its host is not: TLSA is not looked for", "TLS",
                [Host("mx.insecurehosthost", "self", OK, (EE,))],
                exchangers=["mx.insecurehosthost.world."], zones={"insecurehosthost.world": (PLAIN, "")}),
    dane("bogusmx", "the domain's zone was tampered with", "waits", EE, kind=TAMPERED),
    dane("expiredzone", "the zone's signatures have expired", "waits", EE, kind=EXPIRED),
    dane("stripped", "the zone's signatures are missing", "waits", EE, kind=STRIPPED),
    Destination("bogusa", "the host's zone was tampered with", "waits", [Host("mx.bogusahost", "self", OK, (EE,))],
                exchangers=["mx.bogusahost.world."], zones={"bogusahost.world": (TAMPERED, "")}),
    Destination("bogustlsa", "the TLSA record was tampered with", "waits", [Host("mx", "self")],
                zones={"_tcp.mx.bogustlsa.world": (TAMPERED, "_25 TLSA {tlsa:3 1 1 self}")}),
    Destination("servfail", "the TLSA look-up fails", "waits", [Host("mx", "self")],
                zones={"_tcp.mx.servfail.world": (BROKEN, "")}),
    Destination("plaintlsa", "the TLSA record is not signed", "TLS", [Host("mx", "self")],
                zones={"_tcp.mx.plaintlsa.world": (PLAIN, "_25 TLSA {tlsa:3 1 1 other}")}),
    Destination("alias", "the host is an alias, TLSA at its end", "proven", [Host("real", "self", OK, (EE,))],
                records="mx CNAME real", exchangers=["mx.alias.world."]),
    Destination("aliasstart", "the host is an alias, TLSA at its beginning", "proven", [Host("real", "self")],
                records="mx CNAME real\n_25._tcp.mx TLSA {tlsa:3 1 1 self}", exchangers=["mx.aliasstart.world."]),
    Destination("aliasout", "an alias out of the signed zone, TLSA at its beginning", "proven",
                [Host("real.aliasouthost", "self")],
                records="mx CNAME real.aliasouthost.world.\n_25._tcp.mx TLSA {tlsa:3 1 1 self}",
                exchangers=["mx.aliasout.world."], zones={"aliasouthost.world": (PLAIN, "")}),
    Destination("second", "the first host is dead, the second has TLSA 3 1 1", "proven by mx2",
                [Host("mx1", "self", DEAD), Host("mx2", "self", OK, (EE,))]),
    Destination("nextmx", "TLSA of the first host does not match, the second's does", "proven by mx2",
                [Host("mx1", "self", OK, ((3, 1, 1, "other"),)), Host("mx2", "self", OK, (EE,))]),
    Destination("firstplain", "the first host has no TLSA, the second has", "TLS by mx1",
                [Host("mx1", "self"), Host("mx2", "self", OK, (EE,))]),
    Destination("nomatch", "no TLSA of two hosts matches", "waits",
                [Host("mx1", "self", OK, ((3, 1, 1, "other"),)), Host("mx2", "self", OK, ((3, 1, 1, "good"),))]),
    Destination("nextclear", "the first host has TLSA and no STARTTLS, the second has nothing", "clear by mx2",
                [Host("mx1", "self", "no-starttls", (EE,)), Host("mx2", "self", "no-starttls")]),
]

MTA_STS = [
    sts("enforce", "enforce, all is well", "proven", LISTED),
    sts("enforcename", "enforce, certificate of another name", "waits", LISTED, "other"),
    sts("enforceexpired", "enforce, the certificate has expired", "waits", LISTED, "expired"),
    sts("enforceself", "enforce, certificate of nobody", "waits", LISTED, "self"),
    sts("enforceclear", "enforce, no STARTTLS", "waits", LISTED, does="no-starttls", postfix="clear"),
    sts("enforce454", "enforce, STARTTLS is refused with 454", "waits", LISTED, does="454", postfix="clear"),
    sts("enforcebreaks", "enforce, the handshake breaks", "waits", LISTED, does="breaks", postfix="waits",
        why=LATER),
    sts("unlisted", "enforce, the host is not listed", "waits", policy("enforce", "other.{}")),
    sts("wild", "enforce, a wildcard lists the host", "proven", policy("enforce", "*.{}")),
    sts("wilddeep", "enforce, a wildcard one label too high", "waits", policy("enforce", "*.world")),
    Destination("listed2", "enforce, the second host alone is listed", "proven by mx2",
                [Host("mx1"), Host("mx2")], "TLS by mx1", NO_STS, PLAIN,
                sts=policy("enforce", "mx2.listed2.world")),
    sts("tested", "testing, all is well", "TLS", TESTED, why=TESTING, postfix=""),
    sts("testedname", "testing, certificate of another name", "TLS", TESTED, "other", postfix="", why=TESTING),
    sts("testedclear", "testing, no STARTTLS", "clear", TESTED, does="no-starttls", postfix="", why=TESTING),
    sts("testedunlisted", "testing, the host is not listed", "TLS", policy("testing", "other.{}"), postfix="",
        why=TESTING),
    sts("none", "mode none, certificate of nobody", "TLS", policy("none"), "self", postfix=""),
    sts("notxt", "a policy, and no TXT record", "TLS", LISTED, "self", txts=(), postfix="", why=NO_POLICY),
    sts("badtxt", "the TXT record has no id", "TLS", LISTED, "self", txts=("v=STSv1;",), postfix="", why=NO_POLICY),
    sts("twotxt", "two TXT records", "TLS", LISTED, "self", txts=("v=STSv1; id=1;", "v=STSv1; id=2;"), postfix="",
        why=NO_POLICY),
    sts("web404", "the policy is not there: 404", "TLS", "404", "self", postfix="", why=NO_POLICY),
    sts("webredirect", "the policy is elsewhere: a redirect", "TLS", "redirect", "self", postfix="", why=NO_POLICY),
    sts("webtype", "the policy is text/html", "TLS", "html:" + LISTED, "self", postfix="", why=NO_POLICY),
    sts("webhuge", "the policy has more than 64 KiB", "TLS", "huge:" + LISTED, "self", postfix="", why=NO_POLICY),
    sts("webname", "the web server's certificate is of another name", "TLS", LISTED, "self", web="other", postfix="",
        why=NO_POLICY),
    sts("webexpired", "the web server's certificate has expired", "TLS", LISTED, "self", web="expired", postfix="",
        why=NO_POLICY),
    sts("webslow", "the web server takes too long", "TLS", "slow", "self", postfix="", why=NO_POLICY),
    sts("webbad", "the policy has no mode", "TLS", "version: STSv1\r\nmx: mx.{}\r\nmax_age: 86400\r\n", "self",
        postfix="", why=NO_POLICY),
]

BOTH_WINS = "RFC 8461 §2: a policy must not rescue a failed DANE proof, and need not confirm a good one"
BOTH = [
    dane("both", "both are well", "proven", EE, certificate="good", sts=policy("enforce", "mx.both.world")),
    dane("bothdane", "DANE fails, the policy is kept to", "waits", (3, 1, 1, "other"), certificate="good",
         sts=policy("enforce", "mx.bothdane.world"), why=BOTH_WINS),
    dane("bothsts", "DANE is kept to, the policy does not list the host", "proven", EE,
         sts=policy("enforce", "other.world"), why=BOTH_WINS),
    Destination("bothway", "MX not signed, TLSA 3 1 1 of the host, the policy lists it", "proven",
                [Host("mx.bothwayhost", "good", OK, (EE,))], kind=PLAIN, exchangers=["mx.bothwayhost.world."],
                zones={"bothwayhost.world": (SIGNED, "")}, sts=policy("enforce", "mx.bothwayhost.world"),
                postfix="TLS", why=INSECURE_MX),
    Destination("bothnoway", "MX not signed, TLSA 3 1 1 of the host, the policy does not list it", "waits",
                [Host("mx.bothnowayhost", "good", OK, (EE,))], kind=PLAIN, exchangers=["mx.bothnowayhost.world."],
                zones={"bothnowayhost.world": (SIGNED, "")}, sts=policy("enforce", "other.world"),
                postfix="TLS", why=NO_STS),
    dane("bothuseless", "TLSA of no use, the policy is kept to", "proven", (1, 1, 1), certificate="good",
         sts=policy("enforce", "mx.bothuseless.world"), postfix="TLS", why=NO_STS),
    dane("bothneither", "TLSA of no use, certificate of nobody under enforce", "waits", (1, 1, 1),
         sts=policy("enforce", "mx.bothneither.world"), postfix="TLS", why=NO_STS),
]

NEITHER = [
    Destination("self", "STARTTLS, certificate of nobody", "TLS", [Host("mx", "self")], kind=PLAIN),
    Destination("ca", "STARTTLS, certificate of an authority", "TLS", [Host("mx")], kind=PLAIN),
    Destination("clear", "no STARTTLS", "clear", [Host("mx", "self", "no-starttls")], kind=PLAIN),
    Destination("refused", "STARTTLS is refused with 454", "clear", [Host("mx", "self", "454")], kind=PLAIN),
    Destination("breaks", "the handshake breaks", "clear", [Host("mx", "self", "breaks")], "waits", LATER, PLAIN),
    Destination("nullmx", "null MX", "returned", exchangers=["."]),
    Destination("gone", "no such domain", "returned", kind="", exchangers=[]),
]

ALL = DANE + MTA_STS + BOTH + NEITHER
