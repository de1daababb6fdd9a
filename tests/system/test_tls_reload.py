"""Certificates replaced under load: clients that come all the time, with STARTTLS, see the new one
and never a failed connection."""

import signal
import threading
import time
import unittest

import lab

CLIENTS, SECONDS, RENEWALS = 20, 10, 5


class Crowd:
    """Clients that connect, start TLS, say EHLO in it and leave, until the crowd is sent home."""

    def __init__(self, server, context):
        self.server, self.context = server, context
        self.serials, self.failures, self.connections = {}, [], 0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.come_and_go) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def come_and_go(self):
        while not self.over.is_set():
            try:
                serial = serial_of(self.server, self.context)
            except Exception as error:  # whatever it is, it is a failed connection
                with self.lock:
                    self.failures.append(repr(error))
                continue
            with self.lock:
                self.connections += 1
                self.serials[serial] = self.serials.get(serial, 0) + 1

    def go_home(self):
        self.over.set()
        for thread in self.threads:
            thread.join(30)


def serial_of(server, context):
    """Of the certificate that a client is shown; a whole session up to QUIT."""
    with lab.Raw(server.port, timeout=20) as peer:
        peer.command(b"EHLO client.test")
        answer = peer.start_tls(context, server.name)
        if not answer.startswith("250"):
            raise AssertionError(answer)
        serial = peer.socket.getpeercert()["serialNumber"]
        peer.command(b"QUIT")
        return serial


def serial_in(file):
    return lab.subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", file], check=True,
                              capture_output=True, text=True).stdout.strip().split("=")[1]


class Reload(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.authority = lab.Authority(self.folder.path)

    def server(self, watch):
        """Limits for many short connections; `watch` is the setting of [tls]."""
        server = lab.Server(self.folder.path, "mx.test", lab.maildir_domain(self.folder.path) +
                            "[limits]\nconnections_per_network = 1000\n", self.authority)
        text = server.config_path.read_text()
        server.config_path.write_text(text.replace("[tls]\n", f'[tls]\nwatch = "{watch}"\n'))
        self.certificate = self.folder.path / "mx.test.pem"
        return server

    def renew_under_load(self, server, notice):
        """`notice` tells the server of new files; the serial numbers that were issued."""
        crowd = Crowd(server, self.authority.context())
        issued = [serial_in(self.certificate)]
        try:
            end = time.monotonic() + SECONDS
            for number in range(RENEWALS):
                time.sleep(max(0, end - time.monotonic()) / (RENEWALS - number + 1))
                self.authority.issue("mx.test")
                notice()
                issued.append(serial_in(self.certificate))
                lab.wait_for(lambda: crowd.serials.get(issued[-1]), 15, f"certificate {number + 2}")
            time.sleep(max(0, end - time.monotonic()))
        finally:
            crowd.go_home()
        self.assertEqual(crowd.failures, [])
        self.assertEqual(set(crowd.serials), set(issued))
        self.assertEqual(len(issued), RENEWALS + 1)
        print(f"figure: {crowd.connections} connections with STARTTLS from {CLIENTS} clients while "
              f"the certificate was replaced {RENEWALS} times, {len(crowd.failures)} failed")

    def test_L5_no_connection_fails_while_sighup_renews_the_certificate(self):
        with self.server("0s") as server:
            self.renew_under_load(server, lambda: server.process.send_signal(signal.SIGHUP))

    def test_L5_no_connection_fails_while_files_are_watched(self):
        with self.server("1s") as server:
            self.renew_under_load(server, lambda: None)

    def keeps_the_old_one(self, server, notice):
        """A broken file is named in the log, and costs nobody a connection."""
        context = self.authority.context()
        before = serial_of(server, context)
        good = self.certificate.read_text()
        crowd = Crowd(server, context)
        try:
            self.certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
            notice()
            lab.wait_for(lambda: any(str(self.certificate) in line for line in self.complaints(server)),
                         15, "a log line that names the broken file")
            time.sleep(0.5)
        finally:
            crowd.go_home()
        self.assertEqual(crowd.failures, [])
        self.assertEqual(set(crowd.serials), {before})
        self.certificate.write_text(good)
        self.authority.issue("mx.test")
        notice()
        lab.wait_for(lambda: serial_of(server, context) == serial_in(self.certificate), 15,
                     "the certificate that was put right")

    @staticmethod
    def complaints(server):
        return [line for line in server.log().split("\n") if " warning " in line or " error " in line]

    def test_a_broken_file_keeps_the_old_certificate_on_sighup(self):
        with self.server("0s") as server:
            self.keeps_the_old_one(server, lambda: server.process.send_signal(signal.SIGHUP))

    def test_a_broken_file_keeps_the_old_certificate_where_files_are_watched(self):
        with self.server("1s") as server:
            self.keeps_the_old_one(server, lambda: None)

    def test_a_key_of_another_certificate_is_not_taken(self):
        with self.server("0s") as server:
            before = serial_of(server, self.authority.context())
            _, key = self.authority.issue("other.test")
            (self.folder.path / "mx.test.key").write_text(key.read_text())
            server.process.send_signal(signal.SIGHUP)
            lab.wait_for(lambda: any("mx.test.key" in line or "mx.test.pem" in line
                                     for line in self.complaints(server)), 15, "a line on the key")
            self.assertEqual(serial_of(server, self.authority.context()), before)


if __name__ == "__main__":
    unittest.main()
