"""Tasks of all kinds and sizes through eight workers and eight clients: see mixed_load.c."""

import os
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon

MIXED_LOAD = os.environ.get("PMADD_MIXED_LOAD", "mixed_load")
TASKS = int(os.environ.get("PMADD_TASKS", "5000"))


class MixedLoad(unittest.TestCase):
    def test_all_results_are_right_and_the_pools_come_back_to_what_they_were(self):
        seed = int(os.environ.get("PMADD_SEED", "1"))
        with Daemon("[limits]\nslow_peer_grace = 60s\n") as daemon:
            before = daemon.pools()
            run = lib.run(MIXED_LOAD, daemon.socket, TASKS, seed, timeout=10 * lib.PATIENCE)
            self.assertEqual(run.returncode, 0, run.stderr + daemon.said())
            print(run.stdout, end="")
            after = lib.eventually(lambda: daemon.pools() == before)
            self.assertTrue(after, f"{before} became {daemon.pools()}")
            with daemon.connect() as peer:
                for name, total, running, workers in peer.listing("status"):
                    self.assertEqual((total, running, workers), ("0", "0", "0"), name)
            self.assertEqual(daemon.stop(), 0, daemon.said())


if __name__ == "__main__":
    lib.main()
