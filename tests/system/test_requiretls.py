"""REQUIRETLS and TLS-Required: No (RFC 8689) between real servers in a signed DNS: over two hops, in
notices, and in the answer to RCPT."""

import os
import smtplib
import unittest

import dns_tree
import lab
import trust_certificates

SOON = 'queue: retry_first = "1s"\nqueue: retry_factor = 1.0\nqueue: retry_longest = "1s"\n'
HOSTS = {"hop": "127.79.0.1", "final": "127.79.0.2", "old": "127.79.0.3", "home": "127.79.0.4",
         "unsigned": "127.79.0.5", "mismatch": "127.79.0.6"}


def missing():
    return "needs root for port 25 of loopback addresses" if os.geteuid() != 0 else dns_tree.missing()


@unittest.skipIf(missing(), missing())
class RequireTls(unittest.TestCase):
    """A client submits to `first`, which gives all mail to `hop`, which delivers by MX."""

    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        self.certificates = trust_certificates.Certificates(
            self.path / "certificates", ["first.test", *(f"mx.{name}.world" for name in HOSTS)])
        zones = {f"{name}.world": (dns_tree.PLAIN if name == "unsigned" else dns_tree.SIGNED,
                                   f"@ MX 10 mx\nmx A {address}\n") for name, address in HOSTS.items()}
        wrong = self.certificates.tlsa(3, 1, 1, "other")
        zones["mismatch.world"] = (dns_tree.SIGNED, zones["mismatch.world"][1] + f"_25._tcp.mx TLSA {wrong}\n")
        self.tree = dns_tree.Tree(self.path / "dns", "world", zones)
        self.addCleanup(self.tree.stop)
        boxes = "".join(lab.maildir_domain(self.path, f"{name}.world") for name in HOSTS if name != "hop")
        listeners = "".join(self.listener(name, name != "old") for name in HOSTS if name != "hop")
        self.server("boxes.test", boxes + lab.keep_crlf() + listeners)
        self.hop = self.server("mx.hop.world", lab.keep_crlf() + "loopback_is_own = false\n" +
                               self.listener("hop", True))
        self.first = self.server("first.test", lab.keep_crlf() + "loopback_is_own = false\n" +
                                 '[[route]]\ndomain = "*"\nvia = "smtp://[mx.hop.world]"\n')

    def listener(self, name, requiretls):
        return (f'[[listener]]\naddress = "{HOSTS[name]}:25"\nrole = "mx"\n'
                f'requiretls = {"true" if requiretls else "false"}\n')

    def server(self, name, config):
        return self.enterContext(self.tree.use(lab.Server(self.path, name, SOON + config, self.certificates)))

    def session(self, server):
        client = smtplib.SMTP("127.0.0.1", server.port, "client.test", 30)
        self.addCleanup(client.close)
        client.starttls()
        client.ehlo()
        return client

    def send(self, recipient, options=("REQUIRETLS",), header="", server=None):
        content = f"Subject: secret subject\r\n{header}\r\nsecret words\r\n"
        self.session(server or self.first).sendmail("a@home.world", [recipient], content, list(options))

    def box(self, name, user="b"):
        return lab.mailbox(self.path, user, f"{name}.world")

    def arrives(self, name, user="b"):
        return lab.wait_for(lambda: self.box(name, user), 30, f"mail for {name}\n" + self.first.log()[-1500:] +
                            self.hop.log()[-2500:])[0]

    def test_it_is_kept_over_two_hops(self):
        self.assertNotIn("requiretls", smtplib.SMTP("127.0.0.1", self.first.port).esmtp_features)
        self.assertIn("requiretls", self.session(self.first).esmtp_features)
        self.send("b@final.world")
        self.arrives("final")
        for server in (self.first, self.hop):
            line = lab.wait_for(lambda: server.lines("delivery", to="<b@final.world>"))[0]
            self.assertIn("/verified", line)
            self.assertIn("REQUIRETLS", line)

    def test_a_host_without_it_gets_nothing_and_the_sender_a_notice_without_the_content(self):
        self.send("b@old.world")
        notice = self.arrives("home", "a")
        self.assertIn(b"5.7.30", notice)
        self.assertIn(b"secret subject", notice)
        self.assertNotIn(b"secret words", notice)
        self.assertEqual(self.box("old"), [])
        self.send("b@old.world", options=())
        self.arrives("old")

    def test_the_answer_to_rcpt_says_what_is_known_already(self):
        client = self.session(self.hop)
        client.mail("a@home.world", ["REQUIRETLS"])
        code, text = client.rcpt("b@unsigned.world")
        self.assertEqual((code, text[:6]), (550, b"5.7.10"), text)
        self.assertIn(b"neither DNSSEC nor MTA-STS", text)
        self.assertEqual(client.rcpt("b@final.world")[0], 250)
        self.assertEqual(client.rcpt("b@old.world")[0], 250, "nobody knows yet")
        client.rset()
        self.send("b@old.world", options=(), server=self.hop)
        self.arrives("old")
        client.mail("a@home.world", ["REQUIRETLS"])
        code, text = client.rcpt("b@old.world")
        self.assertEqual((code, text[:6]), (550, b"5.7.30"), text)
        client.rset()
        client.mail("a@home.world")
        for name in ("unsigned", "old"):
            self.assertEqual(client.rcpt(f"b@{name}.world")[0], 250)

    def test_tls_required_no_goes_past_what_the_destination_asks(self):
        self.send("b@mismatch.world", options=())
        lab.wait_for(lambda: self.hop.lines("delivery", to="<b@mismatch.world>", status="deferred"), 20, "a deferral")
        self.assertEqual(self.box("mismatch"), [])
        self.send("c@mismatch.world", options=(), header="TLS-Required: No\r\n")
        self.arrives("mismatch", "c")
        self.assertEqual(self.box("mismatch"), [])


if __name__ == "__main__":
    unittest.main()
