"""After READY=1 the daemon asks nobody for memory: not the heap, not the system.

A mixed load runs over it meanwhile, and all wire vectors, which together send every packet and
every command there is. Whoever asks, libuv and the C library included, is counted; and at the end
every pool has as many blocks in use as at the beginning.
"""

import mmap
import os
import re
import shutil
import struct
import sys
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon

sys.path.insert(0, str(lib.SOURCE / "tests" / "vectors"))

import player  # noqa: E402
import vectors  # noqa: E402

MIXED_LOAD = os.environ.get("PMADD_MIXED_LOAD", "mixed_load")
HEAP_COUNTER = os.environ.get("PMADD_HEAP_COUNTER", "libpmadd_heap_counter.so")
TASKS = int(os.environ.get("PMADD_TASKS", "100000"))
TASKS_A_ROUND = 500  # tasks of the mixed load for each round of all vectors
CONFIG = "[server]\nlisten = 127.0.0.1:{port}\n[access]\nadmin = tcp\n"

# What a stack may still come to when a call goes deeper than any before.
STACK_KIB = 64


def anonymous_kib(daemon):
    """The daemon's resident memory that is no file's."""
    for line in Path(f"/proc/{daemon.pid()}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no RssAnon in /proc/PID/status")


class HeapCount:
    """The word that the preloaded counter keeps: calls of malloc and its family so far."""

    def __init__(self, path):
        path.write_bytes(bytes(8))
        with open(path, "r+b") as file:
            self.word = mmap.mmap(file.fileno(), 8)

    def read(self):
        return struct.unpack("@Q", self.word[:8])[0]


def memory_calls(trace):
    """The calls in a piece of trace, but for those that only mark where it begins and ends."""
    return re.findall(r"(?m)^\d+\s+((?!sendmsg|sendto)\w+\(.*)$", trace)


def every_vector(test, daemon, port, rounds):
    """All wire vectors, over either kind of socket in turn: some 300 connections a round."""
    conversations = vectors.read()
    sent = set()
    for number in range(rounds):
        for vector in conversations:
            one = player.Player(vector, ("127.0.0.1", port) if number % 2 else daemon.socket,
                                lib.PATIENCE)
            one.play()
            sent |= one.sent
    test.assertEqual(player.not_sent(sent), [])


def everything(test, daemon, port, tasks):
    """All a daemon does in a day: the mixed load, every packet and command, refusals, errors, peers
    that break. Nothing of it may be left in the pools."""
    base = daemon.pools()
    run = lib.run(MIXED_LOAD, daemon.socket, tasks, 20, timeout=10 * lib.PATIENCE)
    test.assertEqual(run.returncode, 0, run.stderr)
    with lib.Bystander(daemon):
        with lib.Peer(("127.0.0.1", port)) as peer:
            peer.echo()
            for listing in ("status", "workers", "pools"):
                peer.listing(listing)
            peer.line("version")
            peer.line("nonsense")
            peer.send(lib.SUBMIT_JOB, "f", "", bytes(2 << 20))
            peer.expect(lib.ERROR)
            handle = peer.submit("f")
            peer.send(lib.GET_STATUS, handle)
            peer.expect(lib.STATUS_RES)
        for broken in (b"\0BAD" + bytes(8), lib.header(lib.SUBMIT_JOB, 1000) + b"f\0\0half",
                       lib.header(0xFFFFFFFF, 0xFFFFFFFF)):
            with daemon.connect() as peer:
                peer.raw(broken)
        for _ in range(10):
            peers = [daemon.connect() for _ in range(100)]
            for peer in peers:
                peer.echo()
            for peer in peers:
                peer.close()
    every_vector(test, daemon, port, tasks // TASKS_A_ROUND)
    test.assertTrue(lib.eventually(lambda: daemon.pools() == base), (base, daemon.pools()))


class MemoryProof(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.port = lib.free_port()

    def test_the_counter_sees_the_calls_of_a_program(self):
        counted = HeapCount(self.directory / "count")
        lib.run("ls", "/", env=lib.environment(PMADD_HEAP_COUNT=str(self.directory / "count"),
                                               LD_PRELOAD=HEAP_COUNTER))
        self.assertGreater(counted.read(), 0)

    def test_no_call_of_malloc_or_its_family_after_ready_and_no_page_more(self):
        counted = HeapCount(self.directory / "count")
        env = {"PMADD_HEAP_COUNT": str(self.directory / "count"), "LD_PRELOAD": HEAP_COUNTER}
        with Daemon(CONFIG.format(port=self.port), env=env) as daemon:
            before = counted.read()
            resident = anonymous_kib(daemon)
            self.assertGreater(before, 0, "the counter is not in the process")
            everything(self, daemon, self.port, TASKS)
            self.assertEqual(counted.read() - before, 0)
            self.assertLessEqual(anonymous_kib(daemon) - resident, STACK_KIB)
            self.assertEqual(daemon.stop(), 0, daemon.said())

    @unittest.skipUnless(shutil.which("strace"), "strace is not installed")
    def test_no_system_call_for_memory_after_ready(self):
        trace = self.directory / "trace"
        probe = lib.run("strace", "-f", "--seccomp-bpf", "-o", trace, "-e", "trace=memory", "true")
        if probe.returncode != 0:
            self.skipTest(f"strace may not trace here: {probe.stderr.strip()}")
        strace = ("strace", "-f", "--seccomp-bpf", "-s", "64", "-o", str(trace),
                  "-e", "trace=memory,sendmsg,sendto")
        with Daemon(CONFIG.format(port=self.port), wrap=strace) as daemon:
            everything(self, daemon, self.port, TASKS // 5)
            self.assertEqual(daemon.stop(), 0, daemon.said())
        before, ready, after = trace.read_text().partition("READY=1")
        self.assertTrue(ready, "the trace does not show when the daemon was ready")
        served, stopping, _ = after.partition("STOPPING=1")
        self.assertTrue(stopping, "the trace does not show when the daemon was stopped")
        self.assertGreater(len(memory_calls(before)), 10, "the trace shows no call at all")
        self.assertEqual(memory_calls(served), [])


if __name__ == "__main__":
    lib.main()
