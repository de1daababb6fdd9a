"""A tree of DNS zones on loopback: NSD serves them, ldns signs them, the topmost is the trust anchor.
Nothing of the machine's own DNS is touched."""

import os
import pathlib
import shutil
import socket
import struct
import subprocess

import lab

SIGNED = "signed"      # secure, denials by NSEC3
PLAIN = "plain"        # no DS in the zone above: insecure
TAMPERED = "tampered"  # signed, and then each 127.1.x address and TLSA record was changed: bogus
EXPIRED = "expired"    # the signatures ended long ago: bogus
STRIPPED = "stripped"  # there is a DS, and the server gives no signatures: bogus
BROKEN = "broken"      # the server knows of the zone and has no data: SERVFAIL


def missing():
    for program in ("nsd", "ldns-signzone", "ldns-keygen"):
        if not shutil.which(program):
            return f"needs {program}"
    return ""


class Tree:
    """`zones`: name to (kind, records); all below `top`, which is signed. TTL 60."""

    def __init__(self, folder, top, zones):
        self.folder, self.top = pathlib.Path(folder), top
        self.folder.mkdir(parents=True)
        self.port = lab.free_port()
        parents = {name: self._parent(name, zones) for name in zones}
        delegations = {name: "" for name in (top, *zones)}
        for name, (kind, _) in zones.items():
            delegation = f"{name}. NS ns.{top}.\n"
            if kind not in (PLAIN, BROKEN):
                delegation += self._key(name)
            delegations[parents[name]] += delegation
        self._key(top)
        self._write(top, SIGNED, "ns A 127.0.0.1\n" + delegations[top])
        for name, (kind, records) in zones.items():
            if kind != BROKEN:
                self._write(name, kind, records + "\n" + delegations[name])
        self.anchor = self.folder / f"{top}.key"
        self._start([top, *zones])

    def _parent(self, name, zones):
        while "." in name:
            name = name.split(".", 1)[1]
            if name in zones or name == self.top:
                return name
        raise ValueError(name)

    def _run(self, *command):
        return subprocess.run(command, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def _key(self, name):
        """Makes the zone's key, and gives its DS record."""
        base = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name).strip()
        for ending in ("key", "private"):
            os.replace(self.folder / f"{base}.{ending}", self.folder / f"{name}.{ending}")
        return (self.folder / f"{base}.ds").read_text()

    def _write(self, name, kind, records):
        path = self.folder / f"{name}.zone"
        path.write_text(f"$ORIGIN {name}.\n$TTL 60\n@ SOA ns.{self.top}. root.{self.top}. 1 3600 600 86400 60\n"
                        f"@ NS ns.{self.top}.\n{records}\n")
        if kind in (SIGNED, TAMPERED, EXPIRED):
            dates = ("-i", "20200101000000", "-e", "20200201000000") if kind == EXPIRED else ()
            self._run("ldns-signzone", "-n", *dates, "-f", f"{name}.signed", f"{name}.zone", name)
            text = (self.folder / f"{name}.signed").read_text()
            if kind == TAMPERED:
                text = text.replace("127.1.", "127.2.").replace("TLSA\t3 1 1", "TLSA\t3 0 1")
            path.write_text(text)

    def _start(self, names):
        (self.folder / "nsd.conf").write_text(
            f"server:\n  ip-address: 127.0.0.1@{self.port}\n  server-count: 1\n  do-ip6: no\n  database: \"\"\n"
            f"  username: \"\"\n  zonesdir: \"{self.folder}\"\n  pidfile: \"{self.folder}/pid\"\n"
            f"  zonelistfile: \"{self.folder}/list\"\n  xfrdfile: \"{self.folder}/xfrd\"\n"
            f"  xfrdir: \"{self.folder}\"\n  logfile: \"{self.folder}/nsd.log\"\n  rrl-ratelimit: 0\n"
            "remote-control:\n  control-enable: no\n" +
            "".join(f"zone:\n  name: {name}\n  zonefile: \"{name}.zone\"\n" for name in names))
        self.process = subprocess.Popen(["nsd", "-d", "-c", str(self.folder / "nsd.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lab.wait_for(self._answers, 20, "the name server answering")

    def _answers(self):
        question = struct.pack(">HHHHHH", 7, 0, 1, 0, 0, 0) + b"".join(
            bytes([len(label)]) + label.encode() for label in self.top.split(".")) + b"\0" + struct.pack(">HH", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
            asker.settimeout(1)
            try:
                asker.sendto(question, ("127.0.0.1", self.port))
                return asker.recv(512)[3] & 15 == 0
            except OSError:
                return False

    def use(self, server):
        """The server, which asks this tree and nobody else; before it starts."""
        text = server.config_path.read_text()
        server.config_path.write_text(text.replace(
            'forwarders = ["127.0.0.1@1"]', f'forwarders = ["127.0.0.1@{self.port}"]\n'
            f'trust_anchors = ["{self.anchor}"]'))
        return server

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
