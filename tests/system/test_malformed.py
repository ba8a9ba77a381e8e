"""Frames that are none, and noise: nothing of it stays, and nobody else is kept from his work."""

import hostile
import pmadd_testlib as lib

FRAMES = 10_000 if lib.SANITIZED else 100_000
NOISE = 2_000_000 if lib.SANITIZED else 20_000_000
SEEDS = (1, 2, 3)


class Malformed(hostile.HostileTest):
    def test_a_hundred_thousand_malformed_frames_leave_no_descriptor_and_no_block(self):
        self.daemon_survives("malformed", FRAMES, f"{FRAMES} malformed frames")

    def test_twenty_megabytes_of_noise_leave_no_descriptor_and_no_block(self):
        self.daemon_survives("noise", NOISE, f"{NOISE} bytes of noise")

    def daemon_survives(self, name, count, row):
        footprint = hostile.Footprint(self.daemon)
        with hostile.Disturbance(self.daemon) as disturbance:
            for seed in SEEDS:
                with self.subTest(seed=seed):
                    hostile.attack(self.daemon, name, seed, count)
        self.assert_nothing_is_left(footprint)
        others = self.assert_served(disturbance.before, disturbance.during, 3)
        hostile.reliability(row, f"{len(SEEDS)} seeds, 0 crashes, 0 descriptors left, 0 blocks left, "
                                 f"{others}")


if __name__ == "__main__":
    lib.main()
