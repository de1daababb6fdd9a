"""TLS that was there and is gone, between two Outriders and a proxy that takes STARTTLS away: the
alarm, the wait and its bounds, and a destination that insists."""

import json
import time
import unittest

import hostile_proxy
import lab
import proxy_attacks

SOON = ('queue: retry_first = "1s"\nqueue: retry_factor = 1.0\nqueue: retry_longest = "1s"\n'
        'queue: delay_notice = "0s"\n')


class Gone(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        self.authority = lab.Authority(self.path)
        self.sink = self.enterContext(lab.Server(self.path, "sink.test", lab.maildir_domain(self.path) +
                                                 lab.keep_crlf(), self.authority))
        self.network = hostile_proxy.Network()
        self.addCleanup(self.network.close)
        self.proxy = self.network.proxy(self.sink.port)

    def source(self, delivery="", queue="", level="opportunistic"):
        """Sends by way of the proxy; `queue` and `delivery` are settings."""
        config = (SOON + queue + lab.maildir_domain(self.path / "senders", "src.test") + lab.keep_crlf() +
                  f'idle = "0s"\n{delivery}\n[[route]]\ndomain = "dst.test"\ntls = "{level}"\n'
                  f'via = "smtp://127.0.0.1:{self.proxy.port}"\n')
        return self.enterContext(lab.Server(self.path, "source.test", config, self.authority))

    def send(self, source, user):
        answer = lab.send_raw(source, "a@src.test", [f"{user}@dst.test"], b"Subject: x\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)

    def lines(self, source, user, status):
        return source.lines("delivery", to=f"<{user}@dst.test>", status=status)

    def sent(self, source, user, seconds=20):
        """The line of its delivery, once there is one."""
        return lab.wait_for(lambda: self.lines(source, user, "sent"), seconds, f"mail for {user}\n" +
                            source.log()[-1500:])[0]

    def get_known(self, source):
        self.send(source, "first")
        self.assertIn(" tls=TLSv1.3/", self.sent(source, "first"))
        self.proxy.attack = proxy_attacks.Strip()

    def assert_nothing_returned(self):
        self.assertEqual(lab.mailbox(self.path / "senders", "a", "src.test"), [])

    def test_L7_L9_the_wait_is_bounded(self):
        source = self.source('tls_gone_wait = "4s"')
        self.get_known(source)
        begin = time.monotonic()
        self.send(source, "waits")
        self.assertIn(" tls=none ", self.sent(source, "waits"))
        self.assertGreater(time.monotonic() - begin, 3.5)
        first = self.lines(source, "waits", "deferred")[0]
        self.assertIn("had TLS before", first)
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1)
        self.send(source, "later")  # the wait counts from the alarm, not for each message
        self.sent(source, "later", 3)
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1)
        self.assertEqual(json.loads(source.command("status", "--json").stdout)["tls_alarms"], 1)
        self.assert_nothing_returned()

    def test_L7_mail_goes_in_tls_when_it_is_back(self):
        source = self.source('tls_gone_wait = "1h"')
        self.get_known(source)
        self.send(source, "waits")
        lab.wait_for(lambda: len(self.lines(source, "waits", "deferred")) >= 2, 20, "two attempts")
        self.proxy.stop_attack()
        self.assertIn(" tls=TLSv1.3/", self.sent(source, "waits"))
        self.assert_nothing_returned()

    def test_L7_the_end_of_the_lifetime_is_no_bounce(self):
        source = self.source('tls_gone_wait = "1h"', 'queue: lifetime = "4s"\n')
        self.get_known(source)
        self.send(source, "late")
        self.assertIn(" tls=none ", self.sent(source, "late"))
        self.assertTrue(self.lines(source, "late", "deferred"))
        self.assert_nothing_returned()

    def test_L7_without_a_wait_it_is_only_told(self):
        source = self.source('tls_gone_wait = "0s"')
        self.get_known(source)
        self.send(source, "clear")
        self.assertIn(" attempts=1 ", self.sent(source, "clear"))
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1)

    def test_L9_the_past_expires(self):
        source = self.source('tls_memory = "2s"\ntls_gone_wait = "1h"')
        self.get_known(source)
        time.sleep(2.5)
        self.send(source, "clear")
        self.assertIn(" tls=none ", self.sent(source, "clear"))
        self.assertEqual(source.lines("alarm"), [])

    def test_L8_who_insists_waits_to_the_end_and_the_notice_says_why(self):
        source = self.source(queue='queue: lifetime = "3s"\n', level="encrypt")
        self.proxy.attack = proxy_attacks.Strip()
        self.send(source, "insists")
        box = lambda: lab.mailbox(self.path / "senders", "a", "src.test")
        notice = lab.wait_for(box, 20, "the notice\n" + source.log()[-1500:])[0]
        self.assertIn(b"TLS is demanded", notice.replace(b"\r\n ", b" "))
        self.assertGreaterEqual(len(self.lines(source, "insists", "deferred")), 2)
        self.assertEqual(lab.mailbox(self.path, "insists"), [])


if __name__ == "__main__":
    unittest.main()
