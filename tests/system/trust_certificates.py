"""Certificates for the world of destinations: every kind that a host may show, and the TLSA records
that name them."""

import hashlib
import pathlib
import subprocess

DATES = {"expired": ("20200101000000Z", "20200201000000Z")}


class Certificates:
    """`names`: what a certificate that is for its host carries. Each is a file PEM and its key."""

    def __init__(self, folder, names):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.names = names
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca = d\n[d]\nnew_certs_dir = .\ndatabase = index\nserial = serial\n"
            "default_md = sha256\npolicy = p\nunique_subject = no\ncopy_extensions = none\n[p]\n"
            "commonName = supplied\n")
        (self.folder / "index").write_text("")
        (self.folder / "serial").write_text("01\n")
        self._root("ca", "Outrider world CA")
        self._root("anchor", "A trust anchor that only the DNS knows")
        self._issue("good", "ca", names)
        self._issue("expired", "ca", names, "expired")
        self._issue("other", "ca", ["somebody.else.example"])
        self._issue("ta", "anchor", names, chain=True)
        self._issue("ta-alone", "anchor", names)
        self._issue("ta-other", "anchor", ["somebody.else.example"], chain=True)
        self._issue("ta-expired", "anchor", names, "expired", chain=True)
        self._issue("self", None, names)
        self._issue("self-expired", None, names, "expired")
        self._issue("self-other", None, ["somebody.else.example"])

    def _run(self, *command):
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True).stdout

    def _root(self, name, subject):
        self._run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                  "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30", "-subj",
                  f"/CN={subject}")

    def _issue(self, name, issuer, names, dates=None, chain=False):
        (self.folder / f"{name}.ext").write_text(
            "subjectAltName=" + ",".join(f"DNS:{each}" for each in names) + "\n")
        self._run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                  "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}.world")
        begin_end = ("-days", "30")
        if dates:
            begin_end = ("-startdate", DATES[dates][0], "-enddate", DATES[dates][1])
        signer = ("-selfsign", "-keyfile", f"{name}.key") if issuer is None else (
            "-cert", f"{issuer}.pem", "-keyfile", f"{issuer}.key")
        self._run("openssl", "ca", "-batch", "-notext", "-config", "ca.conf", *signer, "-in",
                  f"{name}.csr", "-out", f"{name}.pem", "-extfile", f"{name}.ext", *begin_end)
        if chain:
            with open(self.folder / f"{name}.pem", "a") as file:
                file.write((self.folder / f"{issuer}.pem").read_text())

    # As lab.Authority, for servers of lab.Server.
    def issue(self, _):
        return self.files("good")

    @property
    def file(self):
        return self.folder / "ca.pem"

    def files(self, name):
        return self.folder / f"{name}.pem", self.folder / f"{name}.key"

    def tlsa(self, usage, selector, matching, name):
        """`3 1 1 HEX` of a certificate; usage 2 names its issuer."""
        if usage in (0, 2):
            name = "anchor"
        der = self._run("openssl", "x509", "-in", f"{name}.pem", "-outform", "DER")
        if selector == 1:
            public = self._run("openssl", "x509", "-in", f"{name}.pem", "-noout", "-pubkey")
            (self.folder / "public").write_bytes(public)
            der = self._run("openssl", "pkey", "-pubin", "-in", "public", "-outform", "DER")
        data = {0: der, 2: hashlib.sha512(der).digest()}.get(matching, hashlib.sha256(der).digest())
        return f"{usage} {selector} {matching} {data.hex()}"
