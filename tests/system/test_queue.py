"""The queue as an operator sees it: list, show, hold, release, retry, remove, notices, limits."""

import email
import email.policy
import json
import subprocess
import unittest

import lab


class Queue(unittest.TestCase):
    config = ""

    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.dead = lab.free_port()  # nobody listens
        config = (lab.maildir_domain(self.folder.path, "src.test") + lab.keep_crlf() +
                  f'[[route]]\ndomain = "dead.test"\nvia = "smtp://127.0.0.1:{self.dead}"\n'
                  f'[[route]]\ndomain = "never.test"\nvia = "error:550 5.7.1 mail for it is not taken"\n'
                  f'[[route]]\ndomain = "gone.test"\nvia = "discard"\n' + self.config)
        self.server = lab.Server(self.folder.path, "mx.test", config)
        self.server.start()
        self.addCleanup(self.server.__exit__)

    def send(self, recipient, content=b"Subject: x\r\n\r\nx\r\n", sender="a@src.test", parameters=b""):
        with lab.Raw(self.server.port) as peer:
            peer.command(b"EHLO client.test")
            answer = peer.mail(sender, [recipient], content, parameters)
        self.assertTrue(answer.startswith("250"), answer)
        return answer.split()[2] if len(answer.split()) > 2 else ""

    def notice(self, number=0):
        box = lambda: lab.mailbox(self.folder.path, "a", "src.test")
        lab.wait_for(lambda: len(box()) > number, 30, "a notice")
        return email.message_from_bytes(box()[number], policy=email.policy.default)


class Operating(Queue):
    def deferred(self):
        return lab.wait_for(lambda: [item for item in self.server.queued() if item["attempts"] > 0],
                            20, "a deferred message")

    def test_deferred_is_listed_with_the_reason(self):
        self.send("b@dead.test")
        item = self.deferred()[0]
        self.assertEqual(item["sender"], "a@src.test")
        self.assertIn("refused", json.dumps(item).lower())
        human = self.server.command("queue", "list").stdout
        self.assertIn(item["id"], human)
        self.assertIn("b@dead.test", human)
        self.assertTrue(self.server.lines("delivery", status="deferred"))

    def test_hold_release_remove(self):
        self.send("b@dead.test")
        self.deferred()
        self.server.command("queue", "hold", "--recipient", "b@dead.test")
        self.assertTrue(self.server.queued()[0]["held"])
        self.server.command("queue", "release", "--destination", "dead.test")
        self.assertFalse(self.server.queued()[0]["held"])
        self.server.command("queue", "remove", self.server.queued()[0]["id"])
        self.assertEqual(self.server.queued(), [])
        self.assertTrue(self.server.lines("removed"))

    def test_show_has_the_content(self):
        self.send("b@dead.test", b"Subject: to be shown\r\n\r\nx\r\n")
        item = self.deferred()[0]
        shown = self.server.command("queue", "show", item["id"]).stdout
        self.assertIn("Subject: to be shown", shown)
        self.assertIn("b@dead.test", shown)

    def test_retry_now_delivers_when_the_host_is_back(self):
        self.send("b@dead.test")
        self.deferred()
        other = lab.Server(self.folder.path, "back.test",
                           lab.maildir_domain(self.folder.path, "dead.test"), port=self.dead)
        with other:
            self.server.command("queue", "retry", "--sender", "a@src.test")
            lab.wait_for(lambda: lab.mailbox(self.folder.path, "b", "dead.test"), 20, "delivery")
            lab.wait_for(self.server.is_empty, 20, "an empty queue")

    def test_survives_a_restart(self):
        self.send("b@dead.test")
        before = self.deferred()[0]
        self.server.stop()
        self.server.start()
        after = self.server.queued()[0]
        self.assertEqual((before["id"], before["sender"]), (after["id"], after["sender"]))

    def test_second_process_is_told(self):
        result = subprocess.run([lab.OUTRIDER, "serve", "-c", str(self.server.config_path)],
                                capture_output=True, text=True, timeout=30)
        self.assertNotEqual(result.returncode, 0)
        self.assertTrue(result.stderr.strip(), "an error text")
        self.assertTrue(lab.answers(self.server.port))

    def test_no_server_is_said_clearly(self):
        self.server.stop()
        result = self.server.command("queue", "list", check=False)
        self.assertEqual(result.returncode, 69)
        self.assertIn("serve", result.stderr)


class Notices(Queue):
    def test_S5_failure_notice_is_a_report(self):
        self.send("b@never.test", b"Subject: original\r\nX-Secret: y\r\n\r\nbody\r\n",
                  parameters=b" RET=HDRS ENVID=env-7")
        notice = self.notice()
        self.assertEqual(notice.get_content_type(), "multipart/report")
        self.assertEqual(notice["Return-Path"], "<>")
        text, status, original = notice.iter_parts()
        self.assertIn("b@never.test", text.get_content())
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        message, recipient = status.get_payload()
        self.assertEqual(message["Original-Envelope-Id"], "env-7")
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.7.1")
        self.assertIn("not taken", recipient["Diagnostic-Code"])
        self.assertIn("Subject: original", str(original))
        self.assertNotIn("body", original.get_payload() if original.get_content_type() ==
                         "text/rfc822-headers" else "")

    def test_S5_refused_by_the_next_hop_in_its_own_words(self):
        other = lab.Server(self.folder.path, "strict.test",
                           lab.maildir_domain(self.folder.path, "dead.test", "only"), port=self.dead)
        with other:
            self.send("nobody@dead.test")
            recipient = list(self.notice().iter_parts())[1].get_payload()[1]
            self.assertEqual(recipient["Status"], "5.1.1")
            self.assertIn("550 5.1.1 no such user here", recipient["Diagnostic-Code"])
            self.assertIn("127.0.0.1", recipient["Remote-MTA"])

    def test_S5_notify_never_and_null_sender_get_none(self):
        self.send("b@never.test", sender="")
        lab.wait_for(lambda: self.server.lines("delivery", status="bounced"), 20, "the failure")
        with lab.Raw(self.server.port) as peer:
            peer.command(b"EHLO client.test")
            peer.command(b"MAIL FROM:<a@src.test>")
            peer.command(b"RCPT TO:<c@never.test> NOTIFY=NEVER")
            peer.command(b"DATA")
            self.assertTrue(peer.command(b"Subject: x\r\n\r\nx\r\n.").startswith("250"))
        lab.wait_for(lambda: len(self.server.lines("removed")) >= 2, 20, "both gone")
        self.assertEqual(lab.mailbox(self.folder.path, "a", "src.test"), [])

    def test_success_notice_where_asked(self):
        with lab.Raw(self.server.port) as peer:
            peer.command(b"EHLO client.test")
            peer.command(b"MAIL FROM:<a@src.test>")
            peer.command(b"RCPT TO:<c@src.test> NOTIFY=SUCCESS ORCPT=rfc822;first@src.test")
            peer.command(b"DATA")
            self.assertTrue(peer.command(b"Subject: x\r\n\r\nx\r\n.").startswith("250"))
        recipient = list(self.notice().iter_parts())[1].get_payload()[1]
        self.assertEqual(recipient["Action"], "delivered")
        self.assertEqual(recipient["Original-Recipient"].replace(" ", ""), "rfc822;first@src.test")

    def test_discard_is_logged(self):
        self.send("b@gone.test")
        lab.wait_for(lambda: self.server.lines("delivery", status="sent"), 20, "the line")
        lab.wait_for(self.server.is_empty, 20, "an empty queue")


class Lifetime(Queue):
    config = ('queue: retry_first = "1s"\nqueue: retry_longest = "1s"\nqueue: lifetime = "6s"\n'
              'queue: delay_notice = "2s"\n')

    def test_delay_notice_then_final_notice(self):
        self.send("b@dead.test")
        late = self.notice(0)
        self.assertEqual(list(late.iter_parts())[1].get_payload()[1]["Action"], "delayed")
        final = self.notice(1)
        recipient = list(final.iter_parts())[1].get_payload()[1]
        self.assertEqual(recipient["Action"], "failed")
        self.assertEqual(recipient["Status"], "5.4.7")
        lab.wait_for(self.server.is_empty, 20, "an empty queue")
        self.assertEqual(len(lab.mailbox(self.folder.path, "a", "src.test")), 2)


class Loop(unittest.TestCase):
    def test_two_relays_that_point_at_each_other_stop(self):
        folder = lab.Folder()
        self.addCleanup(folder.__exit__)
        ports = lab.free_port(), lab.free_port()
        servers = []
        for number in (0, 1):
            config = (lab.maildir_domain(folder.path, "src.test") + "[limits]\nhops = 20\n"
                      f'[[route]]\ndomain = "loop.test"\nvia = "smtp://127.0.0.1:{ports[1 - number]}"\n')
            servers.append(lab.Server(folder.path, f"mx{number}.test", config, port=ports[number]))
        for server in servers:
            server.start()
            self.addCleanup(server.__exit__)
        answer = lab.send_raw(servers[0], "a@src.test", ["b@loop.test"], b"Subject: round\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)
        lab.wait_for(lambda: lab.mailbox(folder.path, "a", "src.test"), 30, "the notice")
        lab.wait_for(lambda: all(server.is_empty() for server in servers), 20, "empty queues")
        self.assertIn(b"5.4.6", lab.mailbox(folder.path, "a", "src.test")[0])


if __name__ == "__main__":
    unittest.main()
