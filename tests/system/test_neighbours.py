"""Real neighbours, both ways: source -> Outrider -> neighbour, source -> neighbour -> Outrider."""

import os
import pathlib
import shutil
import smtplib
import unittest

import lab

CONTENT = (b"Subject: neighbour\r\nFrom: a@src.test\r\nTo: user@dst.test\r\n"
           b"Date: Mon, 23 Nov 2026 02:01:57 +0000\r\nMessage-ID: <1@src.test>\r\n\r\n.dot\r\n..two\r\nend\r\n")
MAIL_UID, MAIL_GID = 8, 8  # Debian's user and group `mail`


@unittest.skipIf(lab.can_have_neighbours(), lab.can_have_neighbours())
class WithNeighbour(unittest.TestCase):
    """dst.test lives at the neighbour, back.test at Outrider."""

    name, packages, scheme = None, (), "smtp"

    def setUp(self):
        if not self.name:
            self.skipTest("the base of the others")
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        authority = lab.Authority(self.path)
        self.certificate, self.key = authority.issue(f"{self.name}.test")
        self.port = lab.free_port()
        (self.path / "mail").mkdir()
        os.chown(self.path / "mail", MAIL_UID, MAIL_GID)
        config = (lab.maildir_domain(self.path / "outrider", "back.test") + lab.keep_crlf() +
                  f'[[route]]\ndomain = "dst.test"\nvia = "{self.via()}"\n')
        self.outrider = lab.Server(self.path, "outrider.test", config, authority)
        self.neighbour = lab.Neighbour(self.name, *self.packages)
        self.addCleanup(self.neighbour.stop)
        self.output = open(self.path / "neighbour.log", "wb")
        self.addCleanup(self.output.close)
        self.configure()
        self.outrider.start()
        self.addCleanup(self.outrider.__exit__)

    def via(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def delivered(self):
        """What lies in the neighbour's Maildirs."""
        return [path.read_bytes() for path in (self.path / "mail").glob("**/new/*")]

    def trouble(self):
        return (self.path / "neighbour.log").read_text(errors="replace")[-3000:] + self.outrider.log()

    def wait_until_it_answers(self, port):
        try:
            lab.wait_for(lambda: lab.answers(port), 30, f"{self.name} answering")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.trouble()}") from error

    def outrider_to_neighbour(self):
        answer = lab.send_raw(self.outrider, "a@src.test", ["user@dst.test"], CONTENT)
        self.assertTrue(answer.startswith("250"), answer)
        try:
            lab.wait_for(self.delivered, 40, f"delivery by {self.name}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.trouble()}") from error
        content = self.delivered()[0].replace(b"\r\n", b"\n")
        self.assertTrue(content.endswith(CONTENT.replace(b"\r\n", b"\n")), content)
        lab.wait_for(self.outrider.is_empty, 20, "an empty queue")

    def neighbour_to_outrider(self, user=None):
        with smtplib.SMTP("127.0.0.1", self.port, local_hostname="client.test", timeout=30) as client:
            if user:
                client.login(user, "x")
            client.sendmail("a@src.test", ["user@back.test"], CONTENT)
        box = lambda: lab.mailbox(self.path / "outrider", "user", "back.test")
        try:
            lab.wait_for(box, 60, f"mail from {self.name}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.trouble()}") from error
        self.assertTrue(lab.without_trace(box()[0]).endswith(b"\r\n\r\n.dot\r\n..two\r\nend\r\n"), box()[0])


class Postfix(WithNeighbour):
    name, packages = "postfix", ("postfix",)

    def configure(self):
        folder = self.path / "postfix"
        for part in ("etc", "spool", "data"):
            (folder / part).mkdir(parents=True)
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
virtual_mailbox_domains = dst.test
virtual_mailbox_base = {self.path}/mail
virtual_mailbox_maps = static:user/
virtual_minimum_uid = 1
virtual_uid_maps = static:{MAIL_UID}
virtual_gid_maps = static:{MAIL_GID}
relay_domains = back.test
relay_recipient_maps =
transport_maps = inline:{{ back.test=smtp:[127.0.0.1]:{self.outrider.port} }}
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {self.key}
smtpd_tls_security_level = may
smtp_tls_security_level = encrypt
smtp_host_lookup = native
alias_maps =
""")
        start = (f"cp /usr/share/postfix/master.cf.dist {folder}/etc/master.cf; "
                 f"sed -i -e 's/^smtp  *inet/127.0.0.1:{self.port} inet/' "
                 rf"-e '/^[a-z0-9:.]* *\(inet\|unix\) /s/^\(\S* *\S* *\S* *\S* *\)y/\1n/' {folder}/etc/master.cf; "
                 f"cp /etc/postfix/dynamicmaps.cf {folder}/etc/; chown postfix {folder}/data; "
                 f"exec postfix -c {folder}/etc start-fg")
        self.neighbour.start("sh", "-c", start, output=self.output)
        self.addCleanup(self.neighbour.run, "postfix", "-c", f"{folder}/etc", "stop",
                        capture_output=True)
        self.wait_until_it_answers(self.port)

    def test_outrider_to_postfix(self):
        self.outrider_to_neighbour()
        self.assertIn(" tls=TLSv1.3/", self.outrider.lines("delivery", status="sent")[0])

    def test_postfix_to_outrider(self):
        self.neighbour_to_outrider()
        self.assertTrue(self.outrider.lines("received", proto="ESMTPS"))


class Exim(WithNeighbour):
    name, packages = "exim", ("exim4-daemon-light",)

    def configure(self):
        folder = self.path / "exim"
        folder.mkdir()
        shutil.copy(self.key, folder / "key")
        shutil.copy(self.certificate, folder / "certificate")
        (folder / "exim.conf").write_text(f"""
primary_hostname = exim.test
daemon_smtp_ports = {self.port}
local_interfaces = 127.0.0.1
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
pid_file_path = {folder}/spool/pid
tls_advertise_hosts = *
tls_certificate = {folder}/certificate
tls_privatekey = {folder}/key
acl_smtp_rcpt = accept_all
host_lookup =
rfc1413_query_timeout = 0s
begin acl
accept_all:
  accept
begin routers
back:
  driver = manualroute
  domains = back.test
  route_list = * 127.0.0.1 byname
  self = send
  transport = out
here:
  driver = accept
  domains = dst.test
  transport = maildir
begin transports
out:
  driver = smtp
  port = {self.outrider.port}
  hosts_require_tls = *
  hosts_try_dane =
  tls_verify_certificates = {self.path}/ca.pem
  tls_verify_cert_hostnames = :
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
        self.wait_until_it_answers(self.port)

    def test_outrider_to_exim(self):
        self.outrider_to_neighbour()
        self.assertIn(" tls=TLSv1.3/", self.outrider.lines("delivery", status="sent")[0])

    def test_exim_to_outrider(self):
        self.neighbour_to_outrider()
        self.assertTrue(self.outrider.lines("received", proto="ESMTPS"))


class OpenSmtpd(WithNeighbour):
    name, packages = "opensmtpd", ("opensmtpd",)

    def configure(self):
        folder = self.path / "opensmtpd"
        folder.mkdir()
        (folder / "smtpd.conf").write_text(f"""
pki opensmtpd.test cert "/etc/smtpd.pem"
pki opensmtpd.test key "/etc/smtpd.key"
table users {{ "user@dst.test" = "mail" }}
listen on 127.0.0.1 port {self.port} tls pki opensmtpd.test
action "here" maildir "{self.path}/mail/opensmtpd" virtual <users>
action "out" relay host smtp+tls://127.0.0.1:{self.outrider.port} tls no-verify
match from any for domain "dst.test" action "here"
match from any for domain "back.test" action "out"
""")
        start = (f"cp {self.certificate} /etc/smtpd.pem; install -m 600 {self.key} /etc/smtpd.key; "
                 f"install -m 644 {folder}/smtpd.conf /etc/smtpd.conf; "
                 "echo opensmtpd.test > /etc/mailname; exec smtpd -d")
        self.neighbour.start("sh", "-c", start, output=self.output)
        self.wait_until_it_answers(self.port)

    def test_outrider_to_opensmtpd(self):
        # Debian 12's offers STARTTLS and then fails every handshake (its key process and OpenSSL 3;
        # openssl s_client sees the same alert 80): opportunistic mail goes on in clear.
        self.outrider_to_neighbour()
        self.assertTrue(self.outrider.lines("delivery", status="sent", level="opportunistic"))

    def test_opensmtpd_to_outrider(self):
        self.neighbour_to_outrider()
        self.assertTrue(self.outrider.lines("received", proto="ESMTPS"))


class DovecotByTcp(WithNeighbour):
    name, scheme = "dovecot", "lmtp"
    packages = ("dovecot-core", "dovecot-lmtpd", "dovecot-submissiond")

    def tls(self):
        return "ssl = no"

    def configure(self):
        folder = self.path / "dovecot"
        folder.mkdir()
        self.lmtp_port, self.port = self.port, lab.free_port()  # self.port is the submission's
        (folder / "dovecot.conf").write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = lmtp submission
{self.tls()}
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
submission_relay_port = {self.outrider.port}
submission_relay_ssl = starttls
submission_relay_ssl_verify = no
auth_username_format = %Ln
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {self.lmtp_port}
  }}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service submission-login {{
  inet_listener submission {{
    address = 127.0.0.1
    port = {self.port}
  }}
}}
service anvil {{
  chroot =
}}
""")
        self.neighbour.start("dovecot", "-F", "-c", f"{folder}/dovecot.conf", output=self.output)
        self.wait_until_it_answers(self.lmtp_port)

    def test_outrider_to_dovecot_by_lmtp(self):
        self.outrider_to_neighbour()

    def test_dovecot_submission_to_outrider(self):
        lab.wait_for(lambda: lab.answers(self.port), 30, "Dovecot's submission answering")
        self.neighbour_to_outrider(user="user")
        self.assertTrue(self.outrider.lines("received", proto="ESMTPS"))


class DovecotByUnixSocket(DovecotByTcp):
    test_dovecot_submission_to_outrider = None

    def via(self):
        return f"lmtp:unix:{self.path}/dovecot/lmtp"


if __name__ == "__main__":
    unittest.main()
