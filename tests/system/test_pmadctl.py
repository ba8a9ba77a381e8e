"""pmadctl: what a user types, what comes out, and how it ends."""

import hashlib
import json
import os
import signal
import unittest

import pmadd_testlib as lib
from pmadctl_testlib import (FINE, NO_DAEMON, REFUSED, TASK_FAILED, TIMED_OUT, USAGE, Commands,
                             help_of, options, verbs)
from pmadd_testlib import Daemon

GIB = 1 << 30


class Submit(Commands):
    def test_the_result_comes_to_stdout_as_it_is(self):
        self.worker("upper", "tr", "a-z", "A-Z")
        run = self.daemon.ctl("submit", "upper", "from the argument")
        self.assertEqual((run.returncode, run.stdout), (FINE, "FROM THE ARGUMENT"), run.stderr)
        run = self.daemon.ctl("submit", "upper", "--file=-", input="from stdin\n")
        self.assertEqual((run.returncode, run.stdout), (FINE, "FROM STDIN\n"), run.stderr)

    def test_a_file_is_submitted_byte_for_byte(self):
        self.worker("sum", "sha256sum")
        file = self.daemon.directory / "data"
        file.write_bytes(os.urandom(300_000))
        run = self.daemon.ctl("submit", "sum", f"--file={file}")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertEqual(run.stdout.split()[0], hashlib.sha256(file.read_bytes()).hexdigest())

    def test_a_background_task_prints_its_handle_and_runs(self):
        run = self.daemon.ctl("submit", "-b", "keep", "remember this")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"^H:[^:\s]+:\d+\n$")
        kept = self.daemon.directory / "kept"
        self.worker("keep", "sh", "-c", f"cat > {kept}.new && mv {kept}.new {kept}")
        self.assertTrue(lib.eventually(kept.exists))
        self.assertEqual(kept.read_text(), "remember this")

    def test_priorities_decide_who_is_next(self):
        for priority in ("low", "normal", "high"):
            run = self.daemon.ctl("submit", "-b", f"--priority={priority}", "order", priority)
            self.assertEqual(run.returncode, FINE, run.stderr)
        with self.daemon.connect() as worker:
            worker.can_do("order")
            self.assertEqual([worker.grab()[2] for _ in range(3)], [b"high", b"normal", b"low"])

    def test_a_command_that_fails_fails_the_task(self):
        self.worker("fail", "sh", "-c", "cat > /dev/null; exit 3")
        run = self.daemon.ctl("submit", "fail", "x")
        self.assertEqual((run.returncode, run.stdout), (TASK_FAILED, ""), run.stderr)

    def test_without_a_worker_it_says_who_is_missing_when_the_time_is_up(self):
        self.daemon.ctl("submit", "-b", "nobody", "x")
        run = self.daemon.ctl("submit", "nobody", "--timeout=100ms", "x")
        self.assert_says(run, TIMED_OUT, r"nobody", r"no worker|wait")

    def test_a_function_with_too_long_a_name_is_refused_by_name(self):
        run = self.daemon.ctl("submit", "f" * 129, "x")
        self.assert_says(run, REFUSED, r"QUEUE_ERROR.*limit=name .*used=129 of=128")

    def test_a_payload_that_no_daemon_could_take_is_refused_by_name(self):
        file = self.daemon.directory / "long"
        with open(file, "wb") as hole:
            hole.truncate(GIB + 1)
        for endless in (file, "/dev/zero"):
            run = self.daemon.ctl("submit", "f", f"--file={endless}")
            self.assert_says(run, USAGE, f"payload from {endless}: it is longer than 1 GiB")

    def test_what_is_left_of_a_file_is_what_counts(self):
        self.worker("echo", "cat")
        with open(self.daemon.directory / "long", "wb+") as hole:
            hole.truncate(GIB + 1)
            hole.seek(GIB - 3)
            hole.write(b"tail")
            hole.seek(GIB - 3)
            run = self.daemon.ctl("submit", "echo", stdin=hole)
        self.assertEqual((run.returncode, run.stdout), (FINE, "tail"), run.stderr)

    def test_a_missing_file_is_named(self):
        run = self.daemon.ctl("submit", "f", "--file=/nowhere/to/be/found")
        self.assertNotEqual(run.returncode, FINE)
        self.assertRegex(run.stderr, "/nowhere/to/be/found.*No such file")


class Refusals(Commands):
    CONFIG = "[limits]\npayload_max = 4K\n"

    def test_a_payload_above_the_limit_is_refused_by_name(self):
        run = self.daemon.ctl("submit", "f", "--file=-", input="x" * 5000)
        self.assert_says(run, REFUSED, r"limit=payload")


class Listings(Commands):
    def setUp(self):
        super().setUp()
        for _ in range(3):
            self.daemon.ctl("submit", "-b", "queue:one", "x")
        self.peer = self.daemon.connect()
        self.addCleanup(self.peer.close)
        self.peer.can_do("queue:one")
        self.peer.grab()

    def test_status_shows_what_waits_and_what_runs(self):
        run = self.daemon.ctl("status")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^queue:one\s+3\s+1\s+1\b")

    def test_workers_shows_who_does_what(self):
        run = self.daemon.ctl("workers")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertIn("queue:one", run.stdout)

    def test_pools_shows_every_pool_in_plain_columns_in_a_pipe(self):
        run = self.daemon.ctl("pools")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertTrue(run.stdout.isascii(), "bars are for terminals")
        for pool in ("tasks", "wire", "workers", "runtime"):
            self.assertRegex(run.stdout, rf"(?m)^{pool}\s+\d")

    def test_json_parses_and_says_the_same(self):
        status = json.loads(self.daemon.ctl("status", "--json").stdout)
        rows = [row for row in status if "queue:one" in row.values()]
        self.assertEqual(len(rows), 1, status)
        self.assertIn(3, rows[0].values())
        workers = json.loads(self.daemon.ctl("workers", "--json").stdout)
        self.assertTrue(any("queue:one" in json.dumps(row) for row in workers), workers)
        pools = json.loads(self.daemon.ctl("pools", "--json").stdout)
        self.assertEqual({row["pool"] for row in pools}, {"tasks", "wire", "workers", "runtime"})

    def test_names_that_json_must_escape_are_escaped(self):
        self.peer.can_do('odd "name"\\ \x01')
        self.peer.echo()
        status = json.loads(self.daemon.ctl("status", "--json").stdout)
        self.assertTrue(any('odd "name"\\ \x01' in row.values() for row in status), status)

    def test_tabs_and_line_feeds_in_a_name_do_not_break_the_listing(self):
        self.peer.can_do("a\tb", "c\nd")
        self.peer.echo()
        status = json.loads(self.daemon.ctl("status", "--json").stdout)
        names = [row["function"] for row in status]
        self.assertIn("a\tb", names)
        self.assertIn("c?d", names)

    def test_ping_says_how_long_it_took(self):
        run = self.daemon.ctl("ping")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"\d")


class Help(unittest.TestCase):
    """--help is complete, and the manual page says no less."""

    MANUAL = (lib.SOURCE / "docs" / "man" / "pmadctl.1").read_text(encoding="utf-8")

    def test_every_verb_has_an_example_and_the_exit_statuses(self):
        for verb in verbs():
            with self.subTest(verb=verb):
                said = help_of(verb)
                self.assertRegex(said, rf"Examples?:\n(.*\n)*  (.*\| )?pmadctl {verb}\b")
                self.assertIn("Exit status: 0 all went well", said)
                self.assertLessEqual(max(len(line) for line in said.splitlines()), 80)

    def test_every_verb_and_every_option_is_in_the_manual(self):
        for verb in verbs():
            with self.subTest(verb=verb):
                self.assertRegex(self.MANUAL, rf"(?m)^\.It Cm {verb}\b")
                described = self.MANUAL.split(f".It Cm {verb}", 1)[1]
                for option in options(verb):
                    self.assertRegex(described if option in options(verb) - options()
                                     else self.MANUAL, rf"Fl -{option.strip('-=')}\b")


class Errors(unittest.TestCase):
    """One line that says what to do, and a status a script can tell apart."""

    def assert_one_line(self, run, status, *patterns):
        Commands.assert_says(self, run, status, *patterns)
        self.assertEqual(run.stdout, "")

    def test_no_daemon_is_said_with_the_path(self):
        for verb in (("ping",), ("status",), ("submit", "f", "x")):
            with self.subTest(verb=verb[0]):
                run = lib.run(lib.PMADCTL, *verb, "--socket", "/tmp/nobody/listens/here")
                self.assert_one_line(run, NO_DAEMON, "/tmp/nobody/listens/here", "no daemon")

    def test_a_stale_socket_is_no_daemon_either(self):
        with Daemon() as daemon:
            daemon.process.kill()
            daemon.wait()
            self.assert_one_line(daemon.ctl("ping"), NO_DAEMON, str(daemon.socket), "no daemon")

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_who_may_not_is_told_so(self):
        with lib.directory_of(lib.NOBODY) as place, \
                Daemon("[server]\nsocket_mode = 0600\n", directory=place) as daemon:
            run = lib.run(*lib.as_user(lib.NOBODY), place / "pmadctl", "ping",
                          "--socket", daemon.socket)
        self.assert_one_line(run, NO_DAEMON, str(daemon.socket), "[Pp]ermission denied")

    def test_the_socket_is_found_in_the_environment(self):
        with Daemon() as daemon:
            run = lib.run(lib.PMADCTL, "ping", env=lib.environment(PMADD_SOCKET=str(daemon.socket)))
            self.assertEqual(run.returncode, FINE, run.stderr)
        with Daemon() as daemon:
            env = lib.environment(XDG_RUNTIME_DIR=str(daemon.directory))
            run = lib.run(lib.PMADCTL, "ping", env=env)
            self.assertEqual(run.returncode, FINE, run.stderr)

    def test_a_wrong_command_line_is_refused_with_a_hint(self):
        for words in ((), ("dance",), ("submit",), ("work", "f"), ("submit", "f", "--colour")):
            with self.subTest(words=words):
                run = lib.run(lib.PMADCTL, *words)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertRegex(run.stderr, "[Uu]sage|--help")

    def test_help_and_version_are_no_errors(self):
        for words in (("--help",), ("--version",)):
            run = lib.run(lib.PMADCTL, *words)
            self.assertEqual(run.returncode, FINE, run.stderr)
            self.assertIn("pmadctl", run.stdout)

    def test_a_closed_pipe_is_not_a_crash(self):
        with Daemon() as daemon:
            read, write = os.pipe()
            os.close(read)
            run = lib.run(lib.PMADCTL, "pools", "--socket", daemon.socket, stdout=write)
            os.close(write)
            self.assertIn(run.returncode, (TASK_FAILED, -signal.SIGPIPE), run.stderr)


if __name__ == "__main__":
    lib.main()
