"""kill -9 at random moments while mail is sent and relayed: what got 250 arrives.

OUTRIDER_CRASH_MESSAGES and OUTRIDER_CRASH_KILLS set the size (2,000 and 10 without them); the
figures in the release notes were made with 20000 and 100. OUTRIDER_CRASH_SEED repeats a run's
choices."""

import collections
import os
import random
import re
import smtplib
import threading
import time
import unittest

import lab

MESSAGES = int(os.environ.get("OUTRIDER_CRASH_MESSAGES", 2000))
KILLS = int(os.environ.get("OUTRIDER_CRASH_KILLS", 10))
SENDERS = 8


class Sender(threading.Thread):
    """Sends numbered messages until all have got 250; notes which ones did."""

    def __init__(self, port, numbers, acknowledged):
        super().__init__(daemon=True)
        self.port, self.numbers, self.acknowledged = port, numbers, acknowledged

    def run(self):
        client, end = None, time.monotonic() + 900
        while self.numbers and time.monotonic() < end:
            number = self.numbers[-1]
            content = f"Subject: {number}\r\nX-Number: {number}\r\n\r\n" + "x" * (number % 97) + "\r\n"
            # Too large for the table of bodies: it has a file of its own.
            content += lab.lines_of(400_000).decode() if number % 40 == 0 else ""
            try:
                client = client or smtplib.SMTP("127.0.0.1", self.port, "client.test", timeout=20)
                client.sendmail("a@src.test", [f"user{number % 7}@dst.test"], content)
                self.acknowledged.add(number)
                self.numbers.pop()
            except (OSError, smtplib.SMTPException):
                client = None  # not acknowledged: a client sends it again
                time.sleep(0.02)


class Crash(unittest.TestCase):
    def setUp(self):
        seed = int(os.environ.get("OUTRIDER_CRASH_SEED", random.randrange(1 << 32)))
        print(f"figure: seed {seed}")
        self.random = random.Random(seed)
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        fast = ('queue: retry_first = "1s"\nqueue: retry_longest = "2s"\n'
                'log: level = "info"\n')
        self.last = lab.Server(self.folder.path, "last.test",
                               config=lab.maildir_domain(self.folder.path) + fast)
        route = f'[[route]]\ndomain = "dst.test"\nvia = "smtp://127.0.0.1:{self.last.port}"\n'
        self.relay = lab.Server(self.folder.path, "relay.test", config=route + fast)
        for server in (self.last, self.relay):
            server.start()
            self.addCleanup(server.__exit__)

    def arrived(self):
        counts = collections.Counter()
        for path in (self.folder.path / "mail/dst.test").glob("*/new/*"):
            match = re.search(rb"^X-Number: (\d+)", path.read_bytes(), re.MULTILINE)
            counts[int(match.group(1))] += 1
        return counts

    def test_what_got_250_arrives(self):
        acknowledged = set()
        senders = [Sender(self.relay.port, list(range(start, MESSAGES, SENDERS)), acknowledged)
                   for start in range(SENDERS)]
        for sender in senders:
            sender.start()
        kills = 0
        while kills < KILLS:
            # The moments are spread over the sending, whatever the speed of the machine.
            goal = MESSAGES * (kills + self.random.random()) / KILLS
            while len(acknowledged) < goal and any(sender.is_alive() for sender in senders):
                time.sleep(0.002)
            time.sleep(self.random.random() * 0.05)
            victim = self.random.choice((self.relay, self.relay, self.last))
            victim.kill()
            kills += 1
            victim.start()
        for sender in senders:
            sender.join(900)
        self.assertEqual(len(acknowledged), MESSAGES)
        lab.wait_for(lambda: self.relay.is_empty() and self.last.is_empty(), 120, "empty queues")
        for server in (self.relay, self.last):
            files = server.folder / "queue/content"
            lab.wait_for(lambda: not list(files.iterdir()), 10, f"no file left in {files}")
        arrived = self.arrived()
        lost = sorted(acknowledged - set(arrived))
        twice = {number: count for number, count in arrived.items() if count > 1}
        print(f"figure: {MESSAGES} acknowledged, {kills} kills, {len(lost)} lost, "
              f"{sum(twice.values()) - len(twice)} duplicates of {len(twice)} messages")
        self.assertEqual(lost, [])
        # A duplicate needs a kill between a 250 and the record of it, at one of the hops or at the
        # sender: at most what was under way at each kill.
        self.assertLessEqual(sum(twice.values()) - len(twice), kills * (SENDERS + 100))


if __name__ == "__main__":
    unittest.main()
