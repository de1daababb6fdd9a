"""Other libraries of TLS at the other end, both ways: OpenSSL's programs, GnuTLS, Python's ssl. All
with TLS 1.2 and 1.3, STARTTLS and TLS from the first byte, full handshakes and resumed ones.

gnutls-serv speaks no SMTP; GnuTLS as a server is Exim in test_tls_neighbours.py."""

import re
import ssl
import subprocess
import unittest

import lab
import test_tls_scanners
import tls_servers

CONTENT = b"Subject: library\r\n\r\n.dot\r\nend\r\n"
VERSIONS = ("1.2", "1.3")
FORMS = ("starttls", "implicit")


def resumed(handshakes):
    return sum(again for _, again in handshakes)


class Clients(unittest.TestCase):
    """Outrider is the server."""

    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        cls.authority = lab.Authority(cls.folder.path)
        cls.server = lab.Server(cls.folder.path, "mx.test", lab.maildir_domain(cls.folder.path) +
                                lab.keep_crlf(), cls.authority).start()
        cls.addClassCleanup(cls.server.__exit__)

    def port(self, form):
        return self.server.tls_port if form == "implicit" else self.server.port

    def dialogue(self, user):
        return (b"EHLO client.test\r\nMAIL FROM:<a@src.test>\r\nRCPT TO:<%s@dst.test>\r\n"
                b"BDAT %d LAST\r\n%sQUIT\r\n" % (user.encode(), len(CONTENT), CONTENT))

    def run_client(self, command, user):
        result = subprocess.run(command, input=self.dialogue(user), capture_output=True, timeout=30,
                                cwd=self.folder.path)
        output = result.stdout.decode(errors="replace")
        self.assertEqual(result.returncode, 0, output + result.stderr.decode())
        self.assertRegex(output, r"(?m)^250 2\.0\.0 \w+ queued")
        return output

    def each(self, say):
        """Every version and form; `say(version, form, user)` gives the (version, resumed) of its
        handshakes that carried mail."""
        handshakes = []
        for version in VERSIONS:
            for form in FORMS:
                with self.subTest(version=version, form=form):
                    user = f"{self.id().split('_')[-1]}-{form}-{version.replace('.', '')}"
                    made = say(version, form, user)
                    self.assertEqual({what for what, _ in made}, {f"TLSv{version}"})
                    self.assertTrue(resumed(made), made)
                    self.arrived(user, len(made), version)
                    handshakes += made
        print(f"figure: Outrider as server, {self.id().split('_')[-1]}: {resumed(handshakes)} of "
              f"{len(handshakes)} sessions resumed")

    def arrived(self, user, count, version):
        box = lambda: lab.mailbox(self.folder.path, user)
        lab.wait_for(lambda: len(box()) >= count, 20, f"{count} messages for {user}")
        for message in box():
            self.assertEqual(lab.without_trace(message), CONTENT)
            self.assertRegex(message, rb"Received: [^\r]*(\r\n[ \t][^\r]*)*TLS ?v?%s" % version.encode())

    def test_T1_T6_s_client_openssl(self):
        def say(version, form, user):
            command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port(form)}", "-nocommands",
                       "-ign_eof", "-CAfile", str(self.authority.file), "-verify_return_error",
                       "-servername", "mx.test", "-verify_hostname", "mx.test",
                       "-tls" + version.replace(".", "_")]
            command += ["-starttls", "smtp"] if form == "starttls" else []
            return [re.search(r"(New|Reused), (\S+),", self.run_client(command + session, user)).groups()
                    for session in (["-sess_out", "session"], ["-sess_in", "session"])]
        self.each(lambda *way: [(version, how == "Reused") for how, version in say(*way)])

    @unittest.skipIf(test_tls_scanners.missing("gnutls-cli"), test_tls_scanners.missing("gnutls-cli"))
    def test_T1_T6_gnutls_cli_gnutls(self):
        def say(version, form, user):
            command = ["gnutls-cli", "--x509cafile", str(self.authority.file), "--verify-hostname",
                       "mx.test", "--sni-hostname", "mx.test", "--resume", "--waitresumption",
                       "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}", "-p",
                       str(self.port(form)), "127.0.0.1"]
            command += ["--starttls-proto=smtp"] if form == "starttls" else []
            output = self.run_client(command, user)
            seen = re.findall(r"Description: \((TLS1\.\d)-", output)
            self.assertEqual(len(seen), 2)  # the first disconnects after the handshake
            return [(seen[1].replace("TLS", "TLSv"), "This is a resumed session" in output)]
        self.each(say)

    def test_T1_T6_ssl_of_python(self):
        def say(version, form, user):
            context = self.authority.context()
            context.minimum_version = context.maximum_version = tls_servers.VERSIONS[version]
            made, session = [], None
            for _ in range(2):
                handshake, session = self.send(context, form, session, user)
                made.append(handshake)
            return made
        self.each(say)

    def send(self, context, form, session, user):
        with lab.socket.create_connection(("127.0.0.1", self.port(form)), timeout=20) as peer:
            if form == "starttls":
                file = peer.makefile("rb", buffering=0)
                self.assertIn(b"220 ", file.readline())
                peer.sendall(b"EHLO client.test\r\n")
                while file.readline()[3:4] == b"-":
                    pass
                peer.sendall(b"STARTTLS\r\n")
                self.assertIn(b"220 ", file.readline())
            with context.wrap_socket(peer, server_hostname="mx.test", session=session) as secure:
                secure.sendall(self.dialogue(user))
                answers = secure.makefile("rb").read()
                self.assertRegex(answers, rb"250 2\.0\.0 \w+ queued")
                return (secure.version(), secure.session_reused), secure.session

    def test_T6_no_older_version_is_taken(self):
        for version in ("-tls1", "-tls1_1"):
            result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.server.tls_port}",
                                     version, "-cipher", "ALL:@SECLEVEL=0"], input=b"",
                                    capture_output=True, timeout=30)
            self.assertIn(b"alert protocol version", result.stderr)


class Servers(unittest.TestCase):
    """Outrider is the client: two messages each way, on two connections."""

    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.authority = lab.Authority(self.folder.path)
        self.certificate = tuple(map(str, self.authority.issue("server.test")))

    def ways(self):
        return [(version, form) for version in VERSIONS for form in FORMS]

    def deliver(self, ports):
        """`ports`: those of self.ways(); the delivery lines of each way."""
        routes = "".join(
            f'[[route]]\ndomain = "way{number}.test"\ntls = "verify"\n'
            f'via = "{"smtps" if form == "implicit" else "smtp"}://127.0.0.1:{port}"\n'
            for number, ((_, form), port) in enumerate(zip(self.ways(), ports)))
        source = lab.Server(self.folder.path, "source.test", '[delivery]\nidle = "0s"\n' + routes,
                            self.authority)
        with source:
            for count in (1, 2):
                for number in range(len(ports)):
                    lab.send_raw(source, "a@src.test", [f"user@way{number}.test"], CONTENT)
                lab.wait_for(lambda: len(source.lines("delivery", status="sent")) == count * len(ports),
                             30, f"{count} deliveries each way\n" + source.log())
            return [source.lines("delivery", to=f"<user@way{number}.test>")
                    for number in range(len(ports))]

    def judge(self, library, servers):
        found = self.deliver([server.port for server in servers])
        handshakes = []
        for (version, form), lines, server in zip(self.ways(), found, servers):
            server = getattr(server, "behind", server)
            with self.subTest(version=version, form=form):
                for line in lines:
                    self.assertIn(f" tls=TLSv{version}/", line)
                    self.assertIn("/verified", line)
                self.assertEqual([text[-len(CONTENT):] for text in server.messages], [CONTENT] * 2)
                self.assertEqual(server.handshakes, [(f"TLSv{version}", False), (f"TLSv{version}", True)])
                self.assertEqual(["/resumed " in line for line in lines], [False, True])
                handshakes += server.handshakes
        print(f"figure: Outrider as client, {library}: {resumed(handshakes)} of {len(handshakes)} "
              "sessions resumed")

    def test_T1_T6_ssl_of_python(self):
        servers = [self.enterContext(tls_servers.PythonServer(*self.certificate, version, form == "implicit"))
                   for version, form in self.ways()]
        self.judge("python", servers)

    def test_T1_T6_s_server_openssl(self):
        servers = []
        for version, form in self.ways():
            server = self.enterContext(tls_servers.OpensslServer(*self.certificate, version))
            servers.append(server if form == "implicit" else self.enterContext(tls_servers.Opening(server)))
        self.judge("openssl", servers)


if __name__ == "__main__":
    unittest.main()
