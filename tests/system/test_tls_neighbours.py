"""Postfix (OpenSSL) and Exim (GnuTLS) both ways, with every form of TLS: STARTTLS and TLS from the
first byte, 1.2 and 1.3, twice each, so that the second session can be resumed. Dovecot beside them."""

import os
import shutil
import unittest

import lab
import test_neighbours

CONTENT = test_neighbours.CONTENT
WAYS = [(form, version) for form in ("starttls", "implicit") for version in ("1.2", "1.3")]


def name(way):
    return f"{way[0]}{way[1][-1]}"


@unittest.skipIf(lab.can_have_neighbours(), lab.can_have_neighbours())
class Neighbour(unittest.TestCase):
    """For each way a domain at the neighbour (`starttls2.dst.test`) and one at Outrider (`….back.test`)."""

    packages = ()
    resumes = 4  # of eight sessions that it makes

    def setUp(self):
        if not self.packages:
            self.skipTest("the base of the others")
        self.name = type(self).__name__.lower()
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        self.authority = lab.Authority(self.path)
        self.certificate, self.key = self.authority.issue(f"{self.name}.test")
        self.ports = {way: lab.free_port() for way in WAYS}
        (self.path / "mail").mkdir()
        os.chown(self.path / "mail", test_neighbours.MAIL_UID, test_neighbours.MAIL_GID)
        self.outrider = lab.Server(self.path, "outrider.test", self.config(), self.authority)
        self.neighbour = lab.Neighbour(self.name, *self.packages)
        self.addCleanup(self.neighbour.stop)
        self.output = open(self.path / "neighbour.log", "wb")
        self.addCleanup(self.output.close)
        self.configure()
        self.outrider.start()
        self.addCleanup(self.outrider.__exit__)
        port = self.ports["starttls", "1.3"]
        self.waiting(lambda: lab.answers(port), f"{self.name} answering")

    def config(self):
        text = lab.keep_crlf() + 'idle = "0s"\n'
        for way in WAYS:
            scheme = "smtps" if way[0] == "implicit" else "smtp"
            text += (lab.maildir_domain(self.path / "outrider", f"{name(way)}.back.test") +
                     f'[[route]]\ndomain = "{name(way)}.dst.test"\ntls = "verify"\n'
                     f'via = "{scheme}://127.0.0.1:{self.ports[way]}"\n')
        return text

    def target(self, way):
        """Outrider's port."""
        return self.outrider.tls_port if way[0] == "implicit" else self.outrider.port

    def waiting(self, condition, what):
        try:
            return lab.wait_for(condition, 40, what)
        except AssertionError as error:
            log = (self.path / "neighbour.log").read_text(errors="replace")[-3000:]
            raise AssertionError(f"{error}\n{log}{self.trouble()}{self.outrider.log()}") from error

    def trouble(self):
        """What the neighbour's own log files say."""
        return "".join(path.read_text(errors="replace")[-6000:] for path in self.logs() if path.exists())

    def outrider_to_neighbour(self):
        for count in (1, 2):
            for way in WAYS:
                answer = lab.send_raw(self.outrider, "a@src.test", [f"user@{name(way)}.dst.test"], CONTENT)
                self.assertTrue(answer.startswith("250"), answer)
            self.waiting(lambda: len(self.outrider.lines("delivery", status="sent")) == count * len(WAYS),
                         f"{count} deliveries each way")
        self.waiting(lambda: len(self.delivered()) == 2 * len(WAYS), "the mail in its Maildirs")
        for content in self.delivered():
            self.assertTrue(content.replace(b"\r\n", b"\n").endswith(CONTENT.replace(b"\r\n", b"\n")))
        for form, version in WAYS:
            lines = self.outrider.lines("delivery", to=f"<user@{name((form, version))}.dst.test>")
            for line in lines:
                self.assertIn(f" tls=TLSv{version}/", line)
                self.assertIn("/verified", line)
        self.figure("client", self.outrider.lines("delivery", status="sent"))

    def neighbour_to_outrider(self):
        submission = self.ports["starttls", "1.3"]
        for count in (1, 2):
            for way in WAYS:
                with lab.smtplib.SMTP("127.0.0.1", submission, "client.test", 30) as client:
                    client.sendmail("a@src.test", [f"user@{name(way)}.back.test"], CONTENT)
            self.waiting(lambda: all(len(self.arrived(way)) == count for way in WAYS),
                         f"{count} messages each way")
        self.waiting(lambda: len(self.outrider.lines("received")) == 2 * len(WAYS), "lines of all")
        received = self.outrider.lines("received")
        for form, version in WAYS:
            listener = "smtps" if form == "implicit" else "smtp"
            sessions = [line.split(" session=")[1].split(" ")[0]
                        for line in self.outrider.lines("connect", listener=listener + " ")]
            lines = [line for line in received if f" tls=TLSv{version}/" in line
                     and line.split(" session=")[1].split(" ")[0] in sessions]
            self.assertEqual(len(lines), 2, (form, version, received))
        self.figure("server", received, self.resumes)

    def arrived(self, way):
        return lab.mailbox(self.path / "outrider", "user", f"{name(way)}.back.test")

    def delivered(self):
        return [path.read_bytes() for path in (self.path / "mail").glob("**/new/*")]

    def figure(self, role, lines, least=4):
        again = sum("/resumed" in line for line in lines)
        print(f"figure: Outrider as {role}, {self.name}: {again} of {len(lines)} sessions resumed")
        self.assertGreaterEqual(again, least, lines)


class Postfix(Neighbour):
    packages = ("postfix",)

    def configure(self):
        folder = self.path / "postfix"
        for part in ("etc", "spool", "data"):
            (folder / part).mkdir(parents=True)
        domains = [f"{name(way)}.dst.test" for way in WAYS]
        transports = ", ".join(f"{{ {name(way)}.back.test = out-{name(way)}:[127.0.0.1]:{self.target(way)} }}"
                               for way in WAYS)
        (folder / "etc/main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = postfix.test
mydestination =
local_recipient_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = {" ".join(domains)}
virtual_mailbox_base = {self.path}/mail
virtual_mailbox_maps = static:user/
virtual_minimum_uid = 1
virtual_uid_maps = static:{test_neighbours.MAIL_UID}
virtual_gid_maps = static:{test_neighbours.MAIL_GID}
relay_domains = {" ".join(f"{name(way)}.back.test" for way in WAYS)}
relay_recipient_maps =
transport_maps = inline:{{ {transports} }}
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {self.key}
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtp_tls_security_level = secure
smtp_tls_secure_cert_match = outrider.test
smtp_tls_CAfile = {self.authority.file}
smtp_tls_session_cache_database = btree:$data_directory/smtp_scache
smtp_tls_loglevel = 2
smtp_connection_cache_on_demand = no
smtp_host_lookup = native
alias_maps =
""")
        (folder / "services").write_text("".join(self.services(way) for way in WAYS))
        start = (f"cp /usr/share/postfix/master.cf.dist {folder}/etc/master.cf; "
                 f"sed -i -e '/^smtp  *inet/d' "
                 rf"-e '/^[a-z0-9:.]* *\(inet\|unix\) /s/^\(\S* *\S* *\S* *\S* *\)y/\1n/' {folder}/etc/master.cf; "
                 f"cat {folder}/services >> {folder}/etc/master.cf; "
                 f"cp /etc/postfix/dynamicmaps.cf {folder}/etc/; chown postfix {folder}/data; "
                 f"exec postfix -c {folder}/etc start-fg")
        self.neighbour.start("sh", "-c", start, output=self.output)
        self.addCleanup(self.neighbour.run, "postfix", "-c", f"{folder}/etc", "stop",
                        capture_output=True)

    def services(self, way):
        """Of master.cf: what takes mail this way, and what gives it."""
        form, version = way
        wraps = "yes" if form == "implicit" else "no"
        only = f">=TLSv{version}, <=TLSv{version}"
        return (f"127.0.0.1:{self.ports[way]} inet n - n - - smtpd\n"
                f"  -o smtpd_tls_wrappermode={wraps} -o {{ smtpd_tls_mandatory_protocols = {only} }}\n"
                f"  -o {{ smtpd_tls_protocols = {only} }}\n"
                f"out-{name(way)} unix - - n - - smtp\n"
                f"  -o smtp_tls_wrappermode={wraps} -o {{ smtp_tls_mandatory_protocols = {only} }}\n")

    def logs(self):
        return [self.path / "postfix/log"]

    def test_T1_T6_outrider_to_postfix(self):
        self.outrider_to_neighbour()

    def test_T1_T6_postfix_to_outrider(self):
        self.neighbour_to_outrider()
        log = (self.path / "postfix/log").read_text(errors="replace")
        self.assertGreaterEqual(log.count("Verified TLS connection established to 127.0.0.1"), 8, log)
        self.assertGreaterEqual(log.count("Reusing old session"), 4, log[-3000:])


class Exim(Neighbour):
    packages = ("exim4-daemon-light",)
    resumes = 2  # as a client it does so behind STARTTLS alone

    def configure(self):
        folder = self.path / "exim"
        folder.mkdir()
        shutil.copy(self.key, folder / "key")
        shutil.copy(self.certificate, folder / "certificate")
        ports = " : ".join(str(port) for port in self.ports.values())
        first = " : ".join(str(self.ports[way]) for way in WAYS if way[0] == "implicit")
        old = "|".join(str(self.ports[way]) for way in WAYS if way[1] == "1.2")
        (folder / "exim.conf").write_text(f"""
primary_hostname = exim.test
daemon_smtp_ports = {ports}
tls_on_connect_ports = {first}
local_interfaces = 127.0.0.1
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
log_selector = +tls_resumption
pid_file_path = {folder}/spool/pid
tls_advertise_hosts = *
tls_certificate = {folder}/certificate
tls_privatekey = {folder}/key
tls_resumption_hosts = *
tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS${{if match{{$received_port}}{{^({old})\\$}}{{1.2}}{{1.3}}}}
acl_smtp_rcpt = accept
host_lookup =
rfc1413_query_timeout = 0s
begin routers
{"".join(self.router(way) for way in WAYS)}
here:
  driver = accept
  domains = *.dst.test
  transport = maildir
begin transports
{"".join(self.transport(way) for way in WAYS)}
maildir:
  driver = appendfile
  directory = {self.path}/mail/exim
  maildir_format
  create_directory
  user = mail
  group = mail
begin retry
* * F,1h,5s
""")
        start = (f"mkdir {folder}/spool; chown -R Debian-exim {folder}; "
                 f"install -m 644 {folder}/exim.conf /etc/exim4/exim4.conf; exec exim4 -bdf -q1m")
        self.neighbour.start("sh", "-c", start, output=self.output)

    def router(self, way):
        return f"""
back_{name(way)}:
  driver = manualroute
  domains = {name(way)}.back.test
  route_list = * 127.0.0.1 byname
  self = send
  transport = out_{name(way)}
"""

    def transport(self, way):
        form, version = way
        return f"""
out_{name(way)}:
  driver = smtp
  port = {self.target(way)}
  protocol = {"smtps" if form == "implicit" else "smtp"}
  hosts_require_tls = *
  hosts_try_dane =
  tls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS{version}
  tls_resumption_hosts = *
  tls_verify_certificates = {self.authority.file}
  tls_verify_cert_hostnames = :
"""

    def logs(self):
        return (self.path / "exim/spool").glob("*log")

    def test_T1_T6_outrider_to_exim(self):
        self.outrider_to_neighbour()

    def test_T1_T6_exim_to_outrider(self):
        self.neighbour_to_outrider()


class Dovecot(Neighbour):
    """LMTP with STARTTLS, and a submission server that hands on what it is given, in both forms of
    TLS: an instance for each."""

    packages = ("dovecot-core", "dovecot-lmtpd", "dovecot-submissiond")

    def config(self):
        self.lmtp = {"starttls": lab.free_port(), "smtps": lab.free_port()}
        return (lab.keep_crlf() + 'idle = "0s"\n' +
                lab.maildir_domain(self.path / "outrider", "back.test") + "".join(
                    f'[[route]]\ndomain = "{form}.dst.test"\ntls = "verify"\n'
                    f'via = "lmtp://127.0.0.1:{port}"\n' for form, port in self.lmtp.items()))

    def configure(self):
        self.submission = {"starttls": lab.free_port(), "smtps": self.ports["starttls", "1.3"]}
        for form in self.lmtp:
            folder = self.path / f"dovecot-{form}"
            folder.mkdir()
            (folder / "dovecot.conf").write_text(self.instance(folder, form))
        # One root for both: it is not mounted twice.
        one, other = (f"dovecot -F -c {self.path}/dovecot-{form}/dovecot.conf" for form in self.lmtp)
        self.neighbour.start("sh", "-c", f"{one} & exec {other}", output=self.output)
        for port in [*self.lmtp.values(), *self.submission.values()]:
            self.waiting(lambda: lab.answers(port), "Dovecot answering")

    def instance(self, folder, form):
        return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp submission
ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.key}
ssl_client_ca_file = {self.authority.file}
disable_plaintext_auth = no
mail_location = maildir:~/Maildir
hostname = dovecot.test
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={self.path}/mail/%n
}}
first_valid_uid = 1
submission_relay_host = 127.0.0.1
submission_relay_port = {self.outrider.tls_port if form == "smtps" else self.outrider.port}
submission_relay_ssl = {form}
submission_relay_ssl_verify = yes
auth_username_format = %Ln
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp[form]}
  }}
}}
service submission-login {{
  inet_listener submission {{
    address = 127.0.0.1
    port = {self.submission[form]}
  }}
}}
service anvil {{
  chroot =
}}
"""

    def logs(self):
        return [self.path / f"dovecot-{form}/log" for form in self.lmtp]

    def test_T1_outrider_to_dovecot_by_lmtp(self):
        for count in (1, 2):
            for form in self.lmtp:
                lab.send_raw(self.outrider, "a@src.test", [f"user@{form}.dst.test"], CONTENT)
            self.waiting(lambda: len(self.outrider.lines("delivery", status="sent")) == 2 * count,
                         f"{count} deliveries each")
        lines = self.outrider.lines("delivery", status="sent")
        for line in lines:
            self.assertIn(" tls=TLSv1.3/", line)
            self.assertIn("/verified", line)
        self.figure("LMTP client", lines, 2)

    def test_T1_dovecot_to_outrider(self):
        for port in self.submission.values():
            with lab.smtplib.SMTP("127.0.0.1", port, "client.test", 30) as client:
                client.starttls(context=self.authority.context())
                client.login("user", "x")
                client.sendmail("a@src.test", ["user@back.test"], CONTENT)
        self.waiting(lambda: len(self.outrider.lines("received", tls="TLSv1.3/")) == 2, "both messages")
        connected = "".join(self.outrider.lines("connect"))
        self.assertIn(" listener=smtps ", connected)


if __name__ == "__main__":
    unittest.main()
