"""Certificates and versions as OpenSSL's own client sees them: by name, by kind of key, with a stapled
OCSP response that was fetched as docs/running.md says, and old versions where they are asked for."""

import http.server
import pathlib
import re
import socket
import subprocess
import threading
import unittest

import lab

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"


def s_client(port, *options, starttls=True, name="mx.test"):
    """What `openssl s_client` says of a connection that it ends at once."""
    ways = ["-starttls", "smtp"] if starttls else []
    ran = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *ways,
                          "-servername", name, *options], input="QUIT\r\n", text=True,
                         capture_output=True, timeout=30, errors="replace")
    return ran.stdout + ran.stderr


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.authority = lab.Authority(self.folder.path)

    def server(self, tls="", listener="", certificates=None):
        server = lab.Server(self.folder.path, "mx.test", lab.maildir_domain(self.folder.path),
                            self.authority, listener=listener)
        text = server.config_path.read_text()
        if certificates:
            files = zip(*certificates)
            lists = ["[" + ", ".join(f'"{file}"' for file in column) + "]" for column in files]
            text = re.sub(r'certificate = ".*"\nkey = ".*"',
                          f"certificate = {lists[0]}\nkey = {lists[1]}", text)
        server.config_path.write_text(text.replace("[tls]\n", "[tls]\n" + tls))
        return server


class Names(Case):
    def subject(self, server, name, *options):
        return re.search(r"subject=.*?CN ?= ?(\S+)", s_client(server.port, *options, name=name)).group(1)

    def test_each_name_has_its_certificate_of_each_kind(self):
        pairs = [self.authority.issue("mx.test"), self.authority.issue("mx.test", rsa=True),
                 self.authority.issue("mail.other.test")]
        with self.server(certificates=pairs) as server:
            for options in (["-tls1_2"], ["-tls1_3"]):
                self.assertEqual(self.subject(server, "mx.test", *options), "mx.test")
                self.assertEqual(self.subject(server, "mail.other.test", *options), "mail.other.test")
                self.assertEqual(self.subject(server, "who.test", *options), "mx.test")
                for algorithm, kind in (("rsa_pss_rsae_sha256", "rsaEncryption"),
                                        ("ecdsa_secp256r1_sha256", "id-ecPublicKey")):
                    said = s_client(server.port, *options, "-sigalgs", algorithm)
                    self.assertIn(f"PKEY: {kind}", said, algorithm)


class Stapling(Case):
    def server_with_chain(self):
        """Its certificate file is fullchain.pem, as the page has it."""
        folder = self.folder.path
        full, key = folder / "fullchain.pem", folder / "mx.test.key"
        server = self.server('watch = "200ms"\n', certificates=[(full, key)])
        authority, certificate = self.authority.file.read_text(), (folder / "mx.test.pem").read_text()
        folder.joinpath("chain.pem").write_text(authority)
        folder.joinpath("cert.pem").write_text(certificate)
        full.write_text(certificate + authority)
        return server

    def responder(self):
        """An authority's, on loopback: openssl answers from an index as authorities keep it."""
        serial = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", "cert.pem"], check=True,
                                cwd=self.folder.path, capture_output=True, text=True).stdout.strip()[7:]
        folder = self.folder.path
        folder.joinpath("index.txt").write_text(f"V\t491231235959Z\t\t{serial}\tunknown\t/CN=mx.test\n")

        class Answers(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                question = self.rfile.read(int(self.headers["Content-Length"]))
                folder.joinpath("question").write_bytes(question)
                subprocess.run(["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner",
                                "ca.pem", "-rkey", "ca.key", "-ndays", "3", "-reqin", "question",
                                "-respout", "answer"], cwd=folder, check=True, capture_output=True)
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.end_headers()
                self.wfile.write(folder.joinpath("answer").read_bytes())

            def log_message(self, *_):
                pass

        service = http.server.HTTPServer(("127.0.0.1", 0), Answers)
        thread = threading.Thread(target=service.serve_forever)
        thread.start()
        self.addCleanup(service.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(service.shutdown)
        return f"http://127.0.0.1:{service.server_port}"

    def test_what_the_documentation_fetches_is_stapled(self):
        server = self.server_with_chain()
        page = (DOCS / "running.md").read_text()
        script = re.search(r"```sh\n(.*?openssl ocsp.*?)```", page, re.S).group(1)
        script = re.sub(r'"\$\(openssl x509.*?\)"', self.responder(), script)
        self.assertEqual(re.subn(r"^cd .*\n", "", script, flags=re.M)[1], 1, "the page names a folder")
        script = re.sub(r"^cd .*\n", "", script, flags=re.M)
        with server:
            self.assertIn("OCSP response: no response sent", s_client(server.port, "-status"))
            subprocess.run(["sh", "-e", "-c", script], cwd=self.folder.path, check=True,
                           capture_output=True, timeout=30)
            lab.wait_for(lambda: server.lines("certificates", status="renewed"), 10, "the file's news")
            said = s_client(server.port, "-status")
            self.assertIn("OCSP Response Status: successful", said)
            self.assertIn("Cert Status: good", said)


class Versions(Case):
    OLD = ["-cipher", "ALL:@SECLEVEL=0"]

    def version(self, port, *options):
        said = s_client(port, *options, starttls=port != self.tls_port)
        found = re.search(r"^New, (\S+), Cipher is (?!\(NONE\))", said, re.M)
        return re.search(r"Protocol *: (\S+)|^New, (TLSv1.3)", said, re.M).group(0).split()[-1].strip(
            ",") if found else None

    def test_T6_old_versions_are_where_a_listener_names_them_and_nowhere_else(self):
        """One listener with TLS 1.0 to 1.2, another as it is by default."""
        with self.server(listener='minimum_version = "1.0"\nmaximum_version = "1.2"') as server:
            self.tls_port = server.tls_port
            rows = [("-tls1", "TLSv1", None), ("-tls1_1", "TLSv1.1", None),
                    ("-tls1_2", "TLSv1.2", "TLSv1.2"), ("-tls1_3", None, "TLSv1.3")]
            for option, old, usual in rows:
                with self.subTest(option):
                    extra = self.OLD if option in ("-tls1", "-tls1_1") else []
                    self.assertEqual(self.version(server.port, option, *extra), old)
                    self.assertEqual(self.version(server.tls_port, option, *extra), usual)

    def test_T5_a_fallback_that_was_not_needed_is_refused(self):
        with self.server() as server:
            said = s_client(server.port, "-fallback_scsv", "-no_tls1_3")
            self.assertIn("inappropriate fallback", said)

    def test_L6_an_old_hello_is_answered_and_the_log_tells_why(self):
        with self.server() as server:
            hello = b"\x80\x1f\x01\x00\x02\x00\x06\x00\x00\x00\x10\x01\x00\x80\x07\x00\xc0" + 16 * b"c"
            with socket.create_connection(("127.0.0.1", server.tls_port), timeout=10) as peer:
                peer.sendall(hello)  # SSL 2.0, and nothing newer
                self.assertEqual(peer.recv(100)[:2], b"\x15\x03", "an alert")
            lab.wait_for(lambda: "unknown protocol" in server.log(), 10, "the reason in the log")


class ClientCertificates(Case):
    def test_H6_the_log_tells_who_came(self):
        listener = f'client_certificates = "ask"\nclient_ca_file = "{self.authority.file}"'
        certificate, key = self.authority.issue("client.test")
        own = self.folder.path / "own"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                        f"{own}.key", "-out", f"{own}.pem", "-subj", "/CN=own.test"], check=True,
                       capture_output=True)
        with self.server(listener=listener) as server:
            rows = [(["-cert", certificate, "-key", key], "/verified"),
                    (["-cert", f"{own}.pem", "-key", f"{own}.key"], "/unverified"),
                    ([], "/anonymous")]
            for options, word in rows:
                with self.subTest(word):
                    said = s_client(server.port, *options, "-crlf", "-quiet", "-no_ign_eof")
                    self.assertIn("250 ", said)
                    lab.wait_for(lambda: word in server.log(), 10, f"{word} in the log")


class Expired(Case):
    def test_a_server_with_an_expired_certificate_starts_and_check_says_no(self):
        server = self.server()
        subprocess.run(["openssl", "x509", "-req", "-in", "mx.test.csr", "-CA", "ca.pem", "-CAkey",
                        "ca.key", "-out", "mx.test.pem", "-days", "-1", "-extfile", "mx.test.ext"],
                       cwd=self.folder.path, check=True, capture_output=True)
        with server:
            self.assertIn("has expired", server.log())
            self.assertIn("TLSv1.3", s_client(server.port))
            ran = subprocess.run([lab.OUTRIDER, "check", "-c", str(server.config_path)],
                                 capture_output=True, text=True)
            self.assertEqual(ran.returncode, 78)
            self.assertIn("mx.test.pem has expired", ran.stderr)


if __name__ == "__main__":
    unittest.main()
