"""What the system tests share: real servers on loopback, each in a folder of its own.

Nothing here pretends: Outrider is the built program, neighbours are Debian's packages in roots of
their own (tools/dev/neighbour.sh), certificates come from openssl."""

import contextlib
import glob
import json
import os
import pathlib
import random
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
OUTRIDER = os.environ.get("OUTRIDER", str(TOP / "build/release/outrider"))
NEIGHBOUR = str(TOP / "tools/dev/neighbour.sh")


given_ports = set()


def free_port():
    """One that nobody listens on, below those that the kernel gives to connections, and never the
    same twice."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            if port not in given_ports:
                probe.bind(("127.0.0.1", port))
                given_ports.add(port)
                return port


def wait_for(condition, seconds=20.0, what="a condition"):
    """The condition's first true value; fails loudly when the time is over."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def answers(port, host="127.0.0.1"):
    """The server greets."""
    try:
        with socket.create_connection((host, port), timeout=2) as peer:
            peer.settimeout(5)
            return peer.recv(512).startswith(b"220")
    except OSError:
        return False


class Authority:
    """A certificate authority for one test run, and certificates that it signs."""

    addresses = ("127.0.0.1",)  # in all of them
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.file = self.folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj",
                      "/CN=Outrider test CA")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, days=30, rsa=False):
        """The files of a certificate and its key, an ECDSA one but where RSA is asked for. Issued
        again they are replaced in one step, as programs that renew certificates do it."""
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        file = name + (".rsa" if rsa else "")
        self._openssl("req", "-newkey", *kind, "-nodes", "-keyout", f"{file}.key.new", "-out",
                      f"{file}.csr", "-subj", f"/CN={name}")
        names = ",".join([f"DNS:{name}"] + [f"IP:{address}" for address in self.addresses])
        (self.folder / f"{file}.ext").write_text(f"subjectAltName={names}\n")
        self._openssl("x509", "-req", "-in", f"{file}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                      "-CAcreateserial", "-out", f"{file}.pem.new", "-days", str(days), "-extfile",
                      f"{file}.ext")
        for ending in ("pem", "key"):
            os.replace(self.folder / f"{file}.{ending}.new", self.folder / f"{file}.{ending}")
        return self.folder / f"{file}.pem", self.folder / f"{file}.key"

    def context(self):
        return ssl.create_default_context(cafile=str(self.file))


class Folder(contextlib.AbstractContextManager):
    """A temporary folder that is gone at the end."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="outrider-test-"))
        self.path.chmod(0o755)

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """One Outrider. `config` is TOML that comes behind what every test needs."""

    def __init__(self, folder, name="mx.test", config="", authority=None, port=None, listener=""):
        self.folder = pathlib.Path(folder) / name
        self.folder.mkdir(parents=True)
        self.name, self.process = name, None
        self.program = [OUTRIDER]
        self.port = port or free_port()
        self.tls_port = free_port() if authority else None
        self.log_path = self.folder / "log"
        self.config_path = self.folder / "outrider.toml"
        certificate = self._certificate(authority)
        tls = "starttls" if authority else "none"
        self.config_path.write_text(f'''hostname = "{name}"
[queue]
path = "{self.folder}/queue"
{self._section(config, "queue")}
[console]
socket = "{self.folder}/control"
[log]
file = "{self.log_path}"
{self._section(config, "log")}
[relay]
networks = ["127.0.0.0/8"]
[dns]
forwarders = ["127.0.0.1@1"]
{certificate}
[[listener]]
name = "smtp"
address = "127.0.0.1:{self.port}"
role = "mx"
tls = "{tls}"
{listener}
{self._implicit(authority)}
{self._rest(config)}
''')

    @staticmethod
    def _section(config, name):
        """`config` may hold lines for tables that stand above: `queue: retry.first = "1s"`."""
        prefix = name + ": "
        return "\n".join(line[len(prefix):] for line in config.split("\n") if line.startswith(prefix))

    @staticmethod
    def _rest(config):
        return "\n".join(line for line in config.split("\n")
                         if not line.startswith(("queue: ", "log: ")))

    def _certificate(self, authority):
        if not authority:
            return ""
        certificate, key = authority.issue(self.name)
        return f'[tls]\ncertificate = "{certificate}"\nkey = "{key}"\nca_file = "{authority.file}"'

    def _implicit(self, authority):
        if not authority:
            return ""
        return (f'[[listener]]\nname = "smtps"\naddress = "127.0.0.1:{self.tls_port}"\n'
                'role = "submission"\ntls = "implicit"\n')

    def start(self, wait=True, env=None):
        with open(self.folder / "stderr", "ab") as stderr:
            self.process = subprocess.Popen(
                [*self.program, "serve", "-c", str(self.config_path)], stdin=subprocess.DEVNULL,
                stdout=stderr, stderr=stderr, env={**os.environ, **(env or {})})
        if wait:
            wait_for(lambda: answers(self.port) or self._died(), 30, f"{self.name} answering")
        return self

    def _died(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: "
                                 + (self.folder / "stderr").read_text()[-2000:] + self.log()[-2000:])
        return False

    def stop(self, seconds=30):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
                raise

    def log(self):
        time.sleep(0.03)  # lines may be gathered for 10 ms before they are written
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def lines(self, event, **fields):
        """Log lines of an event whose fields hold the given texts."""
        return [line for line in self.log().split("\n") if f" {event} " in line
                and all(f" {key}={value}" in line for key, value in fields.items())]

    def command(self, *arguments, check=True):
        return subprocess.run([OUTRIDER, *arguments, "-c", str(self.config_path)], check=check,
                              capture_output=True, text=True, timeout=60)

    def queue(self, *arguments):
        return json.loads(self.command("queue", *arguments, "--json").stdout)

    def queued(self):
        return self.queue("list")["items"]

    def is_empty(self):
        return not self.queued()

    def smtp(self, helo="client.test"):
        client = smtplib.SMTP("127.0.0.1", self.port, local_hostname=helo, timeout=60)
        return client

    def memory(self):
        """Resident KiB."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().split("\n"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0


def maildir_domain(folder, domain="dst.test", users="*"):
    """TOML for a local domain whose users have Maildirs that keep CRLF, to compare bytes."""
    return f'''
[[domain]]
name = "{domain}"
users = ["{users}"]
recipient_delimiter = "+"
deliver = "maildir:{folder}/mail/{{domain}}/{{user}}"
'''


def keep_crlf():
    """CRLF is stored as it came, and a host that was dead is tried again soon."""
    return ('[delivery]\nmaildir_line_ends = "crlf"\n'
            'dead_first = "1s"\ndead_longest = "1s"\n')


def mailbox(folder, user, domain="dst.test"):
    """The messages in a user's Maildir, as bytes, in the order of their names."""
    names = sorted(glob.glob(f"{folder}/mail/{domain}/{user}/new/*"))
    return [pathlib.Path(name).read_bytes() for name in names]


TRACE = (b"return-path:", b"delivered-to:", b"received:", b"x-original-to:")


def without_trace(message, hops=None):
    """The message without the trace fields that were put before it (at most `hops` Received)."""
    received = 0
    while True:
        field, rest = _first_field(message)
        if not field.lower().startswith(TRACE):
            return message
        message = rest
        received += field.lower().startswith(b"received:")
        if received == hops:
            return message


def _first_field(message):
    end = 0
    while True:
        end = message.find(b"\n", end) + 1
        if end == 0:
            return message, b""
        if message[end:end + 1] not in (b" ", b"\t"):
            return message[:end], message[end:]


class Neighbour:
    """A mail server of Debian in a root of its own, running in the foreground."""

    def __init__(self, name, *packages):
        self.name = name
        subprocess.run([NEIGHBOUR, "install", name, *packages], check=True)
        self.processes = []

    def run(self, *command, **options):
        return subprocess.run([NEIGHBOUR, "run", self.name, *command], **options)

    def start(self, *command, output=subprocess.DEVNULL):
        process = subprocess.Popen([NEIGHBOUR, "run", self.name, *command], stdout=output,
                                   stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                   start_new_session=True)
        self.processes.append(process)
        return process

    def stop(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
        self.processes = []


def can_have_neighbours():
    """Why not, or an empty text: they need root and overlay mounts."""
    if os.geteuid() != 0:
        return "neighbours need root for their overlay roots"
    if "overlay" not in pathlib.Path("/proc/filesystems").read_text():
        return "the kernel has no overlay file system"
    return ""


def npm(*packages):
    """Installs packages of the npm registry for tests, `name` or `name@version`, of which 3.3 is any
    3.3.x; the folder they lie in."""
    folder = TOP / "build/npm"
    folder.mkdir(parents=True, exist_ok=True)
    missing = [package for package in packages if not _npm_has(folder, package)]
    if missing:
        (folder / "package.json").write_text('{"private": true}\n') \
            if not (folder / "package.json").exists() else None
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", *missing],
                       cwd=folder, check=True)
    return folder / "node_modules"


def _npm_has(folder, package):
    name, _, version = package[1:].partition("@")  # a scope begins with one, too
    told = folder / "node_modules" / (package[0] + name) / "package.json"
    return told.exists() and (json.loads(told.read_text())["version"] + ".").startswith(
        version + "." if version else "")


def lines_of(size, first=b""):
    """Text of exactly `size` bytes in lines of 76, each ending in CRLF."""
    if size < 2:
        return b""
    line = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/0123456789AB\r\n"
    text = first + line * (max(size - len(first), 0) // len(line) + 1)
    return text[:size - 2].removesuffix(b"\r").ljust(size - 2, b"x") + b"\r\n"


def send_raw(server, sender, recipients, content, starttls=None, port=None):
    """One transaction whose bytes nobody touches but for dot-stuffing; the reply to its end."""
    with Raw(port or server.port) as peer:
        peer.command(b"EHLO client.test")
        if starttls:
            peer.start_tls(starttls, server.name)
        return peer.mail(sender, recipients, content)


class Raw:
    """An SMTP client without opinions: what is given is sent."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.file = self.socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def reply(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line:
                raise ConnectionError("closed: " + repr(lines))
            lines.append(line.rstrip(b"\r\n").decode(errors="replace"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    def command(self, line):
        self.socket.sendall(line + b"\r\n")
        return self.reply()

    def start_tls(self, context, name):
        answer = self.command(b"STARTTLS")
        if not answer.startswith("220"):
            raise AssertionError(answer)
        self.file.close()
        self.socket = context.wrap_socket(self.socket, server_hostname=name)
        self.file = self.socket.makefile("rb")
        return self.command(b"EHLO client.test")

    def mail(self, sender, recipients, content, parameters=b""):
        answer = self.command(b"MAIL FROM:<%s>%s" % (sender.encode(), parameters))
        if not answer.startswith("250"):
            return answer
        for recipient in recipients:
            answer = self.command(b"RCPT TO:<%s>" % recipient.encode())
            if not answer.startswith("250"):
                return answer
        answer = self.command(b"DATA")
        if not answer.startswith("354"):
            return answer
        stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
        self.socket.sendall(stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") or not stuffed
                                       else b"\r\n.\r\n"))
        return self.reply()
