"""A queue is filled until it refuses: exactly at its limit, by name, with memory a constant; and when it
has been emptied there is as much room as before."""

import re

import hostile
import pmadd_testlib as lib

PART = 500  # frames that travel together, little enough for the daemon to take them without a pause


class Filler:
    """A connection that fills one function, and one that empties it."""

    def __init__(self, test, function):
        self.test = test
        self.function = function

    def fill(self, data, most=1_000_000):
        """Submits until it is refused: how many were accepted, and the words of the refusal."""
        accepted, refusal = 0, None
        request = lib.frame(lib.SUBMIT_JOB_BG, self.function, "", data)
        with self.test.daemon.connect() as peer:
            while refusal is None and accepted < most:
                peer.raw(request * PART)
                for kind, body in [peer.receive() for _ in range(PART)]:
                    if kind == lib.JOB_CREATED:
                        self.test.assertIsNone(refusal, "one was accepted after a refusal")
                        accepted += 1
                    else:
                        self.test.assertEqual(kind, lib.ERROR)
                        refusal = refusal or body.decode()
        self.test.assertIsNotNone(refusal, "nothing was ever refused")
        return accepted, refusal

    def empty(self, count):
        """Does exactly so many tasks, and there is none more."""
        with self.test.daemon.connect() as worker:
            worker.can_do(self.function)
            while count > 0:
                part = min(count, PART)
                worker.raw(lib.header(lib.GRAB_JOB, 0) * part)
                handles = [worker.expect(lib.JOB_ASSIGN).split(b"\0")[0] for _ in range(part)]
                worker.raw(b"".join(lib.frame(lib.WORK_COMPLETE, handle, "")
                                    for handle in handles))
                count -= part
            worker.send(lib.GRAB_JOB)
            worker.expect(lib.NO_JOB)


class Full(hostile.HostileTest):
    def assert_full(self, limit, data, expected=None):
        """Fills it twice and empties it each time; the second time is like the first."""
        filler = Filler(self, "full")
        footprint = hostile.Footprint(self.daemon)
        first, refusal = filler.fill(data)
        self.assert_refusal(limit, refusal, expected)
        self.assertIn(expected, (None, first))
        self.assertEqual(hostile.tasks(self.daemon), first)
        filler.empty(first)
        before = hostile.memory_kib(self.daemon)
        second, _ = filler.fill(data)
        filler.empty(second)
        grown = hostile.memory_kib(self.daemon) - before
        self.assertEqual(second, first, "there is another room than before")
        if not lib.SANITIZED:
            self.assertEqual(grown, 0)
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"queue fill, limit={limit}",
                            f"{first} tasks of {len(data)} bytes, then refused by name; memory "
                            f"grew by {grown} KiB; room for {second} again after draining")

    def assert_refusal(self, limit, refusal, expected):
        words = re.fullmatch(r"QUEUE_ERROR\0Job queue is full: limit=(\w+) function=full "
                             r"used=(\d+) of=(\d+) retry_ms=\d+( class=\d+)?", refusal)
        self.assertTrue(words, refusal)
        self.assertEqual(words[1], limit)
        self.assertEqual(words[2], words[3], "it was refused while there was room")
        if expected is not None:
            self.assertEqual(int(words[3]), expected)


class ByTasks(Full):
    CONFIG = "[limits]\ntasks = 20000\n"

    def test_tasks_are_refused_exactly_at_the_limit_of_tasks(self):
        self.assert_full("tasks", b"a small task", expected=20_000)


class ByPool(Full):
    def test_tasks_are_refused_when_the_pool_is_used_up(self):
        self.assert_full("pool", bytes(1000))


class ByQueue(Full):
    CONFIG = "[function *]\nmax_queue = 3000\n"

    def test_tasks_are_refused_exactly_at_max_queue(self):
        self.assert_full("queue", b"a small task", expected=3000)



if __name__ == "__main__":
    lib.main()
