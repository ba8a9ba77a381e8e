"""[access]: who may do what, by user, group and tcp, and what is said to those who may not."""

import contextlib
import grp
import os
import pwd
import re
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

WRONG = 2
LOOPBACK = "127.0.0.1"
NAME = re.compile(r"[A-Za-z0-9._$-]{1,63}")

SUBMIT, WORK, OBSERVE, ADMIN = "submit", "work", "observe", "admin"
USUAL = {SUBMIT, WORK, OBSERVE}
ALL = USUAL | {ADMIN}


def others(count):
    """Users of this machine that are neither root nor ours, with groups that differ."""
    found = {}
    for entry in pwd.getpwall():
        if 0 not in (entry.pw_uid, entry.pw_gid) and NAME.fullmatch(entry.pw_name):
            found.setdefault(entry.pw_gid, entry)
    return list(found.values())[:count]


def a_group(*without):
    """A group of this machine that has a name we can write, and none of these numbers."""
    return next(entry for entry in grp.getgrall()
                if entry.gr_gid not in (0, *without) and NAME.fullmatch(entry.gr_name))


@contextlib.contextmanager
def as_somebody(uid, gid, groups=()):
    """Sockets that are connected in here belong to that user, in these groups."""
    before = os.getegid(), os.getgroups()
    os.setgroups(list(groups))
    os.setegid(gid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(before[0])
        os.setgroups(before[1])


def open_to_all(access, server=""):
    return f"[server]\nsocket_mode = 0666\n{server}[access]\n{access}"


def rights_of(connect, function="f"):
    """What can be done with connections that are made like that."""
    rights = set()
    with connect() as peer:
        peer.send(lib.SUBMIT_JOB_BG, function, "", "")
        if peer.receive()[0] == lib.JOB_CREATED:
            rights.add(SUBMIT)
        if peer.line(f"maxqueue {function} 5") == "OK":
            rights.add(ADMIN)
        if peer.line("version").startswith("OK "):
            rights.add(OBSERVE)
    with connect() as peer:
        peer.can_do(function)
        peer.send(lib.PRE_SLEEP)
        peer.send(lib.ECHO_REQ, "")
        if peer.receive()[0] != lib.ERROR:
            rights.add(WORK)
    return rights


class Names(unittest.TestCase):
    """Users and groups are looked up at start, and only then."""

    def test_who_is_unknown_is_named_and_nothing_starts(self):
        said = ("[access] submit: there is no user no-such-user; create it, or leave it out\n"
                "[access] admin: there is no group no-such-group; create it, or leave it out\n")
        access = ("--set", "access.submit=root, no-such-user", "--set", "access.admin=@no-such-group")
        for mode in ((), ("--check-config",)):
            with self.subTest(mode=mode):
                run = lib.run(lib.PMADD, "-c", "/dev/null", *access, *mode)
                self.assertEqual((run.returncode, run.stderr), (WRONG, said))

    def test_the_config_is_printed_wherever_its_users_live(self):
        run = lib.run(lib.PMADD, "-c", "/dev/null", "--set", "access.submit=no-such-user",
                      "--print-config")
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_who_is_known_passes(self):
        run = lib.run(lib.PMADD, "-c", "/dev/null", "--set", "access.submit=root, @root:a*, tcp",
                      "--check-config")
        self.assertEqual((run.returncode, run.stderr), (0, ""))


@unittest.skipUnless(os.geteuid() == 0 and len(others(2)) == 2, "needs root, and two other users")
class UnixSocket(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = others(2)
        self.group = a_group(self.alice.pw_gid, self.bob.pw_gid)

    @contextlib.contextmanager
    def serving(self, access, **more):
        with Daemon(open_to_all(access), **more) as daemon:
            os.chmod(daemon.directory, 0o755)
            yield daemon

    def by(self, daemon, user, groups=()):
        """How that user connects."""
        def connect():
            with as_somebody(user.pw_uid, user.pw_gid, groups):
                return daemon.connect()
        return connect

    def assert_rights(self, rights, daemon, user, groups=(), function="f"):
        self.assertEqual(rights_of(self.by(daemon, user, groups), function), rights)

    def assert_turned_away(self, peer):
        self.assertEqual(peer.expect_end(),
                         [(lib.ERROR, b"ACCESS_DENIED\0This connection may do nothing here")])

    def test_where_nothing_is_said_all_may_do_everything_but_administer(self):
        with self.serving("") as daemon:
            self.assert_rights(USUAL, daemon, self.alice)
            self.assertEqual(rights_of(daemon.connect), ALL)

    def test_a_key_lists_exactly_those_who_may_beside_root(self):
        alice, bob = self.alice.pw_name, self.bob.pw_name
        with self.serving(f"submit = {alice}\nadmin = {bob}\n") as daemon:
            self.assert_rights(USUAL, daemon, self.alice)
            self.assert_rights(ALL - {SUBMIT}, daemon, self.bob)
            self.assertEqual(rights_of(daemon.connect), ALL)

    def test_a_group_counts_be_it_the_first_or_another_one(self):
        number = self.group.gr_gid
        with self.serving(f"work = @{self.group.gr_name}\n") as daemon:
            self.assert_rights(USUAL - {WORK}, daemon, self.alice)
            self.assert_rights(USUAL, daemon, self.alice, groups=[70_001, number, 70_002])
            with self.subTest("the first"):
                alice = pwd.struct_passwd((*self.alice[:3], number, *self.alice[4:]))
                self.assert_rights(USUAL, daemon, alice)

    def test_of_more_groups_than_can_be_looked_at_only_the_first_counts(self):
        number = self.group.gr_gid
        many = [number, *range(70_000, 71_024)]
        with self.serving(f"work = @{self.group.gr_name}\n") as daemon:
            self.assert_rights(USUAL, daemon, self.alice, groups=many[:1024])
            self.assert_rights(USUAL - {WORK}, daemon, self.alice, groups=many)
            self.assertRegex(daemon.said(), "groups-unseen: only its first group counts: .* "
                                            f"uid={self.alice.pw_uid}")

    def test_a_right_may_be_for_some_functions_only(self):
        alice = self.alice.pw_name
        access = (f"submit = {alice}:img?\nwork = {alice}:img?\nadmin = {alice}:img\\x31\n")
        with self.serving(access) as daemon:
            self.assert_rights(ALL, daemon, self.alice, function="img1")
            self.assert_rights(USUAL, daemon, self.alice, function="img2")
            self.assert_rights({OBSERVE}, daemon, self.alice, function="image")

    def test_who_may_do_nothing_is_closed_before_its_first_byte_is_looked_at(self):
        with self.serving("submit = root\nwork = root\nobserve = root\n") as daemon:
            with self.by(daemon, self.alice)() as peer:
                self.assert_turned_away(peer)
            with self.by(daemon, self.alice)() as peer, contextlib.suppress(OSError):
                peer.send(lib.SUBMIT_JOB_BG, "f", "", "data")
                self.assert_turned_away(peer)
            with daemon.connect() as peer:
                stats = dict(peer.listing("stats"))
                self.assertEqual(stats["connections_turned_away_access"], "2")
                self.assertEqual((stats["connections_open"], stats["submitted"]), ("1", "0"))
            self.assertIn(f"turned-away: no right to anything, see [access]; limit=access "
                          f"pid={os.getpid()} uid={self.alice.pw_uid}", daemon.said())

    def test_a_crowd_of_those_is_logged_once_a_second(self):
        with self.serving("submit = root\nwork = root\nobserve = root\n") as daemon:
            with daemon.connect() as friend:
                before = int(dict(friend.listing("stats"))["accept_pauses"])
                for _ in range(200):
                    with self.by(daemon, self.alice)() as peer:
                        self.assert_turned_away(peer)
                stats = dict(friend.listing("stats"))
            self.assertEqual(stats["connections_turned_away_access"], "200")
            self.assertEqual(int(stats["accept_pauses"]), before)
            self.assertLess(daemon.said().count("turned-away"), 20)

    def test_a_denied_request_is_logged_with_its_process_and_user(self):
        alice = self.alice
        with self.serving("submit = root\n") as daemon, self.by(daemon, alice)() as peer:
            for _ in range(100):
                peer.send(lib.SUBMIT_JOB_BG, "f", "", "data")
                self.assertRegex(peer.expect(lib.ERROR), rb"^ACCESS_DENIED\0.")
            peer.echo()
            said = daemon.said()
            self.assertRegex(said, rf"warning: denied: peer=\d+ pid={os.getpid()} uid={alice.pw_uid} "
                                   r"request=SUBMIT_JOB_BG")
            self.assertLess(said.count("denied"), 10)
            self.assertEqual(dict(peer.listing("stats"))["denied"], "100")

    def test_the_daemon_s_own_user_may_do_everything(self):
        with lib.directory_of(self.bob.pw_uid) as place:
            with self.serving("submit = root\nadmin = root\n", directory=place,
                              args=("-u", self.bob.pw_name)) as daemon:
                self.assert_rights(ALL, daemon, self.bob)
                self.assert_rights({WORK, OBSERVE}, daemon, self.alice)


class Tcp(unittest.TestCase):
    """Who comes by TCP has no name: all of them are `tcp`."""

    def rights(self, access, function="f"):
        port = lib.free_port()
        with Daemon(open_to_all(access, f"listen = {LOOPBACK}:{port}\n")) as daemon:
            self.assertEqual(rights_of(daemon.connect, "x"), ALL)
            return rights_of(lambda: Peer((LOOPBACK, port)), function)

    def test_where_nothing_is_said_it_may_not_administer(self):
        self.assertEqual(self.rights(""), USUAL)

    def test_it_is_in_a_list_or_may_not(self):
        self.assertEqual(self.rights("submit = root\nadmin = tcp\n"), {WORK, OBSERVE, ADMIN})
        self.assertEqual(self.rights("work = root\nobserve = @root\n"), {SUBMIT})

    def test_it_may_be_limited_to_some_functions(self):
        self.assertEqual(self.rights("submit = tcp:img:*\n", "img:a"), USUAL)
        self.assertEqual(self.rights("submit = tcp:img:*\n", "vid:a"), {WORK, OBSERVE})

    def test_where_it_may_do_nothing_it_is_told_and_closed(self):
        port = lib.free_port()
        access = "submit = root\nwork = root\nobserve = root\n"
        with Daemon(open_to_all(access, f"listen = {LOOPBACK}:{port}\n")) as daemon:
            with Peer((LOOPBACK, port)) as peer:
                self.assertEqual([kind for kind, _ in peer.expect_end()], [lib.ERROR])
            self.assertIn(f"turned-away: no right to anything, see [access]; limit=access address={LOOPBACK}", daemon.said())
            with daemon.connect() as peer:
                peer.echo()

    def test_a_denied_request_is_logged_with_its_address(self):
        port = lib.free_port()
        with Daemon(open_to_all("", f"listen = {LOOPBACK}:{port}\n")) as daemon, \
                Peer((LOOPBACK, port)) as peer:
            self.assertRegex(peer.line("maxqueue f 5"), "^ERR ACCESS_DENIED ")
            peer.echo()
            self.assertRegex(daemon.said(), rf"denied: peer=\d+ address={LOOPBACK} request=maxqueue")

    def test_letting_other_machines_in_is_announced(self):
        warning = "other machines can connect"
        for address, is_warned in (("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)):
            port = lib.free_port()
            with self.subTest(address), Daemon(f"[server]\nlisten = {address}:{port}\n") as daemon:
                self.assertEqual(warning in daemon.said(), is_warned, daemon.said())


if __name__ == "__main__":
    lib.main()
