"""Connections: how many, whose, and for whom the last ones are."""

import contextlib
import os
import resource
import shutil
import socket
import time
import unittest

import hostile
import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

FAILED = 1
LOOPBACK = "127.0.0.1"
BACK_S = 10 if lib.SANITIZED else 3  # what 250 ms may become on a machine that does much else


def full(limit, used, of):
    """What somebody hears for whom there is no room."""
    return [(lib.ERROR, f"QUEUE_ERROR\0Job queue is full: limit={limit} function= used={used} "
                        f"of={of} retry_ms=1000".encode())]


def stats(daemon):
    with daemon.connect() as peer:
        return dict(peer.listing("stats"))


class PerUser(unittest.TestCase):
    CONFIG = "[limits]\nconnections_per_user = 3\n"

    def test_who_has_all_that_a_user_may_have_is_told_and_closed(self):
        with Daemon(self.CONFIG) as daemon, contextlib.ExitStack() as stack:
            peers = [stack.enter_context(daemon.connect()) for _ in range(3)]
            for peer in peers:
                peer.echo()
            for _ in range(5):
                with daemon.connect() as late:
                    self.assertEqual(late.expect_end(), full("user", 3, 3))
            figures = dict(peers[0].listing("stats"))
            self.assertEqual(figures["connections_turned_away_user"], "5")
            self.assertEqual((figures["users"], figures["limit_connections_per_user"]), ("1", "3"))
            self.assertRegex(daemon.said(), rf"turned-away: limit=user used=3 of=3 "
                                            rf"pid={os.getpid()} uid={os.geteuid()}")
            peers.pop().close()
            peers[0].echo()
            with daemon.connect() as again:
                again.echo()

    def test_who_comes_by_tcp_is_nobody_s(self):
        port = lib.free_port()
        with Daemon(f"[server]\nlisten = {LOOPBACK}:{port}\n{self.CONFIG}") as daemon, \
                contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(Peer((LOOPBACK, port))).echo()
            self.assertEqual(stats(daemon)["users"], "1")

    # Each of them has all it may have, and every third leaves: a hash table's whole life.
    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_many_users_come_and_go_and_are_counted_right(self):
        users = range(1000, 1200)
        config = f"[server]\nsocket_mode = 0666\n{self.CONFIG.replace('3', '2')}"
        with Daemon(config) as daemon, contextlib.ExitStack() as stack:
            os.chmod(daemon.directory, 0o755)
            friend = stack.enter_context(daemon.connect())
            held = {uid: [self.connect_as(daemon, uid, stack) for _ in range(2)] for uid in users}
            self.assert_users(friend, 1 + len(users))
            for uid in users:
                self.assertEqual(self.connect_as(daemon, uid, stack).expect_end(),
                                 full("user", 2, 2))
            for uid in users[::3]:
                for peer in held.pop(uid):
                    peer.close()
            self.assert_users(friend, 1 + len(held))
            for uid in users:
                peer = self.connect_as(daemon, uid, stack)
                if uid in held:
                    self.assertEqual(peer.expect_end(), full("user", 2, 2))
                else:
                    peer.echo()
            self.assert_users(friend, 1 + len(users))

    def assert_users(self, friend, count):
        self.assertTrue(lib.eventually(
            lambda: dict(friend.listing("stats"))["users"] == str(count)), friend.listing("stats"))

    def connect_as(self, daemon, uid, stack):
        os.seteuid(uid)
        try:
            return stack.enter_context(daemon.connect())
        finally:
            os.seteuid(0)


class Reserved(unittest.TestCase):
    """The last connections are for those who may work or administer: they can empty a full daemon."""

    def setUp(self):
        port = lib.free_port()
        self.address = LOOPBACK, port
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.daemon = self.stack.enter_context(Daemon(
            f"[server]\nlisten = {LOOPBACK}:{port}\n[access]\nwork = root\n"
            "[limits]\nconnections = 6\nconnections_reserved = 2\n"))

    def fill(self):
        """Clients that may not work, on all connections they can have."""
        clients = [self.stack.enter_context(Peer(self.address)) for _ in range(4)]
        for client in clients:
            client.echo()
        return clients

    def gets_in(self):
        with Peer(self.address) as peer, contextlib.suppress(OSError):
            peer.send(lib.ECHO_REQ, "")
            return peer.receive()[0] == lib.ECHO_RES

    def test_who_may_only_submit_does_not_get_one(self):
        clients = self.fill()
        for _ in range(3):
            with Peer(self.address) as late:
                self.assertEqual(late.expect_end(), full("connections", 4, 6))
        figures = stats(self.daemon)
        self.assertEqual(figures["connections_turned_away_reserved"], "3")
        self.assertEqual(figures["accept_pauses"], "0")
        self.assertIn(f"turned-away: limit=connections used=4 of=6 address={LOOPBACK}", self.daemon.said())
        clients.pop().close()
        self.assertTrue(lib.eventually(self.gets_in))

    def test_who_may_work_gets_one_and_does_what_waits(self):
        clients = self.fill()
        handles = [client.submit("f", b"x") for client in clients]
        with self.daemon.connect() as worker:
            worker.can_do("f")
            for _ in handles:
                worker.complete(worker.grab()[0], b"done")
        for client, handle in zip(clients, handles):
            self.assertEqual(client.expect(lib.WORK_COMPLETE), handle + b"\0done")

    def test_when_all_are_taken_who_comes_waits(self):
        self.fill()
        workers = [self.stack.enter_context(self.daemon.connect()) for _ in range(2)]
        for worker in workers:
            worker.echo()
        late = self.stack.enter_context(self.daemon.connect())
        late.send(lib.ECHO_REQ, "in time")
        workers[0].echo()
        workers[1].close()
        self.assertEqual(late.expect(lib.ECHO_RES), b"in time")


class Descriptors(unittest.TestCase):
    @unittest.skipUnless(shutil.which("prlimit"), "needs prlimit")
    def test_the_limit_is_raised_as_far_as_the_connections_need(self):
        with Daemon("[limits]\nconnections = 200\n", wrap=("prlimit", "--nofile=40:512")) as daemon:
            allowed = resource.prlimit(daemon.pid(), resource.RLIMIT_NOFILE)
            self.assertEqual(allowed, (264, 512))
            self.assertEqual(stats(daemon)["limit_descriptors"], "264")

    @unittest.skipUnless(shutil.which("prlimit") and (os.geteuid() != 0 or lib.can_be_others()),
                         "needs prlimit, and setpriv where root runs it")
    def test_more_connections_than_descriptors_are_refused_with_what_to_do(self):
        with lib.directory_of(lib.NOBODY if os.geteuid() == 0 else -1) as place:
            user = lib.as_user(lib.NOBODY) if os.geteuid() == 0 else ()
            run = lib.run("prlimit", "--nofile=100:100", *user, place / "pmadd", "-c", "/dev/null",
                          "-s", place / "home" / "s", "--set", "limits.connections=200")
        self.assertEqual(run.returncode, FAILED, run.stderr)
        self.assertIn("[limits] connections: 264 descriptors are needed, and the hard limit is 100; "
                      "raise it (LimitNOFILE= in a unit, ulimit -Hn in a shell) or lower connections",
                      run.stderr)

    def lasting(self, daemon, friend):
        """The descriptors it has for more than a moment, as sd_notify(3) does."""
        lists = []
        for _ in range(3):
            friend.echo()
            lists.append({int(name) for name in os.listdir(f"/proc/{daemon.pid()}/fd")})
        return set.intersection(*lists)

    def starve(self, daemon, used):
        """Leaves it not one descriptor that is free; returns how many it may have, and what it had."""
        limit = next(number for number in range(len(used) + 1) if number not in used)
        before = resource.prlimit(daemon.pid(), resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid(), resource.RLIMIT_NOFILE, (limit, before[1]))
        return limit, before

    def test_without_descriptors_one_is_told_and_all_are_served_when_there_are_some(self):
        with Daemon() as daemon, daemon.connect() as friend:
            held = self.lasting(daemon, friend)
            for number in range(1, 4):
                self.assertTrue(lib.eventually(lambda: self.lasting(daemon, friend) == held))
                limit, before = self.starve(daemon, held)
                with daemon.connect() as unlucky:
                    self.assertEqual(unlucky.expect_end(), full("descriptors", limit, limit))
                self.assertEqual(self.lasting(daemon, friend), held, "it has its spare one back")
                resource.prlimit(daemon.pid(), resource.RLIMIT_NOFILE, before)
                began = time.monotonic()
                with daemon.connect() as lucky:
                    lucky.echo()
                self.assertLess(time.monotonic() - began, BACK_S)
                figures = dict(friend.listing("stats"))
                self.assertEqual(figures["connections_turned_away_descriptors"], str(number))
                self.assertEqual(figures["accept_pauses"], str(number))
            self.assertIn("a connection waits: Too many open files", daemon.said())


if __name__ == "__main__":
    lib.main()
