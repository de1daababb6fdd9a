"""The TLS ledger of a running server: it survives restarts, raises alarms that reach a program and
a webhook, takes an operator's rulings, and suggests what could be pinned."""

import http.server
import json
import ssl
import threading
import time
import unittest

import hostile_proxy
import lab
import proxy_attacks

SOON = ('queue: retry_first = "1s"\nqueue: retry_factor = 1.0\nqueue: retry_longest = "1s"\n'
        'queue: delay_notice = "0s"\n')


class Webhook:
    """An HTTPS server that keeps what is posted to it, and when."""

    def __init__(self, authority):
        self.posts = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posts.append((time.monotonic(), json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        certificate, key = authority.issue("localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"https://localhost:{self.server.server_port}/outrider"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Ledger(unittest.TestCase):
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

    def source(self, config="", wait="1h"):
        text = (SOON + lab.maildir_domain(self.path / "senders", "src.test") + lab.keep_crlf() +
                f'idle = "0s"\ntls_gone_wait = "{wait}"\n{config}\n[[route]]\ndomain = "dst.test"\n'
                f'via = "smtp://127.0.0.1:{self.proxy.port}"\n')
        return self.enterContext(lab.Server(self.path, "source.test", text, self.authority))

    def send(self, source, user):
        answer = lab.send_raw(source, "a@src.test", [f"{user}@dst.test"], b"Subject: x\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)

    def status(self, source, user, status, seconds=20):
        find = lambda: source.lines("delivery", to=f"<{user}@dst.test>", status=status)
        return lab.wait_for(find, seconds, f"{status} for {user}\n" + source.log()[-1500:])[0]

    def get_known(self, source):
        self.send(source, "first")
        self.assertIn(" tls=TLSv1.3/", self.status(source, "first", "sent"))

    def get_stripped(self, source, user="waits"):
        self.proxy.attack = proxy_attacks.Strip()
        self.send(source, user)
        self.status(source, user, "deferred")

    def tls(self, source, *arguments):
        return json.loads(source.command("tls", *arguments, "--json").stdout)

    def explained(self, source):
        return self.tls(source, "explain", "x@dst.test")

    def test_a_restart_in_the_middle_forgets_nothing(self):
        source = self.source()
        self.get_known(source)
        before = self.explained(source)["hosts"][0]["known"]
        self.assertEqual(before["sessions"], {"verified": 1, "unverified": 0, "without_tls": 0})
        source.stop()
        source.start()
        self.assertEqual(self.explained(source)["hosts"][0]["known"], before)
        self.get_stripped(source)
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1)
        time.sleep(1.5)  # what is written behind
        source.kill()
        source.start()
        self.assertEqual(len(source.queue("list", "--tls")["items"]), 1)
        known = self.explained(source)["hosts"][0]["known"]
        self.assertIn("does not offer STARTTLS", known["without_tls"]["why"])
        self.assertIn("gone_since", known)
        time.sleep(2.5)
        self.assertEqual(lab.mailbox(self.path, "waits"), [])
        self.assertEqual(len(source.lines("alarm", alarm="tls-gone")), 1, "it was told before")
        self.proxy.stop_attack()
        self.assertIn(" tls=TLSv1.3/", self.status(source, "waits", "sent"))
        self.assertTrue(source.lines("tls changed", what="tls-back") or "what=tls-back" in source.log())

    def test_an_alarm_reaches_program_and_webhook_within_five_seconds(self):
        hook = Webhook(self.authority)
        self.addCleanup(hook.close)
        heard = self.path / "heard"
        source = self.source(f'[alarm]\nwebhook = "{hook.url}"\n'
                             f'webhook_ca_file = "{self.authority.file}"\n'
                             f'command = ["sh", "-c", "cat > {heard}"]\n')
        self.get_known(source)
        begin = time.monotonic()
        self.get_stripped(source)
        lab.wait_for(lambda: hook.posts, 5, "a post\n" + source.log()[-1500:])
        when, alarm = hook.posts[0]
        print(f"figure: webhook after {when - begin:.2f} s")
        self.assertLess(when - begin, 5)
        self.assertEqual(alarm["alarm"], "tls-gone")
        self.assertEqual((alarm["hosts_gone"], alarm["hosts_known"]), (1, 1))
        self.assertIn("does not offer STARTTLS", alarm["why"])
        lab.wait_for(lambda: heard.exists() and heard.read_text().endswith("\n"), 5, "the program")
        self.assertEqual(json.loads(heard.read_text()), alarm)
        self.assertEqual(json.loads(source.command("status", "--json").stdout)["tls_alarms"], 1)

    def test_plaintext_once_lets_mail_go_and_misses_tls_again(self):
        source = self.source()
        self.get_known(source)
        self.get_stripped(source)
        domain = f"smtp://[127.0.0.1]:{self.proxy.port}"
        ruled = self.tls(source, "release", "dst.test", "--plaintext-once")
        self.assertEqual((ruled["domain"], len(ruled["missing"]), ruled["tried"]), (domain, 1, 1))
        self.assertIn(" tls=none ", self.status(source, "waits", "sent", 5))
        explained = self.explained(source)
        self.assertIn("plaintext_until", explained["known"])
        self.assertEqual([word["ruling"] for word in explained["known"]["rulings"]],
                         ["plaintext-once"])
        self.assertIn("an operator released it", json.dumps(explained["hosts"][0]["verdict"]))
        self.tls(source, "release", "dst.test", "--keep")
        self.send(source, "again")
        self.status(source, "again", "deferred")
        self.assertEqual(lab.mailbox(self.path, "again"), [])

    def test_accept_new_ends_it_and_keep_prolongs_it(self):
        source = self.source(wait="4s")
        self.get_known(source)
        self.get_stripped(source)
        time.sleep(2.5)
        alarm = source.lines("alarm", alarm="tls-gone")[0]  # it may be named as the alarm names it
        text = source.command("tls", "release", alarm.split(" domain=")[1].split(" ")[0], "--keep").stdout
        self.assertIn("It is waited for until", text)
        time.sleep(2.5)
        self.assertEqual(lab.mailbox(self.path, "waits"), [])
        text = source.command("tls", "release", "dst.test", "--accept-new").stdout
        self.assertIn("It is not missed any more.", text)
        self.assertIn("1 waiting message is tried now.", text)
        self.assertIn(" tls=none ", self.status(source, "waits", "sent", 5))
        self.send(source, "later")
        self.assertIn(" attempts=1 ", self.status(source, "later", "sent", 5))
        self.assertEqual(len(source.lines("alarm")), 1)

    def test_release_says_what_it_cannot_do(self):
        source = self.source()
        unknown = source.command("tls", "release", "nobody.example", "--keep", check=False)
        self.assertEqual(unknown.returncode, 65)
        self.assertIn("nothing is known of the TLS of nobody.example", unknown.stderr)
        for arguments in (["dst.test"], ["dst.test", "--keep", "--accept-new"], ["--keep"]):
            wrong = source.command("tls", "release", *arguments, check=False)
            self.assertEqual(wrong.returncode, 64, wrong.stderr)

    def test_a_changed_key_is_told_from_a_changed_certificate(self):
        source = self.source()
        self.get_known(source)
        self.sink.stop()
        self.authority.issue("sink.test")
        self.sink.start()  # a session that was resumed would show the old one
        self.send(source, "second")
        self.status(source, "second", "sent")
        self.assertIn("what=key-changed", source.lines("tls changed")[0])
        self.assertEqual(source.lines("alarm"), [])

    def test_what_could_be_pinned_is_a_configuration(self):
        source = self.source()
        self.get_known(source)
        advice = self.tls(source, "suggest")["domains"]
        self.assertEqual(len(advice), 1)
        self.assertEqual(advice[0]["sessions"]["verified"], 1)
        self.assertFalse(advice[0]["usual_route"])
        text = source.command("tls", "suggest", "--days", "7").stdout
        self.assertIn("a route of its own already", text)


if __name__ == "__main__":
    unittest.main()
