"""A relay on loopback between two mail servers that keeps every byte, and lets an attack meddle.

It understands as much SMTP and TLS as a man in the middle needs: lines and replies before STARTTLS,
records behind it. What an attack may do stands in `Attack`; those we know are in proxy_attacks.py."""

import asyncio
import contextlib
import threading

LIMIT = 1 << 20
GONE = (OSError, EOFError, asyncio.IncompleteReadError)


class Cut(Exception):
    """Ends the connection on both sides; `reset`: with RST, not FIN."""

    def __init__(self, reset=False):
        super().__init__()
        self.reset = reset


class Attack:
    """Leaves everything as it is. A unit is a line of the client, a reply of the server, or a TLS
    record; what is returned goes on in its place."""

    silent = False  # nobody answers, not even the greeting
    holds = False  # connections stay open until somebody loses patience
    version = "1.3"  # that the two behind it agree on

    async def client(self, wire, unit):
        return unit

    async def server(self, wire, unit):
        return unit

    async def begin(self, wire):
        """Before the first byte."""


class Wire:
    """One connection through the proxy."""

    def __init__(self, attack, client, server):
        self.attack = attack
        self.client_in, self.client_out = client
        self.server_in, self.server_out = server
        self.secure = False  # records, not lines
        self.asked = False  # the client said STARTTLS
        self.interposed = False  # we hold both ends of TLS
        self.answered = asyncio.Event()
        self.raw = bytearray()  # all that came, as others on the network see it
        self.decrypted = bytearray()  # what we read as the man in the middle
        self.turn, self.turns = None, 0  # whose flight of TLS it is, and which
        self.flights = []  # "client" and "server" in turn

    async def line(self, reader):
        return await reader.readuntil(b"\n")

    async def reply(self):
        lines = b""
        while True:
            line = await self.line(self.server_in)
            lines += line
            if line[3:4] != b"-":
                return lines

    async def record(self, reader):
        header = await reader.readexactly(5)
        return header + await reader.readexactly(int.from_bytes(header[3:], "big"))

    def note(self, side, unit):
        (self.decrypted if self.interposed else self.raw).extend(unit)
        if self.secure and self.turn != side:
            self.turn, self.turns = side, self.turns + 1

    async def unit_of_client(self):
        if self.asked:
            await self.answered.wait()
        unit = await (self.record(self.client_in) if self.secure else self.line(self.client_in))
        self.note("client", unit)
        if not self.secure and not self.interposed and unit.strip().upper() == b"STARTTLS":
            self.asked = True
            self.answered.clear()
        return unit

    async def unit_of_server(self):
        unit = await (self.record(self.server_in) if self.secure else self.reply())
        self.note("server", unit)
        return unit

    async def pump_client(self):
        while True:
            unit = await self.unit_of_client()
            self.send(self.server_out, "client", await self.attack.client(self, unit))
            await self.server_out.drain()

    async def pump_server(self):
        while True:
            unit = await self.unit_of_server()
            begins = self.asked and not self.secure and not self.interposed
            unit = await self.attack.server(self, unit)
            self.send(self.client_out, "server", unit)
            if begins and not self.interposed:
                self.secure = unit.startswith(b"220")
                self.asked = self.secure
                self.answered.set()
            await self.client_out.drain()

    def send(self, writer, side, unit):
        if not unit:
            return
        if not self.flights or self.flights[-1] != side:
            self.flights.append(side)
        writer.write(unit)

    def refuse(self, reply):
        """Answers the client's STARTTLS in the server's place."""
        self.asked = False
        self.send(self.client_out, "server", reply)
        return b""

    async def interpose(self, as_server, as_client, first=b""):
        """TLS with both: the client sees our certificate, the server a client without opinions."""
        await self.server_out.start_tls(as_client)
        self.client_out.write(first)
        await self.client_out.start_tls(as_server)
        self.interposed, self.secure, self.asked = True, False, False
        self.answered.set()

    async def run(self):
        reset = False
        pumps = []
        try:
            await self.attack.begin(self)
            pumps = [asyncio.ensure_future(self.pump_client()), asyncio.ensure_future(self.pump_server())]
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in done:
                error = pump.exception()
                if isinstance(error, Cut):
                    reset = error.reset
                elif error and not isinstance(error, GONE):
                    raise error
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self.end(reset)

    def end(self, reset):
        for writer in (self.client_out, self.server_out):
            if reset:
                writer.transport.abort()
            else:
                with contextlib.suppress(OSError, RuntimeError):
                    # No close_notify of our own making: the socket's end is all that is seen.
                    writer.close()


class ImplicitWire(Wire):
    """TLS comes first."""

    def __init__(self, attack, client, server):
        super().__init__(attack, client, server)
        self.secure = True


class Capture(Wire):
    """Reads along without understanding; `delay` is the time that a byte is on its way."""

    delay = 0.0

    async def pump(self, reader, writer, side):
        loop = asyncio.get_running_loop()
        while True:
            chunk = await reader.read(65536)
            if not chunk:
                await asyncio.sleep(self.delay)
                raise EOFError
            self.raw.extend(chunk)
            loop.call_later(self.delay, self.send, writer, side, chunk)

    def pump_client(self):
        return self.pump(self.client_in, self.server_out, "client")

    def pump_server(self):
        return self.pump(self.server_in, self.client_out, "server")


class Network:
    """The loop that all proxies of a test run in."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda loop, context: None)  # ends of cut connections
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.proxies = []

    def proxy(self, target, attack=None, host="127.0.0.1", wire=Wire, port=0):
        made = Proxy(self, target, attack or Attack(), host, wire, port)
        self.call(made.open())
        self.proxies.append(made)
        return made

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def close(self):
        for proxy in self.proxies:
            self.call(proxy.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Proxy:
    """Listens on a port of its own, where none is given, and leads to `target` on loopback."""

    def __init__(self, network, target, attack, host, wire, port):
        self.network, self.target, self.host, self.port = network, target, host, port
        self.attack, self.wire = attack, wire
        self.wires, self.errors, self.tasks = [], [], set()

    async def open(self):
        self.server = await asyncio.start_server(self.accept, self.host, self.port, limit=LIMIT)
        self.port = self.server.sockets[0].getsockname()[1]

    async def close(self):
        self.server.close()
        for task in list(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def accept(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        try:
            if self.attack.silent:
                await asyncio.wait_for(reader.read(), 60)
            else:
                await self.lead(reader, writer)
        except (*GONE, asyncio.TimeoutError):
            pass
        except Exception as error:  # seen by the test, whose thread is another
            self.errors.append(error)
        finally:
            self.tasks.discard(asyncio.current_task())
            writer.close()

    async def lead(self, reader, writer):
        server = await asyncio.open_connection("127.0.0.1", self.target, limit=LIMIT)
        wire = self.wire(self.attack, (reader, writer), server)
        self.wires.append(wire)
        await wire.run()

    def stop_attack(self):
        """Connections that are held are cut; new ones pass unharmed."""
        if self.attack.holds:
            self.network.loop.call_soon_threadsafe(self.cut_all)
        self.attack = Attack()

    def cut_all(self):
        for task in self.tasks:
            task.cancel()

    def seen(self, marker):
        """Whether the marker crossed in clear."""
        return any(marker in wire.raw for wire in self.wires)

    def read_by_us(self, marker):
        return any(marker in wire.decrypted for wire in self.wires)
