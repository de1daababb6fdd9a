"""The hybrid post-quantum group is used where the TLS library has it: the same program with the
OpenSSL of a later Debian (tools/dev/later_openssl.sh)."""

import subprocess
import unittest

import lab

LATER = str(lab.TOP / "tools/dev/later_openssl.sh")
GROUP = "X25519MLKEM768"


class PostQuantum(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        installed = subprocess.run([LATER, "install"], capture_output=True, text=True)
        if installed.returncode != 0:
            raise unittest.SkipTest("no OpenSSL of a later Debian: " + installed.stderr[-300:])

    def setUp(self):
        self.folder = self.enterContext(lab.Folder()).path
        self.authority = lab.Authority(self.folder)

    def server(self, name, config="", later=True):
        server = lab.Server(self.folder, name, config, authority=self.authority)
        if later:
            server.program = [LATER, "run", *server.program]
        return server

    def test_T1_the_group_is_negotiated_with_another_client(self):
        with self.server("mx.test") as server:
            talk = subprocess.run(
                [LATER, "run", "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
                 "-starttls", "smtp", "-groups", GROUP, "-CAfile", str(self.authority.file),
                 "-verify_return_error"], input="QUIT\n", capture_output=True, text=True,
                timeout=30)
            self.assertIn(f"Negotiated TLS1.3 group: {GROUP}", talk.stdout, talk.stderr)
            lab.wait_for(lambda: f"/{GROUP}" in server.log(), what="the group in the log")

    def test_T1_both_ends_choose_it_by_themselves(self):
        final = self.server("dst.test", lab.maildir_domain(self.folder) + lab.keep_crlf())
        with final:
            relay = self.server("relay.test", f'''
[[route]]
domain = "dst.test"
via = "smtp://127.0.0.1:{final.port}"
tls = "encrypt"
''')
            with relay:
                with relay.smtp() as client:
                    client.sendmail("a@src.test", ["u@dst.test"], b"Subject: x\r\n\r\nx\r\n")
                lab.wait_for(lambda: lab.mailbox(self.folder, "u"), what="the message")
                lab.wait_for(lambda: relay.lines("delivery", status="sent"), what="the log line")
                self.assertIn(f"/{GROUP}", relay.lines("delivery", status="sent")[0])

    def test_T1_the_library_of_this_machine_falls_back(self):
        with self.server("mx.test", later=False) as server:
            talk = subprocess.run(
                [LATER, "run", "openssl", "s_client", "-connect", f"127.0.0.1:{server.port}",
                 "-starttls", "smtp", "-groups", f"{GROUP}:X25519"], input="QUIT\n",
                capture_output=True, text=True, timeout=30)
            has_it = "MLKEM768" in subprocess.run(
                ["openssl", "list", "-kem-algorithms"], capture_output=True, text=True).stdout
            expected = f"group: {GROUP}" if has_it else "Temp Key: X25519"
            self.assertIn(expected, talk.stdout, talk.stderr)


if __name__ == "__main__":
    unittest.main()
