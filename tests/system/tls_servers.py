"""Small SMTP servers whose TLS is somebody else's: Python's ssl, and openssl s_server."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading

import lab

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Dialogue:
    """An SMTP server's side, line by line: takes all mail, keeps it in `messages`."""

    def __init__(self, messages, offers_tls):
        self.messages, self.offers_tls = messages, offers_tls
        self.content = None

    def answer(self, line):
        """The reply to a line, or nothing within the content."""
        if self.content is not None:
            return self.take(line)
        verb = line[:8].upper().split(b" ")[0].strip()
        if verb == b"EHLO":
            return b"250-s.test\r\n250-STARTTLS\r\n250 8BITMIME\r\n" if self.offers_tls \
                else b"250-s.test\r\n250 8BITMIME\r\n"
        if verb == b"DATA":
            self.content = b""
            return b"354 go on\r\n"
        return {b"STARTTLS": b"220 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")

    def take(self, line):
        if line != b".\r\n":
            self.content += line.removeprefix(b".")
            return b""
        self.messages.append(self.content)
        self.content = None
        return b"250 ok\r\n"


class Listener(contextlib.AbstractContextManager):
    """One connection after the other, each in turn."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.messages, self.errors = [], []
        self.thread = threading.Thread(target=self.accept_all, daemon=True)
        self.thread.start()

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)

    def accept_all(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(20)
                try:
                    self.serve(peer)
                except (OSError, ValueError) as error:
                    self.errors.append(repr(error))


class PythonServer(Listener):
    """`handshakes` has (version, resumed) of each."""

    def __init__(self, certificate, key, version, implicit):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.context.minimum_version = self.context.maximum_version = VERSIONS[version]
        self.implicit, self.handshakes = implicit, []
        super().__init__()

    def secure(self, peer):
        peer = self.context.wrap_socket(peer, server_side=True)
        self.handshakes.append((peer.version(), peer.session_reused))
        return peer

    def serve(self, peer):
        if self.implicit:
            peer = self.secure(peer)
        dialogue = Dialogue(self.messages, not self.implicit)
        peer.sendall(b"220 python.test ESMTP\r\n")
        file = peer.makefile("rb")
        while line := file.readline():
            peer.sendall(dialogue.answer(line))
            if line.upper() == b"STARTTLS\r\n":
                peer = self.secure(peer)
                file = peer.makefile("rb")
                dialogue = Dialogue(self.messages, False)
            elif line.upper() == b"QUIT\r\n":
                break
        with contextlib.suppress(OSError):
            peer.unwrap()
        peer.close()


class OpensslServer(contextlib.AbstractContextManager):
    """openssl s_server, with TLS from the first byte: what it decrypts is written to its output,
    beside what it says itself, and what is written to its input goes to the client."""

    def __init__(self, certificate, key, version):
        self.port, self.messages, self.handshakes = lab.free_port(), [], []
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-cert", certificate, "-key",
             key, "-tls" + version.replace(".", "_")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0)
        self.version, self.ready, self.greets = version, threading.Event(), True
        self.thread = threading.Thread(target=self.talk, daemon=True)
        self.thread.start()
        if not self.ready.wait(20):
            raise AssertionError("s_server does not accept")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(10)
        self.process.stdin.close()
        self.process.stdout.close()

    def say(self, text):
        with contextlib.suppress(OSError):
            self.process.stdin.write(text)

    def talk(self):
        dialogue, reused = Dialogue(self.messages, False), False
        for line in iter(self.process.stdout.readline, b""):
            if line.startswith(b"ACCEPT"):
                self.ready.set()
            elif line.startswith(b"CIPHER is"):
                dialogue, reused = Dialogue(self.messages, False), False
            elif line.startswith(b"Reused"):
                reused = True
            elif line.startswith(b"Secure Renegotiation"):  # the last that it says of a handshake
                self.handshakes.append((f"TLSv{self.version}", reused))
                if self.greets:
                    self.say(b"220 openssl.test ESMTP\r\n")
            elif dialogue.content is not None or re.match(rb"(EHLO|MAIL|RCPT|DATA|RSET|QUIT)\b", line):
                self.say(dialogue.answer(line))


class Opening(Listener):
    """The clear part before STARTTLS, then the bytes of another server's TLS."""

    def __init__(self, behind):
        self.behind = behind
        behind.greets = False
        super().__init__()

    def serve(self, peer):
        peer.sendall(b"220 opening.test ESMTP\r\n")
        dialogue, file = Dialogue(self.messages, True), peer.makefile("rb", buffering=0)
        while line := file.readline():
            peer.sendall(dialogue.answer(line))
            if line.upper() == b"STARTTLS\r\n":
                return self.splice(peer)

    def splice(self, peer):
        with socket.create_connection(("127.0.0.1", self.behind.port), timeout=20) as server:
            forth = threading.Thread(target=copy, args=(peer, server))
            forth.start()
            copy(server, peer)
            forth.join(20)


def copy(source, to):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            to.sendall(chunk)
        to.shutdown(socket.SHUT_WR)
