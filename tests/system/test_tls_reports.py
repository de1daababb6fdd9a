"""TLS reports (RFC 8460) between two real servers: what one saw of the other's TLS arrives by mail and
by HTTPS, is shown there, raises an alarm, survives a restart, and makes no reports about itself."""

import gzip
import http.server
import json
import os
import ssl
import threading
import time
import unittest

import dns_tree
import lab
import policy_web
import trust_certificates
import trust_world


def missing():
    return "needs root for port 25 of loopback addresses" if os.geteuid() != 0 else dns_tree.missing()


class Collector:
    """A web server that takes reports."""

    def __init__(self, certificates):
        self.reports = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.reports.append((self.headers["Content-Type"], json.loads(gzip.decompress(body))))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.files("good"))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@unittest.skipIf(missing(), missing())
class Reports(unittest.TestCase):
    def setUp(self):
        self.folder = lab.Folder()
        self.addCleanup(self.folder.__exit__)
        self.path = self.folder.path
        names = ["mail.world", "web.world"]
        self.certificates = trust_certificates.Certificates(
            self.path / "certificates", [f"{label}.{name}" for name in names for label in ("mx", "mta-sts", "hook")])
        self.collector = Collector(self.certificates)
        self.addCleanup(self.collector.close)
        self.web = policy_web.PolicyWeb(self.certificates, {
            "mail.world": ("good", trust_world.policy("testing", "mx.mail.world"))})
        self.addCleanup(self.web.close)
        self.tree = dns_tree.Tree(self.path / "dns", "world", {
            "mail.world": (dns_tree.PLAIN, '@ MX 10 mx\nmx A 127.80.0.1\nmta-sts A 127.0.0.1\n'
                           '_mta-sts TXT "v=STSv1; id=1;"\n_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@mail.world"'),
            "web.world": (dns_tree.SIGNED, '@ MX 10 mx\nmx A 127.80.0.2\nhook A 127.0.0.1\n'
                          f'_25._tcp.mx TLSA {self.certificates.tlsa(3, 1, 1, "good")}\n_smtp._tls TXT '
                          f'"v=TLSRPTv1; rua=https://hook.web.world:{self.collector.port}/tls"')})
        self.addCleanup(self.tree.stop)
        good, other = self.certificates.files("good"), self.certificates.files("other")
        self.receiver = self.server("mx.mail.world", lab.maildir_domain(self.path, "mail.world") +
                                    lab.maildir_domain(self.path, "web.world") + lab.keep_crlf() +
                                    '[[route]]\ndomain = "tls@mail.world"\nvia = "tls-reports"\n' +
                                    self.listener("127.80.0.1", other) + self.listener("127.80.0.2", good))
        self.source = self.server("mx.source.test", lab.keep_crlf() + 'idle = "0s"\nloopback_is_own = false\n'
                                  f'[mta_sts]\nport = {self.web.port}\nca_file = "{self.certificates.file}"\n'
                                  'special_addresses = true\n[tls_report]\nperiod = "6s"\ndelay = "0s"\n'
                                  'organization = "Source"\ncontact = "tls@source.test"\n')

    @staticmethod
    def listener(address, files):
        return f'[[listener]]\naddress = "{address}:25"\ncertificate = ["{files[0]}"]\nkey = ["{files[1]}"]\n'

    def server(self, name, config):
        return self.enterContext(self.tree.use(lab.Server(self.path, name, config, self.certificates)))

    def send(self, domain):
        answer = lab.send_raw(self.source, "a@source.test", [f"b@{domain}"], b"Subject: x\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)

    def reports(self, *arguments):
        return json.loads(self.receiver.command("tls", "reports", "--json", *arguments).stdout)["reports"]

    def test_reports_go_and_arrive(self):
        time.sleep(6.1 - time.time() % 6)  # all sessions in one period
        for domain in ("mail.world", "mail.world", "web.world"):
            self.send(domain)
        lab.wait_for(lambda: len(self.source.lines("delivery", status="sent")) == 3, 5, "deliveries\n" +
                     self.source.log()[-2000:])
        time.sleep(1.2)
        self.source.kill()  # what was counted is counted still
        self.source.start()
        report = lab.wait_for(self.reports, 30, "a report\n" + self.source.log()[-2000:])[0]
        self.assertEqual((report["organization-name"], report["contact-info"]), ("Source", "tls@source.test"))
        result = report["policies"][0]
        self.assertEqual(result["policy"]["policy-type"], "sts")
        self.assertIn("mode: testing", result["policy"]["policy-string"])
        self.assertEqual(result["summary"]["total-failure-session-count"], 2)
        self.assertEqual(result["failure-details"][0]["result-type"], "certificate-host-mismatch",
                         result["failure-details"])
        self.assertEqual(result["failure-details"][0]["receiving-ip"], "127.80.0.1")
        self.assertIn("sending-mta-ip", result["failure-details"][0])
        lab.wait_for(lambda: self.collector.reports, 20, "a posted report\n" + self.source.log()[-2000:])
        kind, posted = self.collector.reports[0]
        self.assertEqual(kind, "application/tlsrpt+gzip")
        self.assertEqual(posted["policies"][0]["policy"]["policy-type"], "tlsa")
        self.assertEqual(posted["policies"][0]["summary"]["total-successful-session-count"], 1)
        self.assert_alarm_and_restart()
        self.assert_no_loop()

    def assert_alarm_and_restart(self):
        alarm = lab.wait_for(lambda: self.receiver.lines("alarm", alarm="reports-failing"), 5, "the alarm")[0]
        self.assertIn("Source reports 2 of 2 sessions that failed (certificate-host-mismatch)", alarm)
        self.receiver.stop()
        self.receiver.start()
        self.assertEqual(len(self.reports("--failing")), 1)
        self.assertEqual(self.reports("--domain", "other.world"), [])
        self.assertIn("2 x certificate-host-mismatch at mx.mail.world",
                      self.receiver.command("tls", "reports").stdout)

    def assert_no_loop(self):
        """The report itself went to a host whose certificate fails; that makes no new report."""
        time.sleep(13)
        self.assertEqual(len(self.reports()), 1)
        self.assertEqual(len(self.collector.reports), 1)
        self.assertEqual(len(self.source.lines("tls_report_sent")), 2)

    def test_a_mail_that_is_no_report_goes_back(self):
        answer = lab.send_raw(self.receiver, "b@web.world", ["tls@mail.world"], b"Subject: x\r\n\r\nx\r\n")
        self.assertTrue(answer.startswith("250"), answer)
        box = lambda: lab.mailbox(self.path, "b", "web.world")
        notice = lab.wait_for(box, 20, "a notice\n" + self.receiver.log()[-1500:])[0]
        self.assertIn(b"5.6.0", notice)
        self.assertIn(b"no TLS report", notice)


if __name__ == "__main__":
    unittest.main()
