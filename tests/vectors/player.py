"""Plays wire vectors against a server, with a connection for every peer, one step at a time.

Nothing waits by the clock: what a peer has sent was judged when an ECHO_REQ behind it is answered,
and a peer that is told nothing is one that hears the answer to its own ECHO_REQ first. `patience`
bounds how long a server that does not answer can hold things up.
"""

import itertools
import socket

from vectors import HEADER_SIZE, MAGIC, PACKETS, TYPES, bind, expand, packed

READ_SIZE = 65536

# What a line of the administrative protocol can begin with.
COMMANDS = ("version", "getpid", "verbose", "status", "prioritystatus", "workers", "show jobs",
            "show unique jobs", "maxqueue", "create function", "drop function", "cancel job",
            "pools")


class Differs(Exception):
    """The server did not do what the vector says."""


def shown(message):
    """A message as text, as README.md has it."""
    def letters(data, special):
        return "".join(special.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
                       for byte in data)

    if message[:1] != b"\0":
        return '"' + letters(message, {10: "\\n", 13: "\\r", 9: "\\t", 92: "\\\\"}) + '"'
    kind = int.from_bytes(message[4:8], "big")
    name = PACKETS[kind - 1] if 0 < kind <= len(PACKETS) else f"packet {kind}"
    body = letters(message[HEADER_SIZE:], {0: "|", 9: "\\t", 92: "\\\\"})
    return f"{name} {body}".rstrip()


def cut(data):
    """The size of the message at the beginning of `data`; 0 when it is not whole."""
    if data[:1] != b"\0":
        return data.find(b"\n") + 1
    if len(data) < HEADER_SIZE:
        return 0
    size = HEADER_SIZE + int.from_bytes(data[8:HEADER_SIZE], "big")
    return size if len(data) >= size else 0


def not_sent(messages):
    """The packets and commands, of all that a server can be sent, that are not among these."""
    kinds = {int.from_bytes(message[4:8], "big") for message in messages
             if message[:4] == MAGIC[">"]}
    words = [message.decode("ascii").lower().split() for message in messages
             if message[:1] != b"\0"]
    return ([name for name, kind in TYPES.items() if kind not in kinds] +
            [command for command in COMMANDS
             if not any(line[:len(command.split())] == command.split() for line in words)])


class Connection:
    """One peer of a vector."""

    numbers = itertools.count(1)

    def __init__(self, address, patience):
        if isinstance(address, tuple):
            self.socket = socket.create_connection(address, patience)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(patience)
            self.socket.connect(str(address))
        self.heard = b""   # not cut into messages yet
        self.inbox = []    # messages, not looked at yet
        self.begun = b""   # what was sent of a message that is not whole
        self.lost = False  # what was sent is no message at all
        self.judged = True
        self.ended = False

    def close(self):
        self.socket.close()

    def send(self, data):
        """Returns the messages that became whole by it."""
        whole = []
        self.judged = False
        self.begun += data
        while self.begun and not self.lost:
            size = cut(self.begun)
            if size == 0:
                break
            whole.append(self.begun[:size])
            self.lost = self.begun[:1] == b"\0" and self.begun[:4] not in MAGIC.values()
            self.begun = self.begun[size:]
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Differs("the server has closed") from error
        return whole

    def receive(self):
        """One more message into the inbox; False when the server has closed."""
        while not self.ended:
            size = cut(self.heard)
            if size > 0:
                self.inbox.append(self.heard[:size])
                self.heard = self.heard[size:]
                return True
            try:
                data = self.socket.recv(READ_SIZE)
            except TimeoutError as error:
                raise Differs(f"nothing came; half a message: {self.heard!r}" if self.heard
                              else "nothing came") from error
            except ConnectionResetError:
                data = b""
            self.ended = data == b""
            self.heard += data
        return False

    def next(self):
        if not self.inbox and not self.receive():
            raise Differs("the server has closed")
        return self.inbox.pop(0)

    def settle(self):
        """All that was sent has been judged, and what was said before that is in the inbox."""
        if self.begun or self.lost or self.ended:
            return
        token = b"vector barrier %d" % next(self.numbers)
        self.socket.sendall(MAGIC[">"] + packed(TYPES["ECHO_REQ"]) + packed(len(token)) + token)
        answer = MAGIC["<"] + packed(TYPES["ECHO_RES"]) + packed(len(token)) + token
        while True:
            if not self.receive():
                raise Differs("the server has closed")
            if self.inbox[-1] == answer:
                self.inbox.pop()
                self.judged = True
                return

    def leave(self):
        """Says that nothing more will come, and waits until the server has closed in its turn."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
            while self.receive():
                pass
        except (OSError, Differs):
            pass
        self.close()


class Player:
    """One vector, against one server."""

    def __init__(self, vector, address, patience=10.0):
        self.vector = vector
        self.values = {}
        self.peers = {}
        self.sent = set()  # whole messages
        self.address = address
        self.patience = patience

    def play(self):
        """Raises Differs with the step, what was expected and what came instead."""
        try:
            for step in self.vector.steps:
                self.here = step
                getattr(self, step.verb)(step)
            self.nothing_more()
        except (Differs, OSError) as error:
            where = f"{self.vector.file}:{self.here.line}: {self.here.peer}, {self.here.text}"
            raise Differs(f"{where}: {error}") from error
        finally:
            for peer in self.peers.values():
                peer.leave()

    def peer(self, step):
        if step.peer not in self.peers:
            self.peers[step.peer] = Connection(self.address, self.patience)
        return self.peers[step.peer]

    def settle_others(self, peer):
        for other in self.peers.values():
            if other is not peer and not other.judged:
                other.settle()

    def sends(self, step):
        peer = self.peer(step)
        self.settle_others(peer)
        self.sent.update(peer.send(expand(step.parts, self.values)))

    def hears(self, step):
        message = self.peer(step).next()
        values = bind(step.parts, message, self.values)
        if values is None:
            raise Differs(f"heard {shown(message)}")
        self.values = values

    def finds(self, step):
        while True:
            message = self.peer(step).next()
            values = bind(step.parts, message, self.values)
            if values is not None:
                self.values = values
                return
            if message == b".\n" or message.startswith((b"\0", b"ERR ")):
                raise Differs(f"no such line before {shown(message)}")

    def leaves(self, step):
        peer = self.peer(step)
        self.settle_others(peer)
        self.peers.pop(step.peer).leave()

    def closed(self, step):
        peer = self.peer(step)
        while not peer.inbox and peer.receive():
            pass
        self.must_be_empty(peer)

    def nothing(self, step):
        peer = self.peer(step)
        self.settle_others(peer)
        peer.settle()
        self.must_be_empty(peer)

    def nothing_more(self):
        """At the end nobody has heard what the vector does not mention."""
        for _ in range(2):
            for peer in self.peers.values():
                peer.settle()
        for peer in self.peers.values():
            self.must_be_empty(peer)

    @staticmethod
    def must_be_empty(peer):
        if peer.inbox:
            raise Differs(f"heard, beside all that was expected, {shown(peer.inbox[0])}")
