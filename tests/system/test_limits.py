"""Memory and limits under load: 50 MiB in 20 sessions, 10,000 idle connections, full disk."""

import os
import resource
import subprocess
import threading
import time
import unittest

import lab

HEADER = b"Subject: x\r\n\r\n"


class Limits(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)

    def server(self, config="", **options):
        server = lab.Server(self.folder.path, "mx.test", config, **options)
        server.start()
        self.addCleanup(server.__exit__)
        return server

    def test_fifty_mebibytes_in_twenty_sessions(self):
        server = self.server('[[route]]\ndomain = "*"\nvia = "discard"\n')
        content = lab.lines_of((50 << 20) - 4096, HEADER)
        answers, peak = [], [0]
        before = server.memory()

        def send():
            answers.append(lab.send_raw(server, "a@src.test", ["b@dst.test"], content))
        threads = [threading.Thread(target=send) for _ in range(20)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            peak[0] = max(peak[0], server.memory())
            time.sleep(0.02)
        self.assertEqual([answer[:3] for answer in answers], ["250"] * 20)
        print(f"figure: 50 MiB x 20 sessions: {before} KiB before, {peak[0]} KiB at most")
        self.assertLess(peak[0], 200 * 1024)

    def test_ten_thousand_idle_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 10_200:
            self.skipTest(f"only {hard} open files are allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, hard), hard))
        server = self.server('[limits]\nconnections = 12000\nconnections_per_network = 12000\n')
        before = server.memory()
        peers = [lab.Raw(server.port) for _ in range(10_000)]
        for peer in peers:
            peer.command(b"EHLO client.test")
        each = (server.memory() - before) / len(peers)
        print(f"figure: {len(peers)} idle connections, {each:.2f} KiB of resident memory each")
        self.assertLess(each, 20)
        self.assertTrue(peers[0].command(b"NOOP").startswith("250"))
        self.assertTrue(lab.answers(server.port))
        for peer in peers:
            peer.__exit__()

    def test_too_many_connections_of_one_network(self):
        server = self.server('[limits]\nconnections_per_network = 3\n')
        peers = [lab.Raw(server.port) for _ in range(3)]
        with lab.Raw(server.port) as fourth:
            self.assertTrue(fourth.greeting.startswith("421 "), fourth.greeting)
        lab.wait_for(lambda: "connections_per_network" in server.log())
        for peer in peers:
            peer.__exit__()
        lab.wait_for(lambda: lab.answers(server.port), 10, "room again")

    @unittest.skipIf(os.geteuid() != 0, "needs root to mount a small file system")
    def test_full_disk_is_452_and_loses_nothing(self):
        small = self.folder.path / "small"
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(small)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(small)])
        dead = lab.free_port()
        server = lab.Server(self.folder.path, "mx.test", 'queue: least_free = "150MiB"\n'
                            f'[[route]]\ndomain = "*"\nvia = "smtp://127.0.0.1:{dead}"\n')
        text = server.config_path.read_text()
        server.config_path.write_text(text.replace(f'{server.folder}/queue', f"{small}/queue"))
        server.start()
        self.addCleanup(server.__exit__)
        content, kept, answer = lab.lines_of(4 << 20, HEADER), 0, ""
        for _ in range(120):
            answer = lab.send_raw(server, "a@src.test", ["b@dst.test"], content)
            if not answer.startswith("250"):
                break
            kept += 1
        self.assertTrue(answer.startswith("452 4.3.1"), answer)
        self.assertGreater(kept, 5)
        self.assertEqual(len(server.queued()), kept)
        server.kill()
        server.start()
        self.assertEqual(len(server.queued()), kept)
        for item in server.queued():
            server.command("queue", "remove", item["id"])

    def test_proxy_protocol_from_trusted_addresses_alone(self):
        listener = 'proxy_protocol = true\nproxy_trusted = ["127.0.0.1"]\n'
        server = lab.Server(self.folder.path, "mx.test", listener=listener)
        server.start(wait=False)
        self.addCleanup(server.__exit__)
        import socket
        def greeting(header):
            with socket.create_connection(("127.0.0.1", server.port), timeout=10) as peer:
                peer.sendall(header)
                return peer.recv(512)
        def up():
            try:
                return greeting(b"PROXY TCP4 192.0.2.7 127.0.0.1 4000 25\r\n").startswith(b"220")
            except OSError:
                return False
        lab.wait_for(up, 20, "a greeting")
        lab.wait_for(lambda: server.lines("connect", client="[192.0.2.7]:4000"))
        self.assertNotIn(b"220", greeting(b"EHLO no.proxy\r\n"))


if __name__ == "__main__":
    unittest.main()
