"""Want of room: who asks for more than there is is told so or waits; what was accepted is kept."""

import threading
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Bystander, Daemon


def share_in_use(daemon, pool):
    """How much of a pool's blocks is in use, in bytes, from 0 to 1."""
    with daemon.connect() as peer:
        rows = [[int(word) for word in row[1:4]] for row in peer.listing("pools") if row[0] == pool]
    return (sum(size * used for size, _, used in rows) /
            sum(size * blocks for size, blocks, _ in rows))


class Refusals(unittest.TestCase):
    def fill(self, peer, data):
        """Submits until it is refused: the handles, and the words of the refusal."""
        handles = []
        while len(handles) < 1_000_000:
            peer.send(lib.SUBMIT_JOB_BG, "fill", "", data)
            kind, body = peer.receive()
            if kind != lib.JOB_CREATED:
                self.assertEqual(kind, lib.ERROR, body)
                return handles, body.decode().split("\0")
            handles.append(body)
        self.fail("nothing was ever refused")

    def assert_all_are_done(self, daemon, handles, data):
        with daemon.connect() as worker:
            worker.can_do("fill")
            for handle in handles:
                self.assertEqual(worker.grab(), (handle, b"fill", data))
                worker.complete(handle)
            worker.echo()

    def test_a_full_pool_refuses_by_name_and_nothing_accepted_is_lost(self):
        with Daemon() as daemon, daemon.connect() as peer:
            data = b"x" * 60_000
            handles, (code, text) = self.fill(peer, data)
            self.assertEqual(code, "QUEUE_ERROR")
            self.assertRegex(text, r"^Job queue is full: limit=pool function=fill used=\d+ of=\d+ "
                                   r"retry_ms=\d+ class=\d+$")
            self.assert_all_are_done(daemon, handles, data)
            self.assertNotIn(peer.submit("fill", data), handles)

    def test_the_limit_of_tasks_refuses_by_name_and_frees_up_again(self):
        with Daemon("[limits]\ntasks = 100\n") as daemon, daemon.connect() as peer:
            handles, (code, text) = self.fill(peer, b"x")
            self.assertEqual(code, "QUEUE_ERROR")
            self.assertRegex(text, "limit=tasks function=fill used=100 of=100 ")
            self.assert_all_are_done(daemon, handles, b"x")
            peer.submit("fill")

    def test_the_limit_of_functions_refuses_by_name(self):
        with Daemon("[limits]\nfunctions = 3\n") as daemon, daemon.connect() as peer:
            for number in range(3):
                peer.submit(f"f{number}")
            peer.send(lib.SUBMIT_JOB, "one%more", "", "")
            self.assertRegex(peer.expect(lib.ERROR),
                             b"limit=functions function=one%25more used=3 of=3 ")

    def test_unfinished_submissions_of_one_client_have_a_limit(self):
        with Daemon("[limits]\nsubmissions_per_connection = 4\n") as daemon, \
                daemon.connect() as greedy, daemon.connect() as other:
            for _ in range(4):
                greedy.submit("f")
            greedy.send(lib.SUBMIT_JOB, "f", "", "")
            self.assertRegex(greedy.expect(lib.ERROR), b"limit=connection .*used=4 of=4")
            other.submit("f")


class Waiting(unittest.TestCase):
    def test_connections_above_the_limit_wait_for_their_turn(self):
        with Daemon("[limits]\nconnections = 3\n") as daemon, daemon.connect() as first, \
                daemon.connect() as second, daemon.connect() as third:
            for peer in (first, second, third):
                peer.echo()
            with daemon.connect() as fourth:
                fourth.send(lib.ECHO_REQ, "patience")
                first.echo()
                third.close()
                self.assertEqual(fourth.expect(lib.ECHO_RES), b"patience")
                second.echo()

    def test_results_wait_for_clients_that_read_late_and_none_is_lost(self):
        clients_count, tasks_each, size = 6, 8, 1 << 20
        with Daemon("[limits]\nslow_peer_grace = 1h\noutbox_max = 64M\n") as daemon, \
                Bystander(daemon):
            clients = [daemon.connect() for _ in range(clients_count)]
            for client in clients:
                self.addCleanup(client.close)
            handles = [[client.submit("large", bytes((index,))) for _ in range(tasks_each)]
                       for index, client in enumerate(clients)]
            workers = [threading.Thread(target=work, args=(daemon, size), daemon=True)
                       for _ in range(4)]
            for worker in workers:
                worker.start()
            self.assertTrue(lib.eventually(lambda: share_in_use(daemon, "wire") > 0.5),
                            "the results never filled the pool")
            for index, client in enumerate(clients):
                expected = {handle: bytes((index,)) * size for handle in handles[index]}
                got = dict(client.expect(lib.WORK_COMPLETE).split(b"\0", 1)
                           for _ in range(tasks_each))
                self.assertTrue(got == expected, f"client {index} got something else")


class Listings(unittest.TestCase):
    def test_the_listing_of_pools_may_change_what_it_lists(self):
        """The figures of `wire` pass from one digit to two while blocks of it hold the listing."""
        with Daemon() as daemon:
            for _ in range(30):
                peer = daemon.connect()
                self.addCleanup(peer.close)
                peer.raw(lib.header(lib.SUBMIT_JOB, 100) + b"unfinished")
                with daemon.connect() as observer:
                    observer.listing("pools")
            self.assertIsNone(daemon.process.poll())


def work(daemon, size):
    """Does tasks of the function `large` until the connection ends."""
    try:
        with daemon.connect() as worker:
            worker.can_do("large")
            while True:
                handle, _, data = worker.grab()
                worker.complete(handle, data * size)
    except OSError:
        return


if __name__ == "__main__":
    lib.main()
