"""Peers that break the rules or break off: each is answered or closed, nobody else disturbed.

Every test runs beside a bystander that does whole tasks on connections of its own meanwhile.
"""

import unittest

import pmadd_testlib as lib
from pmadd_testlib import Bystander, Daemon

PAYLOAD_MAX = 64 * 1024
CONFIG = """
[limits]
payload_max = 64K
"""


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(CONFIG)
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        status = cls.daemon.stop()
        log = cls.daemon.said()
        cls.daemon.__exit__()
        if status != 0:
            raise AssertionError(f"pmadd ended with {status}:\n{log}")

    def setUp(self):
        bystander = Bystander(self.daemon)
        bystander.__enter__()
        self.addCleanup(bystander.__exit__, None, None, None)

    def connect(self):
        peer = self.daemon.connect()
        self.addCleanup(peer.close)
        return peer

    def assert_error(self, peer, code, text="."):
        got, words = peer.expect(lib.ERROR).split(b"\0", 1)
        self.assertEqual(got, code)
        self.assertRegex(words.decode(), text)

    def assert_task_ends(self, function):
        """No task of this function is left."""
        def total():
            with self.daemon.connect() as peer:
                return [row[1:3] for row in peer.listing("status") if row[0] == function]
        self.assertTrue(lib.eventually(lambda: total() in ([], [["0", "0"]])), total())

    # ---- frames ----

    def test_bad_magic_closes_the_connection(self):
        peer = self.connect()
        peer.raw(b"\0BAD" + bytes(8))
        for kind, _ in peer.expect_end():
            self.assertEqual(kind, lib.ERROR)

    def test_an_answer_as_a_request_is_refused_and_the_connection_stays(self):
        peer = self.connect()
        peer.raw(lib.frame(lib.ECHO_REQ, "x", magic=lib.RESPONSE))
        self.assert_error(peer, b"INVALID_MAGIC")
        peer.echo()

    def test_a_packet_of_the_server_is_refused_and_the_connection_stays(self):
        peer = self.connect()
        peer.send(lib.JOB_CREATED, "H:x:1")
        self.assert_error(peer, b"INVALID_COMMAND")
        peer.echo()

    def test_an_unknown_type_with_its_top_bit_set_hurts_nobody(self):
        peer = self.connect()
        peer.raw(lib.header(0xFFFFFFFF, 0))
        self.assert_error(peer, b"INVALID_COMMAND")

    def test_a_declared_length_of_4_gib_is_refused_at_once(self):
        peer = self.connect()
        peer.raw(lib.header(lib.SUBMIT_JOB, 0xFFFFFFFF) + b"f\0\0")
        self.assert_error(peer, b"QUEUE_ERROR", "limit=payload .*of=%d" % PAYLOAD_MAX)

    def test_a_declared_length_of_4_gib_is_refused_where_no_body_belongs(self):
        peer = self.connect()
        peer.raw(lib.header(lib.CAN_DO, 0xFFFFFFFF) + b"f" * 4096)
        self.assert_error(peer, b"INVALID_COMMAND", "CAN_DO")

    def test_a_payload_above_the_limit_is_skipped_and_the_connection_stays(self):
        peer = self.connect()
        peer.send(lib.SUBMIT_JOB, "f", "", b"x" * (PAYLOAD_MAX + 1))
        self.assert_error(peer, b"QUEUE_ERROR", "limit=payload function=f used=%d of=%d retry_ms="
                          % (PAYLOAD_MAX + 1, PAYLOAD_MAX))
        peer.echo()

    def test_a_payload_at_the_limit_passes_there_and_back(self):
        client, worker = self.connect(), self.connect()
        data = bytes(range(256)) * (PAYLOAD_MAX // 256)
        handle = client.submit("limit", data)
        worker.can_do("limit")
        self.assertEqual(worker.grab(), (handle, b"limit", data))
        worker.complete(handle, data[::-1])
        self.assertEqual(client.expect(lib.WORK_COMPLETE), handle + b"\0" + data[::-1])

    def test_a_frame_without_its_separators_is_refused(self):
        peer = self.connect()
        peer.send(lib.SUBMIT_JOB, "no separator")
        frames = [peer.receive()]
        self.assertEqual(frames[0][0], lib.ERROR)

    def test_a_frame_may_come_byte_by_byte(self):
        peer = self.connect()
        for byte in lib.frame(lib.ECHO_REQ, "drop by drop"):
            peer.raw(bytes((byte,)))
        self.assertEqual(peer.expect(lib.ECHO_RES), b"drop by drop")

    def test_an_unknown_line_is_answered_and_the_connection_stays(self):
        peer = self.connect()
        self.assertRegex(peer.line("make tea"), r"^ERR UNKNOWN_COMMAND ")
        peer.echo()

    def test_a_line_without_an_end_is_not_collected_for_ever(self):
        peer = self.connect()
        peer.raw(b"x" * 4096)
        self.assertEqual(peer.input.readline()[:4], b"ERR ")
        self.assertEqual(peer.input.read(), b"")

    # ---- leaving in the middle ----

    def test_what_a_peer_left_in_mid_frame_is_given_back(self):
        before = self.in_use()
        for cut in (5, 20, 40_000):
            peer = self.connect()
            peer.echo()
            peer.raw(lib.frame(lib.SUBMIT_JOB, "half", "", b"x" * 50_000)[:cut])
            peer.close()
        self.assertTrue(lib.eventually(lambda: self.in_use() == before), self.in_use())
        self.assert_task_ends("half")

    def in_use(self):
        """Large blocks only: the small ones come and go with the bystander's tasks."""
        return {key: used for key, used in self.daemon.in_use("tasks").items() if key[1] >= 1024}

    def test_a_dead_workers_task_goes_to_the_next_with_its_handle(self):
        client, first, second = self.connect(), self.connect(), self.connect()
        handle = client.submit("mortal", b"do not lose me")
        first.can_do("mortal")
        self.assertEqual(first.grab()[0], handle)
        second.can_do("mortal")
        first.close()
        self.assertEqual(second.grab(), (handle, b"mortal", b"do not lose me"))
        second.complete(handle, b"kept")
        self.assertEqual(client.expect(lib.WORK_COMPLETE), handle + b"\0kept")

    def test_a_dead_workers_tasks_come_first_and_in_their_old_order(self):
        client, first, second = self.connect(), self.connect(), self.connect()
        handles = [client.submit("order", b"%d" % number) for number in range(5)]
        first.can_do("order")
        self.assertEqual([first.grab()[0] for _ in range(3)], handles[:3])
        first.close()
        self.assertTrue(lib.eventually(lambda: self.running("order") == 0))
        second.can_do("order")
        self.assertEqual([second.grab()[0] for _ in range(5)], handles)
        for handle in handles:
            second.complete(handle)
            client.expect(lib.WORK_COMPLETE)

    def running(self, function):
        with self.daemon.connect() as peer:
            return sum(int(row[2]) for row in peer.listing("status") if row[0] == function)

    def test_a_client_that_leaves_takes_its_queued_tasks_along(self):
        client, worker = self.connect(), self.connect()
        client.submit("gone", b"nobody waits")
        background = client.submit("gone", b"for nobody", kind=lib.SUBMIT_JOB_BG)
        client.close()
        self.assertTrue(lib.eventually(lambda: self.total("gone") == 1), self.total("gone"))
        worker.can_do("gone")
        self.assertEqual(worker.grab(), (background, b"gone", b"for nobody"))
        worker.complete(background)
        self.assert_task_ends("gone")

    def total(self, function):
        with self.daemon.connect() as peer:
            return sum(int(row[1]) for row in peer.listing("status") if row[0] == function)

    def test_a_result_for_a_client_that_left_is_taken_silently(self):
        client, worker = self.connect(), self.connect()
        handle = client.submit("late")
        worker.can_do("late")
        self.assertEqual(worker.grab()[0], handle)
        client.close()
        worker.complete(handle, b"x" * 30_000)
        worker.echo()
        self.assert_task_ends("late")

    def test_a_result_from_somebody_else_is_refused_and_has_no_effect(self):
        client, worker, stranger = self.connect(), self.connect(), self.connect()
        handle = client.submit("mine")
        worker.can_do("mine")
        self.assertEqual(worker.grab()[0], handle)
        stranger.complete(handle, b"forged")
        self.assert_error(stranger, b"JOB_NOT_FOUND")
        worker.complete(handle, b"true")
        self.assertEqual(client.expect(lib.WORK_COMPLETE), handle + b"\0true")


class Timeouts(unittest.TestCase):
    """Who keeps the daemon waiting is closed; who has nothing to say after a first word is not."""

    CONFIG = """
[limits]
frame_timeout = 300ms
idle_timeout = 300ms
"""

    def test_silent_peers_are_closed_after_their_time_and_no_others(self):
        with Daemon(self.CONFIG) as daemon, daemon.connect() as quiet:
            quiet.echo()
            with Bystander(daemon):
                with daemon.connect() as peer:
                    peer.echo()
                    peer.raw(lib.header(lib.SUBMIT_JOB, 100) + b"f\0\0begun")
                    peer.expect_end()
                with daemon.connect() as peer:
                    self.assertEqual(peer.expect_end(), [], "it never spoke")
            quiet.echo()


class SlowReader(unittest.TestCase):
    """A client that does not read its results costs itself, nobody else."""

    CONFIG = """
[limits]
outbox_max = 256K
slow_peer_grace = 300ms
"""

    def test_a_client_that_does_not_read_is_dropped_in_the_end(self):
        with Daemon(self.CONFIG) as daemon, daemon.connect() as slow, daemon.connect() as worker:
            with Bystander(daemon):
                count = 40
                worker.can_do("flood")
                handles = [slow.submit("flood", b"x") for _ in range(count)]
                for handle in handles:
                    self.assertEqual(worker.grab()[0], handle)
                    worker.complete(handle, b"y" * 100_000)
                    worker.echo()
                with daemon.connect() as peer:
                    self.assertTrue(lib.eventually(lambda: len(peer.listing("workers")) == 4),
                                    "the slow client is still connected")
                got = len(slow.expect_end())
                self.assertLess(got, count, "nothing was too much for it")


if __name__ == "__main__":
    lib.main()
