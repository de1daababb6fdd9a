"""RFC 788 between real servers: a message goes by the route that its sender gave, and what is said
of it comes back the same way; SEND, SOML and SAML reach a real terminal."""
import os
import pwd
import select
import smtplib
import struct
import tty
import unittest

import lab

HERITAGE = "heritage = true\n"
CONTENT = b"Subject: tea\r\n\r\nnow?\r\n"


def way(domain, port):
    return f'\n[[route]]\ndomain = "{domain}"\nvia = "smtp://127.0.0.1:{port}"\n'


class Routes(unittest.TestCase):
    def setUp(self):
        folder = lab.Folder()
        self.addCleanup(folder.__exit__)
        self.path = folder.path
        ports = {name: lab.free_port() for name in ("one", "two", "three")}
        # One knows two alone, two knows both, three knows nobody: only the routes lead on.
        self.one = self.server("one", ports, lab.maildir_domain(self.path, "src.test")
                               + way("two.test", ports["two"]))
        self.two = self.server("two", ports, way("one.test", ports["one"])
                               + way("three.test", ports["three"]))
        self.three = self.server("three", ports, lab.maildir_domain(self.path, "three.test", "ann"))

    def server(self, name, ports, config):
        server = lab.Server(self.path, name + ".test", config, None, ports[name], HERITAGE)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def send(self, path):
        client = self.one.smtp()
        client.ehlo()
        self.assertEqual(client.docmd("MAIL FROM:<joe@src.test>")[0], 250)
        self.assertEqual(client.docmd(f"RCPT TO:{path}")[0], 250, path)
        self.assertEqual(client.data(CONTENT)[0], 250)
        client.quit()

    def mail(self, user, domain):
        return lab.wait_for(lambda: lab.mailbox(self.path, user, domain), 20, f"mail for {user}")[0]

    def test_S3_a_message_goes_by_its_route_and_keeps_the_way_back(self):
        self.send("<@one.test,@two.test:ann@three.test>")
        message = self.mail("ann", "three.test")
        first = message.split(b"\n")[0].rstrip(b"\r")
        self.assertEqual(first, b"Return-Path: <@two.test,@one.test:joe@src.test>")
        self.assertEqual(message.count(b"Received: "), 3)

    def test_S3_the_form_of_1981(self):
        self.send("<@ONE.test,@TWO.test,ann@three.test>")
        self.assertIn(b"@two.test,@one.test:joe@src.test", self.mail("ann", "three.test"))

    def test_S3_S5_a_notice_comes_back_by_the_reverse_path(self):
        self.send("<@one.test,@two.test:nobody@three.test>")
        notice = self.mail("joe", "src.test")
        self.assertTrue(notice.startswith(b"Return-Path: <>"), notice)
        self.assertIn(b"550 5.1.1 no such user here", notice)
        self.assertIn(b"Reporting-MTA: dns; two.test", notice)
        for server in (self.one, self.two, self.three):
            lab.wait_for(server.is_empty, 20, "an empty queue")

    def test_S3_a_waiting_message_shows_its_route_and_outlives_a_restart(self):
        self.two.stop()
        self.send("<@one.test,@two.test:ann@three.test>")
        lab.wait_for(lambda: self.one.lines("delivery", status="deferred"), 20, "an attempt")
        self.one.stop()
        self.one.start()
        waiting = self.one.queue("show", self.one.queued()[0]["id"])["item"]
        self.assertEqual(waiting["recipients"][0]["route"], "@two.test")
        self.two.start()
        self.one.command("queue", "retry", waiting["id"])
        self.assertIn(b"Return-Path: <@two.test,@one.test:", self.mail("ann", "three.test"))


def login(utmp, user, line):
    """An entry as login(1) makes it: utmp(5)."""
    record = struct.pack("hi32s4s32s256shhiii4i20s", 7, os.getpid(), line.encode(), b"", user.encode(),
                         b"", 0, 0, 0, 0, 0, 0, 0, 0, 0, b"")
    assert len(record) == 384, len(record)
    with open(utmp, "ab") as file:
        file.write(record)


class Terminals(unittest.TestCase):
    def setUp(self):
        folder = lab.Folder()
        self.addCleanup(folder.__exit__)
        self.path = folder.path
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        self.master, self.slave = os.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, self.slave)
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        os.chmod(self.device, 0o620)
        utmp = self.path / "utmp"
        login(utmp, self.user, self.device.removeprefix("/dev/"))
        self.server = lab.Server(
            self.path, "mx.test", lab.maildir_domain(self.path, "mx.test", f'{self.user}", "ann'),
            listener=HERITAGE + f'utmp = "{utmp}"\n')
        self.server.start()
        self.addCleanup(self.server.__exit__)

    def send(self, verb, user):
        client = self.server.smtp()
        self.addCleanup(client.close)
        client.ehlo()
        self.assertTrue(client.has_extn(verb))
        self.assertEqual(client.docmd(f"{verb} FROM:<joe@src.test>")[0], 250)
        code, text = client.docmd(f"RCPT TO:<{user}@mx.test>")
        if code == 250:
            code, text = client.data(CONTENT + b"\x1b[2Jaway\r\n")
        return code, text.decode()

    def shown(self, seconds=0.5):
        text = b""
        while select.select([self.master], [], [], seconds)[0] and not text.endswith(b"EOF\r\n"):
            text += os.read(self.master, 4096)
        return text.decode()

    def mails(self, user):
        return len(lab.mailbox(self.path, user, "mx.test"))

    def test_S2_send_reaches_the_terminal(self):
        code, text = self.send("SEND", self.user)
        self.assertEqual(code, 250, text)
        shown = self.shown()
        self.assertIn("Message from <joe@src.test> by mx.test", shown)
        self.assertIn("Subject: tea\r\n\r\nnow?\r\n^[[2Jaway\r\nEOF\r\n", shown)
        self.assertTrue(self.server.is_empty())
        self.assertEqual(self.mails(self.user), 0)

    def test_S2_send_to_who_is_not_there(self):
        self.assertEqual(self.send("SEND", "ann")[0], 450)
        os.chmod(self.device, 0o600)  # mesg n
        self.assertEqual(self.send("SEND", self.user)[0], 450)
        self.assertEqual(self.shown(), "")

    def test_S2_soml_takes_the_mailbox_where_there_is_no_terminal(self):
        self.assertEqual(self.send("SOML", self.user)[0], 250)
        self.assertIn("now?", self.shown())
        self.assertEqual(self.send("SOML", "ann")[0], 250)
        lab.wait_for(lambda: self.mails("ann") == 1, 20, "mail for ann")
        self.assertEqual(self.mails(self.user), 0)

    def test_S2_saml_takes_both(self):
        self.assertEqual(self.send("SAML", self.user)[0], 250)
        self.assertIn("now?", self.shown())
        lab.wait_for(lambda: self.mails(self.user) == 1, 20, "mail for the user")

    def test_S6_heritage_answers_vrfy_and_expn(self):
        client = smtplib.SMTP("127.0.0.1", self.server.port)
        self.addCleanup(client.close)
        self.assertEqual(client.verify("ann"), (250, b"2.1.5 <ann@mx.test>"))
        self.assertEqual(client.docmd("EXPN ann")[0], 550)
        self.assertIn(b"SOML", client.docmd("HELP")[1])


if __name__ == "__main__":
    unittest.main()
