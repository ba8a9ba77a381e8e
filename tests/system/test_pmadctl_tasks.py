"""pmadctl wait, cancel, functions and check: tasks and functions that others made."""

import json
import subprocess

import pmadd_testlib as lib
from pmadctl_testlib import FINE, NO_DAEMON, REFUSED, TIMED_OUT, USAGE, Commands, Tap

NOWHERE = "H:nowhere:1"


class Tasks(Commands):
    def background(self, function, *words):
        run = self.daemon.ctl("submit", "-b", *words, function, "x")
        self.assertEqual(run.returncode, FINE, run.stderr)
        return run.stdout.strip()

    def waiting(self, *names):
        """A `pmadctl wait` that has been told of each of them that it is there."""
        tap = Tap(self.daemon, lib.STATUS_RES)
        self.addCleanup(tap.close)
        process = lib.spawn(lib.PMADCTL, "wait", "--socket", tap.socket, *names,
                            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lib.end, process)
        self.assertTrue(tap.has_passed(len(names)))
        return process


class Wait(Tasks):
    def test_it_returns_when_all_have_ended(self):
        handles = [self.background("f") for _ in range(2)]
        process = self.waiting(*handles)
        with self.daemon.connect() as worker:
            worker.can_do("f")
            tasks = [worker.grab()[0] for _ in range(2)]
            worker.complete(tasks[0])
            self.assertTrue(lib.eventually(lambda: self.row("f")[0] == 1))
            self.assertIsNone(process.poll(), "one has not ended")
            worker.complete(tasks[1])
        self.assertEqual(process.wait(lib.PATIENCE), FINE)
        states = [line.split("\t")[:2] for line in process.stdout.read().splitlines()]
        self.assertEqual(states, [[handle, "ended"] for handle in handles])

    def test_what_is_not_there_is_unknown_and_nobody_waits_for_it(self):
        run = self.daemon.ctl("wait", NOWHERE)
        self.assertEqual((run.returncode, run.stdout), (FINE, f"{NOWHERE}\tunknown\t0\t0\n"),
                         run.stderr)

    def test_what_has_not_ended_in_time_is_said_with_its_progress(self):
        queued = self.background("f")
        with self.daemon.connect() as worker:
            worker.can_do("f")
            running = worker.grab()[0]
            worker.send(lib.WORK_STATUS, running, "2", "5")
            worker.echo()
            other = self.background("f")
            run = self.daemon.ctl("wait", "--timeout=50ms", queued, other, NOWHERE)
        self.assert_says(run, TIMED_OUT, "after 50ms: of 3 tasks 2 have not ended")
        self.assertEqual(run.stdout, f"{queued}\trunning\t2\t5\n{other}\tqueued\t0\t0\n"
                                     f"{NOWHERE}\tunknown\t0\t0\n")

    def test_a_unique_id_will_do(self):
        self.background("f", "--unique=an id")
        run = self.daemon.ctl("wait", "--timeout=50ms", "--json", "an id", "other", "-u")
        self.assertEqual(run.returncode, TIMED_OUT, run.stderr)
        self.assertEqual(json.loads(run.stdout),
                         [{"task": "an id", "state": "queued", "numerator": 0, "denominator": 0},
                          {"task": "other", "state": "unknown", "numerator": 0, "denominator": 0}])

    def test_a_daemon_that_goes_away_ends_it(self):
        process = self.waiting(self.background("f"))
        self.daemon.process.kill()
        self.assertEqual(process.wait(lib.PATIENCE), NO_DAEMON)

    def test_what_is_no_handle_is_refused_with_a_hint(self):
        for words in ((), ("two words",), ("",), ("h" * 64,), ("--unique", "a\nb"), ("a\tb",)):
            with self.subTest(words=words):
                run = self.daemon.ctl("wait", *words)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn("--help", run.stderr)


class Cancel(Tasks):
    def test_a_task_that_waits_is_never_done(self):
        handles = [self.background("f") for _ in range(3)]
        run = self.daemon.ctl("cancel", handles[0], handles[2])
        self.assertEqual((run.returncode, run.stdout),
                         (FINE, f"{handles[0]}\tcancelled\n{handles[2]}\tcancelled\n"), run.stderr)
        self.assertEqual(self.row("f"), (1, 0, 0))

    def test_one_that_is_not_there_is_named_and_the_others_are_cancelled(self):
        handle = self.background("f")
        run = self.daemon.ctl("cancel", "--json", NOWHERE, handle)
        self.assert_says(run, REFUSED, NOWHERE)
        self.assertEqual(json.loads(run.stdout), [{"task": NOWHERE, "state": "unknown"},
                                                  {"task": handle, "state": "cancelled"}])
        self.assertEqual(self.row("f")[0], 0)

    def test_a_line_feed_is_no_second_command(self):
        handle = self.background("f")
        run = self.daemon.ctl("cancel", f"{NOWHERE}\ncancel job {handle}")
        self.assertEqual(run.returncode, USAGE, run.stderr)
        self.assertEqual(self.row("f")[0], 1)


class Functions(Tasks):
    def test_each_has_a_state_and_its_tasks_by_priority(self):
        for priority in ("high", "low", "low"):
            self.background("left", f"--priority={priority}")
        for function in ("busy", "behind", "behind"):
            self.background(function)
        with self.daemon.connect() as worker:
            worker.can_do("busy")
            worker.grab()
            worker.can_do("behind")
            worker.grab()
            worker.can_do("free")
            worker.echo()
            run = self.daemon.ctl("functions", "--json")
        self.assertEqual(run.returncode, FINE, run.stderr)
        rows = {row.pop("function"): tuple(row.values()) for row in json.loads(run.stdout)}
        self.assertEqual(rows, {"left": ("no worker", 0, 1, 0, 2, 0),
                                "busy": ("running", 1, 0, 0, 0, 1),
                                "behind": ("waiting", 1, 0, 1, 0, 1),
                                "free": ("idle", 0, 0, 0, 0, 1)})


class Check(Tasks):
    STEPS = ["connect", "version", "echo", "register", "submit", "work", "result", "clean up", "all"]

    def report(self, run):
        rows = json.loads(run.stdout)
        self.assertEqual([row["step"] for row in rows], self.STEPS)
        return {row["step"]: row for row in rows}

    def test_a_daemon_that_works_passes_and_nothing_is_left(self):
        run = self.daemon.ctl("check", "--json")
        self.assertEqual(run.returncode, FINE, run.stderr)
        report = self.report(run)
        self.assertEqual({row["verdict"] for row in report.values()}, {"ok"})
        self.assertGreater(report["all"]["ms"], 0)
        with self.daemon.connect() as peer:
            self.assertEqual(peer.listing("status"), [])

    def test_without_a_daemon_it_ends_at_the_first_step(self):
        run = lib.run(lib.PMADCTL, "check", "--json", "--socket", "/nowhere/to/be/found")
        self.assertEqual(run.returncode, NO_DAEMON, run.stderr)
        report = self.report(run)
        self.assertEqual(report["connect"]["verdict"], "FAILED")
        self.assertIn("/nowhere/to/be/found", report["connect"]["note"])
        self.assertEqual(report["clean up"]["verdict"], "skipped")
        self.assertIn("connect", report["all"]["note"])


class Refusing(Tasks):
    CONFIG = "[limits]\npayload_max = 100\n"

    def test_what_is_refused_is_the_verdict_and_all_is_cleaned_up(self):
        run = self.daemon.ctl("check", "--json")
        self.assertEqual(run.returncode, REFUSED, run.stderr)
        report = Check.report(self, run)
        self.assertIn("limit=payload", report["submit"]["note"])
        self.assertEqual(report["work"]["verdict"], "skipped")
        self.assertEqual(report["clean up"]["verdict"], "ok")
        with self.daemon.connect() as peer:
            self.assertEqual(peer.listing("status"), [])

    STEPS = Check.STEPS


class Peek(Tasks):
    def test_what_waits_is_shown_the_next_first(self):
        handles = [self.background("f", "--unique", name, "--priority", priority)
                   for name, priority in (("b", "low"), ("a", "high"))]
        rows = json.loads(self.daemon.ctl("peek", "f", "--json").stdout)
        self.assertEqual([(row["handle"], row["unique"], row["priority"], row["bytes"]) for row in rows],
                         [(handles[1], "a", "high", 1), (handles[0], "b", "low", 1)])
        self.assertEqual(len(self.daemon.ctl("peek", "f", "--count=1").stdout.splitlines()), 1)

    def test_what_cannot_be_looked_at_is_refused(self):
        self.assert_says(self.daemon.ctl("peek", "nobody"), REFUSED, "function not found")
        for words in ((), ("a b",), ("f", "g"), ("f", "--count=0"), ("f", "--count=101")):
            self.assertEqual(self.daemon.ctl("peek", *words).returncode, USAGE, words)


class Changes(Tasks):
    """pause, drain and resume."""

    def test_a_paused_function_keeps_its_tasks_until_it_is_resumed(self):
        with self.daemon.connect() as worker:
            worker.can_do("f")
            self.assertEqual(self.daemon.ctl("pause", "f", "g").returncode, FINE)
            handle = self.background("f")
            worker.send(lib.GRAB_JOB)
            worker.expect(lib.NO_JOB)
            self.assertEqual(self.daemon.ctl("resume", "f").returncode, FINE)
            self.assertEqual(worker.grab()[0].decode(), handle)

    def test_all_of_them_are_all_that_there_are(self):
        for name in "f", "g":
            self.background(name)
        self.assertEqual(self.daemon.ctl("drain", "--all").returncode, FINE)
        for name, status in ("f", REFUSED), ("g", REFUSED), ("new", FINE):
            self.assertEqual(self.daemon.ctl("submit", "-b", name, "x").returncode, status, name)
        self.assertEqual(self.daemon.ctl("resume", "--all").returncode, FINE)
        self.assertEqual(self.daemon.ctl("submit", "-b", "f", "x").returncode, FINE)
        self.assertEqual(self.daemon.ctl("resume", "--all", "f").returncode, USAGE)

    def test_a_drained_function_refuses_by_name(self):
        self.assertEqual(self.daemon.ctl("drain", "f").returncode, FINE)
        run = self.daemon.ctl("submit", "-b", "f", "x")
        self.assertEqual(run.returncode, REFUSED)
        self.assertIn("draining", run.stderr)
        self.background("g")

    def test_one_that_is_not_there_keeps_no_other_back(self):
        self.assertEqual(self.daemon.ctl("drain", "f").returncode, FINE)
        run = self.daemon.ctl("resume", "nobody", "f")
        self.assert_says(run, REFUSED, "function not found")
        self.background("f")

    def test_no_function_and_one_with_blanks_are_wrong_usage(self):
        for words in (("pause",), ("drain", "a b"), ("resume", "")):
            with self.subTest(words):
                self.assertEqual(self.daemon.ctl(*words).returncode, USAGE)


if __name__ == "__main__":
    lib.main()
