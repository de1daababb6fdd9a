"""The attacks on STARTTLS and on the handshake that test_tls_proxy.py tries, each with one line for
docs/tls-outcomes.md. RFC 3207 §6 names the first of them."""

import asyncio
import ssl

from hostile_proxy import Attack, Cut

ALERT_PROTOCOL_VERSION = bytes.fromhex("15030100020246")
HANDSHAKE, APPLICATION_DATA = 22, 23


def of_type(wire, unit, kind):
    return wire.secure and unit[0] == kind


class Nothing(Attack):
    """nothing: the bytes pass"""


class EhloLies(Attack):
    """says `SIZE 10` and no CHUNKING in the EHLO before TLS"""

    async def server(self, wire, unit):
        if wire.secure or b"STARTTLS" not in unit:
            return unit
        lines = [line for line in unit.split(b"\r\n") if line and not line[4:].startswith((b"SIZE", b"CHUNKING"))]
        return b"\r\n".join([lines[0], b"250-SIZE 10"] + lines[1:]) + b"\r\n"


class Strip(Attack):
    """takes STARTTLS out of the EHLO"""

    async def server(self, wire, unit):
        if wire.secure or b"STARTTLS" not in unit:
            return unit
        lines = [line for line in unit.split(b"\r\n") if line and line[4:] != b"STARTTLS"]
        return b"".join(b"250" + (b"-" if line is not lines[-1] else b" ") + line[4:] + b"\r\n"
                        for line in lines)


class Refuse454(Attack):
    """answers STARTTLS with 454"""

    answer = b"454 4.7.0 TLS not available due to temporary reason\r\n"

    async def client(self, wire, unit):
        return wire.refuse(self.answer) if wire.asked and not wire.secure else unit


class Refuse502(Refuse454):
    """answers STARTTLS with 502"""

    answer = b"502 5.5.1 command not implemented\r\n"


class InjectReply(Attack):
    """puts a reply behind the 220 to STARTTLS"""

    behind = b"250-injected.test\r\n250 SIZE 10\r\n"

    async def server(self, wire, unit):
        return unit + self.behind if wire.asked and not wire.secure else unit


class InjectFragment(InjectReply):
    """puts half a reply behind the 220 to STARTTLS"""

    behind = b"250"


class InjectCommand(Attack):
    """puts a command behind the client's STARTTLS"""

    async def client(self, wire, unit):
        return unit + b"HELP injected\r\n" if wire.asked and not wire.secure else unit


class Silent(Attack):
    """plays dead: no greeting"""

    silent = holds = True


class SilentHello(Attack):
    """plays dead after the ClientHello"""

    holds = True

    async def client(self, wire, unit):
        if wire.secure:
            await asyncio.sleep(60)
        return unit


class CutClientHello(Attack):
    """cuts after the ClientHello: the server's answer does not arrive"""

    flights, reset = 1, False  # so many pass

    async def client(self, wire, unit):
        if wire.turns > self.flights:
            raise Cut(self.reset)
        return unit

    async def server(self, wire, unit):
        return await self.client(wire, unit)


class CutServerHello(Attack):
    """cuts after the ServerHello"""

    async def server(self, wire, unit):
        if wire.secure:
            wire.client_out.write(unit)
            raise Cut()
        return unit


class CutServerFlight(CutClientHello):
    """resets after all of the server's first flight"""

    flights, reset = 2, True


class CutFinished(Attack):
    """cuts after the client's Finished"""

    async def client(self, wire, unit):
        if of_type(wire, unit, APPLICATION_DATA):
            wire.server_out.write(unit)
            raise Cut()
        return unit


class CutServerFlight12(CutServerFlight):
    """TLS 1.2: resets after the server's first flight"""

    version = "1.2"


class CutFinished12(CutServerFlight12):
    """TLS 1.2: resets after the client's Finished"""

    flights = 3


class CutServerFinished12(CutServerFlight12):
    """TLS 1.2: resets after the server's Finished"""

    flights = 4


class ClearText(Attack):
    """answers the ClientHello in clear"""

    async def client(self, wire, unit):
        if wire.secure:
            wire.client_out.write(b"220 2.0.0 let us go on in clear\r\n")
            return b""
        return unit


class OldVersion(Attack):
    """answers with a ServerHello of TLS 1.0"""

    async def client(self, wire, unit):
        if not wire.secure:
            return unit
        if unit[0] != HANDSHAKE:
            raise Cut()  # the client's alert
        hello = bytes.fromhex("0301") + bytes(range(32)) + bytes.fromhex("00002f00")
        message = b"\x02" + len(hello).to_bytes(3, "big") + hello
        wire.client_out.write(bytes.fromhex("160301") + len(message).to_bytes(2, "big") + message)
        return b""


class Intolerant(Attack):
    """answers the ClientHello with the alert protocol_version"""

    async def client(self, wire, unit):
        if wire.secure:
            wire.client_out.write(ALERT_PROTOCOL_VERSION)
            raise Cut()
        return unit


class Downgrade(Attack):
    """hides from the server that the client knows TLS 1.3"""

    async def client(self, wire, unit):
        if of_type(wire, unit, HANDSHAKE) and unit[5] == 1:
            return without_supported_versions(unit)
        return unit


class SwapCertificate(Attack):
    """shows a certificate of its own and reads all"""

    def __init__(self, certificate, key):
        self.as_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.as_server.load_cert_chain(certificate, key)
        self.as_client = ssl.create_default_context()
        self.as_client.check_hostname = False
        self.as_client.verify_mode = ssl.CERT_NONE

    async def begin(self, wire):
        if wire.secure:
            await wire.interpose(self.as_server, self.as_client)

    async def server(self, wire, unit):
        if wire.asked and not wire.interposed:
            await wire.interpose(self.as_server, self.as_client, unit)
            return b""
        return unit


class Truncate(Attack):
    """ends the connection within the message, without close_notify"""

    def __init__(self):
        self.passed = {}

    async def client(self, wire, unit):
        if of_type(wire, unit, APPLICATION_DATA):
            self.passed[wire] = self.passed.get(wire, 0) + len(unit)
            if self.passed[wire] > 40000:
                raise Cut()
        return unit


def without_supported_versions(record):
    """The ClientHello with extension 43 made an unknown one. RFC 8446 §4.1.2, §4.2.1."""
    hello = bytearray(record)
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at:at + 2], "big")
    at += 1 + hello[at] + 2
    while at + 4 <= len(hello):
        if hello[at:at + 2] == b"\x00\x2b":
            hello[at:at + 2] = b"\xff\xf0"
        at += 4 + int.from_bytes(hello[at + 2:at + 4], "big")
    return bytes(hello)


ON_STARTTLS = (EhloLies, Strip, Refuse454, Refuse502, InjectReply, InjectFragment, InjectCommand)
ON_TLS = (Silent, SilentHello, CutClientHello, CutServerHello, CutServerFlight, CutFinished,
          CutServerFlight12, CutFinished12, CutServerFinished12, ClearText, OldVersion,
          Intolerant, Downgrade, Truncate)
