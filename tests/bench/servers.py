"""The servers that are compared, each in a folder of its own on loopback, with the durability it has
by default. All take mail for any domain from loopback and give it to one sink, or hold it.

Settings that differ from a default are those that a load of this kind asks for (how many connections
are taken at once, and messages on each), and none that makes a server sync less."""

import contextlib
import errno
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lab  # noqa: E402

FOLDER = lab.TOP / "build/bench"
V1, V2 = pathlib.Path("/sys/fs/cgroup/cpuacct"), pathlib.Path("/sys/fs/cgroup")


class CpuGroup:
    """CPU seconds of a server and all its children, dead ones too."""

    def __init__(self, name):
        self.path = (V1 if V1.exists() else V2) / f"outrider-bench-{name}-{os.getpid()}"
        self.path.mkdir(exist_ok=True)

    def join(self):
        (self.path / "cgroup.procs").write_text(str(os.getpid()))

    def seconds(self):
        if (self.path / "cpuacct.usage").exists():
            return int((self.path / "cpuacct.usage").read_text()) / 1e9
        return int(re.search(r"usage_usec (\d+)", (self.path / "cpu.stat").read_text())[1]) / 1e6

    def processes(self):
        return [int(pid) for pid in (self.path / "cgroup.procs").read_text().split()]

    def kilobytes(self):
        """PSS of all its processes."""
        return sum(_pss(pid) for pid in self.processes())

    def signal(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def end(self):
        """Of its processes, and of itself."""
        self.signal(signal.SIGTERM)
        try:
            lab.wait_for(lambda: not self.processes(), 10, "the end of the server's processes")
        except AssertionError:
            self.signal(signal.SIGKILL)
        lab.wait_for(self.remove, 10, f"the end of the control group {self.path}")

    def remove(self):
        """False while something is in it."""
        try:
            self.path.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True


def _pss(pid):
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Server:
    """`sink_port`: where mail goes; None: it is held. With an authority STARTTLS is offered, and
    demanded of the sink. `idle`: so many connections are to be borne."""

    works = ("accept", "relay", "tls", "idle")
    package = None  # of Debian, where its version is read

    def __init__(self, sink_port=None, authority=None, idle=0):
        self.sink_port, self.authority, self.idle = sink_port, authority, idle
        self.tls = authority.issue("mx.test") if authority else None
        self.held = sink_port is None
        self.cpu, self.port, self.process = CpuGroup(self.name), lab.free_port(), None
        self.folder = FOLDER / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            self.start()
            lab.wait_for(self._answers, 40, f"{self.name} answering")
        except BaseException:
            self.stop()
            raise

    @classmethod
    def version(cls):
        return lab.Neighbour(cls.name, cls.package).run(
            "dpkg-query", "-W", "-f", "${Version}", cls.package, check=True, capture_output=True,
            text=True).stdout

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}: "
                                 + (FOLDER / f"{self.name}.out").read_text(errors="replace")[-500:])
        return lab.answers(self.port)

    def launch(self, *command, **options):
        self.process = subprocess.Popen(
            command, preexec_fn=self.cpu.join, stdin=subprocess.DEVNULL, start_new_session=True,
            stdout=open(FOLDER / f"{self.name}.out", "wb"), stderr=subprocess.STDOUT, **options)

    def shell(self, script):
        """Runs a script in the neighbour's root, where its package is and no name server is."""
        lab.Neighbour(self.name, *[self.package] if self.package else [])
        self.launch(lab.NEIGHBOUR, "run", self.name, "sh", "-c", "ulimit -n $(ulimit -Hn); " + script)

    def stop(self):
        """What it wrote goes at once, and to the disk, so that the next one does not pay for it."""
        self.cpu.end()
        if self.process:
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.sync()


class Outrider(Server):
    name = "outrider"

    def start(self):
        shutil.rmtree(self.folder)
        via = f"smtp://127.0.0.1:{lab.free_port() if self.held else self.sink_port}"
        config = f'[[route]]\ndomain = "*"\nvia = "{via}"\n'
        if self.authority:
            config += 'tls = "encrypt"\n'
        config += "[limits]\ntransactions = 1000000\n"
        if self.idle:
            config += (f"connections = {self.idle + 100}\n"
                       f"connections_per_network = {self.idle + 100}\n")
        self.server = lab.Server(FOLDER, self.name, config, self.authority, port=self.port)
        self.tls_port = self.server.tls_port
        self.launch(lab.OUTRIDER, "serve", "-c", str(self.server.config_path))
        self.server.process = self.process

    @classmethod
    def version(cls):
        done = subprocess.run([lab.OUTRIDER, "--version"], check=True, capture_output=True, text=True)
        return done.stdout.split()[-1]

    def stop(self):
        try:
            if self.process:
                self.server.stop()
        finally:
            super().stop()


class Postfix(Server):
    name = package = "postfix"

    def start(self):
        folder = self.folder
        for part in ("etc", "spool", "data", "log"):
            (folder / part).mkdir()
        tls = "" if not self.tls else f"""
smtpd_tls_cert_file = {self.tls[0]}
smtpd_tls_key_file = {self.tls[1]}
smtpd_tls_security_level = may
smtp_tls_security_level = encrypt
smtp_tls_session_cache_database = btree:{folder}/data/sessions
"""
        (folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log/maillog
maillog_file_prefixes = {folder}/log
myhostname = mx.test
mydestination =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{self.sink_port or 9}
smtpd_recipient_restrictions = permit_mynetworks, reject
alias_maps =
biff = no
message_size_limit = 52428800
smtpd_peername_lookup = no
smtp_host_lookup = native
disable_dns_lookups = yes
default_process_limit = {max(100, self.idle + 100)}
{"defer_transports = smtp" if self.held else ""}{tls}
""")
        self.shell(f"cp /usr/share/postfix/master.cf.dist {folder}/etc/master.cf; "
                   f"sed -i -e 's/^smtp  *inet/127.0.0.1:{self.port} inet/' "
                   rf"-e '/^[a-z0-9:.]* *\(inet\|unix\) /s/^\(\S* *\S* *\S* *\S* *\)y/\1n/' "
                   f"{folder}/etc/master.cf; cp /etc/postfix/dynamicmaps.cf {folder}/etc/; "
                   f"chown postfix {folder}/data; exec postfix -c {folder}/etc start-fg")

    def stop(self):
        if self.process:
            lab.Neighbour(self.name, self.package).run("postfix", "-c", f"{self.folder}/etc", "stop",
                                                       capture_output=True)
        super().stop()


class Exim(Server):
    name, package = "exim", "exim4-daemon-light"

    def start(self):
        folder = self.folder
        (folder / "spool").mkdir()
        inbound = "" if not self.tls else (
            f"tls_advertise_hosts = *\ntls_certificate = {self.tls[0]}\n"
            f"tls_privatekey = {folder}/key.pem\ntls_resumption_hosts = *\n")
        outbound = "hosts_require_tls = *\n  tls_verify_hosts = :" if self.tls else "hosts_avoid_tls = *"
        if self.tls:
            shutil.copy(self.tls[1], folder / "key.pem")
        (folder / "exim.conf").write_text(f"""
primary_hostname = mx.test
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
hostlist relay_from = 127.0.0.0/8
acl_smtp_rcpt = acl_rcpt
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = 50M
smtp_accept_max = {max(200, self.idle + 100)}
smtp_accept_max_per_connection = 1000000
smtp_accept_queue_per_connection = 0
smtp_accept_max_nonmail = 1000000
smtp_connect_backlog = 1024
queue_run_max = 20
keep_environment =
never_users = root
{inbound}{"queue_only = true" if self.held else ""}
begin acl
acl_rcpt:
  accept hosts = +relay_from
  deny
begin routers
all:
  driver = manualroute
  transport = out
  route_list = * "127.0.0.1::{self.sink_port or 9}"
  self = send
begin transports
out:
  driver = smtp
  allow_localhost
  hosts_try_fastopen = :
  {outbound}
begin retry
* * F,2h,1m
""")
        self.shell(f"chown -R Debian-exim {folder}; install -m 644 {folder}/exim.conf "
                   f"/etc/exim4/exim4.conf; exec exim4 -bdf {'' if self.held else '-q30s'}")


class Haraka(Server):
    name = "haraka"

    @classmethod
    def program(cls):
        return lab.npm("Haraka@3.3") / "Haraka"

    @classmethod
    def version(cls):
        node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
        package = json.loads((cls.program() / "package.json").read_text())
        return f"{package['version']} (node {node.stdout.strip()})"

    def start(self):
        folder, program = self.folder, self.program()
        for part in ("config", "plugins", "queue"):
            (folder / part).mkdir()
        for file in (program / "config").glob("*.ini"):
            shutil.copy(file, folder / "config")
        files = {"smtp.ini": f"listen=127.0.0.1:{self.port}\nnodes=0\ndaemonize=false\n",
                 "me": "mx.test\n", "loglevel": "notice\n", "databytes": "60000000\n",
                 "plugins": ("tls\n" if self.tls else "") + "take_all\n",
                 "outbound.local_mx_ok": "true\n",
                 "outbound.ini": f"disabled={str(self.held).lower()}\n"
                                 f"enable_tls={str(bool(self.tls)).lower()}\nlocal_mx_ok=true\n"}
        if self.tls:
            for name, file in zip(("tls_cert.pem", "tls_key.pem"), self.tls):
                shutil.copy(file, folder / "config" / name)
            files["tls.ini"] = ("[main]\nkey=tls_key.pem\ncert=tls_cert.pem\n"
                                "[outbound]\nkey=tls_key.pem\ncert=tls_cert.pem\n"
                                "rejectUnauthorized=false\n")
        for name, text in files.items():
            (folder / "config" / name).write_text(text)
        (folder / "plugins/take_all.js").write_text(
            "exports.hook_connect = (next, connection) => { connection.relaying = true; next() }\n"
            "exports.hook_rcpt = (next) => next(OK)\n"
            "exports.hook_get_mx = (next) => next(OK, { exchange: '127.0.0.1', "
            f"port: {self.sink_port or 9}, priority: 0 }})\n")
        node = shutil.which("node")
        self.shell(f"cd {folder}; exec {node} {program}/bin/haraka -c {folder}")


class OpenSmtpd(Server):
    """It was not seen to sync: its figures are told, and no target is taken from them. Its handshakes
    fail ("EVP lib", Debian 12), and it sends on when its scheduler's timers say so: neither is
    measured."""

    name = package = "opensmtpd"
    works = ("accept",)

    def start(self):
        (self.folder / "smtpd.conf").write_text(f"""
smtp max-message-size "50M"
smtp limit max-mails 1000000
listen on 127.0.0.1 port {self.port} hostname mx.test
action "out" relay host "smtp+notls://127.0.0.1:{self.sink_port or 9}"
match from any for any action "out"
""")
        spool = self.folder / "spool"
        pause = "(sleep 2; smtpctl pause mta) & " if self.held else ""
        # Its spool's place is compiled in: a folder of the disk all others use is mounted there.
        self.shell(f"install -d -m 711 {spool}; mount --bind {spool} /var/spool/smtpd; "
                   f"install -m 600 {self.folder}/smtpd.conf /etc/smtpd.conf; "
                   f"echo mx.test > /etc/mailname; {pause}exec smtpd -d")


PEERS = {peer.name: peer for peer in (Outrider, Postfix, Exim, Haraka, OpenSmtpd)}
