"""What the tests of pmadctl share: how it ends, a daemon for each test, workers that end with it."""

import contextlib
import re
import socket
import subprocess
import threading
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon

FINE, TASK_FAILED, USAGE, REFUSED, TIMED_OUT, NO_DAEMON = 0, 1, 2, 3, 4, 5


def help_of(*verb):
    """What --help says, of all or of one verb."""
    run = lib.run(lib.PMADCTL, *verb, "--help")
    assert run.returncode == 0, run.stderr
    return run.stdout


def verbs():
    """Those that the table of verbs has."""
    table = help_of().split("Verbs:\n")[1].split("\n\n")[0]
    return set(re.findall(r"(?m)^  ([a-z][a-z-]*) ", table))


def options(*verb):
    """Long options as a list of options shows them; `=` behind those with a value."""
    return set(re.findall(r"(?m)^ +(?:-., )?(--[a-z-]+=?)", help_of(*verb)))


class Tap:
    """Stands between one client and the daemon, and tells when answers of some kind have passed."""

    def __init__(self, daemon, kind):
        self.socket = f"{daemon.socket}.tap"
        self.passed = threading.Semaphore(0)
        self.header = lib.header(kind, 0, magic=lib.RESPONSE)[:8]
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.socket)
        self.listener.listen()
        self.daemon = socket.socket(socket.AF_UNIX)
        self.daemon.connect(str(daemon.socket))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            client, _ = self.listener.accept()
            threading.Thread(target=self._pump, args=(client, self.daemon), daemon=True).start()
            self._pump(self.daemon, client)

    def _pump(self, source, sink):
        with contextlib.suppress(OSError), source, sink:
            while data := source.recv(65536):
                sink.sendall(data)
                if count := data.count(self.header):
                    self.passed.release(count)

    def has_passed(self, count):
        """True when so many more have, as soon as they have."""
        return all(self.passed.acquire(timeout=lib.PATIENCE) for _ in range(count))

    def close(self):
        self.listener.close()
        self.daemon.close()


class Commands(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        self.daemon = Daemon(self.CONFIG)
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__)

    def worker(self, function, *command, jobs=1, options=(), at=None):
        """A `pmadctl work` of this test, ended with it; returns when the daemon knows it."""
        before = self.workers(function)
        process = lib.spawn(lib.PMADCTL, "work", "--socket", at or self.daemon.socket,
                            f"--jobs={jobs}", *options, function, "--", *command,
                            stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        self.assertTrue(lib.eventually(lambda: self.workers(function) > before))
        return process

    def row(self, function):
        """What `status` says of a function: tasks, running ones, workers."""
        with self.daemon.connect() as peer:
            rows = [row for row in peer.listing("status") if row[0] == function]
        return tuple(int(number) for number in rows[0][1:]) if rows else (0, 0, 0)

    def workers(self, function):
        return self.row(function)[2]

    def assert_says(self, run, status, *patterns):
        """Ended with this status and one line on stderr that matches."""
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for pattern in patterns:
            self.assertRegex(run.stderr, pattern)
