"""What we publish: a listener that serves MTA-STS policies to curl and to another Outrider, and
`outrider dns`, which says what is to be in the DNS and what is there."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import unittest

import dns_tree
import lab
import trust_certificates


def missing():
    if os.geteuid() != 0:
        return "needs root for port 25 of loopback addresses"
    return dns_tree.missing() or ("" if shutil.which("curl") else "needs curl")


@unittest.skipIf(missing(), missing())
class Publishing(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        self.certificates = trust_certificates.Certificates(
            self.path / "certificates", ["mx.ours.world", "mta-sts.ours.world"])
        self.web_port = lab.free_port()

    def ours(self, tree=None, more=""):
        config = lab.maildir_domain(self.path, "ours.world") + (
            'mta_sts = "enforce"\nmta_sts_max_age = "1d"\ntls_report_to = ["mailto:tls@ours.world"]\n' + more +
            f'[[listener]]\nname = "policies"\naddress = "127.0.0.1:{self.web_port}"\nrole = "mta-sts"\n'
            '[[listener]]\naddress = "127.81.0.1:25"\n' + lab.keep_crlf())
        return self.server("mx.ours.world", config, tree)

    def server(self, name, config, tree=None):
        server = lab.Server(self.path, name, config, self.certificates)
        return tree.use(server) if tree else server

    def curl(self, *arguments, path="/.well-known/mta-sts.txt", host="mta-sts.ours.world"):
        return subprocess.run(
            ["curl", "-sS", "--cacert", str(self.certificates.file), "--connect-to", f"{host}:443:127.0.0.1:{self.web_port}",
             "--max-time", "20", *arguments, f"https://{host}{path}"], capture_output=True, text=True)

    def dns(self, server, *arguments):
        ran = server.command("dns", "ours.world", *arguments, check=False)
        return ran.returncode, ran.stdout

    def test_curl_has_the_policy_and_a_reload_changes_it(self):
        with self.ours() as server:
            answer = self.curl("-i")
            self.assertEqual(answer.returncode, 0, answer.stderr)
            self.assertIn("HTTP/1.1 200 OK", answer.stdout)
            self.assertIn("version: STSv1\nmode: enforce\nmx: mx.ours.world\nmax_age: 86400\n",
                          answer.stdout.replace("\r", ""))
            self.assertIn("404", self.curl("-i", path="/").stdout.split("\n")[0])
            self.assertIn("405", self.curl("-i", "-d", "x").stdout.split("\n")[0])
            self.assertIn("200", self.curl("-I").stdout.split("\n")[0])
            text = server.config_path.read_text()
            server.config_path.write_text(text.replace('mta_sts = "enforce"', 'mta_sts = "testing"'))
            server.command("reload")
            self.assertIn("mode: testing", self.curl().stdout)
            self.assertTrue(lab.answers(server.port))

    def test_a_client_that_says_nothing_is_left_alone(self):
        with self.ours() as server:
            context = ssl.create_default_context(cafile=str(self.certificates.file))
            begin = time.monotonic()
            with socket.create_connection(("127.0.0.1", self.web_port)) as plain:
                with context.wrap_socket(plain, server_hostname="mta-sts.ours.world") as peer:
                    peer.settimeout(20)
                    peer.sendall(b"GET / HTTP/1.1\r\n")
                    try:
                        self.assertEqual(peer.recv(100), b"")
                    except (ssl.SSLError, ConnectionError):
                        pass  # cut off without a goodbye
            self.assertLess(time.monotonic() - begin, 15)
            self.assertTrue(lab.answers(server.port))

    def records(self, server):
        _, text = self.dns(server, "--offline")
        return [line for line in text.split("\n") if line and not line.startswith(";")]

    def test_what_dns_says_is_what_others_go_by(self):
        plain = self.ours()
        lines = [re.sub(r"\s*;.*$", "", line) if " TLSA " in line else line for line in self.records(plain)]
        shutil.rmtree(self.path / "mx.ours.world")
        zone = "\n".join(lines) + "\nmx A 127.81.0.1\nmta-sts A 127.0.0.1\n"
        tree = dns_tree.Tree(self.path / "dns", "world", {"ours.world": (dns_tree.SIGNED, zone)})
        self.addCleanup(tree.stop)
        with self.ours(tree) as server:
            code, text = self.dns(server)
            self.assertEqual((code, text.count("ok")), (0, 5), text)
            other = lab.maildir_domain(self.path, "src.test") + (
                f'[delivery]\nloopback_is_own = false\n[mta_sts]\nport = {self.web_port}\n'
                f'ca_file = "{self.certificates.file}"\nspecial_addresses = true\n')
            with self.server("other.test", other, tree) as sender:
                answer = lab.send_raw(sender, "a@src.test", ["b@ours.world"], b"Subject: x\r\n\r\nx\r\n")
                self.assertTrue(answer.startswith("250"), answer)
                line = lab.wait_for(lambda: sender.lines("delivery", to="<b@ours.world>"), 20,
                                    "a delivery\n" + sender.log()[-1500:])[0]
                self.assertIn(" level=dane ", line)
                explained = json.loads(sender.command("tls", "explain", "ours.world", "--json").stdout)
                policy = explained["hosts"][0]["mta_sts"]
                self.assertEqual((policy["mode"], policy["mx"]), ("enforce", ["mx.ours.world"]))

    def test_what_is_missing_or_wrong_is_told(self):
        zone = ('@ MX 10 elsewhere\n_mta-sts TXT "v=STSv1; id=old;"\n'
                f'_25._tcp.mx TLSA {self.certificates.tlsa(3, 1, 1, "good")}\n')
        tree = dns_tree.Tree(self.path / "dns", "world", {"ours.world": (dns_tree.PLAIN, zone)})
        self.addCleanup(tree.stop)
        server = self.ours(tree)
        code, text = self.dns(server, "--next-key", str(self.certificates.files("other")[0]))
        self.assertEqual(code, 1)
        self.assertRegex(text, r"IN MX 10 mx.ours.world.  ; differs: 10 elsewhere.ours.world.")
        self.assertRegex(text, r"TLSA 3 1 1 \S+  ; \S+good.pem: not signed")
        self.assertRegex(text, r"TLSA 3 1 1 \S+  ; next: \S+other.pem: differs: 3 1 1")
        self.assertRegex(text, r'_mta-sts.ours.world. IN TXT "v=STSv1; id=\w+;"  ; differs: "v=STSv1; id=old;"')
        self.assertRegex(text, r"; mta-sts.ours.world. IN A/AAAA .*  ; missing")
        self.assertRegex(text, r"_smtp._tls.ours.world. .*  ; missing")
        listed = json.loads(self.dns(server, "--json")[1])["records"]
        self.assertEqual([each["state"] for each in listed],
                         ["differs", "not signed", "differs", "missing", "missing"])
        self.assertEqual(server.command("dns", "other.world", check=False).returncode, 65)


if __name__ == "__main__":
    unittest.main()
