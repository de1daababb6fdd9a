"""Mail from real clients arrives byte for byte, but for the trace fields."""

import email.policy
import pathlib
import smtplib
import subprocess
import unittest
from email.message import EmailMessage

import lab


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.authority = lab.Authority(cls.folder.path)
        cls.server = lab.Server(cls.folder.path, authority=cls.authority, config=lab.maildir_domain(
            cls.folder.path) + lab.keep_crlf()).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()
        cls.folder.__exit__()

    def arrived(self, user, count=1):
        """The user's messages, once there are `count`."""
        box = lambda: lab.mailbox(self.folder.path, user)
        lab.wait_for(lambda: len(box()) >= count, 30, f"{count} messages for {user}")
        return box()

    def test_swaks_plain_and_starttls(self):
        for user, options in (("swaks", []), ("swakstls", ["--tls"])):
            body = "Subject: swaks\r\nTo: x@dst.test\r\n\r\n.dot\r\ntext\r\n"
            result = subprocess.run(
                ["swaks", "--server", "127.0.0.1", "--port", str(self.server.port), "--from",
                 "a@src.test", "--to", f"{user}@dst.test", "--data", "-", *options],
                input=body, capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn(b".dot\r\ntext\r\n", self.arrived(user)[0])
        self.assertTrue(self.server.lines("received", proto="ESMTPS"))

    def test_S7_smtplib_all_forms(self):
        content = b"Subject: bytes\r\n\r\n..two\r\n.\xff\xfe 8-bit\r\n\r\n.\r\n"
        for number, tls in enumerate((False, True)):
            with self.server.smtp() as client:
                if tls:
                    client.starttls(context=self.authority.context())
                    client.ehlo()
                client.sendmail("a@src.test", ["smtplib@dst.test"], content, ["BODY=8BITMIME"])
            box = self.arrived("smtplib", number + 1)
            self.assertEqual(sorted({lab.without_trace(message) for message in box}), [content])

    def test_implicit_tls(self):
        with smtplib.SMTP_SSL("127.0.0.1", self.server.tls_port, timeout=30,
                              context=self.authority.context()) as client:
            client.sendmail("a@src.test", ["implicit@dst.test"], b"Subject: x\r\n\r\nx\r\n")
        self.arrived("implicit")
        self.assertTrue(self.server.lines("received", proto="ESMTPS", nrcpt="1"))

    def test_smtputf8(self):
        message = EmailMessage(policy=email.policy.SMTPUTF8)
        message["From"], message["To"] = "ä@src.test", "grüße@dst.test"
        message["Subject"] = "Grüße"
        message.set_content("Straße\n")
        with self.server.smtp() as client:
            client.send_message(message)
        self.assertIn("Subject: Grüße".encode(), self.arrived("grüße")[0])
        self.assertTrue(self.server.lines("received", proto="UTF8SMTP"))

    def test_msmtp(self):
        config = self.folder.path / "msmtprc"
        config.write_text(f"account default\nhost 127.0.0.1\nport {self.server.port}\nfrom a@src.test\n"
                          f"tls on\ntls_starttls on\ntls_trust_file {self.authority.file}\n"
                          "tls_host_override mx.test\n")
        config.chmod(0o600)
        result = subprocess.run(["msmtp", "-C", str(config), "msmtp@dst.test"], timeout=60,
                                input=b"Subject: msmtp\n\n.dot\nend\n", capture_output=True)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.arrived("msmtp")[0].endswith(b"\r\n\r\n.dot\r\nend\r\n"))

    def test_nodemailer(self):
        modules = lab.npm("nodemailer")
        script = pathlib.Path(__file__).with_name("send.js")
        for tls in ("plain", "starttls"):
            result = subprocess.run(
                ["node", str(script), str(self.server.port), str(self.authority.file), tls],
                env={"NODE_PATH": str(modules), "PATH": "/usr/local/bin:/usr/bin:/bin"},
                capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        for message in self.arrived("nodemailer", 2):
            self.assertIn(b"\r\n..two dots\r\n", message)

    def test_S7_sizes_from_nothing_to_50_mib(self):
        sizes = [0, 2, 3, 100, 998, 4096, 65535, 65536, 262144, 262145, 1 << 20, 50 << 20]
        sent = []
        for size in sizes:
            content = lab.lines_of(size, b"Subject: x\r\n\r\n" if size > 1000 else b"")
            answer = lab.send_raw(self.server, "a@src.test", ["sizes@dst.test"], content,
                                  starttls=self.authority.context() if size % 2 else None)
            if len(content) > (50 << 20) - 4096 and answer.startswith("552"):
                answer = lab.send_raw(self.server, "a@src.test", ["sizes@dst.test"], content[:-8192] + b"\r\n")
            self.assertTrue(answer.startswith("250"), (size, answer))
            sent.append(content)
        box = self.arrived("sizes", len(sizes))
        self.assertEqual(sorted(map(len, map(lab.without_trace, box))), sorted(map(len, sent)))
        self.assertEqual(sorted(map(lab.without_trace, box)), sorted(sent))

    def test_bdat_in_chunks(self):
        content = b"Subject: chunks\r\n\r\n.\r\n..\r\nend without line end"
        with lab.Raw(self.server.port) as peer:
            peer.command(b"EHLO client.test")
            peer.command(b"MAIL FROM:<a@src.test>")
            peer.command(b"RCPT TO:<bdat@dst.test>")
            for start in range(0, len(content), 10):
                part = content[start:start + 10]
                peer.socket.sendall(b"BDAT %d\r\n" % len(part) + part)
                self.assertTrue(peer.reply().startswith("250"))
            self.assertTrue(peer.command(b"BDAT 0 LAST").startswith("250"))
        self.assertEqual(lab.without_trace(self.arrived("bdat")[0]), content)

    def test_outrider_send(self):
        result = subprocess.run(
            [lab.OUTRIDER, "send", "--server", f"127.0.0.1:{self.server.port}", "--from", "a@src.test",
             "--to", "send@dst.test", "--starttls", "--ca", str(self.authority.file)],
            input="Subject: by hand\n\nhello\n", capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertIn("STARTTLS", result.stdout)
        self.assertTrue(self.arrived("send")[0].endswith(b"\r\n\r\nhello\r\n"))


if __name__ == "__main__":
    unittest.main()
