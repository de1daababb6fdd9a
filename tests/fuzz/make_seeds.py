#!/usr/bin/env python3
"""Writes OUTFOLDER/<target>/* from tests/vectors: something to begin with for each fuzz program.

Usage: make_seeds.py OUTFOLDER
"""
import base64
import hashlib
import json
import pathlib
import sys
import zlib

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "vectors"
LARGEST = 4096


def cases(name):
    return json.loads((VECTORS / name).read_text())["cases"]


def bytes_of(step):
    """The bytes of one step of a case; empty where it is only described."""
    if "b64" in step:
        return base64.b64decode(step["b64"])
    if "zlib_b64" in step:
        return zlib.decompress(base64.b64decode(step["zlib_b64"]))
    if "rep" in step:
        return base64.b64decode(step["rep"]["b64"]) * min(step["rep"]["n"], 20)
    return b""


def server_session():
    """Two bytes of choices (fuzzer's options, a cut), then what the client says."""
    for case in cases("smuggling.json"):
        if "stream" in case:
            yield b"\x18\x40" + bytes_of(case["stream"])
            yield b"\x1a\x40" + bytes_of(case["stream"])
    for name in ("smuggling.json", "state.json", "injection.json", "limits.json"):
        for case in cases(name):
            said = b"".join(bytes_of(step) for step in case.get("send", []))
            if said:
                start = {"data": 0x18, "rcpt": 0x08}.get(case["setup"], 0)
                hello = b"" if start or case["setup"] == "connect" else b"EHLO a\r\n"
                yield bytes([start, 20]) + hello + said


def path():
    for case in cases("addresses.json"):
        if "path" in case:
            text = bytes_of(case["path"])
            yield b"\x01TO:" + text
            yield b"\x01FROM:" + text + b" SMTPUTF8"
            yield b"\x01" + text.strip(b"<>")
    for case in cases("injection.json"):
        for step in case.get("send", []):
            said = bytes_of(step).rstrip(b"\r\n")
            if said[:5].upper() in (b"MAIL ", b"RCPT "):
                yield b"\x07" + said[5:]


def reply_parser():
    for case in cases("replies.json"):
        yield b"".join(bytes_of(part) for part in case.get("server_sends", []))


def client_session():
    for case in cases("replies.json"):
        yield b"\x06\x10220 mx.example\r\n250-mx.example\r\n250 PIPELINING\r\n" + b"".join(
            bytes_of(part) for part in case.get("server_sends", []))
        if case["phase"] in ("starttls", "ehlo-tls"):
            inside = b"220 go\r\n" if case["phase"] == "ehlo-tls" else b""
            for keyword in (b"STARTTLS", b"TLS", b"TLS TLS1.2 SSL3.0"):
                yield (b"\x06\x10220 mx.example\r\n250-mx.example\r\n250 " + keyword + b"\r\n"
                       + inside + b"".join(bytes_of(part) for part in case["server_sends"]))


def header_scanner():
    for case in cases("injection.json"):
        if case["group"] == "header":
            yield b"".join(bytes_of(step) for step in case["send"])
    for case in cases("smuggling.json"):
        if "content" in case:
            yield bytes_of(case["content"])


def notice():
    for case in cases("addresses.json"):
        if "path" in case:
            yield bytes_of(case["path"])
    yield from header_scanner()


def dns_reply():
    """The type's index, flags and counts, then the answer's records, as dns_reply_fuzz.cc reads."""
    def record(owner, kind, data):
        return owner + kind.to_bytes(2) + b"\0\1\0\0\0\x3c" + len(data).to_bytes(2) + data

    question, near, opt = b"\xc0\x0c", b"\4near\xc0\x0f", b"\0\0\x29\4\xd0\0\0\x80\0\0\0"
    answers = [(0, [record(question, 1, b"\xc0\0\2\1")]),
               (0, [record(question, 5, near), record(near, 1, b"\xc0\0\2\1")]),
               (1, [record(question, 5, near)]),
               (3, [record(question, 15, b"\0\x0a\2mx\xc0\x0f"), record(question, 15, b"\0\0\0")]),
               (4, [record(question, 16, b"\x09v=STSv1; \5id=1;")])]
    answers += [(6, [record(question, 52, bytes.fromhex(case["tlsa_rdata_hex"]))])
                for case in cases("dane.json") if "tlsa_rdata_hex" in case]
    for kind, records in answers:
        counts = b"\0\1" + len(records).to_bytes(2) + b"\0\0\0\1"
        yield bytes([kind]) + b"\x81\xa0" + counts + b"".join(records) + opt


def mta_sts():
    for case in cases("mtasts.json"):
        if "body" in case:
            yield bytes_of(case["body"])
        for text in case.get("txt", []):
            yield bytes_of(text)


def tls_report():
    for case in cases("tlsrpt.json"):
        if "body" in case:
            body = bytes_of(case["body"])
            yield body
            yield (b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: " +
                   case["content_type"].encode() + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
                   base64.encodebytes(body) + b"--b--\r\n")
        if "rua" in case:
            yield b"v=TLSRPTv1; rua=" + case["rua"].encode()


TARGETS = {
    "tls_report_fuzz": tls_report,
    "mta_sts_fuzz": mta_sts,
    "server_session_fuzz": server_session,
    "path_fuzz": path,
    "reply_parser_fuzz": reply_parser,
    "client_session_fuzz": client_session,
    "header_scanner_fuzz": header_scanner,
    "notice_fuzz": notice,
    "dns_reply_fuzz": dns_reply,
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for target, seeds in TARGETS.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        count = 0
        for seed in seeds():
            if 0 < len(seed) <= LARGEST:
                (folder / hashlib.sha1(seed).hexdigest()[:16]).write_bytes(seed)
                count += 1
        print(f"{target}: {count} seeds")


if __name__ == "__main__":
    main()
