"""One raw connection of an exchange.

Nobody waits by the clock. A server answers a connection in order: when an echo comes back, all that
was to come before has come. One that serves others instead of answering does not answer any more.
"""

import select
import socket

import pmadd_testlib as lib

GRACE = 0.2  # seconds, after which a silence is looked into
SILENCE, THE_END = "silence", "closed"


class Caller:
    def __init__(self, address):
        self.address = address
        self.heard = []          # frames and lines, at last SILENCE or THE_END
        self.unfinished = False  # what it has said is not whole: no echo can be asked for
        self.over = False        # nothing more will come
        self.finished = False    # nothing more can be read
        self.buffer = b""
        self.echoes = 0
        self.socket = socket.socket()
        self.socket.settimeout(lib.PATIENCE)
        try:
            self.socket.connect(address)
        except ConnectionRefusedError:
            self.finished = True

    def close(self):
        self.socket.close()

    def say(self, data):
        try:
            self.socket.sendall(data)
        except ConnectionError:
            pass  # it has ended, which is found out by listening

    def listen(self):
        """Takes in whatever comes before an echo of our own."""
        if self.over or self.unfinished:
            return
        self.echoes += 1
        token = b"echo %d of the player" % self.echoes
        echo = lib.frame(lib.ECHO_RES, token, magic=lib.RESPONSE)
        self.say(lib.frame(lib.ECHO_REQ, token))
        while not self.over:
            item = SILENCE if self._is_ignored() else self._hear()
            if item == echo:
                return
            self._take(item)

    def wait(self):
        """Takes in one thing, when it comes."""
        self._take(self._hear())

    def leave(self):
        """Ends the connection and returns when the server has seen that."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while self._hear() != THE_END:
                pass
        except OSError:
            pass  # the server was first
        self.close()

    def _take(self, item):
        self.heard.append(item)
        self.over = item in (SILENCE, THE_END)

    def _is_ignored(self):
        """True if nothing has come by the time that somebody else was served three times over."""
        if self.buffer or self.finished or self._has_news(GRACE):
            return False
        with lib.Peer(self.address) as witness:
            for _ in range(3):
                witness.echo()
        return not self._has_news(0)

    def _has_news(self, seconds):
        ready, _, _ = select.select([self.socket], [], [], seconds)
        return bool(ready)

    def _hear(self):
        """The next frame or line, or what there is of it before THE_END."""
        if self._has(1) and self.buffer[0] == 0:
            size = lib.HEADER.size
            if self._has(size):
                size += lib.HEADER.unpack(self.buffer[:size])[2]
                self._has(size)
        else:
            while b"\n" not in self.buffer and self._has(len(self.buffer) + 1):
                pass
            size = self.buffer.find(b"\n") + 1 or len(self.buffer)
        item, self.buffer = self.buffer[:size], self.buffer[size:]
        return item or THE_END

    def _has(self, size):
        """Reads until there is so much; False if it ends before."""
        while len(self.buffer) < size and not self.finished:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            self.finished = not data
            self.buffer += data
        return len(self.buffer) >= size
