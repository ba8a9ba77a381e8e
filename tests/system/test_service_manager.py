"""What a service manager is told while the daemon runs: that all is well, and that the config is read again."""

import contextlib
import os
import signal
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon

LIMIT_US = 100_000  # WatchdogSec=


class ServiceManager(unittest.TestCase):
    def heard(self, daemon, word, times):
        """Waits until it has been told a word so many times."""
        return lib.eventually(lambda: daemon.notes.heard.count(word) >= times)

    def test_the_watchdog_is_told_again_and_again_while_nothing_else_happens(self):
        with Daemon(env={"WATCHDOG_USEC": str(LIMIT_US)}) as daemon:
            self.assertTrue(self.heard(daemon, "WATCHDOG=1", 5), daemon.notes.heard)

    def test_the_status_names_the_fullest_pool_and_how_full_it_is(self):
        with Daemon() as daemon, daemon.connect() as client:
            self.assertRegex(daemon.notes.heard, r"STATUS=0 connections.*; fullest pool: \w+, \d+%\n")
            kind = lib.JOB_CREATED
            while kind == lib.JOB_CREATED:
                client.send(lib.SUBMIT_JOB_BG, "f", "", bytes(60_000))
                kind, _ = client.receive()
            rows = [[int(word) for word in row[1:4]] for row in client.listing("pools")
                    if row[0] == "tasks" and row[1].isdigit()]
            used = sum(size * count for size, _, count in rows)
            percent = -(-100 * used // sum(size * count for size, count, _ in rows))
            self.assertGreater(percent, 50)
            self.assertTrue(self.heard(daemon, f"; fullest pool: tasks, {percent}%\n", 1),
                            daemon.notes.heard)

    def test_without_a_watchdog_nobody_is_told(self):
        with Daemon(env={"WATCHDOG_USEC": str(LIMIT_US), "WATCHDOG_PID": "1"}) as daemon:
            with daemon.connect() as peer:
                peer.echo()
            self.assertEqual(daemon.stop(), 0)
        self.assertNotIn("WATCHDOG", daemon.notes.heard)

    def test_a_daemon_that_hangs_says_nothing(self):
        with Daemon(env={"WATCHDOG_USEC": str(LIMIT_US)}) as daemon:
            self.assertTrue(self.heard(daemon, "WATCHDOG=1", 2))
            os.kill(daemon.pid(), signal.SIGSTOP)
            with contextlib.suppress(TimeoutError):  # one may have been on its way
                daemon.notes.wait_for_more("WATCHDOG=1", LIMIT_US / 1e6)
            with self.assertRaises(TimeoutError):
                daemon.notes.wait_for_more("WATCHDOG=1", 5 * LIMIT_US / 1e6)
            os.kill(daemon.pid(), signal.SIGCONT)
            daemon.notes.wait_for_more("WATCHDOG=1", lib.PATIENCE)

    def test_a_reload_begins_and_ends_in_words(self):
        with Daemon() as daemon:
            for times in (1, 2):
                os.kill(daemon.pid(), signal.SIGHUP)
                self.assertTrue(self.heard(daemon, "READY=1", 1 + times), daemon.notes.heard)
                self.assertEqual(daemon.notes.heard.count("RELOADING=1\nMONOTONIC_USEC="), times)

    def test_a_reload_that_changes_nothing_ends_too(self):
        with Daemon() as daemon:
            daemon.file.write_text("[nonsense]\n")
            os.kill(daemon.pid(), signal.SIGHUP)
            self.assertTrue(self.heard(daemon, "READY=1", 2), daemon.notes.heard)


if __name__ == "__main__":
    lib.main()
