"""System calls fail while clients and workers run: nobody dies of it, and the service goes on.

strace is attached to a daemon at work and lets some of its calls fail: one, a row, every seventh. No
more connections may be lost than calls have failed, and none for an error that concerns no peer;
and afterwards whoever comes is served within a second.
"""

import contextlib
import itertools
import os
import re
import select
import shutil
import socket
import subprocess
import threading
import time
import unittest
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

import hostile
import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

CONFIG = """[server]
log_level = debug
[limits]
connections = 64
tasks = 1024
payload_max = 64K
[pool tasks]
size = 2M
[pool wire]
size = 2M
"""

BACK_WITHIN_S = 1.0
PAIRS = 3

# The errors that a kernel can give these calls at work: those that cost a peer its connection, and
# those that nobody is to notice. close(2) is not here: strace would leave out the call, and the
# descriptor would stay open.
ERRORS = {
    "accept4": ("EMFILE ENFILE", "EINTR EAGAIN ECONNABORTED EPERM EPROTO ENOBUFS ENOMEM"),
    "epoll_wait,epoll_pwait": ("", "EINTR"),
    "getsockopt": ("", "ENOMEM"),
    "ioctl": ("ENOMEM", ""),
    "poll": ("", "EINTR"),
    "read": ("", "EINTR ECONNRESET"),
    "readv": ("ECONNRESET ETIMEDOUT EIO ENOMEM", "EINTR EAGAIN"),
    "sendmsg": ("", "EAGAIN ECONNREFUSED ENOBUFS"),
    "shutdown": ("", "ENOTCONN"),
    "socket": ("", "EMFILE ENFILE"),
    "write": ("", "EAGAIN EINTR ENOSPC EPIPE"),
    "writev": ("ECONNRESET EPIPE EIO ENOMEM ENOBUFS", "EINTR EAGAIN"),
}

# Which of the calls fail, and how many that are; fewer where each takes its time.
OFTEN = {"5": 1, "1..20": 20, "3..143+7": 21}
SELDOM = {"2": 1, "1..3": 3}
ONCE = {"1": 1}
PATTERNS = {"accept4": SELDOM, "ioctl": SELDOM, "poll": ONCE, "sendmsg": ONCE, "shutdown": ONCE,
            "socket": ONCE}

# What accept4(2) can answer again and again, as long as the cause lasts; and how long it does here.
LASTING = "EMFILE ENFILE ENOBUFS ENOMEM EPERM".split()
LASTING_S = 2.0
TRIES_A_SECOND = 50

Fault = namedtuple("Fault", "calls error costs when count")


def faults_of(calls):
    costs, keeps = (errors.split() for errors in ERRORS[calls])
    return [Fault(calls, error, error in costs, when, count)
            for error in costs + keeps for when, count in PATTERNS.get(calls, OFTEN).items()]


class Strace:
    """Lets calls of a running daemon fail."""

    def __init__(self, daemon, calls, inject=None):
        self.text = ""
        failing = ["-e", f"inject={inject}"] if inject else []
        self.process = lib.spawn("strace", "-p", daemon.process.pid, "-s", "0", "-e", "signal=none",
                                 "-e", f"trace={calls}", *failing, stderr=subprocess.PIPE)
        self.read_until(lambda: "attached\n" in self.text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.end(self.process)
        self.process.stderr.close()

    def read_some(self, deadline):
        """Reads what there is; false at the deadline, or where nothing more can come."""
        left = max(0, deadline - time.monotonic())
        ready, _, _ = select.select([self.process.stderr], [], [], left)
        text = os.read(self.process.stderr.fileno(), 65536).decode() if ready else ""
        self.text += text
        return text != ""

    def read_until(self, holds):
        """Reads until that is so; false if strace, and with it the daemon, has ended before."""
        deadline = time.monotonic() + lib.PATIENCE
        while not holds():
            if self.read_some(deadline):
                continue
            if time.monotonic() < deadline:
                return False
            raise TimeoutError(f"strace shows no more: {self.text[-300:]}")
        return True

    def failed(self):
        """How many calls have."""
        return self.text.count("(INJECTED)")

    def read_failures(self, count):
        """Reads until so many calls have failed, and the next one has not: to be let go in the
        middle of one that is to fail would be an error of its own."""
        def are_over():
            return self.failed() >= count and "\n" in self.text.rpartition("(INJECTED)\n")[2]
        return self.read_until(are_over)


class Crowd:
    """Clients and workers that go on for ever, and come again when their connection is lost; and a
    visitor who comes and goes, in peace and with a broken frame in turn."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.going = True
        self.lost = 0
        self.rounds = 0
        self.failure = None
        self.peers = set()
        self.news = threading.Condition()
        roles = [(role, f"f{number}") for number in range(PAIRS)
                 for role in (self._client, self._worker)]
        roles.append((self._visitor, ""))
        self.threads = [threading.Thread(target=self._go, args=role, daemon=True) for role in roles]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        with self.news:
            self.news.wait_for(lambda: self.rounds > 10 * PAIRS or self.failure, lib.PATIENCE)
        return self

    def __exit__(self, *_):
        with self.news:
            self.going = False
            for peer in self.peers:
                with contextlib.suppress(OSError):
                    peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(lib.PATIENCE)

    def _go(self, role, function):
        while self.going and self.failure is None:
            try:
                with Peer(self.daemon.socket) as peer:
                    with self.news:
                        self.peers.add(peer)
                    try:
                        role(peer, function)
                    finally:
                        with self.news:
                            self.peers.remove(peer)
            except Exception as failure:  # whatever it is, the test has to hear of it
                self._met(failure)

    def _met(self, failure):
        """A connection that was lost, or that was refused for want of a descriptor; or worse."""
        lost = isinstance(failure, ConnectionError) or "limit=descriptors" in str(failure)
        with self.news:
            if not lost:
                self.failure = failure
            elif self.daemon.process.poll() is None:
                self.lost += self.going
            else:
                self.going = False

    def _client(self, peer, function):
        for number in range(1 << 30):
            if not self.going:
                return
            data = b"%d " % number * 2000
            handle = peer.submit(function, data)
            if peer.expect(lib.WORK_COMPLETE) != handle + b"\0" + data[::-1]:
                raise AssertionError("wrong result")
            with self.news:
                self.rounds += 1
                self.news.notify_all()

    def _worker(self, peer, function):
        peer.can_do(function)
        while self.going:
            handle, _, data = peer.grab()
            peer.complete(handle, data[::-1])

    def _visitor(self, peer, _):
        peer.echo()
        with Peer(self.daemon.socket) as rude:
            rude.raw(b"\0BAD" + bytes(8))
            rude.expect_end()


def time_of_a_task(daemon):
    """How long a new client and a new worker take for a task."""
    begin = time.monotonic()
    with daemon.connect() as client, daemon.connect() as worker:
        worker.can_do("probe")
        client.submit("probe")
        worker.complete(worker.grab()[0])
        client.expect(lib.WORK_COMPLETE)
    return time.monotonic() - begin


def verdict(daemon, fault, times):
    """What is wrong when calls fail under load; None if nothing is. Adds how long a task takes
    afterwards."""
    inject = f"{fault.calls}:error={fault.error}:when={fault.when}"
    with Crowd(daemon) as crowd:
        with Strace(daemon, fault.calls, inject) as strace:
            alive = strace.read_failures(fault.count)
        if alive:
            times.append(time_of_a_task(daemon))
        lost = crowd.lost
    if not alive or daemon.process.poll() is not None:
        return f"pmadd ended with {daemon.wait()}"
    if crowd.failure is not None:
        return f"the others were disturbed: {crowd.failure!r}"
    if lost > (fault.count if fault.costs else 0):
        return f"{lost} connections were lost"
    if times[-1] > BACK_WITHIN_S:
        return f"served again after {times[-1]:.3f} s only"
    return None


def sweep(calls):
    """All faults of one call, one after the other on one daemon; a new one where it has died. Returns
    what was wrong, and how long a task took after each."""
    wrong, times = [], []
    with contextlib.ExitStack() as last:
        daemon = last.enter_context(Daemon(CONFIG))
        for fault in faults_of(calls):
            try:
                why = verdict(daemon, fault, times)
            except Exception as failure:  # whatever it is, the test has to hear of it
                why = repr(failure)
            if why is None:
                continue
            wrong.append(f"{fault.calls} with {fault.error}, when={fault.when}: {why}")
            with contextlib.suppress(AssertionError):
                last.close()
            daemon = last.enter_context(Daemon(CONFIG))
    return wrong, times


def why_not():
    """Why strace cannot be attached to a running process here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    sleeper = lib.spawn("sleep", lib.PATIENCE)
    try:
        probe = lib.spawn("strace", "-p", sleeper.pid, stderr=subprocess.PIPE, text=True)
        said = probe.stderr.readline()
        lib.end(probe)
        probe.stderr.close()
        return "" if "attached" in said else said.strip()
    finally:
        lib.end(sleeper)


class Work(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        why = why_not()
        if why:
            raise unittest.SkipTest(f"strace may not trace here: {why}")

    def test_no_failing_call_ends_the_service_or_more_than_one_peer(self):
        with ThreadPoolExecutor(len(ERRORS)) as sweeps:
            results = list(sweeps.map(sweep, ERRORS))
        wrong = [why for found, _ in results for why in found]
        times = [took for _, found in results for took in found]
        self.assertEqual(wrong, [], "\n".join(wrong))
        print(f"faults={len(times)} served_again_ms={1000 * max(times):.1f}")

    def test_a_connection_that_cannot_be_watched_is_all_that_is_lost(self):
        """What libuv does by itself about an epoll_ctl(2) that is refused is abort(3)."""
        with Daemon(CONFIG) as daemon, daemon.connect() as old:
            old.echo()
            with Strace(daemon, "epoll_ctl") as strace:
                with daemon.connect() as peer:
                    peer.echo()
                strace.read_until(lambda: strace.text.count("EPOLL_CTL_DEL") > 2)
            calls = re.findall(r"EPOLL_CTL_(\w+).* = (-?\d+)", strace.text)
            adding = [nth for nth, call in enumerate(calls, 1) if call == ("ADD", "0")]
            self.assertGreater(len(adding), 0, strace.text)
            for nth, error in itertools.product(adding, ("ENOSPC", "ENOMEM")):
                with Strace(daemon, "epoll_ctl", f"epoll_ctl:error={error}:when={nth}") as strace:
                    with daemon.connect() as peer, contextlib.suppress(ConnectionError):
                        peer.echo()
                    self.assertTrue(strace.read_until(strace.failed), daemon.said())
                self.assertLess(time_of_a_task(daemon), BACK_WITHIN_S)
                old.echo()

    def test_what_cannot_be_accepted_waits_and_costs_nobody_anything(self):
        with ThreadPoolExecutor(len(LASTING)) as errors:
            for error, wrong in zip(LASTING, errors.map(self.refuse_to_accept, LASTING)):
                with self.subTest(error):
                    self.assertEqual(wrong, [])

    @staticmethod
    def refuse_to_accept(error):
        """What is wrong with how pmadd bears that for a while."""
        wrong = []
        with Daemon(CONFIG) as daemon, daemon.connect() as old, contextlib.ExitStack() as late:
            old.echo()  # it is accepted before nobody else is
            with Strace(daemon, "accept4", f"accept4:error={error}:when=1..65534") as strace:
                before = hostile.cpu_s(daemon)
                begin = time.monotonic()
                peers = [late.enter_context(daemon.connect()) for _ in range(20)]
                while time.monotonic() < begin + LASTING_S and strace.failed() < 1000:
                    strace.read_some(begin + LASTING_S)
                    old.echo()
                took = time.monotonic() - begin
                used = hostile.cpu_s(daemon) - before
            again = time.monotonic()
            for peer in peers:
                peer.echo()
            back = time.monotonic() - again
            lines = daemon.said().count("a connection waits")
        if strace.failed() > TRIES_A_SECOND * took:
            wrong.append(f"{strace.failed()} tries in {took:.1f} s")
        if used > 0.05 * took + 0.02:
            wrong.append(f"{used:.2f} s of a processor in {took:.1f} s")
        if back > BACK_WITHIN_S:
            wrong.append(f"accepts again after {back:.3f} s only")
        if not 1 <= lines <= took + 1:
            wrong.append(f"{lines} lines in the log in {took:.1f} s")
        return wrong


if __name__ == "__main__":
    lib.main()
