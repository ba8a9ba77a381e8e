"""Reload: SIGHUP and the line `reload` read the config again; all of it is applied, or nothing."""

import os
import re
import signal
import unittest

import pmadd_testlib as lib
from pmadd_testlib import Daemon
from test_access import a_group, as_somebody, others

APPLIED = "reloaded: the config was applied"
REFUSED = "nothing was changed"


def write(daemon, config):
    """The daemon's file says something else from now on; its socket stays."""
    daemon.file.write_text(lib.with_socket(config, daemon.socket))


def reload(daemon):
    """What `reload` is answered."""
    with daemon.connect() as peer:
        return peer.line("reload")


def stats(daemon):
    with daemon.connect() as peer:
        return dict(peer.listing("stats"))


def fill(peer, function):
    """Submits until it is refused; returns how many were taken, and the refusal."""
    for count in range(100):
        peer.send(lib.SUBMIT_JOB_BG, function, "", "")
        kind, body = peer.receive()
        if kind == lib.ERROR:
            return count, body.decode()
    raise AssertionError("never refused")


class Applied(unittest.TestCase):
    def test_limits_rules_log_level_and_grace_hold_from_then_on(self):
        with Daemon("[limits]\nidle_timeout = 10s\n[function f]\nmax_queue = 3\n") as daemon:
            with daemon.connect() as peer:
                self.assertEqual(fill(peer, "f")[0], 3)
                write(daemon, "[server]\nlog_level = debug\nshutdown_grace = 0\n"
                              "[limits]\nidle_timeout = 20s\nconnections_per_user = 9\n"
                              "[function f]\nmax_queue = 5\n[function g*]\nmax_queue = 1\n")
                self.assertEqual(reload(daemon), "OK")
                self.assertEqual(fill(peer, "f")[0], 2)
                self.assertEqual(fill(peer, "gg")[0], 1)
                self.assertEqual(peer.line("verbose"), "OK DEBUG")
            numbers = stats(daemon)
            self.assertEqual(numbers["limit_idle_timeout_us"], "20000000")
            self.assertEqual(numbers["limit_connections_per_user"], "9")
            self.assertIn(APPLIED, daemon.said())
            self.assertEqual(daemon.stop(), 0, daemon.said())

    def test_sighup_does_the_same(self):
        with Daemon("[limits]\noutbox_max = 1M\n") as daemon:
            write(daemon, "[limits]\noutbox_max = 2M\n")
            os.kill(daemon.pid(), signal.SIGHUP)
            self.assertTrue(lib.eventually(lambda: APPLIED in daemon.said()), daemon.said())
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(2 << 20))

    def test_the_command_line_still_has_the_last_word(self):
        with Daemon("[limits]\noutbox_max = 1M\n", args=("--set", "limits.outbox_max=3M")) as daemon:
            write(daemon, "[limits]\noutbox_max = 2M\nframe_timeout = 7s\n")
            self.assertEqual(reload(daemon), "OK")
            numbers = stats(daemon)
            self.assertEqual((numbers["limit_outbox_max"], numbers["limit_frame_timeout_us"]),
                             (str(3 << 20), "7000000"))

    def test_pmadctl_reload_says_what_the_daemon_says(self):
        with Daemon() as daemon:
            run = daemon.ctl("reload")
            self.assertEqual((run.returncode, run.stdout), (0, ""), run.stderr)
            write(daemon, "[limits]\ntasks = many\n")
            run = daemon.ctl("reload")
            self.assertNotEqual(run.returncode, 0)
            self.assertRegex(run.stderr, r"pmadd\.conf:4: \[limits\] tasks: ")


class Refused(unittest.TestCase):
    def test_a_broken_file_changes_nothing_and_says_where_and_why(self):
        with Daemon("[limits]\noutbox_max = 1M\n") as daemon:
            write(daemon, "[limits]\noutbox_max = 2M\n[function f]\nretries = none\nnonsense = 1\n")
            place = re.escape(str(daemon.file))
            self.assertRegex(reload(daemon), rf"^ERR INVALID_CONFIG {place}:6: \[function f\] retries: "
                                             r'"none" .* \(and 1 more\)$')
            self.assertRegex(daemon.said(), rf"reload-refused: {place}:7: \[function f\] nonsense: unknown key")
            self.assertIn(REFUSED, daemon.said())
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(1 << 20))

    def test_a_file_that_is_not_there_changes_nothing(self):
        with Daemon("[limits]\noutbox_max = 2M\n") as daemon:
            daemon.file.unlink()
            self.assertEqual(reload(daemon), f"ERR INVALID_CONFIG {daemon.file}: cannot be read: "
                                             "No such file or directory")
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(2 << 20))

    def test_a_user_that_nobody_knows_changes_nothing(self):
        with Daemon("[limits]\noutbox_max = 1M\n") as daemon:
            write(daemon, "[limits]\noutbox_max = 2M\n[access]\nsubmit = no-such-user\n")
            self.assertEqual(reload(daemon),
                             "ERR INVALID_CONFIG [access] submit: there is no user no-such-user; "
                             "create it, or leave it out")
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(1 << 20))

    def test_what_needs_a_restart_is_named_key_by_key_and_nothing_else_is_applied(self):
        with Daemon("[limits]\noutbox_max = 1M\n[function f]\nreserve = 2\n") as daemon:
            write(daemon, "[server]\nnode = other\n[limits]\noutbox_max = 2M\ntasks = 1000\n"
                          "[pool wire]\nsize = 32M\nclass = 1024, 30\nclass = 65536, 70\n"
                          "[function f]\nreserve = 3\n")
            named = "[server] node, [limits] tasks, [pool wire] size, [function f] reserve"
            self.assertEqual(reload(daemon), f"ERR NEEDS_RESTART {named}")
            self.assertIn(f"reload-refused: needs a restart: {named}; {REFUSED}", daemon.said())
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(1 << 20))
            write(daemon, "[limits]\noutbox_max = 2M\n[function f]\nreserve = 2\n")
            self.assertEqual(reload(daemon), "OK")
            self.assertEqual(stats(daemon)["limit_outbox_max"], str(2 << 20))


@unittest.skipUnless(os.geteuid() == 0 and len(others(2)) == 2, "needs root, and two other users")
class Access(unittest.TestCase):
    def setUp(self):
        self.alice, self.bob = others(2)

    def config(self, access):
        return f"[server]\nsocket_mode = 0666\n[access]\n{access}"

    def connect(self, daemon, user):
        with as_somebody(user.pw_uid, user.pw_gid):
            return daemon.connect()

    def test_connected_peers_have_the_new_rights_at_once(self):
        alice, bob = self.alice.pw_name, self.bob.pw_name
        with Daemon(self.config(f"submit = {alice}:img:*\n")) as daemon:
            os.chmod(daemon.directory, 0o755)
            with self.connect(daemon, self.alice) as one, self.connect(daemon, self.bob) as other:
                one.submit("img:a")
                one.send(lib.SUBMIT_JOB, "snd:a", "", "")
                one.expect(lib.ERROR)
                write(daemon, self.config(f"submit = {bob}:snd:*, {alice}:snd:*\nobserve = {alice}\n"))
                self.assertEqual(reload(daemon), "OK")
                one.submit("snd:a")
                one.send(lib.SUBMIT_JOB, "img:a", "", "")
                one.expect(lib.ERROR)
                other.submit("snd:a")
                self.assertTrue(other.line("version").startswith("ERR ACCESS_DENIED "))

    def test_a_group_counts_by_what_the_kernel_remembers_of_the_connection(self):
        group = a_group(self.alice.pw_gid, self.bob.pw_gid)
        with Daemon(self.config("")) as daemon:
            os.chmod(daemon.directory, 0o755)
            with as_somebody(self.alice.pw_uid, self.alice.pw_gid, [group.gr_gid]):
                member = daemon.connect()
            with member, self.connect(daemon, self.bob) as other:
                member.echo()
                other.echo()
                write(daemon, self.config(f"submit = @{group.gr_name}\n"))
                self.assertEqual(reload(daemon), "OK")
                member.submit("f")
                other.send(lib.SUBMIT_JOB, "f", "", "")
                other.expect(lib.ERROR)

    def test_a_worker_that_lost_its_function_is_closed_and_its_task_goes_to_another(self):
        with Daemon(self.config("")) as daemon:
            os.chmod(daemon.directory, 0o755)
            with daemon.connect() as client, self.connect(daemon, self.alice) as worker:
                worker.can_do("f")
                handle = client.submit("f")
                worker.send(lib.GRAB_JOB)
                worker.expect(lib.JOB_ASSIGN)
                write(daemon, self.config("work = root\n"))
                self.assertEqual(reload(daemon), "OK")
                self.assertEqual(worker.expect_end(),
                                 [(lib.ERROR, b"ACCESS_DENIED\0The rights of this connection were "
                                              b"taken away")])
                with daemon.connect() as another:
                    another.can_do("f")
                    another.send(lib.GRAB_JOB)
                    self.assertTrue(another.expect(lib.JOB_ASSIGN).startswith(handle))


if __name__ == "__main__":
    lib.main()
