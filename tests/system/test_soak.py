"""Mixed load, noise, storms of connections, dying workers, all at once and for a while: memory is as
much at the end as at the beginning. PMADD_SOAK says for how many seconds (5)."""

import os
import statistics
import threading
import time

import hostile
import pmadd_testlib as lib

MIXED_LOAD = os.environ.get("PMADD_MIXED_LOAD", "mixed_load")
SECONDS = float(os.environ.get("PMADD_SOAK", "5"))
SAMPLES = 50


class Again(threading.Thread):
    """Does something again and again until the time is over; hands on what went wrong."""

    def __init__(self, until, once):
        super().__init__()
        self.until = until
        self.once = once
        self.rounds = 0
        self.failure = None

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.rounds += 1
                self.once(self.rounds)
        except Exception as failure:  # whatever it is, the test has to hear of it
            self.failure = failure


class Soak(hostile.HostileTest):
    CONFIG = "[limits]\nslow_peer_grace = 60s\n"

    def mixed_load(self, seed):
        run = lib.run(MIXED_LOAD, self.daemon.socket, 2_000, seed, timeout=10 * lib.PATIENCE)
        self.assertEqual(run.returncode, 0, run.stderr)

    def malformed(self, seed):
        hostile.attack(self.daemon, "malformed", seed, 1_000)

    def connects(self, seed):
        hostile.attack(self.daemon, "connects", seed, 1_000)

    def deaths(self, _):
        with hostile.Attack(self.daemon, "leave", count=20) as clients:
            clients.ready()
            with hostile.Attack(self.daemon, "take", count=20) as workers:
                workers.ready()
                workers.kill()

    def soak(self, seconds, samples):
        """All of it for so long; the memory at each of the samples."""
        began = time.monotonic()
        acts = [Again(began + seconds, act)
                for act in (self.mixed_load, self.malformed, self.connects, self.deaths)]
        memory = []
        for act in acts:
            act.start()
        for sample in range(samples):
            time.sleep(max(0, began + (sample + 1) * seconds / samples - time.monotonic()))
            memory.append(hostile.memory_kib(self.daemon))
        for act in acts:
            act.join()
            if act.failure is not None:
                raise act.failure
        return memory

    def test_memory_does_not_grow_under_a_mixed_load(self):
        footprint = hostile.Footprint(self.daemon)
        self.soak(SECONDS / 5, 1)
        memory = self.soak(SECONDS, SAMPLES)
        slope = statistics.linear_regression(range(SAMPLES), memory).slope
        if not lib.SANITIZED:
            self.assertEqual((min(memory), slope), (max(memory), 0))
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"memory over {SECONDS:g} s of mixed load",
                            f"slope {slope:g} KiB a sample, {min(memory)} to {max(memory)} KiB")


if __name__ == "__main__":
    lib.main()
