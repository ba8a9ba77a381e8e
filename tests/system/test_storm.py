"""Thousands of peers that come, send sense and nonsense in pieces, and go in every way there is.

What they do follows from one seed, which is printed first; PMADD_SEED repeats a run.
"""

import os
import random
import socket
import struct
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Bystander, Daemon

PEERS = int(os.environ.get("PMADD_STORM", "1500"))
AT_ONCE = 60
CONFIG = """
[server]
listen = 127.0.0.1:{port}
[limits]
connections = 50
payload_max = 200K
outbox_max = 64K
slow_peer_grace = 200ms
frame_timeout = 200ms
idle_timeout = 200ms
"""
# What outlives its client would be left behind: SUBMIT_* in the background.
OTHERS = [kind for kind in range(50) if kind not in (18, 32, 34, 35, 36, 38)]
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close(2) becomes a reset


class Storm:
    """Peers that do what the dice say."""

    def __init__(self, dice, addresses):
        self.dice = dice
        self.addresses = addresses

    def connect(self):
        address = self.dice.choice(self.addresses)
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        peer = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            peer.connect(address)
        except (BlockingIOError, InterruptedError):
            pass  # the backlog is full, or TCP needs a moment: what follows may come to nothing
        return peer

    def message(self):
        dice = self.dice
        data = dice.randbytes(dice.choice((0, 1, 100, 5_000, 150_000, 300_000)))
        function = dice.choice(("storm:a", "storm:b", "", "x" * 500))
        return dice.choice((
            lambda: lib.frame(dice.choice((7, 21, 33)), function, "", data),
            lambda: lib.frame(lib.CAN_DO, function),
            lambda: lib.frame(lib.CANT_DO, function),
            lambda: lib.frame(dice.choice((lib.GRAB_JOB, 30, 39))),
            lambda: lib.frame(lib.PRE_SLEEP),
            lambda: lib.frame(lib.ECHO_REQ, data),
            lambda: lib.frame(dice.choice((lib.WORK_COMPLETE, 14, 25, 28)), "H:storm:1", data),
            lambda: lib.frame(dice.choice(OTHERS), *["storm:a"] * dice.randrange(6)),
            lambda: lib.header(dice.randrange(1 << 32), dice.randrange(1 << 32)) + data[:50],
            lambda: dice.choice((b"status\n", b"workers\r\n", b"pools\n", b"version\n", b"what\n")),
            lambda: dice.randbytes(30),
        ))()

    def act(self, peer):
        """Sends, or reads, or neither; what goes wrong is the peer's own fault."""
        try:
            if self.dice.random() < 0.7:
                message = self.message()
                whole = self.dice.random() < 0.7
                peer.send(message if whole else message[:self.dice.randrange(len(message) + 1)])
            else:
                peer.recv(self.dice.choice((1, 100, 1 << 20)))
        except OSError:
            pass

    def leave(self, peer):
        way = self.dice.randrange(3)
        try:
            if way == 0:
                peer.shutdown(socket.SHUT_WR)
            if way == 1 and peer.family == socket.AF_INET:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        except OSError:
            pass
        peer.close()


class Storms(unittest.TestCase):
    def test_a_storm_of_peers_leaves_nothing_behind(self):
        seed = int(os.environ.get("PMADD_SEED") or random.randrange(1 << 32))
        print(f"PMADD_SEED={seed}", flush=True)
        dice = random.Random(seed)
        port = lib.free_port()
        with Daemon(CONFIG.format(port=port)) as daemon:
            before = daemon.pools()
            storm = Storm(dice, [str(daemon.socket), ("127.0.0.1", port)])
            with Bystander(daemon):
                peers = []
                for _ in range(PEERS):
                    peers.append(storm.connect())
                    for _ in range(dice.randrange(8)):
                        storm.act(dice.choice(peers))
                    if len(peers) > dice.randrange(AT_ONCE):
                        storm.leave(peers.pop(dice.randrange(len(peers))))
                for peer in peers:
                    storm.leave(peer)
            after = lib.eventually(lambda: daemon.pools() == before)
            self.assertTrue(after, f"{before} became {daemon.pools()}")
            self.assertEqual(daemon.stop(), 0, daemon.said())


if __name__ == "__main__":
    lib.main()
