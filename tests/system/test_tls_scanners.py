"""What scanners of others say about a listener as it is without settings: RSA and ECDSA side by
side, STARTTLS and TLS from the first byte."""

import json
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

import lab

OLD = ("SSLv2", "SSLv3", "TLS1", "TLS1_1")
WEAK = ("cipherlist_NULL", "cipherlist_aNULL", "cipherlist_EXPORT", "cipherlist_LOW",
        "cipherlist_3DES_IDEA", "cipherlist_AVERAGE")  # the last are those with CBC
FAULTS = ("heartbleed", "CCS", "ROBOT", "secure_client_renego", "CRIME_TLS", "POODLE_SSL", "SWEET32",
          "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13")
AEAD = ("GCM", "CHACHA20", "CCM")


def missing(*programs):
    """Which of them the machine does not have, or an empty text."""
    names = [name for name in programs if not shutil.which(name)]
    return "not installed: " + " ".join(names) if names else ""


class WithServer(unittest.TestCase):
    """A server for all tests of a class."""

    listener = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        authority = lab.Authority(cls.folder.path)
        cls.server = lab.Server(cls.folder.path, "mx.test", lab.maildir_domain(cls.folder.path),
                                authority, listener=cls.listener)
        certificate, key = authority.issue("mx.test", rsa=True)
        ecdsa = f'"{cls.folder.path}/mx.test.'
        config = cls.server.config_path.read_text()
        config = config.replace(f'{ecdsa}pem"', f'["{certificate}", {ecdsa}pem"]')
        config = config.replace(f'{ecdsa}key"', f'["{key}", {ecdsa}key"]')
        cls.server.config_path.write_text(config)
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__)

    def sslscan(self, port, *options):
        output = subprocess.run(["sslscan", "--xml=-", *options, f"127.0.0.1:{port}"], check=True,
                                capture_output=True, timeout=60).stdout
        return xml.etree.ElementTree.fromstring(output[output.index(b"<?xml"):]).find("ssltest")


@unittest.skipIf(missing("sslscan"), missing("sslscan"))
class SslScan(WithServer):
    def judge(self, found):
        enabled = {(one.get("type"), one.get("version")) for one in found.iter("protocol")
                   if one.get("enabled") == "1"}
        self.assertEqual(enabled, {("tls", "1.2"), ("tls", "1.3")})
        ciphers = [one.get("cipher") for one in found.iter("cipher")]
        self.assertGreaterEqual(len(ciphers), 9, ciphers)  # three of 1.3, of ECDSA, of RSA
        for cipher in ciphers:
            self.assertTrue(any(kind in cipher for kind in AEAD), cipher)
            self.assertTrue(cipher.startswith(("TLS_", "ECDHE-")), cipher)
        self.assertEqual(found.find("renegotiation").get("supported"), "0")
        self.assertEqual({one.get("vulnerable") for one in found.iter("heartbleed")}, {"0"})
        compression = found.find("compression")
        self.assertTrue(compression is None or compression.get("supported") == "0")

    def test_T3_starttls(self):
        self.judge(self.sslscan(self.server.port, "--starttls-smtp"))

    def test_T3_implicit_tls(self):
        self.judge(self.sslscan(self.server.tls_port))


@unittest.skipIf(missing("sslscan"), missing("sslscan"))
class OldVersions(WithServer):
    """So that the others can be seen to fail: a listener that an operator opened wide."""

    listener = 'minimum_version = "1.0"\nciphers = ["ALL", "!aNULL", "!eNULL"]'

    def test_T6_old_versions_are_there_where_a_listener_says_so_and_nowhere_else(self):
        wide = self.sslscan(self.server.port, "--starttls-smtp")
        self.assertEqual({one.get("version") for one in wide.iter("protocol")
                          if one.get("enabled") == "1"}, {"1.0", "1.1", "1.2", "1.3"})
        with self.assertRaises(AssertionError):
            SslScan.judge(self, wide)
        SslScan.judge(self, self.sslscan(self.server.tls_port))


@unittest.skipIf(missing("testssl"), missing("testssl"))
class TestSsl(WithServer):
    """testssl.sh with the part of its checks that is about what a server offers."""

    def scan(self, name, *target):
        """Starts it: two at a time cost no more than one."""
        file = self.folder.path / f"{name}.json"
        command = ["testssl", "--warnings", "off", "--nodns", "none", "--color", "0", "--fast",
                   "--jsonfile", str(file), "-p", "-s", "-f", "-U", *target]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.STDOUT)
        return process, file

    def judge(self, file):
        findings = {one["id"]: one for one in json.loads(file.read_text())}
        for name in OLD + WEAK:
            self.assertEqual(findings[name]["finding"], "not offered", name)
        for name in FAULTS:
            self.assertTrue(findings[name]["finding"].startswith("not vulnerable"), findings[name])
        self.assertTrue(findings["TLS1_2"]["finding"].startswith("offered"))
        self.assertTrue(findings["TLS1_3"]["finding"].startswith("offered"))
        self.assertEqual(findings["PFS"]["finding"], "offered")
        self.assertEqual(findings["secure_renego"]["finding"], "supported")
        bad = [one for one in findings.values() if one["severity"] not in ("OK", "INFO", "DEBUG")
               and "openssl" not in one["finding"]]  # what the scanner lacks itself
        self.assertEqual(bad, [])

    def test_T3_starttls_and_implicit_tls(self):
        scans = [self.scan("starttls", "-t", "smtp", f"127.0.0.1:{self.server.port}"),
                 self.scan("implicit", f"127.0.0.1:{self.server.tls_port}")]
        for process, file in scans:
            with self.subTest(file.stem):
                process.wait(170)
                self.judge(file)


if __name__ == "__main__":
    unittest.main()
