"""TLS towards a destination, between two Outriders: the form of STARTTLS, resumption, a host whose
TLS is gone, and one where it is demanded."""
import json
import unittest

import lab

CONTENT = b"Subject: x\r\n\r\nx\r\n"


class Destination(unittest.TestCase):
    def setUp(self):
        folder = lab.Folder()
        self.addCleanup(folder.__exit__)
        self.path = folder.path
        self.authority = lab.Authority(self.path)
        self.authority.addresses = ["127.0.0.1"]
        self.port = lab.free_port()

    def sink(self, name="sink.test", tls=True, listener="", config=""):
        server = lab.Server(self.path, name, lab.maildir_domain(self.path, "dst.test") + config,
                            self.authority if tls else None, self.port, listener)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def source(self, route, delivery=""):
        server = lab.Server(
            self.path, "source.test",
            'queue: retry_first = "1s"\nqueue: retry_factor = 1.0\nqueue: retry_longest = "1s"\n'
            + lab.maildir_domain(self.path / "notices", "src.test")
            + lab.keep_crlf() + 'idle = "0s"\n' + delivery
            + f'\n[[route]]\ndomain = "dst.test"\nvia = "smtp://127.0.0.1:{self.port}"\n' + route,
            self.authority)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def send(self, source):
        answer = lab.send_raw(source, "a@src.test", ["user@dst.test"], CONTENT)
        assert answer.startswith("250"), answer

    def sent(self, source, count):
        lab.wait_for(lambda: len(source.lines("delivery", status="sent")) == count, 20,
                     f"{count} deliveries; the log says\n{source.log()}")
        return source.lines("delivery", status="sent")[-1]

    def status(self, source):
        return json.loads(source.command("status", "--json").stdout)

    def test_H7_the_draft_is_spoken_to_a_server_that_knows_only_the_draft(self):
        self.sink(listener='starttls = "draft-hoffman"\n')
        source = self.source('tls = "encrypt"\nstarttls = "draft-hoffman"\n')
        self.send(source)
        self.assertIn(" tls=TLSv1.3/", self.sent(source, 1))

    def test_H7_the_version_that_was_asked_for_is_negotiated(self):
        self.sink(listener='starttls = "both"\nmaximum_version = "1.2"\n')
        source = self.source('tls = "encrypt"\nstarttls = "draft-hoffman"\n')
        self.send(source)
        self.assertIn(" tls=TLSv1.2/", self.sent(source, 1))

    def test_T6_an_old_version_is_used_at_the_destination_that_allows_it(self):
        self.sink(listener='minimum_version = "1.0"\nmaximum_version = "1.0"\n'
                           'ciphers = "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"\n')
        source = self.source('tls = "encrypt"\nminimum_version = "1.0"\n'
                             'ciphers = "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"\n')
        self.send(source)
        self.assertIn(" tls=TLSv1/", self.sent(source, 1))

    def test_sessions_are_resumed(self):
        self.sink()
        source = self.source('tls = "verify"\n')
        for count in range(1, 4):
            self.send(source)
            line = self.sent(source, count)
        self.assertIn("/verified/resumed ", line)
        self.assertEqual(self.status(source)["tls_resumed"], 2)

    def test_L7_L9_tls_that_is_gone_is_told_waited_for_and_released(self):
        first = self.sink()
        source = self.source("")
        self.send(source)
        self.assertIn(" tls=TLSv1.3/", self.sent(source, 1))
        first.stop()
        self.sink("later.test", tls=False)
        self.send(source)
        lab.wait_for(lambda: len(source.lines("delivery", dsn="4.7.5")) >= 2, 20, "two attempts")
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1, source.log())
        self.assertEqual(self.status(source)["tls_alarms"], 1)
        self.assertEqual(len(source.queued()), 1)
        source.queue("retry", "--all")
        lab.wait_for(lambda: source.lines("operator", action="retry"), 10, "the retry's line")
        self.assertEqual(len(source.queued()), 1, "a try is no ruling")
        source.command("tls", "release", "dst.test", "--accept-new")
        self.assertIn(" tls=none ", self.sent(source, 2))
        self.send(source)
        self.sent(source, 3)
        self.assertEqual(self.status(source)["tls_alarms"], 1)

    def test_L7_the_wait_is_bounded(self):
        first = self.sink()
        source = self.source("", 'tls_gone_wait = "3s"\n')
        self.send(source)
        self.sent(source, 1)
        first.stop()
        self.sink("later.test", tls=False)
        self.send(source)
        self.assertIn(" tls=none ", self.sent(source, 2))
        self.assertTrue(source.lines("delivery", dsn="4.7.5"), source.log())
        self.assertFalse(source.lines("delivery", status="bounced"))


if __name__ == "__main__":
    unittest.main()
