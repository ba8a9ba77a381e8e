"""[server] spool: background tasks outlive a planned restart, each once, or are lost aloud."""

import contextlib
import os
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon

REFUSED = 1
EPOCH_FAR = 4_000_000_000


class Spool(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.spool = Path(directory.name) / "spool"
        self.spool.mkdir(mode=0o700)
        self.file = self.spool / "tasks.spool"

    def daemon(self, config="", **more):
        return Daemon(f"[server]\nspool = {self.spool}\nshutdown_grace = 0\n{config}", **more)

    def names(self):
        return sorted(path.name for path in self.spool.iterdir())

    def unique_ids(self, daemon):
        with daemon.connect() as peer:
            return [row[0] for row in peer.listing("show unique jobs")]

    def grab_all(self, daemon, function):
        """Every task that a worker of this function gets: (unique id, data)."""
        got = []
        with daemon.connect() as worker:
            worker.can_do(function)
            while True:
                worker.send(lib.GRAB_JOB_UNIQ)
                kind, body = worker.receive()
                if kind == lib.NO_JOB:
                    return got
                handle, _, unique, data = body.split(b"\0", 3)
                worker.send(lib.WORK_COMPLETE, handle, "")
                got.append((unique.decode(), data))

    @contextlib.contextmanager
    def with_tasks(self, count, config=""):
        """A spool with so many tasks of `f`, and a daemon that is about to find them."""
        with self.daemon() as daemon, daemon.connect() as client:
            for number in range(count):
                client.submit("f", b"x", kind=lib.SUBMIT_JOB_BG, unique=f"u{number}")
            self.assertEqual(daemon.stop(), 0, daemon.said())
        with self.daemon(config) as daemon:
            yield daemon

    def test_what_waits_runs_and_is_for_later_is_there_again_each_once_and_in_order(self):
        large = os.urandom(300_000)
        with self.daemon() as daemon, daemon.connect() as client, daemon.connect() as worker:
            client.submit("f", b"running", kind=lib.SUBMIT_JOB_BG, unique="r")
            worker.can_do("f")
            worker.send(lib.GRAB_JOB)
            worker.expect(lib.JOB_ASSIGN)
            client.submit("f", b"second", kind=lib.SUBMIT_JOB_BG, unique="2")
            client.submit("f", large, kind=lib.SUBMIT_JOB_BG, unique="3")
            client.submit("f", b"first", kind=lib.SUBMIT_JOB_HIGH_BG, unique="1")
            client.submit("f", b"", kind=lib.SUBMIT_JOB_LOW_BG, unique="4")
            client.submit("f", b"foreground", unique="gone")
            client.send(lib.SUBMIT_JOB_EPOCH, "f", "later", str(EPOCH_FAR), "then")
            client.expect(lib.JOB_CREATED)
            daemon.terminate()
            self.assertEqual(daemon.wait(), 0, daemon.said())
            self.assertIn("spooled=6", daemon.said())
            self.assertEqual(self.names(), ["tasks.spool"])
            daemon.start()
            self.assertIn("tasks=6\n", daemon.said())
            self.assertEqual(self.names(), [])
            self.assertEqual(sorted(self.unique_ids(daemon)), ["1", "2", "3", "4", "later", "r"])
            self.assertEqual(self.grab_all(daemon, "f"),
                             [("1", b"first"), ("r", b"running"), ("2", b"second"), ("3", large),
                              ("4", b"")])
            self.assertEqual(self.unique_ids(daemon), ["later"])
            self.assertEqual(daemon.stop(), 0, daemon.said())
            daemon.start()
            self.assertEqual(self.unique_ids(daemon), ["later"])

    def test_a_reducer_is_kept(self):
        with self.daemon() as daemon, daemon.connect() as client:
            client.send(lib.SUBMIT_REDUCE_JOB_BACKGROUND, "f", "u", "sum", "", "data")
            client.expect(lib.JOB_CREATED)
            self.assertEqual(daemon.stop(), 0, daemon.said())
            daemon.start()
            with daemon.connect() as worker:
                worker.can_do("f")
                worker.send(lib.GRAB_JOB_ALL)
                self.assertEqual(worker.expect(lib.JOB_ASSIGN_ALL).split(b"\0", 1)[1],
                                 b"f\0u\0sum\0data")

    def test_a_task_whose_time_came_meanwhile_runs_at_once(self):
        soon = int(time.time()) + 2
        with self.daemon() as daemon, daemon.connect() as client:
            client.send(lib.SUBMIT_JOB_EPOCH, "f", "soon", str(soon), "now")
            client.expect(lib.JOB_CREATED)
            self.assertEqual(daemon.stop(), 0, daemon.said())
            daemon.start()
            with daemon.connect() as worker:
                worker.can_do("f")
                worker.send(lib.PRE_SLEEP)
                worker.expect(lib.NOOP)
            self.assertGreaterEqual(time.time(), soon)

    def test_without_tasks_nothing_is_written(self):
        with self.daemon() as daemon:
            self.assertEqual(daemon.stop(), 0, daemon.said())
        self.assertEqual(self.names(), [])

    def test_what_finds_no_room_stays_in_the_file_until_it_does(self):
        with self.with_tasks(5, "[function f]\nmax_queue = 2\n") as daemon:
            self.assertIn("tasks=2\n", daemon.said())
            self.assertIn("spool-full: some found no room and stay in it; ", daemon.said())
            self.assertEqual(sorted(self.unique_ids(daemon)), ["u0", "u1"])
            self.assertEqual(len(self.grab_all(daemon, "f")), 2)
            with daemon.connect() as client:
                client.submit("f", b"x", kind=lib.SUBMIT_JOB_BG, unique="new")
            self.assertEqual(daemon.stop(), 0, daemon.said())
        with self.daemon() as daemon:
            self.assertEqual([unique for unique, _ in self.grab_all(daemon, "f")],
                             ["u2", "u3", "u4", "new"])
            self.assertEqual(self.names(), [])

    def test_a_damaged_spool_is_named_put_aside_and_nothing_of_it_is_done(self):
        for number in (1, 2):
            with self.daemon() as daemon, daemon.connect() as client:
                client.submit("f", b"x" * 100, kind=lib.SUBMIT_JOB_BG, unique="u")
                self.assertEqual(daemon.stop(), 0, daemon.said())
            damaged = bytearray(self.file.read_bytes())
            damaged[60] ^= 1
            self.file.write_bytes(damaged)
            with self.daemon() as daemon:
                self.assertIn(f"spool {self.file}: damaged at offset 8: the checksum is wrong",
                              daemon.said())
                self.assertEqual(self.unique_ids(daemon), [])
                self.assertEqual(self.names()[-1], f"tasks.spool.damaged.{number}")
                self.assertEqual((self.spool / self.names()[-1]).read_bytes(), damaged)

    def test_a_spool_that_was_not_written_to_its_end_is_none(self):
        with self.with_tasks(0) as daemon:
            self.file.with_suffix(".spool.new").write_bytes(b"PMADSPL1 half")
            with daemon.connect() as client:
                client.submit("f", b"x", kind=lib.SUBMIT_JOB_BG, unique="u")
            self.assertEqual(daemon.stop(), 0, daemon.said())
            self.assertEqual(self.names(), ["tasks.spool"])
            whole = self.file.read_bytes()
            self.file.write_bytes(whole[:-1])
            daemon.start()
            self.assertIn("it ends in the middle", daemon.said())
            self.assertEqual(self.unique_ids(daemon), [])

    @unittest.skipUnless(shutil.which("strace") and not lib.SANITIZED, "strace decides what fails")
    def test_a_full_disk_is_said_and_is_the_exit_status(self):
        strace = ("strace", "-f", "-o", "/dev/null", "-e", "trace=fsync",
                  "-e", "inject=fsync:error=ENOSPC")
        probe = lib.run(*strace, "true")
        if probe.returncode != 0:
            self.skipTest(f"strace may not trace here: {probe.stderr.strip()}")
        with self.daemon(wrap=strace) as daemon, daemon.connect() as client:
            client.submit("f", b"x", kind=lib.SUBMIT_JOB_BG, unique="u")
            self.assertEqual(daemon.stop(), REFUSED, daemon.said())
            self.assertIn("could not be written: No space left on device", daemon.said())
            self.assertIn("lost=1\n", daemon.said())
        self.assertEqual(self.names(), [])

    def test_a_directory_that_cannot_be_used_refuses_the_start(self):
        def refused(spool):
            run = lib.run(lib.PMADD, "-c", "/dev/null", "--set", f"server.spool={spool}",
                          "--socket", self.spool / "s")
            self.assertEqual(run.returncode, REFUSED, run.stderr)
            return run.stderr
        self.assertIn("spool /no/such: No such file or directory", refused("/no/such"))
        self.assertIn("Not a directory", refused("/etc/passwd"))
        with self.daemon():
            self.assertIn(f"spool {self.spool}: another daemon has it", refused(self.spool))


if __name__ == "__main__":
    lib.main()
