"""A reload is the one moment after READY=1 at which the heap is used, and gives back what it took."""

import os
import pwd
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon
from test_memory_proof import HEAP_COUNTER, HeapCount, anonymous_kib
from test_reload import reload, write

RELOADS = 1000


class Memory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def work(self, daemon):
        with daemon.connect() as client, daemon.connect() as worker:
            worker.can_do("f")
            handle = client.submit("f")
            worker.send(lib.GRAB_JOB)
            worker.expect(lib.JOB_ASSIGN)
            worker.send(lib.WORK_COMPLETE, handle, "done")
            client.expect(lib.WORK_COMPLETE)

    def test_nothing_is_allocated_but_by_a_reload_and_that_gives_back_what_it_took(self):
        counted = HeapCount(self.directory / "count")
        env = {"PMADD_HEAP_COUNT": str(self.directory / "count"), "LD_PRELOAD": HEAP_COUNTER}
        user = pwd.getpwuid(os.geteuid()).pw_name
        configs = [f"[function f]\nmax_queue = {n}\n[access]\nsubmit = {user}\nadmin = {user}\n"
                   for n in (10, 20)] + ["[function f]\nretries = none\n"]
        with Daemon(configs[0], env=env) as daemon:
            before = counted.read()
            self.work(daemon)
            self.assertEqual(counted.read(), before)
            for config in configs:
                write(daemon, config)
                reload(daemon)
            base = daemon.pools()
            after = counted.read()
            resident = anonymous_kib(daemon)
            self.work(daemon)
            self.assertEqual(counted.read(), after)
            for number in range(RELOADS):
                write(daemon, configs[number % len(configs)])
                self.assertEqual(reload(daemon) == "OK", number % len(configs) < 2)
            self.assertEqual(anonymous_kib(daemon), resident)
            after = counted.read()
            self.work(daemon)
            self.assertEqual(counted.read(), after)
            self.assertEqual(daemon.pools(), base)
            self.assertEqual(daemon.stop(), 0, daemon.said())


if __name__ == "__main__":
    lib.main()
