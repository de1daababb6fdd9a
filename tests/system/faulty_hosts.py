"""Mail servers with the faults that a real one will not produce, each on an address of its own:
no STARTTLS, a refused one, a handshake that breaks. Mail that comes in clear is taken."""

import socket
import threading


class FaultyHosts:
    """`faults`: address to `no-starttls`, `454` or `breaks`; all listen on port 25."""

    def __init__(self, faults):
        self.sockets = []
        for address, fault in faults.items():
            listener = socket.create_server((address, 25), backlog=50)
            self.sockets.append(listener)
            threading.Thread(target=self._listen, args=(listener, fault), daemon=True).start()

    def close(self):
        for listener in self.sockets:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _listen(self, listener, fault):
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer, fault), daemon=True).start()

    def _serve(self, peer, fault):
        try:
            with peer, peer.makefile("rwb") as stream:
                self._converse(peer, stream, fault)
        except OSError:
            pass

    @staticmethod
    def _converse(peer, stream, fault):
        def say(*lines):
            stream.write(b"".join(line + b"\r\n" for line in lines))
            stream.flush()
        say(b"220 faulty.world ESMTP")
        for line in stream:
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(*([b"250 faulty.world"] if fault == "no-starttls" else
                      [b"250-faulty.world", b"250 STARTTLS"]))
            elif verb == b"STAR" and fault == "454":
                say(b"454 4.7.0 not now")
            elif verb == b"STAR" and fault == "breaks":
                say(b"220 go ahead")
                peer.recv(4096)
                return
            elif verb == b"DATA":
                say(b"354 go on")
                while stream.readline() not in (b".\r\n", b""):
                    pass
                say(b"250 2.0.0 taken")
            elif verb == b"QUIT":
                say(b"221 bye")
                return
            else:
                say(b"250 2.0.0 ok")
