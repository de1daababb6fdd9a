"""The web servers of MTA-STS policies: one HTTPS server for all domains of the world, by SNI."""

import http.server
import ssl
import threading
import time


class PolicyWeb:
    """`sites`: domain to (certificate, answer); an answer is the text of a policy, or the name of a
    fault: `404`, `redirect`, `html`, `huge`, `slow`."""

    def __init__(self, certificates, sites):
        self.asked, self.sites = [], sites
        contexts = {}
        for name in {certificate for certificate, _ in sites.values()}:
            contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[name].load_cert_chain(*certificates.files(name))

        def choose(connection, name, _):
            certificate, _ = sites.get((name or "").removeprefix("mta-sts."), ("good", ""))
            connection.context = contexts[certificate]

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificates.files("good"))
        context.sni_callback = choose
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                domain = self.headers.get("Host", "").split(":")[0].removeprefix("mta-sts.")
                web.asked.append(domain)
                web.answer(self, sites.get(domain, ("good", "404"))[1])

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                pass  # clients that refuse a certificate

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                 do_handshake_on_connect=False)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def answer(request, what):
        status, kind, body = 200, "text/plain", what
        if what == "404":
            status = 404
        elif what == "redirect":
            request.send_response(301)
            request.send_header("Location", "/.well-known/other.txt")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        elif what == "slow":
            time.sleep(8)
        elif what.startswith("html:"):
            kind, body = "text/html", what[5:]
        elif what.startswith("huge:"):
            body = what[5:] + "x: " + "x" * (70 << 10) + "\r\n"
        data = body.encode()
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)
