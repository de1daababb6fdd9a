"""`outrider tls probe` against our own server, against real neighbours, and against a server with
faults, so that each rule is seen to pass and to fail."""

import json
import pathlib
import subprocess
import unittest

import bad_server
import lab
import test_neighbours


STARTTLS_RULES = ("offer", "keyword", "ready", "command-case", "parameter", "before-hello",
                  "enhanced-codes", "clear-mail", "inject-noop", "inject-hello", "inject-mail",
                  "clear-behind-220", "mail-forgotten")


def probe(target, *options, authority=None, name="mx.test"):
    """(exit code, rules by id)"""
    trust = ["--ca-file", str(authority.file)] if authority else []
    ran = subprocess.run([lab.OUTRIDER, "tls", "probe", target, "--json", "--name", name,
                          "--timeout", "5", *trust, *options],
                         capture_output=True, text=True, timeout=120)
    if not ran.stdout:
        raise AssertionError(f"exit code {ran.returncode}: {ran.stderr}")
    return ran.returncode, {rule["id"]: rule for rule in json.loads(ran.stdout)["rules"]}


def verdicts(rules, *wanted):
    """The ids of rules with these verdicts."""
    return {id for id, rule in rules.items() if rule["verdict"] in wanted}


class OwnServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        cls.authority = lab.Authority(cls.folder.path)
        cls.server = lab.Server(cls.folder.path, "mx.test", cls.config(), cls.authority,
                                listener=cls.listener)
        cls.adapt(cls.server)
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__)

    listener = ""

    @classmethod
    def config(cls):
        return lab.maildir_domain(cls.folder.path)

    @classmethod
    def adapt(cls, server):
        pass

    def all_pass(self, target, *options):
        code, rules = probe(target, *options, authority=self.authority)
        trouble = {id: rule for id, rule in rules.items()
                   if rule["verdict"] not in ("pass", "skipped") and id != "post-quantum"}
        self.assertEqual(trouble, {})
        self.assertIn(rules["post-quantum"]["verdict"], ("pass", "note"))
        self.assertEqual(code, 0)
        return rules


class OutriderByStarttls(OwnServer):
    def test_R1_R2_R5_R6_T3_all_rules_pass(self):
        rules = self.all_pass(f"127.0.0.1:{self.server.port}")
        self.assertEqual(verdicts(rules, "skipped"), {"clear-on-tls-port"})

    def test_all_rules_pass_with_tls_from_the_first_byte(self):
        rules = self.all_pass(f"smtps://127.0.0.1:{self.server.tls_port}")
        self.assertEqual(verdicts(rules, "skipped"), set(STARTTLS_RULES))
        self.assertIn("clear-on-tls-port", verdicts(rules, "pass"))

    def test_people_read_a_line_a_rule_and_what_was_said(self):
        ran = subprocess.run([lab.OUTRIDER, "tls", "probe", f"127.0.0.1:{self.server.port}", "-v",
                              "--only", "parameter,offer"], capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        lines = ran.stdout.splitlines()
        self.assertTrue(lines[0].startswith("pass     offer  "), lines)
        self.assertIn("         C: STARTTLS x", lines)
        self.assertIn("         S: 501 5.5.4 syntax error in argument", lines)
        self.assertTrue(lines[-1].endswith("(STARTTLS): 2 pass"), lines)


class OutriderByTheDraft(OwnServer):
    listener = 'starttls = "draft-hoffman"\n'

    def test_H1_H2_H7_all_rules_pass_in_the_form_of_1997(self):
        # The draft lets commands come between 220 and the handshake, and answers them in clear.
        rules = self.all_pass(f"127.0.0.1:{self.server.port}", "--starttls", "draft-hoffman")
        self.assertIn("TLS TLS1.2 TLS1.3", rules["offer"]["text"])
        self.assertEqual(verdicts(rules, "skipped"), {"clear-on-tls-port", "downgrade-mark", "fallback"})
        self.assertIn("504", rules["tls-1.0"]["text"])
        for rule in ("inject-noop", "clear-behind-220"):
            self.assertIn("as the draft has it, and not inside", rules[rule]["text"])

    def test_H7_a_client_of_the_rfc_finds_no_offer(self):
        code, rules = probe(f"127.0.0.1:{self.server.port}", "--only", "offer,handshake")
        self.assertEqual(code, 1)
        self.assertIn("--starttls draft-hoffman", rules["offer"]["text"])
        self.assertEqual(rules["handshake"]["verdict"], "skipped")


class OtherListeners(OwnServer):
    @classmethod
    def config(cls):
        cls.relay_port, cls.lmtp_port = lab.free_port(), lab.free_port()
        return lab.maildir_domain(cls.folder.path) + f'''
[[listener]]
name = "relay"
address = "127.0.0.1:{cls.relay_port}"
role = "relay"
tls = "starttls"
require_tls = "always"
[[listener]]
name = "lmtp"
address = "127.0.0.1:{cls.lmtp_port}"
role = "lmtp"
tls = "starttls"
'''

    def test_R4_a_listener_that_demands_tls(self):
        rules = self.all_pass(f"127.0.0.1:{self.relay_port}")
        self.assertIn("530 5.7.0 Must issue a STARTTLS command first", rules["clear-mail"]["text"])
        self.assertEqual(rules["mail-forgotten"]["verdict"], "skipped")

    def test_lmtp(self):
        rules = self.all_pass(f"127.0.0.1:{self.lmtp_port}", "--lmtp")
        self.assertTrue(any(line.startswith("C: LHLO ") for line in rules["offer"]["evidence"]))
        self.assertIn("lmtp", rules["alpn-own"]["text"])


LATER_OPENSSL = str(lab.TOP / "tools/dev/later_openssl.sh")


class OutriderWithLaterOpenssl(OwnServer):
    """The server runs with the OpenSSL of Debian 13, the probe with the machine's own."""

    @classmethod
    def setUpClass(cls):
        installed = subprocess.run([LATER_OPENSSL, "install"], capture_output=True, text=True)
        if installed.returncode != 0:
            raise unittest.SkipTest("no OpenSSL of a later Debian: " + installed.stderr[-300:])
        super().setUpClass()

    @classmethod
    def adapt(cls, server):
        server.program = [LATER_OPENSSL, "run", *server.program]

    def test_a_post_quantum_group_that_the_probe_itself_need_not_have(self):
        rules = self.all_pass(f"127.0.0.1:{self.server.port}")
        self.assertIn("X25519MLKEM768", rules["post-quantum"]["text"])
        self.assertEqual(rules["post-quantum"]["verdict"], "pass")


class Faults(unittest.TestCase):
    """Rule by rule: the fault, and the verdict it gets."""

    @classmethod
    def setUpClass(cls):
        cls.folder = lab.Folder()
        cls.addClassCleanup(cls.folder.__exit__)
        cls.authority = lab.Authority(cls.folder.path)
        cls.pair = [str(each) for each in cls.authority.issue("mx.test")]

    def finding(self, rule, *faults, options=(), context=None, name="mx.test", **server):
        context = context or bad_server.plain_context(*self.pair)
        with bad_server.BadServer(context, faults, **server) as bad:
            scheme = "smtps://" if server.get("implicit") else ""
            code, rules = probe(f"{scheme}127.0.0.1:{bad.port}", "--only", rule, *options,
                                authority=self.authority, name=name)
        self.assertEqual(list(rules), [rule])
        self.assertEqual(code, int(rules[rule]["verdict"] == "fail"))
        return rules[rule]

    def expect(self, verdict, rule, *faults, text="", **more):
        found = self.finding(rule, *faults, **more)
        self.assertEqual(found["verdict"], verdict, found)
        self.assertIn(text, found["text"])

    def test_without_faults_nothing_fails(self):
        with bad_server.BadServer(bad_server.plain_context(*self.pair)) as good:
            code, rules = probe(f"127.0.0.1:{good.port}", authority=self.authority)
        self.assertEqual(verdicts(rules, "fail"), set())
        self.assertEqual(code, 0)

    def test_the_offer(self):
        self.expect("fail", "offer", "no-offer", text="not offered")
        self.expect("fail", "offer", "tls-keyword", text="--starttls draft-hoffman")
        self.expect("fail", "keyword", "keyword-parameter", text="STARTTLS TLS1.2")
        self.expect("warn", "keyword", "small-keyword")

    def test_a_server_that_is_busy_is_given_time(self):
        self.expect("pass", "offer", "busy")

    def test_answers_to_starttls(self):
        self.expect("fail", "ready", "refuse-454", text="454 4.7.0 not now")
        self.expect("fail", "ready", "refuse-554")
        self.expect("skipped", "handshake", "no-offer")
        self.expect("fail", "handshake", "refuse-454", text="454")
        self.expect("fail", "command-case", "case")
        self.expect("fail", "parameter", "takes-parameter")
        self.expect("warn", "parameter", "refuses-503-parameter")
        self.expect("note", "before-hello", "takes-before-hello")
        self.expect("warn", "enhanced-codes", "no-codes", text="none in: 220 go")

    def test_demands_of_tls(self):
        self.expect("pass", "clear-mail", "demand-530", text="TLS is demanded")
        self.expect("warn", "clear-mail", "demand-550", text="another reply than 530")
        self.expect("warn", "clear-mail", "demand-noop", text="NOOP")
        self.expect("note", "clear-mail", "demand-auth", text="another reason")

    def test_R2_injected_commands(self):
        for rule in ("inject-noop", "inject-hello", "inject-mail"):
            self.expect("fail", rule, "clear-injection", text="answered in clear")
            self.expect("fail", rule, "tls-injection", text="carried out inside TLS")
            self.expect("pass", rule, text="dropped in silence")
        self.expect("fail", "clear-behind-220", "clear-behind-220", text="answered in clear")
        self.expect("pass", "clear-behind-220")

    def test_tls_port_that_talks_in_clear(self):
        self.expect("fail", "clear-on-tls-port", "clear-on-tls-port", implicit=True)

    def test_R5_R6_inside(self):
        self.expect("fail", "offer-inside", "inside-offer")
        self.expect("fail", "starttls-inside", "inside-starttls")
        self.expect("note", "starttls-inside", "inside-554")
        self.expect("fail", "hello-forgotten", "keeps-hello")
        self.expect("fail", "mail-forgotten", "keeps-hello", "keeps-mail")

    def test_T3_T6_old_tls(self):
        weak = bad_server.weak_context(*self.pair)
        for rule in ("tls-1.0", "tls-1.1", "broken-suites"):
            self.expect("fail", rule, context=weak, text="accepted")
        for rule in ("cbc-suites", "anonymous-suites"):
            self.expect("warn", rule, context=weak)
        old = bad_server.weak_context(*self.pair)
        old.set_ciphers("ECDHE+AES+SHA1:@SECLEVEL=0")
        self.expect("warn", "suite", context=old, text="CBC where AEAD is offered")
        self.expect("note", "order", context=weak, text="the client's")
        self.expect("warn", "renegotiation", context=weak)

    def test_rsa_key_transport(self):
        certificate, key = self.issue_rsa("rsa2048", 2048)
        self.expect("warn", "static-suites", context=bad_server.weak_context(certificate, key))

    def test_new_tls_that_is_missing(self):
        context = bad_server.plain_context(*self.pair)
        context.maximum_version = bad_server.ssl.TLSVersion.TLSv1_2
        self.expect("warn", "tls-1.3", context=context)
        self.expect("skipped", "fallback", context=context)
        self.expect("skipped", "downgrade-mark", context=context)
        newest = bad_server.plain_context(*self.pair)
        newest.minimum_version = bad_server.ssl.TLSVersion.TLSv1_3
        self.expect("note", "tls-1.2", context=newest)
        self.expect("skipped", "suite", context=newest)
        self.expect("pass", "order", context=newest)

    def test_hellos_that_say_too_much_or_too_little(self):
        bare = bad_server.server_hello()
        self.expect("fail", "secure-renegotiation", hello=bare)
        self.expect("warn", "master-secret", hello=bare)
        self.expect("fail", "compression", hello=bad_server.server_hello(compression=1))
        self.expect("fail", "ssl-3.0", hello=bad_server.server_hello(version=0x0300))
        self.expect("warn", "tls-1.0", hello=bare, text="another version than offered")
        self.expect("fail", "handshake", hello=b"500 5.5.2 no TLS here\r\n")
        self.expect("note", "tls-1.2", hello=b"\x15\x03\x03\0\2\1\x70" * 20000,
                    text="an answer without an end")
        self.expect("skipped", "cbc-suites", hello=b"\x15\x03\x03\0\2\2\x28", text="refuses all")

    def test_T5_a_server_that_can_be_talked_down(self):
        newest = bad_server.server_hello(0x0303, 0x1302, extensions=b"\0\x2b\0\2\3\4")
        without_mark = bad_server.server_hello()

        def answer(hello):
            return newest if b"\0\x2b\0\3\2\3\4" in hello else without_mark
        self.expect("fail", "downgrade-mark", hello=answer)
        self.expect("warn", "fallback", hello=answer, text="not noticed")

    def test_L6_T5_hellos_that_a_server_is_not_used_to(self):
        def chokes(hello):
            refused = b"\x15\x03\x03\0\2\2\x2f"
            return refused if b"\x2a\x2a\0\1?" in hello else bad_server.server_hello()
        self.expect("fail", "unknown-values", hello=chokes, text="illegal_parameter")
        self.expect("note", "hello-v2", hello=b"500 5.5.2 what?\r\n", text="no TLS: 500")
        self.expect("pass", "hello-v2", hello=bad_server.server_hello(), text="understood")

    def test_a_group_that_this_library_need_not_have(self):
        wants_mlkem = b"\0\x2b\0\2\3\4" + b"\0\x33\0\2\x11\xec"
        self.expect("pass", "post-quantum", text="X25519MLKEM768", hello=bad_server.server_hello(
            0x0303, 0x1302, extensions=wants_mlkem, random=bad_server.RETRY))

    def test_alpn(self):
        context = bad_server.plain_context(*self.pair)
        self.expect("note", "alpn-own", context=context)
        self.expect("note", "alpn-foreign", context=context)
        context.set_alpn_protocols(["http/1.1"])
        self.expect("fail", "alpn-foreign", context=context)

    def test_sessions_that_are_not_resumed(self):
        context = bad_server.plain_context(*self.pair)
        context.num_tickets = 0
        self.expect("note", "resumption-1.3", context=context, text="none was given")
        self.expect("pass", "resumption-1.2", context=context)

    def issue_rsa(self, name, bits, *more):
        path = self.folder.path
        subprocess.run(["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-nodes", "-keyout",
                        f"{name}.key", "-out", f"{name}.pem", "-subj", "/CN=mx.test", "-addext",
                        "subjectAltName=DNS:mx.test", *more], cwd=path, check=True,
                       capture_output=True)
        return str(path / f"{name}.pem"), str(path / f"{name}.key")

    def test_certificates(self):
        self.expect("fail", "certificate-name", name="other.test", text="other.test is none of")
        itself = self.issue_rsa("itself", 2048)
        self.expect("warn", "certificate-trust", context=bad_server.plain_context(*itself),
                    text="self-signed")
        short = bad_server.weak_context(*self.issue_rsa("short", 1024))
        self.expect("fail", "certificate-key", context=short, text="RSA 1024")
        self.expect("fail", "certificate-key", text="sha1",
                    context=bad_server.weak_context(*self.issue_rsa("sha1", 2048, "-sha1")))
        soon = bad_server.plain_context(*map(str, self.authority.issue("mx.test", days=3)))
        self.expect("warn", "certificate-time", context=soon)

    def test_a_certificate_that_is_over(self):
        over = map(str, self.authority.issue("over.test", days=-1))
        self.expect("fail", "certificate-time", context=bad_server.plain_context(*over),
                    name="over.test", text="over since")

    def test_a_chain_in_disorder(self):
        other = self.issue_rsa("stranger", 2048)[0]
        both = self.folder.path / "both.pem"
        both.write_text(pathlib.Path(self.pair[0]).read_text() + pathlib.Path(other).read_text())
        self.expect("fail", "certificate-chain",
                    context=bad_server.plain_context(str(both), self.pair[1]))
        both.write_text(pathlib.Path(self.pair[0]).read_text() + self.authority.file.read_text())
        self.expect("note", "certificate-chain",
                    context=bad_server.plain_context(str(both), self.pair[1]))


@unittest.skipIf(lab.can_have_neighbours(), lab.can_have_neighbours())
class WithNeighbour(unittest.TestCase):
    """A real server, with the certificate that its tests of mail give it."""

    neighbour = None

    def setUp(self):
        if not self.neighbour:
            self.skipTest("the base of the others")
        self.lab = self.neighbour("setUp")
        self.addCleanup(self.lab.doCleanups)
        self.lab.setUp()
        lab.wait_for(lambda: lab.answers(self.lab.port), 30, f"{self.lab.name} answering")

    def is_as_known(self, code, unlike, target=None):
        """The exit code, and the verdict of each rule that does not pass; the rules."""
        class Authority:
            file = self.lab.path / "ca.pem"
        ran, rules = probe(target or f"127.0.0.1:{self.lab.port}", authority=Authority,
                           name=f"{self.lab.name}.test")
        found = {id: rule["verdict"] for id, rule in rules.items() if rule["verdict"] != "pass"}
        found.pop("post-quantum", None)  # the library's matter, and Debian 13's has it
        self.assertEqual(found, unlike,
                         {id: rules[id]["text"] for id in found})
        self.assertEqual(ran, code)
        return rules


class Postfix(WithNeighbour):
    neighbour = test_neighbours.Postfix

    def test_postfix(self):
        self.is_as_known(1, {
            "before-hello": "note",  # it wants no EHLO before anything, unless told so
            "hello-forgotten": "skipped",
            "starttls-inside": "note",  # 554
            "tls-1.0": "fail", "tls-1.1": "fail",  # smtpd_tls_protocols is >=TLSv1 by default
            "anonymous-suites": "warn",  # mail goes on without certificates
            "cbc-suites": "warn", "order": "note", "alpn-own": "note", "alpn-foreign": "note",
            "clear-on-tls-port": "skipped"})


class Exim(WithNeighbour):
    neighbour = test_neighbours.Exim

    def test_exim_with_gnutls(self):
        self.is_as_known(1, {
            "enhanced-codes": "skipped", "tls-1.0": "fail", "tls-1.1": "fail",
            "cbc-suites": "warn", "order": "note",
            "resumption-1.2": "note", "resumption-1.3": "note",  # tls_resumption_hosts is empty
            "clear-on-tls-port": "skipped"})


class DovecotWithTls(test_neighbours.DovecotByTcp):
    test_outrider_to_dovecot_by_lmtp = test_dovecot_submission_to_outrider = None

    def tls(self):
        self.tls_port = lab.free_port()
        return f"""ssl = yes
ssl_cert = <{self.certificate}
ssl_key = <{self.key}
service submission-login {{
  inet_listener submissions {{
    address = 127.0.0.1
    port = {self.tls_port}
    ssl = yes
  }}
}}"""


class DovecotSubmission(WithNeighbour):
    neighbour = DovecotWithTls

    def test_dovecot_submission(self):
        rules = self.is_as_known(0, {
            "before-hello": "note", "starttls-inside": "note",  # 502
            "clear-mail": "note", "hello-forgotten": "note", "mail-forgotten": "skipped",  # AUTH first
            "fallback": "note", "hello-v2": "note",  # refused by closing, without an alert
            "cbc-suites": "warn", "order": "note", "alpn-own": "note", "alpn-foreign": "note",
            "resumption-1.2": "note", "resumption-1.3": "note",  # a process each, a key each
            "clear-on-tls-port": "skipped"})
        self.assertIn("Authentication required", rules["clear-mail"]["text"])

    def test_dovecot_submission_with_tls_from_the_first_byte(self):
        # It knows of TLS that began with STARTTLS only, and begins another one inside.
        rules = self.is_as_known(1, {
            "starttls-inside": "fail", "hello-forgotten": "note", "fallback": "note",
            "hello-v2": "note", "cbc-suites": "warn", "order": "note", "alpn-own": "note",
            "alpn-foreign": "note", "resumption-1.2": "note", "resumption-1.3": "note",
            **dict.fromkeys(STARTTLS_RULES, "skipped")}, f"smtps://127.0.0.1:{self.lab.tls_port}")
        self.assertEqual(rules["clear-on-tls-port"]["verdict"], "pass")


class WhoCannotBeAsked(unittest.TestCase):
    def test_a_server_that_says_nothing(self):
        with bad_server.BadServer(faults=("silent",)) as silent:
            ran = subprocess.run([lab.OUTRIDER, "tls", "probe", f"127.0.0.1:{silent.port}",
                                  "--timeout", "1"], capture_output=True, text=True, timeout=30)
        self.assertEqual(ran.returncode, 69, ran)
        self.assertIn("nothing came in time", ran.stderr)

    def test_exit_codes(self):
        cases = ((("127.0.0.1:1",), 69, "cannot connect"), (("127.0.0.1:99999",), 64, "no server"),
                 ((), 64, "HOST"), (("127.0.0.1:1", "--only", "none"), 64, "--list-rules"),
                 (("127.0.0.1:1", "--ca-file", "/nowhere.pem"), 66, "/nowhere.pem"))
        for arguments, code, text in cases:
            ran = subprocess.run([lab.OUTRIDER, "tls", "probe", *arguments], capture_output=True,
                                 text=True, timeout=60)
            self.assertEqual(ran.returncode, code, ran)
            self.assertIn(text, ran.stderr)


if __name__ == "__main__":
    unittest.main()
