"""One peer that asks for as much as it can, and reads as fast as it can, breaks no rule; the others
are served all the same. What they notice of it is a measurement: bench/hostile."""

import hostile
import pmadd_testlib as lib

PART = 10 if lib.SANITIZED else 1
FUNCTIONS = 200


class Fair(hostile.HostileTest):
    def setUp(self):
        super().setUp()
        with self.daemon.connect() as peer:
            for number in range(FUNCTIONS):
                peer.submit(f"function number {number}")

    def others_are_served_beside(self, name, count):
        self.assertTrue(lib.eventually(lambda: hostile.tasks(self.daemon) == 0))
        footprint = hostile.Footprint(self.daemon)
        with hostile.Disturbance(self.daemon) as others:
            hostile.attack(self.daemon, name, count=count // PART)
        noticed = self.assert_served(others.before, others.during)
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"one peer that pipelines {name}", noticed)

    def test_others_are_served_beside_one_that_pipelines_frames(self):
        self.others_are_served_beside("headers", 1_000_000)

    def test_others_are_served_beside_one_that_pipelines_submissions(self):
        self.others_are_served_beside("submits", 200_000)

    def test_others_are_served_beside_one_that_pipelines_large_echoes(self):
        self.others_are_served_beside("echoes", 500)

    def test_others_are_served_beside_one_that_pipelines_listings(self):
        self.others_are_served_beside("listings", 1_000)


if __name__ == "__main__":
    lib.main()
