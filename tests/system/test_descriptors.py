"""Out of descriptors: the daemon goes on, does not spin, says so once a second at most, and takes up
who waits as soon as there is a descriptor again."""

import contextlib
import resource
import time

import hostile
import pmadd_testlib as lib

SECONDS = 3
NONE_FREE = 3  # a limit so low that every descriptor below it is in use
WAITING = 20
TIMES = 5
BACK_MS = 250
MARGIN_MS = 2000 if lib.SANITIZED else 500  # for a machine that does much else
CPU_PERCENT = 5


class OutOfDescriptors(hostile.HostileTest):
    def setUp(self):
        super().setUp()
        self.limits = resource.prlimit(self.daemon.pid(), resource.RLIMIT_NOFILE)
        self.friend = self.stack.enter_context(self.daemon.connect())
        self.friend.echo()

    def starve(self, crowd):
        """Takes all descriptors away; returns peers that wait for one."""
        resource.prlimit(self.daemon.pid(), resource.RLIMIT_NOFILE, (NONE_FREE, self.limits[1]))
        peers = [crowd.enter_context(self.daemon.connect()) for _ in range(WAITING)]
        for peer in peers:
            peer.send(lib.ECHO_REQ, "still there?")
        self.friend.echo()
        return peers

    def feed(self, peers):
        """Gives them back; returns how many ms later all were served."""
        resource.prlimit(self.daemon.pid(), resource.RLIMIT_NOFILE, self.limits)
        began = time.monotonic()
        for peer in peers:
            peer.expect(lib.ECHO_RES)
        return 1000 * (time.monotonic() - began)

    def test_it_does_not_spin_and_is_back_when_descriptors_are(self):
        footprint = hostile.Footprint(self.daemon)
        log_before, began = len(self.daemon.said()), time.monotonic()
        with contextlib.ExitStack() as crowd:
            peers = self.starve(crowd)
            cpu, measured_from = hostile.cpu_s(self.daemon), time.monotonic()
            time.sleep(SECONDS)  # this is the measurement
            cpu = (hostile.cpu_s(self.daemon) - cpu) / (time.monotonic() - measured_from)
            self.friend.echo()
            back = [self.feed(peers)]
        for _ in range(TIMES - 1):
            with contextlib.ExitStack() as crowd:
                back.append(self.feed(self.starve(crowd)))
        lines = self.daemon.said()[log_before:].count("\n")
        seconds = time.monotonic() - began
        self.assertLess(100 * cpu, CPU_PERCENT)
        self.assertLessEqual(lines, seconds + 1)
        self.assertLess(max(back), BACK_MS if hostile.STRICT else BACK_MS + MARGIN_MS)
        self.assert_nothing_is_left(footprint)
        hostile.reliability("out of descriptors",
                            f"{100 * cpu:.1f} % CPU, {lines} log lines in {seconds:.1f} s, {WAITING} "
                            f"peers served {max(back):.0f} ms at the latest, of {TIMES} times, after "
                            "there were descriptors again")


if __name__ == "__main__":
    lib.main()
