"""Peers by the thousand: they trickle, they sit there, they come and go; the others go on."""

import contextlib
import resource

import hostile
import pmadd_testlib as lib

TRICKLING = 500
IDLE_EACH = 2_500  # connections of one attacker: each has a limit of descriptors, too
CONNECTS = 2_000 if lib.SANITIZED else 20_000
SPARE = 200  # descriptors for everything else


def idle_peers():
    """Ten thousand, or as many as the system lets the daemon have."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE
    return min(1_000 if lib.SANITIZED else 10_000, allowed)


class CrowdTest(hostile.HostileTest):
    def assert_well(self, row, footprint, before, during):
        noticed = self.assert_served(before, during, 2)
        self.assert_nothing_is_left(footprint)
        hostile.reliability(row, f"nothing left behind, {noticed}")


class Crowd(CrowdTest):
    def test_five_hundred_peers_that_trickle_disturb_nobody(self):
        footprint = hostile.Footprint(self.daemon)
        before = hostile.quiet(self.daemon)
        with hostile.Attack(self.daemon, "trickle", count=TRICKLING) as attacker:
            attacker.ready()
            during = hostile.quiet(self.daemon)
        self.assert_well(f"{TRICKLING} trickling peers", footprint, before, during)

    def test_twenty_thousand_connections_leave_nothing_behind(self):
        footprint = hostile.Footprint(self.daemon)
        with hostile.Disturbance(self.daemon) as others:
            hostile.attack(self.daemon, "connects", count=CONNECTS)
        self.assert_well(f"{CONNECTS} connects", footprint, others.before, others.during)


class Idle(CrowdTest):
    CONFIG = f"[limits]\nconnections = {idle_peers() + 50}\n"

    def test_ten_thousand_idle_peers_disturb_nobody_and_leave_nothing_behind(self):
        idle = idle_peers()
        footprint = hostile.Footprint(self.daemon)
        before = hostile.quiet(self.daemon)
        with contextlib.ExitStack() as crowd:
            for begin in range(0, idle, IDLE_EACH):
                count = min(IDLE_EACH, idle - begin)
                crowd.enter_context(hostile.Attack(self.daemon, "idle", count=count)).ready()
            self.assertGreaterEqual(hostile.descriptors(self.daemon), idle)
            during = hostile.quiet(self.daemon)
        self.assert_well(f"{idle} idle peers", footprint, before, during)


if __name__ == "__main__":
    lib.main()
