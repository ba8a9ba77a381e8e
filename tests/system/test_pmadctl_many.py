"""pmadctl submit of many tasks: their order, how many at a time, and what is said of failures."""

import os
import pty
import signal
import subprocess

import pmadd_testlib as lib
from pmadctl_testlib import FINE, NO_DAEMON, REFUSED, TASK_FAILED, TIMED_OUT, USAGE, Commands


class Many(Commands):
    def lines(self, *words, given=""):
        return self.daemon.ctl("submit", *words, "--each-line", input=given)

    def test_results_come_in_the_order_of_the_lines(self):
        self.worker("upper", "tr", "a-z", "A-Z", jobs=4)
        run = self.lines("upper", given="".join(f"line {n}\n" for n in range(200)))
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertEqual(run.stdout, "".join(f"LINE {n}\n" for n in range(200)))
        self.assertEqual(run.stderr, "", "what only a terminal is shown")

    def test_an_early_result_waits_for_those_before_it(self):
        with self.daemon.connect() as worker:
            worker.can_do("f")
            process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "f",
                                "--each-line", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.addCleanup(process.stdout.close)
            self.addCleanup(lib.end, process)
            process.stdin.write(b"a\nb\n")
            process.stdin.close()
            tasks = [worker.grab() for _ in range(2)]
            self.assertEqual([task[2] for task in tasks], [b"a", b"b"])
            worker.complete(tasks[1][0], b"second")
            worker.complete(tasks[0][0], b"first\n")
            self.assertEqual(process.stdout.read(), b"first\nsecond\n")
            self.assertEqual(process.wait(lib.PATIENCE), FINE)

    def test_lines_are_cut_at_line_feeds_and_nowhere_else(self):
        self.worker("size", "wc", "-c")
        run = self.lines("size", given="\nnul\0nul\ncr\r\nno line feed")
        self.assertEqual(run.stdout.split(), ["0", "7", "3", "12"], run.stderr)

    def test_lines_of_a_file_are_tasks_too(self):
        self.worker("upper", "tr", "a-z", "A-Z")
        file = self.daemon.directory / "lines"
        file.write_text("one\ntwo\n")
        run = self.daemon.ctl("submit", "upper", "--each-line", f"--file={file}")
        self.assertEqual((run.returncode, run.stdout), (FINE, "ONE\nTWO\n"), run.stderr)

    def test_nothing_to_submit_is_no_failure(self):
        run = self.lines("upper")
        self.assertEqual((run.returncode, run.stdout, run.stderr), (FINE, "", ""))

    def test_a_file_that_cannot_be_read_is_named_and_the_others_are_done(self):
        self.worker("upper", "tr", "a-z", "A-Z")
        files = []
        for name in ("one", "two"):
            files.append(self.daemon.directory / name)
            files[-1].write_text(name)
        run = self.daemon.ctl("submit", "upper", "--each-file", files[0], "/nowhere", files[1])
        self.assertEqual((run.returncode, run.stdout), (USAGE, "ONE\nTWO\n"), run.stderr)
        self.assertEqual(run.stderr, "pmadctl: /nowhere: No such file or directory\n"
                                     "pmadctl: of 3 tasks 2 complete, 1 unreadable\n")

    def test_those_that_fail_are_named_with_the_reason(self):
        self.worker("some", "sh", "-c", "read word; test $word != bad && echo $word")
        run = self.lines("some", given="good\nbad\nfine\n")
        self.assertEqual((run.returncode, run.stdout), (TASK_FAILED, "good\nfine\n"), run.stderr)
        self.assertRegex(run.stderr, r"\Apmadctl: line 2: .*failed\n"
                                     r"pmadctl: of 3 tasks 2 complete, 1 failed\n\Z")

    def test_so_many_are_unfinished_at_a_time_as_were_asked_for(self):
        with self.daemon.connect() as worker:
            worker.can_do("f")
            process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "f",
                                "--each-line", "--parallel=3", stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL)
            self.addCleanup(lib.end, process)
            process.stdin.write(b"x\n" * 10)
            process.stdin.close()
            for left in range(10, 0, -1):
                self.assertTrue(lib.eventually(lambda: self.row("f")[0] == min(3, left)),
                                self.row("f"))
                worker.complete(worker.grab()[0])
            self.assertEqual(process.wait(lib.PATIENCE), FINE)

    def test_each_has_its_own_time(self):
        run = self.lines("nobody", "--timeout=50ms", "--parallel=2", given="a\nb\nc\n")
        self.assertEqual(run.returncode, TIMED_OUT, run.stderr)
        self.assertEqual(run.stderr.splitlines()[-1],
                         "pmadctl: of 3 tasks 0 complete, 3 timed out")

    def test_in_the_background_their_handles_are_printed(self):
        run = self.lines("keep", "-b", given="a\nb\nc\n")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"\A(H:[^:\s]+:\d+\n){3}\Z")
        self.assertEqual(self.row("keep"), (3, 0, 0))

    def test_what_is_said_ahead_and_warned_of_goes_with_its_task(self):
        with self.daemon.connect() as worker:
            worker.can_do("f")
            process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "f",
                                "--each-line", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
            self.addCleanup(process.stdout.close)
            self.addCleanup(process.stderr.close)
            self.addCleanup(lib.end, process)
            process.stdin.write(b"a\nb\n")
            process.stdin.close()
            first, second = (worker.grab()[0] for _ in range(2))
            worker.send(28, second, b"two, ")  # WORK_DATA
            worker.send(28, first, b"one, ")
            worker.send(29, second, b"careful")  # WORK_WARNING
            worker.complete(second, b"2")
            worker.complete(first, b"1")
            self.assertEqual(process.stdout.read(), b"one, 1\ntwo, 2\n")
            self.assertEqual(process.stderr.read(), b"line 2: careful\n")

    def test_a_daemon_that_goes_away_ends_it(self):
        process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "nobody",
                            "--each-line", stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        process.stdin.write("a\nb\n")
        process.stdin.close()
        self.assertTrue(lib.eventually(lambda: self.row("nobody")[0] == 2))
        self.daemon.process.kill()
        self.assertEqual(process.wait(lib.PATIENCE), NO_DAEMON)
        self.assertRegex(process.stderr.read(), r"2 tasks are unfinished\n"
                                                r"pmadctl: of 2 tasks 0 complete, 2 lost\n\Z")

    def test_what_cannot_be_meant_is_refused_with_a_hint(self):
        for words in (("--each-line", "--each-file", "a"), ("--each-line", "a"), ("--each-file",),
                      ("--each-line", "--unique=x"), ("--parallel=2", "a"),
                      ("--each-line", "-b", "--parallel=2"), ("--each-line", "--parallel=0"),
                      ("--each-line", "--parallel=4097"), ("--each-line", "--parallel=many")):
            with self.subTest(words=words):
                run = self.daemon.ctl("submit", "f", *words)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn("--help", run.stderr)

    def test_lines_that_cannot_be_read_are_said_so(self):
        run = self.daemon.ctl("submit", "f", "--each-line", "--file=/nowhere")
        self.assert_says(run, USAGE, "/nowhere: No such file")

    def test_a_terminal_is_shown_how_far_it_has_come(self):
        file = self.daemon.directory / "lines"
        file.write_text("x\n" * 50)
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "f",
                            "--each-line", f"--file={file}", "--timeout=1h",
                            stdout=subprocess.DEVNULL, stderr=theirs)
        self.addCleanup(lib.end, process)
        os.close(theirs)
        shown = ""
        with self.daemon.connect() as worker:
            worker.can_do("f")
            for _ in range(25):
                worker.complete(worker.grab()[0])
            while "25 of 50" not in shown:
                shown += os.read(ours, 65536).decode()
            for _ in range(25):
                worker.complete(worker.grab()[0])
            self.assertEqual(process.wait(lib.PATIENCE), FINE)
        shown += os.read(ours, 65536).decode()
        self.assertRegex(shown, r"\[\.{24}\]   0%  0 of 50  0/s  ETA -:--")
        self.assertRegex(shown, r"\[#{12}\.{12}\]  50%  25 of 50  \d+/s  ETA \d+:\d\d")
        self.assertTrue(shown.endswith("\r\033[K"), "the line is taken away in the end")


class Few(Commands):
    CONFIG = "[limits]\nsubmissions_per_connection = 2\n"

    def test_what_the_daemon_refuses_is_refused_one_by_one(self):
        process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "f",
                            "--each-line", "--parallel=3", stdin=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        process.stdin.write("a\nb\nc\n")
        process.stdin.close()
        self.assertRegex(process.stderr.readline(), r"line 3: QUEUE_ERROR.*limit=connection")
        self.worker("f", "cat")
        self.assertEqual(process.wait(lib.PATIENCE), REFUSED)
        self.assertEqual(process.stderr.read(), "pmadctl: of 3 tasks 2 complete, 1 refused\n")


class Stopped(Commands):
    def test_an_interrupt_takes_the_tasks_back(self):
        process = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "nobody",
                            "--each-line", stdin=subprocess.PIPE)
        self.addCleanup(lib.end, process)
        process.stdin.write(b"a\nb\n")
        process.stdin.close()
        self.assertTrue(lib.eventually(lambda: self.row("nobody")[0] == 2))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(lib.PATIENCE), -signal.SIGINT)
        self.assertTrue(lib.eventually(lambda: self.row("nobody")[0] == 0))


if __name__ == "__main__":
    lib.main()
