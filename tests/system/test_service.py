"""The service: signals, reload, sd_notify, socket activation, low rights, configuration errors."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import unittest

import lab


class Service(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.authority = lab.Authority(self.folder.path)

    def server(self, config=""):
        return lab.Server(self.folder.path, "mx.test",
                          lab.maildir_domain(self.folder.path) + config, self.authority)

    def test_sigterm_finishes_what_runs(self):
        server = self.server()
        with server:
            peer = lab.Raw(server.port)
            peer.command(b"EHLO client.test")
            peer.command(b"MAIL FROM:<a@src.test>")
            peer.command(b"RCPT TO:<b@dst.test>")
            peer.command(b"DATA")
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            answer = peer.command(b"Subject: x\r\n\r\nx\r\n.")
            self.assertTrue(answer.startswith("250"), answer)
            peer.__exit__()
            self.assertEqual(server.process.wait(30), 0)
        with server:
            lab.wait_for(lambda: lab.mailbox(self.folder.path, "b"), 20, "delivery")

    def test_reload_keeps_the_old_configuration_on_an_error(self):
        with self.server() as server:
            good = server.config_path.read_text()
            server.config_path.write_text(good + "\nbogus = 1\n")
            server.process.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: "bogus" in server.log(), 10, "the error in the log")
            self.assertEqual(lab.send_raw(server, "a@src.test", ["b@dst.test"], b"x\r\n")[:3], "250")
            server.config_path.write_text(good.replace('name = "dst.test"', 'name = "new.test"'))
            server.process.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: lab.send_raw(server, "a@src.test", ["b@new.test"], b"x\r\n")[:3] == "250"
                         and lab.mailbox(self.folder.path, "b", "new.test"), 10, "the new domain")

    def test_reload_takes_a_new_certificate_and_keeps_connections(self):
        with self.server() as server:
            old = lab.Raw(server.port)
            old.command(b"EHLO client.test")
            old.start_tls(self.authority.context(), "mx.test")
            first = old.socket.getpeercert()["serialNumber"]
            self.authority.issue("mx.test")
            server.process.send_signal(signal.SIGHUP)

            def serial():
                with lab.Raw(server.port) as peer:
                    peer.command(b"EHLO client.test")
                    peer.start_tls(self.authority.context(), "mx.test")
                    return peer.socket.getpeercert()["serialNumber"]
            lab.wait_for(lambda: serial() != first, 10, "the new certificate")
            self.assertTrue(old.mail("a@src.test", ["b@dst.test"], b"x\r\n").startswith("250"))

    def test_notifies_systemd(self):
        path = str(self.folder.path / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(20)
            server = self.server()
            server.start(env={"NOTIFY_SOCKET": path})
            self.assertIn(b"READY=1", manager.recv(4096))
            server.process.send_signal(signal.SIGTERM)
            said = b""
            while b"STOPPING=1" not in said:
                said += manager.recv(4096)
            server.process.wait(30)

    def test_takes_sockets_of_systemd(self):
        server = self.server()
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", server.port))
            listener.listen(64)
            # As systemd does: the first socket is descriptor 3, and the process id is told.
            script = ("import os, sys; os.dup2(int(sys.argv[1]), 3); "
                      "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
                      "os.execv(sys.argv[2], sys.argv[2:])")
            with open(self.folder.path / "stderr", "wb") as stderr:
                server.process = subprocess.Popen(
                    ["python3", "-c", script, str(listener.fileno()), lab.OUTRIDER, "serve", "-c",
                     str(server.config_path)], pass_fds=[listener.fileno()], stderr=stderr)
        try:
            lab.wait_for(lambda: lab.answers(server.port), 20, "answering on the given socket")
            self.assertTrue(lab.send_raw(server, "a@src.test", ["b@dst.test"], b"x\r\n").startswith("250"))
        finally:
            server.process.send_signal(signal.SIGTERM)
            self.assertEqual(server.process.wait(30), 0, (self.folder.path / "stderr").read_text())

    @unittest.skipIf(os.geteuid() != 0, "needs root to give rights up")
    def test_gives_up_root(self):
        (self.folder.path / "mx.test").mkdir(exist_ok=True)
        server = None
        os.rmdir(self.folder.path / "mx.test")
        server = self.server('[service]\nuser = "nobody"\ngroup = "nogroup"\n')
        import pwd
        nobody = pwd.getpwnam("nobody")
        for path in (self.folder.path, server.folder):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        for path in self.folder.path.glob("*.key"):
            path.chmod(0o600)  # read before the rights are given up
        with server:
            status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
            self.assertIn(f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}", status)
            self.assertIn("CapEff:\t0000000000000000", status)
            self.assertTrue(lab.send_raw(server, "a@src.test", ["b@dst.test"], b"x\r\n").startswith("250"))
            lab.wait_for(lambda: lab.mailbox(self.folder.path, "b"), 20, "delivery")

    def test_port_in_use_is_said(self):
        with self.server() as server:
            other = lab.Server(self.folder.path, "other.test", port=server.port)
            result = subprocess.run([lab.OUTRIDER, "serve", "-c", str(other.config_path)],
                                    capture_output=True, text=True, timeout=30)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(str(server.port), result.stderr)

    def test_check_lists_every_error_with_its_place(self):
        path = self.folder.path / "bad.toml"
        path.write_text('hostname = "mx.test"\n[queue]\npaht = "x"\nlifetime = 5\n')
        result = subprocess.run([lab.OUTRIDER, "check", "-c", str(path)], capture_output=True,
                                text=True, timeout=30)
        self.assertEqual(result.returncode, 78)
        output = result.stdout + result.stderr
        self.assertIn(f'{path}:3:1: error: unknown key "paht"', output)
        self.assertIn('did you mean "path"', output)
        self.assertIn(f"{path}:4:", output)


if __name__ == "__main__":
    unittest.main()
