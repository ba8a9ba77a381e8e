"""A client that does not read ten thousand results costs itself, and nobody else."""

import threading
import time
import unittest

import hostile
import pmadd_testlib as lib

RESULTS = 2_000 if lib.SANITIZED else 10_000
SIZE = 1_000
OUTBOX_MAX = 256 << 10


class Unread(hostile.HostileTest):
    CONFIG = f"""
[limits]
submissions_per_connection = {RESULTS}
outbox_max = {OUTBOX_MAX}
slow_peer_grace = 200ms
"""

    def setUp(self):
        super().setUp()
        self.held = 0
        self.told = 0

    def submit_all(self, client):
        """Pipelined in parts, so that neither end has to wait for the other."""
        part = lib.frame(lib.SUBMIT_JOB, "unread", "", "") * 500
        handles = []
        for _ in range(RESULTS // 500):
            client.raw(part)
            handles += [client.expect(lib.JOB_CREATED) for _ in range(500)]
        return handles

    def take_all(self, worker, handles):
        worker.can_do("unread")
        for begin in range(0, RESULTS, 500):
            worker.raw(lib.header(lib.GRAB_JOB, 0) * 500)
            for handle in handles[begin:begin + 500]:
                assigned = worker.expect(lib.JOB_ASSIGN)
                self.assertEqual(assigned.split(b"\0")[0], handle)

    def wire_bytes(self):
        return sum(size * used for (pool, size), used in self.daemon.pools().items()
                   if pool == "wire")

    def finish_all(self, worker, handles):
        """All results at once; the worker is not to wait for the client that does not read."""
        base = self.wire_bytes()
        for begin in range(0, RESULTS, 100):
            worker.raw(b"".join(lib.frame(lib.WORK_COMPLETE, handle, bytes(SIZE))
                                for handle in handles[begin:begin + 100]))
            worker.echo()
            self.held = max(self.held, self.wire_bytes() - base)

    def refuse_to_read(self):
        """One such client, from its first word to its end."""
        with self.daemon.connect() as client, self.daemon.connect() as worker:
            handles = self.submit_all(client)
            self.take_all(worker, handles)
            self.finish_all(worker, handles)
            hostile.until_dropped(client)
            self.told = len(client.expect_end())
            self.assertLess(self.told, RESULTS, "nothing was too much for it")
            worker.echo()

    def test_ten_thousand_results_that_nobody_reads_end_at_a_limit(self):
        footprint = hostile.Footprint(self.daemon)
        with lib.Bystander(self.daemon), hostile.Disturbance(self.daemon) as disturbance:
            grown = self.assert_no_growth(self.refuse_to_read)
        self.assert_nothing_is_left(footprint)
        others = self.assert_served(disturbance.before, disturbance.during, 3)
        hostile.reliability(f"a client that does not read {RESULTS} results of {SIZE} bytes",
                            f"memory grew by {grown} KiB, pool held {self.held >> 10} KiB for it "
                            f"(outbox_max {OUTBOX_MAX >> 10} KiB), dropped after {self.told}, "
                            f"{others}")


class UnreadBesideLarge(hostile.HostileTest):
    """By default: 1 MiB for one peer, and 5 s of patience with it."""

    TASKS = 400
    SIZE = 100_000
    OTHERS_SIZE = 20_000
    OTHERS_MS = 100 if hostile.STRICT else 2000
    PEACE_S = 6  # longer than the patience

    def test_large_results_of_others_do_not_wait_for_one_that_does_not_read(self):
        with self.daemon.connect() as slow, self.daemon.connect() as worker:
            slow.raw(lib.frame(lib.SUBMIT_JOB, "unread", "", "") * self.TASKS)
            handles = [slow.expect(lib.JOB_CREATED) for _ in range(self.TASKS)]
            worker.can_do("unread")
            worker.raw(lib.header(lib.GRAB_JOB, 0) * self.TASKS)
            for _ in handles:
                worker.expect(lib.JOB_ASSIGN)
            finishing = threading.Thread(target=self.finish, args=(worker, handles))
            finishing.start()
            longest = self.longest_round()
            finishing.join()
        hostile.reliability("large results of others beside one that does not read",
                            f"none waited longer than {longest:.0f} ms")
        self.assertLess(longest, self.OTHERS_MS)

    def finish(self, worker, handles):
        for handle in handles:
            worker.complete(handle, bytes(self.SIZE))
        worker.echo()

    def longest_round(self):
        """A client and a worker of their own, one task after the other; in ms."""
        longest, end = 0, time.monotonic() + self.PEACE_S
        with self.daemon.connect() as client, self.daemon.connect() as worker:
            worker.can_do("others")
            while time.monotonic() < end:
                began = time.monotonic()
                handle = client.submit("others", b"x")
                worker.grab()
                worker.complete(handle, bytes(self.OTHERS_SIZE))
                client.expect(lib.WORK_COMPLETE)
                longest = max(longest, time.monotonic() - began)
        return 1000 * longest


if __name__ == "__main__":
    lib.main()
