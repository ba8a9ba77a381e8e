"""Bodies that are announced and never come: nothing is put aside for them."""

import contextlib

import hostile
import pmadd_testlib as lib

PEERS = 64
SIZE = 0xFFFFFFFF
PAYLOAD_MAX = 1 << 20


class Announced(hostile.HostileTest):
    CONFIG = f"[limits]\npayload_max = {PAYLOAD_MAX}\nframe_timeout = 500ms\n"

    def announce(self, size, *, beginning=b""):
        """All of them announce that much, send the beginning and wait; returns them, still open."""
        with contextlib.ExitStack() as stack:
            peers = [stack.enter_context(self.daemon.connect()) for _ in range(PEERS)]
            for peer in peers:
                peer.raw(lib.header(lib.SUBMIT_JOB, size) + b"announced\0\0" + beginning)
            return stack.pop_all(), peers

    def test_sixty_four_connections_that_announce_4_gib_cost_no_memory(self):
        footprint = hostile.Footprint(self.daemon)
        before = hostile.memory_kib(self.daemon, "Rss")
        with lib.Bystander(self.daemon):
            stack, peers = self.announce(SIZE, beginning=bytes(10_000))
            with stack:
                for peer in peers:
                    text = peer.expect(lib.ERROR)
                    self.assertIn(b"limit=payload ", text)
                    peer.raw(bytes(100_000))  # it is skipped, however much there is of it
                grown = hostile.memory_kib(self.daemon, "Rss") - before
        if not lib.SANITIZED:
            self.assertLess(grown, 1024)
        self.assert_nothing_is_left(footprint)
        hostile.reliability(f"{PEERS} connections announcing 4 GiB", f"RSS grew by {grown} KiB")

    def test_bodies_within_the_limit_that_do_not_come_hold_others_up_for_frame_timeout_at_most(self):
        footprint = hostile.Footprint(self.daemon)
        before = hostile.memory_kib(self.daemon, "Rss")
        with lib.Bystander(self.daemon), self.daemon.connect() as client:
            stack, _ = self.announce(PAYLOAD_MAX, beginning=b"the first of many bytes")
            with stack:
                client.submit("others", bytes(1000))
                client.submit("others", bytes(PAYLOAD_MAX))
                grown = hostile.memory_kib(self.daemon, "Rss") - before
        if not lib.SANITIZED:
            self.assertLess(grown, 1024)
        self.assert_nothing_is_left(footprint)


if __name__ == "__main__":
    lib.main()
