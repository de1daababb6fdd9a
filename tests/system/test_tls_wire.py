"""What a handshake shows on the wire and what it costs: the certificate, round trips, early data."""

import base64
import pathlib
import ssl
import subprocess
import unittest

import hostile_proxy
import lab

AUTHORITY = b"Outrider test CA"  # in each certificate as its issuer, and in nothing else


class SlowCapture(hostile_proxy.Capture):
    """Long enough that what is sent at once arrives at once."""

    delay = 0.03


def parts(der):
    """Pieces of the certificate all over its length."""
    return [der[at:at + 24] for at in range(0, len(der) - 24, 24)]


def context(authority, version=ssl.TLSVersion.TLSv1_3):
    made = authority.context()
    made.minimum_version = made.maximum_version = version
    return made


def elements(der):
    """Of an outermost SEQUENCE: each with its header."""
    def element(at):
        length, body = der[at + 1], at + 2
        if length & 0x80:
            body += length & 0x7f
            length = int.from_bytes(der[at + 2:body], "big")
        return body, body + length
    at, end = element(0)
    while at < end:
        _, after = element(at)
        yield der[at:after]
        at = after


def with_early_data(session):
    """A PEM file of OpenSSL's session that says the server would take 16384 bytes of early data."""
    der = base64.b64decode(session.split("-----")[2])
    kept = list(elements(der))
    field = b"\xaf\x04\x02\x02\x40\x00"  # [15], max_early_data
    body = b"".join(sorted([one for one in kept if one[0] >= 0xa0] + [field], key=lambda one: one[0]))
    body = b"".join(one for one in kept if one[0] < 0xa0) + body
    der = b"\x30\x82" + len(body).to_bytes(2, "big") + body
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN SSL SESSION PARAMETERS-----\n{text}-----END SSL SESSION PARAMETERS-----\n"


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        cls.authority = lab.Authority(cls.folder.path)
        cls.server = lab.Server(cls.folder.path, "mx.test", lab.maildir_domain(cls.folder.path),
                                cls.authority).start()
        cls.addClassCleanup(cls.server.__exit__)
        cls.network = hostile_proxy.Network()
        cls.addClassCleanup(cls.network.close)
        cls.der = ssl.PEM_cert_to_DER_cert((cls.folder.path / "mx.test.pem").read_text())

    def capture(self, port=None, wire=hostile_proxy.Capture):
        return self.network.proxy(port or self.server.port, wire=wire)

    def starttls(self, proxy, tls, session=None):
        """EHLO, STARTTLS, EHLO; the client and its TLS session."""
        peer = lab.Raw(proxy.port)
        self.addCleanup(peer.__exit__)
        peer.command(b"EHLO client.test")
        self.assertTrue(peer.command(b"STARTTLS").startswith("220"))
        peer.file.close()
        peer.socket = tls.wrap_socket(peer.socket, server_hostname="mx.test", session=session)
        peer.file = peer.socket.makefile("rb")
        self.assertIn("250", peer.command(b"EHLO client.test"))
        return peer


class Certificate(Wire):
    def seen(self, proxy):
        """Pieces of the certificate, and its issuer's name, that crossed in clear."""
        wire = bytes(proxy.wires[0].raw)
        return [part for part in parts(self.der) + [AUTHORITY] if part in wire]

    def test_T1_tls13_hides_the_certificate(self):
        proxy = self.capture()
        peer = self.starttls(proxy, context(self.authority))
        self.assertEqual(peer.socket.version(), "TLSv1.3")
        self.assertEqual(self.seen(proxy), [])

    def test_T1_tls12_shows_it(self):
        # Else the others could not fail.
        proxy = self.capture()
        peer = self.starttls(proxy, context(self.authority, ssl.TLSVersion.TLSv1_2))
        self.assertEqual(peer.socket.version(), "TLSv1.2")
        self.assertEqual(len(self.seen(proxy)), len(parts(self.der)) + 1)

    def test_T1_two_outriders_hide_it(self):
        proxy = self.capture()
        source = lab.Server(self.folder.path, "source.test", '[[route]]\ndomain = "dst.test"\n'
                            f'via = "smtp://127.0.0.1:{proxy.port}"\ntls = "verify"\n', self.authority)
        with source:
            answer = lab.send_raw(source, "a@src.test", ["user@dst.test"], b"Subject: x\r\n\r\nx\r\n")
            self.assertTrue(answer.startswith("250"), answer)
            lab.wait_for(lambda: source.lines("delivery", status="sent"), 20, "delivery")
        self.assertIn(" tls=TLSv1.3/", source.lines("delivery")[0])
        self.assertEqual(self.seen(proxy), [])


class RoundTrips(Wire):
    """Each flight of the client that it waits for is one; TCP and the greeting are two more."""

    def flights(self, proxy):
        return proxy.wires[-1].flights.count("client")

    def until_mail_is_accepted(self, version, session=None):
        proxy = self.capture(wire=SlowCapture)
        tls = context(self.authority, version) if session is None else session[0]
        peer = self.starttls(proxy, tls, session and session[1])
        self.assertTrue(peer.command(b"MAIL FROM:<a@src.test>").startswith("250"))
        self.assertEqual(peer.socket.session_reused, session is not None)
        return self.flights(proxy), (tls, peer.socket.session)

    def test_T2_round_trips_from_connect_to_accepted_mail(self):
        # EHLO, STARTTLS, ClientHello, Finished with EHLO, MAIL.
        full, session = self.until_mail_is_accepted(ssl.TLSVersion.TLSv1_3)
        resumed, _ = self.until_mail_is_accepted(ssl.TLSVersion.TLSv1_3, session)
        older, session = self.until_mail_is_accepted(ssl.TLSVersion.TLSv1_2)
        older_resumed, _ = self.until_mail_is_accepted(ssl.TLSVersion.TLSv1_2, session)
        print("figure: round trips from connect to accepted MAIL with STARTTLS, TCP and greeting "
              f"included: TLS 1.3 {full + 2}, resumed {resumed + 2}; TLS 1.2 {older + 2}, resumed "
              f"{older_resumed + 2}")
        self.assertEqual((full, resumed), (5, 5))
        self.assertEqual((older, older_resumed), (6, 5))

    def test_T2_outrider_sends_with_as_few(self):
        proxy = self.capture(wire=SlowCapture)
        source = lab.Server(self.folder.path, "sender.test", '[delivery]\nidle = "0s"\n'
                            f'[[route]]\ndomain = "dst.test"\nvia = "smtp://127.0.0.1:{proxy.port}"\n'
                            'tls = "verify"\n', self.authority)
        counts = []
        with source:
            for number in range(2):
                lab.send_raw(source, "a@src.test", ["user@dst.test"], b"Subject: x\r\n\r\nx\r\n")
                lab.wait_for(lambda: len(source.lines("delivery", status="sent")) > number, 20, "delivery")
                lab.wait_for(lambda: not proxy.tasks, 20, "the end of the connection")
                counts.append(self.flights(proxy))
        self.assertEqual(["/resumed " in line for line in source.lines("delivery")], [False, True])
        # EHLO, STARTTLS, ClientHello, Finished with EHLO, MAIL with RCPT, the content, QUIT.
        print(f"figure: flights of a whole delivery in TLS 1.3, QUIT included: full {counts[0]}, "
              f"resumed {counts[1]}")
        self.assertEqual(counts, [7, 7])


class EarlyData(Wire):
    def s_client(self, *options, text):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.tls_port}",
                               "-ign_eof", *options], input=text, capture_output=True, text=True,
                              timeout=30, cwd=self.folder.path).stdout

    def test_T2_early_data_is_not_offered_and_refused(self):
        output = self.s_client("-sess_out", "session", text="QUIT\r\n")
        self.assertIn("Max Early Data: 0", output)
        session = pathlib.Path(self.folder.path / "session")
        (self.folder.path / "forged").write_text(with_early_data(session.read_text()))
        (self.folder.path / "early").write_text("HELO early.test\r\nHELP early.test\r\n")
        output = self.s_client("-sess_in", "forged", "-early_data", "early", text="QUIT\r\n")
        self.assertIn("Early data was rejected", output)
        self.assertNotIn("early.test", output + self.server.log())


if __name__ == "__main__":
    unittest.main()
