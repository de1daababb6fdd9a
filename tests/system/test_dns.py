"""Next hops by a real DNS server: MX in order, the next host when one is dead, null MX, no such
domain, and a server that finds itself in the list."""

import os
import shutil
import subprocess
import unittest

import lab

ZONE = """$ORIGIN {name}.
$TTL 60
@ SOA ns.{name}. root.{name}. 1 60 60 600 60
@ NS ns.{name}.
ns A 127.0.0.1
{records}
"""

ZONES = {
    "two.world": "@ MX 10 dead.two.world.\n@ MX 20 alive.two.world.\ndead A 127.0.0.9\nalive A 127.0.0.2",
    "null.world": "@ MX 0 .",
    "implicit.world": "@ A 127.0.0.2",
    "loop.world": "@ MX 5 mx.test.\n@ MX 10 alive.two.world.",
}


def missing():
    if os.geteuid() != 0:
        return "needs root to listen on port 25 of a loopback address"
    return "" if shutil.which("nsd") else "needs nsd"


@unittest.skipIf(missing(), missing())
class ByMx(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        dns_port = self.start_name_server()
        local = "".join(lab.maildir_domain(self.path, name) for name in ("two.world", "implicit.world"))
        self.last = lab.Server(self.path, "last.test", local)
        text = self.last.config_path.read_text()
        self.last.config_path.write_text(text.replace(f"127.0.0.1:{self.last.port}", "127.0.0.2:25"))
        self.last.start(wait=False)
        self.addCleanup(self.last.__exit__)
        lab.wait_for(lambda: lab.answers(25, "127.0.0.2"), 20, "the next hop answering")
        config = (lab.maildir_domain(self.path, "src.test") + "[delivery]\nloopback_is_own = false\n")
        self.server = lab.Server(self.path, "mx.test", config)
        text = self.server.config_path.read_text()
        # No chain of trust leads from the root to this server's zones.
        self.server.config_path.write_text(text.replace(
            'forwarders = ["127.0.0.1@1"]', f'forwarders = ["127.0.0.1@{dns_port}"]\n'
            "unbound_options = ['domain-insecure: \"world\"', 'domain-insecure: \"example\"']"))
        self.server.start()
        self.addCleanup(self.server.__exit__)

    def start_name_server(self):
        port, folder = lab.free_port(), self.path / "nsd"
        folder.mkdir()
        zones = ""
        for name, records in ZONES.items():
            (folder / name).write_text(ZONE.format(name=name, records=records))
            zones += f"zone:\n  name: {name}\n  zonefile: {folder}/{name}\n"
        (folder / "nsd.conf").write_text(
            f"server:\n  ip-address: 127.0.0.1@{port}\n  username: \"\"\n  zonesdir: {folder}\n"
            f"  database: \"\"\n  pidfile: {folder}/pid\n  xfrdfile: {folder}/xfrd\n  zonelistfile: "
            f"{folder}/list\n  logfile: {folder}/log\nremote-control:\n  control-enable: no\n{zones}")
        process = subprocess.Popen(["nsd", "-d", "-c", str(folder / "nsd.conf")],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        return port

    def send(self, recipient):
        answer = lab.send_raw(self.server, "a@src.test", [recipient], b"Subject: x\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)

    def outcome(self, recipient):
        lines = lambda: self.server.lines("delivery", to=f"<{recipient}>")
        return lab.wait_for(lines, 30, f"an outcome for {recipient}")[0]

    def test_next_host_when_one_is_dead(self):
        self.send("b@two.world")
        self.assertIn("relay=alive.two.world[127.0.0.2]:25", self.outcome("b@two.world"))
        lab.wait_for(lambda: lab.mailbox(self.path, "b", "two.world"), 20, "delivery")

    def test_address_without_mx(self):
        self.send("b@implicit.world")
        self.assertIn("status=sent", self.outcome("b@implicit.world"))

    def test_null_mx_is_returned(self):
        self.send("b@null.world")
        self.assertIn("dsn=5.1.10", self.outcome("b@null.world"))

    def test_own_host_as_best_mx_is_a_loop(self):
        self.send("b@loop.world")
        self.assertIn("dsn=5.4.6", self.outcome("b@loop.world"))

    def test_no_answer_is_no_reason_to_return_mail(self):
        self.send("b@nowhere.example")  # the name server refuses to speak of it
        line = self.outcome("b@nowhere.example")
        self.assertIn("status=deferred", line)
        self.assertIn("dsn=4.4.3", line)


if __name__ == "__main__":
    unittest.main()
