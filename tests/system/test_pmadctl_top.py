"""pmadctl top: what it shows on a screen and without one, its keys, and what it does without a daemon."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pmadd_testlib as lib
from pmadctl_testlib import FINE, NO_DAEMON, REFUSED, USAGE, Commands


class Plain(Commands):
    def look(self, *words):
        run = self.daemon.ctl("top", "--count=1", *words)
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertLessEqual(max(len(line) for line in run.stdout.splitlines()), 80)
        return run.stdout

    def test_one_look_has_the_tasks_the_pools_and_every_function(self):
        self.daemon.ctl("submit", "-b", "--priority=high", "left", "x")
        with self.daemon.connect() as worker:
            worker.can_do("busy")
            self.daemon.ctl("submit", "-b", "busy", "x")
            worker.grab()
            said = self.look()
        self.assertIn("tasks 2: 1 queued, 1 running, 0 delayed   workers 1", said)
        self.assertRegex(said, r"tasks +\[[#|.]{14}\] +\d+% +wire +\[")
        self.assertRegex(said, r"(?m)^left +1 +0 +0 +[\d.]+[mu]?s +0 +- +- +- +-$")
        self.assertRegex(said, r"(?m)^busy +0 +1 +1 +- +0( +[\d.]+[mu]?s){2} +- +-$")
        self.assertNotIn("\033", said)

    def test_other_pages_have_workers_and_classes(self):
        with self.daemon.connect() as worker:
            worker.send(22, "me")  # SET_CLIENT_ID
            worker.can_do("f", "g")
            worker.echo()
            self.assertRegex(self.look("--page=workers"), r"(?m) me +f g$")
        self.assertRegex(self.look("--page=pools"), r"(?m)^tasks +65536 +\d+ +0 \[\.{26}\] +0%")

    def test_a_filter_leaves_out_what_does_not_have_it(self):
        with self.daemon.connect() as worker:
            worker.can_do("img:resize", "mail")
            worker.echo()
            said = self.look("--filter=img")
        self.assertIn("img:resize", said)
        self.assertNotIn("mail", said)

    def test_names_do_not_reach_the_terminal_as_they_are(self):
        with self.daemon.connect() as worker:
            worker.can_do("bell\x07", b"\xff\xfe", "ü" * 60)
            worker.echo()
            said = self.look()
        self.assertIn("bell\ufffd", said)
        self.assertIn("%FF%FE", said)
        self.assertIn("ü" * 17, said)

    def test_a_second_look_has_rates(self):
        with self.daemon.connect() as client:
            process = lib.spawn(lib.PMADCTL, "top", "--socket", self.daemon.socket, "--count=2",
                                "--interval=300ms", stdout=subprocess.PIPE, text=True)
            self.addCleanup(process.stdout.close)
            self.addCleanup(lib.end, process)
            first = [process.stdout.readline() for _ in range(7)]
            self.assertIn("a second: 0 in", first[2])
            for _ in range(300):
                client.submit("f", kind=lib.SUBMIT_JOB_BG)
            said = process.stdout.read()
        rate = float(re.search(r"a second: (\d+) in", said)[1])
        self.assertGreater(rate, 100)
        self.assertLess(rate, 1001)
        self.assertEqual(process.wait(lib.PATIENCE), FINE)

    def test_a_daemon_that_goes_and_comes_back_is_watched_on(self):
        process = lib.spawn(lib.PMADCTL, "top", "--socket", self.daemon.socket, "--interval=100ms",
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        with self.daemon.connect() as peer:
            self.assertTrue(lib.eventually(lambda: len(peer.listing("workers")) == 2))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())
        self.assertRegex(process.stderr.readline(), r"looking again\n")
        self.daemon.start()
        self.assertEqual(process.stderr.readline(), "pmadctl: the daemon is back\n")
        self.assertIsNone(process.poll())

    def test_without_a_daemon_so_many_looks_are_enough(self):
        run = lib.run(lib.PMADCTL, "top", "--count=2", "--interval=100ms", "--socket=/nowhere/s")
        self.assert_says(run, NO_DAEMON, "/nowhere/s", "looking again")

    def test_a_wrong_option_is_refused_with_a_hint(self):
        for words in (("--interval=99ms",), ("--interval=often",), ("--count=0",), ("--page=x",),
                      ("--filter=" + "x" * 64,), ("more",)):
            with self.subTest(words=words):
                run = lib.run(lib.PMADCTL, "top", *words)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn("--help", run.stderr)


class Denied(Commands):
    CONFIG = "[access]\nobserve = nobody\n"

    def test_who_may_not_look_is_told_so_and_that_is_all(self):
        if not lib.can_be_others():
            self.skipTest("needs root and setpriv")
        os.chmod(self.daemon.directory, 0o755)
        os.chmod(self.daemon.socket, 0o777)
        with lib.directory_of(1) as place:
            run = lib.run(*lib.as_user(1), place / "pmadctl", "top", "--socket",
                          self.daemon.socket)
        self.assert_says(run, REFUSED, "ACCESS_DENIED")


class Screen(Commands):
    """On a terminal of 80 by 24: what is drawn comes through the terminal's other end."""

    def setUp(self):
        super().setUp()
        self.ours, theirs = pty.openpty()
        self.addCleanup(os.close, self.ours)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.process = lib.spawn(lib.PMADCTL, "top", "--socket", self.daemon.socket,
                                 "--interval=100ms", stdin=theirs, stdout=theirs,
                                 env=lib.environment(TERM="xterm", LC_ALL="C.UTF-8"))
        self.addCleanup(lib.end, self.process)
        os.close(theirs)
        self.shown = b""

    def sees(self, text):
        """True once this has been drawn; what was drawn before is forgotten."""
        deadline = time.monotonic() + lib.PATIENCE
        while text.encode() not in self.shown and time.monotonic() < deadline:
            if select.select([self.ours], [], [], 0.1)[0]:
                self.shown += os.read(self.ours, 65536)
        found = text.encode() in self.shown
        self.shown = b""
        return found

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def test_keys_turn_pages_sort_filter_pause_and_quit(self):
        self.assertTrue(self.sees("TAB workers  s by tasks"))
        self.press("\t")
        self.assertTrue(self.sees("ADDRESS"))
        self.press("\t")
        self.assertTrue(self.sees("(| the most there ever was)"))
        self.press("\ts")
        self.assertTrue(self.sees("WAIT99"))
        self.press("/img\x0c")  # Ctrl-L, for only what is new is drawn else
        self.assertTrue(self.sees("filter: img_"))
        self.press("\np")
        self.assertTrue(self.sees("PAUSED"))
        self.press("q")
        self.assertEqual(self.process.wait(lib.PATIENCE), FINE)

    def test_a_daemon_that_goes_away_is_said_on_the_screen(self):
        self.assertTrue(self.sees("q quit"))
        self.daemon.process.kill()
        self.assertTrue(self.sees("looking again"))
        self.press("q")
        self.assertIn(self.process.wait(lib.PATIENCE), (FINE, NO_DAEMON))


if __name__ == "__main__":
    lib.main()
