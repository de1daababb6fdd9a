"""A mail server with the faults that a test names: what `outrider tls probe` has to find."""

import contextlib
import hashlib
import socket
import ssl
import struct
import threading
import warnings

ALLOW_CLIENT_RENEGOTIATION = 1 << 8  # OpenSSL's SSL_OP_ALLOW_CLIENT_RENEGOTIATION


def weak_context(certificate, key):
    """TLS as it was: every version and suite that the library still has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:eNULL:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.options |= ALLOW_CLIENT_RENEGOTIATION
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


def plain_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


RETRY = hashlib.sha256(b"HelloRetryRequest").digest()  # RFC 8446 section 4.1.3


def server_hello(version=0x0303, suite=0xC030, compression=0, extensions=b"", random=b"R" * 32):
    """A record with a ServerHello, for a server that gets no further than that."""
    body = struct.pack(">H", version) + random + b"\0" + struct.pack(">HB", suite, compression)
    body += struct.pack(">H", len(extensions)) + extensions
    message = b"\x02" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x03" + struct.pack(">H", len(message)) + message


class BadServer:
    """`faults` are words, each one thing that this server does wrong:

    no-offer, tls-keyword, keyword-parameter, small-keyword, refuse-454, refuse-554, case,
    takes-parameter, refuses-503-parameter, takes-before-hello, no-codes, demand-530, demand-550,
    demand-noop, demand-auth, clear-injection, tls-injection, clear-behind-220, inside-offer, inside-starttls,
    inside-554, keeps-hello, keeps-mail, clear-on-tls-port, busy (for the first two connections),
    silent.

    `hello`: what is sent instead of a handshake, or a function of what the client sent."""

    def __init__(self, context=None, faults=(), implicit=False, hello=None):
        self.context, self.faults, self.implicit, self.hello = context, set(faults), implicit, hello
        self.connections = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer):
        peer.settimeout(20)
        talk = Talk(self, peer)
        with contextlib.suppress(OSError, ssl.SSLError):
            talk.run()
        talk.peer.close()
        peer.close()


class Talk:
    def __init__(self, server, peer):
        self.server, self.peer, self.faults = server, peer, server.faults
        self.input, self.tls, self.hello, self.mail = b"", False, False, False

    def run(self):
        if self.server.implicit and "clear-on-tls-port" not in self.faults:
            self.peer = self.server.context.wrap_socket(self.peer, server_side=True)
            self.tls = True
        if "silent" in self.faults:
            return self.peer.recv(1)
        if "busy" in self.faults and self.server.connections <= 2:
            return self.say("421 4.7.0 too many connections")
        self.say("220 bad.test ESMTP")
        while (line := self.line()) is not None:
            verb = line.split(b" ")[0]
            if verb.upper() == b"QUIT":
                return self.say("221 2.0.0 bye")
            if not self.obey(verb, line):
                return None
        return None

    def say(self, text):
        self.peer.sendall(text.replace("\n", "\r\n").encode() + b"\r\n")

    def line(self):
        while b"\r\n" not in self.input:
            more = self.peer.recv(4096)
            if not more:
                return None
            self.input += more
        line, self.input = self.input.split(b"\r\n", 1)
        return line

    def obey(self, verb, line):
        if verb.upper() in (b"EHLO", b"LHLO"):
            self.hello = True
            self.say(self.extensions())
        elif verb.upper() == b"STARTTLS":
            return self.starttls(verb, line)
        elif verb == b"MAIL":
            self.say(self.answer_to_mail())
        elif verb == b"RCPT":
            self.say("250 2.1.5 ok" if self.mail else "503 5.5.1 MAIL first")
        elif verb == b"NOOP":
            self.say("530 5.7.0 no" if "demand-noop" in self.faults else "250 2.0.0 ok")
        else:
            self.say("500 5.5.2 what?")
        return True

    def extensions(self):
        lines = ["bad.test", "PIPELINING", "ENHANCEDSTATUSCODES"]
        if not self.tls or "inside-offer" in self.faults:
            keywords = {"no-offer": [], "tls-keyword": ["TLS TLS1.2"], "small-keyword": ["starttls"],
                        "keyword-parameter": ["STARTTLS TLS1.2"]}
            lines += next((value for fault, value in keywords.items() if fault in self.faults),
                          ["STARTTLS"])
        return "\n".join("250" + (" " if one is lines[-1] else "-") + one for one in lines)

    def answer_to_mail(self):
        if "demand-530" in self.faults or "demand-noop" in self.faults:
            return "530 5.7.0 Must issue a STARTTLS command first"
        if "demand-550" in self.faults:
            return "550 5.7.1 TLS is needed"
        if "demand-auth" in self.faults:
            return "530 5.7.0 Authentication required"
        if not self.hello:
            return "503 5.5.1 EHLO first"
        self.mail = True
        return "250 2.1.0 ok"

    def refusal(self, verb, line):
        refusals = {"refuse-454": "454 4.7.0 not now", "refuse-554": "554 5.5.0 no"}
        for fault, reply in refusals.items():
            if fault in self.faults:
                return reply
        if self.tls and "inside-starttls" not in self.faults:
            return "554 5.5.1 active" if "inside-554" in self.faults else "503 5.5.1 active"
        if "case" in self.faults and verb != b"STARTTLS":
            return "500 5.5.2 what?"
        if line != verb and "takes-parameter" not in self.faults:
            return "503 5.5.1 no" if "refuses-503-parameter" in self.faults else "501 5.5.4 alone"
        if not self.hello and "takes-before-hello" not in self.faults:
            return "503 5.5.1 EHLO first"
        return None

    def starttls(self, verb, line):
        refusal = self.refusal(verb, line)
        if refusal:
            self.say(refusal)
            return True
        self.say("220 go" if "no-codes" in self.faults else "220 2.0.0 go")
        if "clear-injection" in self.faults and self.input:
            return True
        if "clear-behind-220" in self.faults:
            first = self.peer.recv(1, socket.MSG_PEEK)
            if first != b"\x16":
                return True
        if "tls-injection" not in self.faults:
            self.input = b""
        if self.server.hello:
            asked, hello = self.peer.recv(4096), self.server.hello
            self.peer.sendall(hello(asked) if callable(hello) else hello)
            return False
        self.peer = self.server.context.wrap_socket(self.peer, server_side=True)
        self.tls = True
        self.hello &= "keeps-hello" in self.faults
        self.mail &= "keeps-mail" in self.faults
        return True
