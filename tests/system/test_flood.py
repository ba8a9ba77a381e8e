"""One peer that never stops asking, and hundreds that come only to break off, over TCP."""

import select
import socket
import struct
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Bystander, Daemon

FRAMES = 400_000 if lib.SANITIZED else 2_000_000
PEERS = 300
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close(2) becomes a reset
STACK_KIB = 64  # what a stack may still come to when a call goes deeper than before


def request_unit(number):
    """Twenty messages of a worker in every form, one of them with a number of its own."""
    return b"".join((
        lib.frame(lib.ECHO_REQ, struct.pack(">Q", number)),
        lib.header(lib.ECHO_REQ, 0) * 9,
        lib.header(lib.PRE_SLEEP, 0),
        lib.header(lib.GRAB_JOB, 0) * 4,
        b"version\r\n",
        lib.header(lib.PRE_SLEEP, 0) * 2,
        b"Version\n",
        lib.header(lib.GRAB_JOB, 0),
    ))


UNIT = 20


def answer_unit(number, version):
    """What comes back for it: PRE_SLEEP has no answer."""
    def answer(kind, body=b""):
        return lib.frame(kind, body, magic=lib.RESPONSE)

    return b"".join((
        answer(17, struct.pack(">Q", number)),
        answer(17) * 9,
        answer(lib.NO_JOB) * 4,
        version * 2,
        answer(lib.NO_JOB),
    ))


def exchange(peer, requests, expected):
    """Sends as much as the socket takes, reads as soon as there is something, compares at once.

    Returns the number of writes. A peer that stops answering shows as a timeout.
    """
    sent = received = writes = 0
    view, wanted = memoryview(requests), memoryview(expected)
    peer.setblocking(False)
    while received < len(wanted):
        readable, writable, _ = select.select([peer], [peer] if sent < len(view) else [], [],
                                              lib.PATIENCE)
        if not readable and not writable:
            raise TimeoutError(f"{received} of {len(wanted)} bytes came back, {sent} were sent")
        if writable:
            sent += peer.send(view[sent:])
            writes += 1
        if readable:
            chunk = peer.recv(1 << 20)
            if not chunk or chunk != wanted[received:received + len(chunk)]:
                raise AssertionError(f"after {received} bytes came {chunk[:80]!r}, not "
                                     f"{bytes(wanted[received:received + 80])!r}")
            received += len(chunk)
    peer.setblocking(True)
    peer.settimeout(lib.PATIENCE)
    return writes


def anonymous_kib(daemon):
    """The daemon's resident memory that is no file's."""
    for line in Path(f"/proc/{daemon.pid()}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon in /proc/PID/status")


class Floods(unittest.TestCase):
    def setUp(self):
        self.address = ("127.0.0.1", lib.free_port())
        self.daemon = Daemon(args=("--set", f"server.listen=127.0.0.1:{self.address[1]}"))
        self.addCleanup(self.daemon.__exit__)
        self.daemon.start()

    def test_two_million_frames_in_one_go_are_answered_in_order(self):
        units = FRAMES // UNIT
        requests = b"".join(request_unit(number) for number in range(units))
        with self.daemon.connect() as peer:
            version = peer.line("version").encode() + b"\n"
        expected = b"".join(answer_unit(number, version) for number in range(units))
        before = self.daemon.pools()
        with Bystander(self.daemon) as bystander:
            memory, rounds = anonymous_kib(self.daemon), bystander.rounds
            with lib.Peer(self.address) as peer:
                writes = exchange(peer.socket, requests, expected)
                self.assertLess(writes, FRAMES // 100)
                self.assertGreater(bystander.rounds, rounds + 10)
                peer.echo()
            if not lib.SANITIZED:
                self.assertLessEqual(anonymous_kib(self.daemon), memory + STACK_KIB)
        after = lib.eventually(lambda: self.daemon.pools() == before)
        self.assertTrue(after, f"{before} became {self.daemon.pools()}")

    def test_three_hundred_connections_that_are_reset_leave_nothing_behind(self):
        submit = lib.frame(lib.SUBMIT_JOB, "reset", "", bytes(5000))
        stages = [
            b"",                                     # nothing was ever said
            submit[:1], submit[:7], submit[:11],     # a header begun
            submit[:12], submit[:14],                # arguments begun
            submit[:20], submit[:3000], submit[:-1], # a body begun
            submit,                                  # a task that waits
            submit * 3 + submit[:100],               # tasks that wait, and one begun
            b"work", b"workers\nstat",               # a line begun
            lib.frame(lib.CAN_DO, "other"),          # a worker
            lib.frame(lib.CAN_DO, "other") + lib.header(lib.PRE_SLEEP, 0),
            lib.frame(lib.CAN_DO, "reset") + lib.header(lib.GRAB_JOB, 0),
            lib.header(lib.ECHO_REQ, 0) * 1000,      # answers that nobody reads
        ]
        before = self.daemon.pools()
        with Bystander(self.daemon):
            peers = [socket.create_connection(self.address, lib.PATIENCE) for _ in range(PEERS)]
            for number, peer in enumerate(peers):
                peer.sendall(stages[number % len(stages)])
            for peer in peers:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                peer.close()

        def listed():
            with self.daemon.connect() as peer:
                return [row[0].split()[1:] for row in peer.listing("workers")]

        self.assertTrue(lib.eventually(lambda: len(listed()) == 1), listed())
        after = lib.eventually(lambda: self.daemon.pools() == before)
        self.assertTrue(after, f"{before} became {self.daemon.pools()}")


if __name__ == "__main__":
    lib.main()
