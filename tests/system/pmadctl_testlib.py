"""What the tests of pmadctl share: how it ends, a daemon for each test, workers that end with it."""

import subprocess
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon

FINE, TASK_FAILED, USAGE, REFUSED, TIMED_OUT, NO_DAEMON = 0, 1, 2, 3, 4, 5


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
