"""A power cut on a real disk: what was answered with 250 is on the medium.

The queue lies on an ext4 disk whose medium is a file on XFS, written past the page cache. A clone
of that file (an instant, by reflink) is what a disk holds when the power goes at that moment:
without all that the kernel had not yet written. Each clone is mounted, Outrider starts on it, and
every message that had its 250 before the cut must be there, whole."""

import os
import pathlib
import re
import subprocess
import threading
import time
import unittest

import lab

CUTS = int(os.environ.get("OUTRIDER_POWER_CUTS", 12))
# Of the six senders: the last ones' content has a file of its own.
SIZES = [3000, 23000, 63000, 103000, 400000, 1500000]


def run(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


def missing():
    """Why this machine cannot do it, or an empty text."""
    if os.geteuid() != 0:
        return "needs root for loop devices"
    if not pathlib.Path("/dev/loop-control").exists():
        return "needs loop devices"
    if "xfs" not in pathlib.Path("/proc/filesystems").read_text():
        return "needs XFS in the kernel"
    return ""


@unittest.skipIf(missing(), missing())
class PowerCut(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        for name in ("media", "disk", "after"):
            (self.path / name).mkdir()
        run("truncate", "-s", "4G", self.path / "media.img")
        run("mkfs.xfs", "-q", "-m", "reflink=1", self.path / "media.img")
        self.mount(self.path / "media.img", "media", direct=False)
        self.medium = self.path / "media/disk.img"
        run("truncate", "-s", "1500M", self.medium)
        run("mkfs.ext4", "-q", self.medium)
        self.mount(self.medium, "disk", direct=True)

    def mount(self, image, name, direct):
        loop = run("losetup", f"--direct-io={'on' if direct else 'off'}", "-f", "--show", image).strip()
        self.addCleanup(subprocess.run, ["losetup", "-d", loop])
        run("mount", loop, self.path / name)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.path / name)])

    def server(self, name, queue):
        server = lab.Server(self.path, name, f'[[route]]\ndomain = "*"\n'
                            f'via = "smtp://127.0.0.1:{lab.free_port()}"\n'
                            'queue: least_free = "10MiB"\n')
        text = server.config_path.read_text()
        server.config_path.write_text(text.replace(f'"{server.folder}/queue"', f'"{queue}"'))
        return server

    def send(self, port, acknowledged, stop, number):
        content = f"Subject: {number}\r\n\r\n".encode() + lab.lines_of(SIZES[number])
        with lab.Raw(port) as peer:
            peer.command(b"EHLO client.test")
            while not stop.is_set():
                answer = peer.mail("a@src.test", ["b@dst.test"], content)
                acknowledged[re.match(r"250 2\.\d\.\d (\w{13})", answer).group(1)] = len(content)

    def test_every_acknowledged_message_is_on_the_medium(self):
        acknowledged, stop = {}, threading.Event()
        cuts = []
        with self.server("mx.test", self.path / "disk/queue") as server:
            threads = [threading.Thread(target=self.send, args=(server.port, acknowledged, stop, n))
                       for n in range(len(SIZES))]
            for thread in threads:
                thread.start()
            for number in range(CUTS):
                time.sleep(0.3)
                before = dict(acknowledged)
                clone = self.path / f"media/cut{number}.img"
                run("cp", "--reflink=always", self.medium, clone)
                cuts.append((clone, before))
            stop.set()
            for thread in threads:
                thread.join()
        self.shortened = 0
        lost = sum(self.lost(number, *cut) for number, cut in enumerate(cuts))
        total = sum(len(before) for _, before in cuts)
        print(f"figure: {CUTS} power cuts, {total} acknowledged before them, {lost} lost, "
              f"{self.shortened} logs with a damaged end")
        self.assertGreater(total, 20 * CUTS)
        self.assertEqual(lost, 0)

    def lost(self, number, clone, before):
        run("mount", "-o", "loop", clone, self.path / "after")
        try:
            with self.server(f"after{number}.test", self.path / "after/queue") as server:
                listed = {}
                after = "0" * 13
                while page := server.queue("list", "--limit", "500", "--after", after)["items"]:
                    listed.update((item["id"], item["size"]) for item in page)
                    after = page[-1]["id"]
                # All of the content of some: a file is on the medium, or the answer was a lie.
                filed = sorted(name for name, size in before.items() if size > 256 << 10)
                for name in [max(before), *filed[-20:]]:
                    shown = server.command("queue", "show", name, "--content").stdout
                    self.assertIn("Subject: ", shown)
                if "status=log-cut" in server.log():
                    self.shortened += 1
                    self.assertNotIn("may be missing", server.log())
                return sum(1 for name, size in before.items() if listed.get(name, 0) < size)
        finally:
            run("umount", self.path / "after")


if __name__ == "__main__":
    unittest.main()
