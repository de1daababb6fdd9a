"""Outrider and Postfix in one world of DNS, web and mail servers on loopback: what each does with mail
for every destination of trust_world.py. The table is docs/trust-world.md: OUTRIDER_WRITE_DOCS=1
writes it anew."""

import json
import os
import re
import unittest

import dns_tree
import faulty_hosts
import lab
import policy_web
import trust_certificates
import trust_world
from trust_world import ALL, OK, TOP

PAGE = lab.TOP / "docs/trust-world.md"
RESOLVER = "127.0.9.53"
PROVEN = ("dane", "dane-only", "mta-sts", "verify")


def missing():
    if os.geteuid() != 0:
        return "needs root for port 25 of loopback addresses"
    return dns_tree.missing() or lab.can_have_neighbours()



class World:
    """Everything but the two senders."""

    def __init__(self, path):
        self.path = path
        self.addresses, self.zones, self.listeners, self.faults, sites = {}, {}, [], {}, {}
        names = [f"{label}.{each.domain}" for each in ALL for label in ("mx", "mx1", "mx2", "real", "mta-sts")]
        names += [each.domain for each in ALL] + [self.host_name(each, host) for each in ALL for host in each.hosts]
        self.certificates = trust_certificates.Certificates(path / "certificates", sorted(set(names)))
        for each in ALL:
            if each.kind:
                self.add(each)
            if each.sts:
                sites[each.domain] = (each.web, each.sts)
        self.web = policy_web.PolicyWeb(self.certificates, sites)
        self.tree = dns_tree.Tree(path / "dns", TOP, self.zones)
        self.hosts = faulty_hosts.FaultyHosts(self.faults)

    @staticmethod
    def host_name(each, host):
        if "." in host.name:
            return f"{host.name}.{TOP}"
        return each.domain if host.name == "@" else f"{host.name}.{each.domain}"

    def record(self, tlsa, certificate):
        """`3 1 1 HEX`; a text stands as it is, a fourth part is the certificate."""
        if isinstance(tlsa, str):
            return tlsa
        usage, selector, matching, *other = tlsa
        return self.certificates.tlsa(usage, selector, matching, *(other or [certificate]))

    def filled(self, records):
        def fill(match):
            *numbers, certificate = match.group(1).split()
            return self.certificates.tlsa(*map(int, numbers), certificate)
        return re.sub(r"\{tlsa:([^}]*)\}", fill, records)

    def add(self, each):
        lines = {name: [self.filled(records)] for name, (_, records) in each.zones.items()}
        lines[each.domain] = [self.filled(each.records)]
        for host in each.hosts:
            self.add_host(each, host, lines)
        exchangers = each.exchangers
        if exchangers is None:
            exchangers = [f"{host.name}.{each.domain}." for host in each.hosts]
        lines[each.domain] += [f"@ MX {10 * (i + 1) if name != '.' else 0} {name}"
                               for i, name in enumerate(exchangers)]
        if each.sts:
            lines[each.domain] += ["mta-sts A 127.0.0.1"] + [f'_mta-sts TXT "{text}"' for text in each.txts]
        kinds = {each.domain: each.kind, **{name: kind for name, (kind, _) in each.zones.items()}}
        for name, records in lines.items():
            self.zones[name] = (kinds[name], "\n".join(records))

    def add_host(self, each, host, lines):
        address = f"127.1.{len(self.addresses) // 200}.{len(self.addresses) % 200 + 1}"
        name = self.host_name(each, host)
        self.addresses[name] = address
        zone = name.split(".", 1)[1] if "." in host.name else each.domain
        lines[zone].append(f"{name}. A {address}")
        lines[zone] += [f"_25._tcp.{name}. TLSA {self.record(tlsa, host.certificate)}"
                        for tlsa in ([host.tlsa] if isinstance(host.tlsa, str) else host.tlsa)]
        if host.does == OK:
            self.listeners.append((address, host.certificate))
        elif host.does != trust_world.DEAD:
            self.faults[address] = host.does

    def receiver(self):
        """One real Outrider behind all hosts that do what they should."""
        config = '[[route]]\ndomain = "*"\nvia = "discard"\n'
        for address, name in self.listeners:
            certificate, key = self.certificates.files(name)
            config += (f'[[listener]]\nname = "{address}"\naddress = "{address}:25"\nrole = "relay"\n'
                       f'tls = "starttls"\ncertificate = ["{certificate}"]\nkey = ["{key}"]\n')
        return lab.Server(self.path, f"receiver.{TOP}", config, self.certificates)

    def close(self):
        self.hosts.close()
        self.web.close()
        self.tree.stop()


@unittest.skipIf(missing(), missing())
class TrustWorld(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        cls.path = cls.folder.path
        cls.world = World(cls.path)
        cls.addClassCleanup(cls.world.close)
        cls.enterClassContext(cls.world.receiver())
        cls.sender = cls.outrider()
        cls.enterClassContext(cls.sender)
        cls.start_postfix()

    @classmethod
    def outrider(cls):
        world = cls.world
        config = (lab.maildir_domain(cls.path, "src.test") + '[delivery]\nloopback_is_own = false\n'
                  f'[mta_sts]\nport = {world.web.port}\nca_file = "{world.certificates.file}"\nspecial_addresses = true\n'
                  'wait = "3s"\n')
        return world.tree.use(lab.Server(cls.path, "sender.test", config, world.certificates))

    @classmethod
    def start_postfix(cls):
        """With a validating Unbound of its own, in a root where that is the only resolver."""
        cls.neighbour = lab.Neighbour("trust", "postfix", "unbound")
        cls.addClassCleanup(cls.neighbour.stop)
        folder = cls.path / "postfix"
        for part in ("etc", "spool", "data"):
            (folder / part).mkdir(parents=True)
        cls.postfix_port, cls.postfix_log = lab.free_port(), folder / "log"
        (folder / "unbound.conf").write_text(
            f'server:\n interface: {RESOLVER}\n port: 53\n do-not-query-localhost: no\n chroot: ""\n'
            f' username: ""\n pidfile: "{folder}/unbound.pid"\n do-daemonize: no\n use-syslog: no\n'
            f' logfile: "{folder}/unbound.log"\n trust-anchor-file: "{cls.world.tree.anchor}"\n do-ip6: no\n'
            f'remote-control:\n control-enable: no\n'
            f'forward-zone:\n name: "."\n forward-addr: 127.0.0.1@{cls.world.tree.port}\n')
        (folder / "resolv.conf").write_text(f"nameserver {RESOLVER}\noptions edns0 trust-ad\n")
        (folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.test
mydestination =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_tls_security_level = dane
smtp_dns_support_level = dnssec
smtp_tls_CAfile = {cls.world.certificates.file}
smtp_tls_loglevel = 1
smtp_connect_timeout = 5s
smtpd_peername_lookup = no
alias_maps =
""")
        start = (f"mount --bind {folder}/resolv.conf /etc/resolv.conf; unbound -d -c {folder}/unbound.conf & "
                 f"cp /usr/share/postfix/master.cf.dist {folder}/etc/master.cf; sed -i -e '/^smtp  *inet/d' "
                 rf"-e '/^[a-z0-9:.]* *\(inet\|unix\) /s/^\(\S* *\S* *\S* *\S* *\)y/\1n/' {folder}/etc/master.cf; "
                 f"echo '127.0.0.1:{cls.postfix_port} inet n - n - - smtpd' >> {folder}/etc/master.cf; "
                 f"cp /etc/postfix/dynamicmaps.cf {folder}/etc/; chown postfix {folder}/data; "
                 f"exec postfix -c {folder}/etc start-fg")
        cls.neighbour.start("sh", "-c", start, output=open(folder / "output", "wb"))
        cls.addClassCleanup(cls.neighbour.run, "postfix", "-c", f"{folder}/etc", "stop", capture_output=True)
        cls.waiting(lambda: lab.answers(cls.postfix_port, "127.0.0.1"), "Postfix answering")

    @classmethod
    def waiting(cls, condition, what):
        try:
            return lab.wait_for(condition, 60, what)
        except AssertionError as error:
            logs = [cls.path / "postfix" / name for name in ("output", "log", "unbound.log")]
            raise AssertionError(f"{error}\n" + "".join(path.read_text(errors="replace")[-3000:]
                                                        for path in logs if path.exists())) from error

    @staticmethod
    def send(host, port):
        with lab.smtplib.SMTP(host, port, "client.test", 60) as client:
            client.sendmail("a@src.test", [f"x@{each.domain}" for each in ALL], b"Subject: x\r\n\r\nx\r\n")

    def by_outrider(self):
        self.send("127.0.0.1", self.sender.port)
        lines = {each.name: self.first_line(lambda each=each: self.sender.lines("delivery", to=f"<x@{each.domain}>"),
                                            each) for each in ALL}
        return {each.name: self.outrider_verdict(each, lines[each.name]) for each in ALL}

    def first_line(self, find, each):
        return self.waiting(find, f"an outcome for {each.domain}")[0]

    @staticmethod
    def outrider_verdict(each, line):
        value = lambda key: (re.search(rf" {key}=(\S+)", line) or [None, ""])[1]
        if value("status") != "sent":
            return {"deferred": "waits"}.get(value("status"), "returned")
        verdict = "clear" if value("tls") == "none" else "proven" if value("level") in PROVEN else "TLS"
        return verdict + by_host(each, value("relay"))

    def by_postfix(self):
        self.send("127.0.0.1", self.postfix_port)
        read = lambda: self.postfix_log.read_text(errors="replace")
        found = {}
        for each in ALL:
            pattern = re.compile(rf"to=<x@{each.domain}>, relay=([^,]*),.* status=(\w+)")
            match = self.first_line(lambda pattern=pattern: pattern.findall(read()), each)
            found[each.name] = self.postfix_verdict(each, *match, read())
        return found

    @staticmethod
    def postfix_verdict(each, relay, status, log):
        if status != "sent":
            return {"deferred": "waits"}.get(status, "returned")
        tls = re.findall(rf"(\w+) TLS connection established to {re.escape(relay)}", log)
        verdict = "clear" if not tls else "proven" if tls[-1] == "Verified" else "TLS"
        return verdict + by_host(each, relay)

    def test_each_destination_gets_what_the_rfcs_say_from_both(self):
        ours, theirs = self.by_outrider(), self.by_postfix()
        differ = [each.name for each in ALL if ours[each.name] != theirs[each.name]]
        print(f"figure: {len(ALL)} destinations, {len(differ)} of which Postfix treats otherwise")
        text = page(ours, theirs)
        if os.environ.get("OUTRIDER_WRITE_DOCS"):
            PAGE.write_text(text)
        for each in ALL:
            with self.subTest(each.name):
                lines = "\n".join(self.sender.lines("delivery", to=f"<x@{each.domain}>")[:1])
                self.assertEqual(ours[each.name], each.trust, lines)
                log = "\n".join(line for line in self.postfix_log.read_text(errors="replace").split("\n")
                                if each.domain in line)
                self.assertEqual(theirs[each.name], each.postfix or each.trust, log[:1500])
                self.assertTrue(each.why or each.name not in differ, "a difference needs the RFC's words")
        self.assertGreaterEqual(len(ALL), 60)
        self.assertEqual(PAGE.read_text(), text, "OUTRIDER_WRITE_DOCS=1 writes it anew")

    def test_what_tls_explain_says_is_what_is_done(self):
        for each in ALL:
            if each.trust not in ("proven", "waits") or not each.hosts:
                continue
            with self.subTest(each.name):
                answer = json.loads(self.sender.command("tls", "explain", each.domain, "--json").stdout)
                for host in answer["hosts"]:
                    verdict = host["verdict"]
                    self.assertTrue(not verdict["may_try"] or verdict["level"] in PROVEN + ("encrypt",), answer)


def by_host(each, relay):
    return f" by {relay.split('.')[0]}" if len(each.hosts) > 1 else ""


def page(ours, theirs):
    text = ["# Mail for a world of destinations", "",
            "Real servers on loopback: a signed DNS tree, web servers of MTA-STS policies, an Outrider behind the "
            "hosts that do what they should, and scripted ones for the faults. One message for each destination goes "
            "through an Outrider with its defaults, and one through Postfix 3.7 with `smtp_tls_security_level = dane`, "
            "which is the yardstick for DANE. What becomes of it at the first attempt:", "",
            "`proven`: TLS, with a host that was proven to be the destination's. `TLS`: with whomever. `clear`: without. "
            "`waits`: kept in the queue. `returned`: to the sender. Made by `tests/system/test_trust_world.py`, which "
            "compares it with what it sees."]
    for title, part in (("DANE", trust_world.DANE), ("MTA-STS", trust_world.MTA_STS), ("Both", trust_world.BOTH),
                        ("Neither", trust_world.NEITHER)):
        text += ["", f"## {title}", "| domain | what it publishes, what its host does | Outrider | Postfix | why |",
                 "|---|---|---|---|---|"]
        text += [f"| `{each.domain}` | {each.what} | {ours[each.name]} | {theirs[each.name]} | {each.why} |"
                 for each in part]
    return "\n".join(text) + "\n"


if __name__ == "__main__":
    unittest.main()
