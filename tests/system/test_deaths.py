"""Workers that die with a task in their hand, clients that leave: nothing is lost, nothing is told
twice, nothing is left over."""

import collections

import hostile
import pmadd_testlib as lib

DEATHS = 1_000
AT_ONCE = 250  # that die together
EXTRA = 10     # tasks beyond those that are in somebody's hand


class Deaths(hostile.HostileTest):
    def crash(self, name, count):
        """So many peers that end like a process that was killed, all at once."""
        with hostile.Attack(self.daemon, name, count=count) as attacker:
            attacker.ready()
            attacker.kill()

    def submit(self, client, count):
        client.raw(lib.frame(lib.SUBMIT_JOB, "mortal", "", "do not lose me") * count)
        return [client.expect(lib.JOB_CREATED) for _ in range(count)]

    def status(self):
        """Tasks of `mortal`: all, and those in somebody's hand."""
        with self.daemon.connect() as peer:
            for row in peer.listing("status"):
                if row[0] == "mortal":
                    return int(row[1]), int(row[2])
        return 0, 0

    def finish(self, count):
        """A worker that lives does all that is left: the handles it was given."""
        with self.daemon.connect() as worker:
            worker.can_do("mortal")
            worker.raw(lib.header(lib.GRAB_JOB, 0) * (count + 1))
            given = [worker.expect(lib.JOB_ASSIGN).split(b"\0")[0] for _ in range(count)]
            worker.expect(lib.NO_JOB)
            for handle in given:
                worker.complete(handle, handle)
            worker.echo()
        return given

    def test_a_thousand_workers_die_in_mid_task_and_every_task_is_done_once(self):
        footprint = hostile.Footprint(self.daemon)
        with lib.Bystander(self.daemon), self.daemon.connect() as client:
            handles = self.submit(client, AT_ONCE + EXTRA)
            for _ in range(DEATHS // AT_ONCE):
                self.crash("take", AT_ONCE)
                self.assertTrue(lib.eventually(lambda: self.status()[1] == 0))
            given = self.finish(len(handles))
            told = collections.Counter()
            for _ in handles:
                handle, result = client.expect(lib.WORK_COMPLETE).split(b"\0")
                self.assertEqual(handle, result)
                told[handle] += 1
            client.echo()  # nothing else was said to it
        # Those that were in hands go ahead of those that were not; in which order, is that of the deaths.
        self.assertEqual(collections.Counter(given[:-EXTRA]), collections.Counter(handles[:-EXTRA]))
        self.assertEqual(given[-EXTRA:], handles[-EXTRA:])
        self.assertEqual(told, collections.Counter(handles))
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"{DEATHS} workers die in mid-task",
                            f"{len(handles)} tasks, 0 lost, 0 told twice, 0 left over")

    def test_a_thousand_clients_leave_and_take_along_what_was_not_begun(self):
        footprint = hostile.Footprint(self.daemon)
        with lib.Bystander(self.daemon), self.daemon.connect() as worker:
            for _ in range(DEATHS // AT_ONCE):
                held = self.leave_half_begun(worker)
                self.assertTrue(lib.eventually(lambda: self.status()[0] == AT_ONCE // 2))
                for handle in held:
                    worker.complete(handle, b"nobody wants it")
                worker.echo()
                self.assertEqual(self.status(), (0, 0))
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"{DEATHS} clients leave", "0 tasks left over, 0 errors to the worker")

    def leave_half_begun(self, worker):
        """Clients that leave together when the worker has half of their tasks in its hand."""
        with hostile.Attack(self.daemon, "leave", count=AT_ONCE) as clients:
            clients.ready()
            worker.can_do("mortal")
            worker.raw(lib.header(lib.GRAB_JOB, 0) * (AT_ONCE // 2))
            held = [worker.expect(lib.JOB_ASSIGN).split(b"\0")[0] for _ in range(AT_ONCE // 2)]
            clients.kill()
        return held


if __name__ == "__main__":
    lib.main()
