"""The commands gearman and gearadmin: unmodified, as client, as worker, as administrator."""

import hashlib
import subprocess
import tempfile
from pathlib import Path

import clients_rig as rig
from clients_rig import lib

rig.need_commands("gearman-tools", "gearman", "gearadmin")


class Tools(rig.ServerCase):
    """A test that runs the two commands against its own server."""

    def address(self):
        return "-h", "127.0.0.1", "-p", self.server.port

    def gearman(self, *args, **more):
        return lib.run("gearman", *self.address(), *args, **more)

    def said(self, *args, **more):
        """What a client prints that succeeds."""
        run = self.gearman(*args, **more)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def worker(self, *args, **more):
        """A worker, ended with the test."""
        process = lib.spawn("gearman", *self.address(), "-w", *args, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def admin(self, option):
        """What gearadmin prints of an option."""
        run = lib.run("gearadmin", *self.address(), option)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def rows(self, option):
        """The lines of a listing, in words, without the dot that ends it."""
        *lines, dot = self.admin(option).split("\n")[:-1]
        self.assertEqual(dot, ".")
        return [line.split("\t") for line in lines]


class Clients(Tools):
    def setUp(self):
        super().setUp()
        self.files = sorted(lib.SOURCE.glob("docs/*.md")) + sorted(lib.SOURCE.glob("proto/*.[ch]"))

    def test_the_words_of_a_file_are_counted(self):
        self.worker("-f", "wc", "--", "wc", "-w")
        for file in self.files[:3]:
            with open(file) as data:
                self.assertEqual(int(self.said("-f", "wc", stdin=data)),
                                 len(file.read_bytes().split()), file)

    def test_a_task_waits_for_its_worker(self):
        client = lib.spawn("gearman", *self.address(), "-f", "late", "one two three",
                           stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(lib.end, client)
        self.assertTrue(lib.eventually(lambda: self.server.status("late") == (1, 0, 0)))
        self.worker("-f", "late", "--", "wc", "-w")
        self.assertEqual(client.wait(lib.PATIENCE), 0)
        self.assertEqual(int(client.stdout.read()), 3)

    def test_many_files_through_several_workers(self):
        for _ in range(3):
            self.worker("-f", "sum", "--", "sha256sum")
        self.wait_for_workers("sum", 3)
        for file in self.files:
            with open(file, "rb") as data:
                self.assertEqual(self.said("-f", "sum", stdin=data).split()[0],
                                 hashlib.sha256(file.read_bytes()).hexdigest())

    def test_lines_become_tasks_of_their_own(self):
        self.worker("-f", "upper", "--", "tr", "a-z", "A-Z")
        self.assertEqual(self.said("-n", "-f", "upper", input="one\ntwo\nthree\n"),
                         "ONE\nTWO\nTHREE\n")

    def test_lines_can_lose_their_newline(self):
        self.worker("-f", "count", "--", "wc", "-c")
        self.assertEqual(self.said("-N", "-f", "count", input="four\nsixsix\n").split(), ["4", "6"])

    def test_arguments_become_tasks_of_their_own(self):
        self.worker("-f", "bracket", "--", "sh", "-c", 'echo "[$(cat)]"')
        self.assertEqual(self.said("-f", "bracket", "one", "two"), "[one]\n[two]\n")

    def test_a_task_can_be_without_input(self):
        self.worker("-f", "bracket", "--", "sh", "-c", 'echo "[$(cat)]"')
        self.assertEqual(self.said("-s", "-f", "bracket"), "[]\n")

    def test_several_functions_get_the_task_and_the_output_says_whose_it_is(self):
        self.worker("-f", "up", "--", "tr", "a-z", "A-Z")
        self.worker("-f", "back", "--", "rev")
        said = self.said("-P", "-f", "up", "-f", "back", input="abc\n")
        self.assertEqual(sorted(said.splitlines()), ["back: cba", "up: ABC"])

    def test_one_worker_does_several_functions(self):
        self.worker("-f", "one", "-f", "two", "--", "cat")
        self.assertEqual(self.said("-f", "one", "1"), "1")
        self.assertEqual(self.said("-f", "two", "2"), "2")

    def test_every_priority_is_answered(self):
        self.worker("-f", "cat", "--", "cat")
        for priority in ("-I", "-L"):
            self.assertEqual(self.said(priority, "-f", "cat", f"with {priority}"),
                             f"with {priority}")

    def test_high_goes_before_normal_before_low(self):
        with tempfile.TemporaryDirectory(prefix="pmadd-") as name:
            kept = Path(name) / "kept"
            for option, text in (("-L", "low"), (None, "normal"), ("-I", "high")):
                self.said("-b", *([option] if option else []), "-f", "keep", f"{text} ")
            self.assertEqual(self.worker("-c", "3", "-f", "keep", "--", "sh", "-c",
                                         f"cat >> {kept}").wait(lib.PATIENCE), 0)
            self.assertEqual(kept.read_text(), "high normal low ")

    def test_background_tasks_are_done_after_their_client_has_gone(self):
        with tempfile.TemporaryDirectory(prefix="pmadd-") as name:
            kept = Path(name) / "kept"
            for number in range(5):
                self.said("-b", "-f", "keep", input=f"{number}\n")
            self.assertEqual(self.worker("-c", "5", "-f", "keep", "--", "sh", "-c",
                                         f"cat >> {kept}").wait(lib.PATIENCE), 0)
            self.assertEqual(kept.read_text(), "".join(f"{number}\n" for number in range(5)))

    def test_a_unique_key_makes_one_task_of_two(self):
        for text in ("first", "second"):
            self.said("-b", "-u", "key", "-f", "f", text)
        self.assertEqual(self.server.status("f"), (1, 0, 0))
        self.worker("-f", "f", "--", "cat")
        self.assertTrue(lib.eventually(lambda: self.server.status("f") == (0, 0, 1)))

    def test_a_failing_command_fails_its_task(self):
        self.worker("-f", "fail", "--", "false", stderr=subprocess.DEVNULL)
        run = self.gearman("-f", "fail", "x")
        self.assertEqual((run.returncode, run.stdout), (1, ""))
        self.assertIn("Job failed", run.stderr)

    def test_a_client_that_gives_up_takes_its_task_along(self):
        self.assertEqual(self.gearman("-t", "100", "-f", "nobody", "x").stdout, "")
        self.assertTrue(lib.eventually(lambda: self.server.status("nobody") == (0, 0, 0)))

    # The tool adds each line to those before it, and sends all of them as WORK_DATA.
    def test_a_worker_can_send_its_lines_one_by_one(self):
        self.worker("-n", "-f", "lines", "--", "cat")
        self.worker("-N", "-f", "bare", "--", "cat")
        self.assertEqual(self.said("-f", "lines", input="p\nq\n"), "p\np\nq\n")
        self.assertEqual(self.said("-f", "bare", input="p\nq\n"), "pp\nq")

    def test_a_worker_without_a_command_prints_what_comes(self):
        worker = self.worker("-c", "1", "-f", "print", stdout=subprocess.PIPE, text=True)
        self.addCleanup(worker.stdout.close)
        self.assertEqual(self.said("-f", "print", "text"), "")
        self.assertEqual(worker.wait(lib.PATIENCE), 0)
        self.assertEqual(worker.stdout.read(), "text")

    def test_a_large_payload_arrives_whole(self):
        data = bytes(range(256)) * 4000
        self.worker("-f", "sum", "--", "sha256sum")
        self.assertEqual(self.said("-f", "sum", input=data, text=False).split()[0].decode(),
                         hashlib.sha256(data).hexdigest())

    # Not by way of cat: a worker of this tool writes all of a task before it reads any result.
    def test_a_large_result_arrives_whole(self):
        self.worker("-f", "seq", "--", "sh", "-c", "read last; seq $last")
        self.assertEqual(self.said("-f", "seq", input="100000\n").split(),
                         [str(number) for number in range(1, 100001)])


class Administrators(Tools):
    def submit_two(self):
        self.said("-b", "-u", "key", "-f", "f", "one")
        self.said("-b", "-u", "other", "-I", "-f", "f", "two")

    def test_the_server_says_what_it_is(self):
        self.assertRegex(self.admin("--server-version"), r"\A\S+\n\Z")
        self.assertRegex(self.admin("--server-verbose"), r"\A\S+\n\Z")
        self.assertEqual(int(self.admin("--getpid")), self.server.process.pid)

    def test_the_status_counts_tasks_and_workers(self):
        self.submit_two()
        self.assertEqual(self.rows("--status"), [["f", "2", "0", "0"]])
        self.assertEqual(self.rows("--priority-status"), [["f", "1", "1", "0", "0"]])
        with self.server.connect() as worker:
            worker.can_do("f")
            worker.grab()
            self.assertEqual(self.rows("--status"), [["f", "2", "1", "1"]])
            self.assertEqual(self.rows("--priority-status"), [["f", "0", "1", "0", "1"]])

    def test_the_workers_are_listed_with_their_functions(self):
        with self.server.connect() as worker:
            worker.send(22, "worker-7")
            worker.can_do("f", "g")
            worker.echo()
            lines = self.admin("--workers").splitlines()
            self.assertRegex(lines.pop(-1), r"\A\.\Z")
            # The descriptor comes first; the functions are in no particular order.
            words = [line.split()[1:] for line in lines]
            self.assertEqual(sorted(peer[:3] + sorted(peer[3:]) for peer in words),
                             [["127.0.0.1", "-", ":"], ["127.0.0.1", "worker-7", ":", "f", "g"]])

    def test_the_tasks_are_listed_by_handle_and_by_unique_key(self):
        self.submit_two()
        rows = self.rows("--show-jobs")
        self.assertEqual([row[1:] for row in rows], [["0", "0", "1"]] * 2)
        for row in rows:
            self.assertRegex(row[0], r"\AH:\S+:\d+\Z")
        self.assertEqual(sorted(self.rows("--show-unique-jobs")), [["key"], ["other"]])

    def test_a_function_can_be_created_and_dropped(self):
        self.assertEqual(self.admin("--create-function=made"), "OK\n")
        self.assertEqual(self.rows("--status"), [["made", "0", "0", "0"]])
        self.assertEqual(self.admin("--drop-function=made"), "OK\n")
        self.assertEqual(self.rows("--status"), [])

    def test_what_cannot_be_dropped_is_refused_with_the_reason(self):
        run = lib.run("gearadmin", *self.address(), "--drop-function=nothing")
        self.assertIn("function not found", run.stdout + run.stderr)
        self.submit_two()
        run = lib.run("gearadmin", *self.address(), "--drop-function=f")
        self.assertIn("there are still connected workers or executing clients",
                      run.stdout + run.stderr)
        self.assertEqual(self.rows("--status"), [["f", "2", "0", "0"]])

    def test_a_cancelled_task_is_not_done(self):
        self.submit_two()
        with self.server.connect() as client:
            handle = client.submit("f", b"cancelled").decode()
            self.assertEqual(self.admin(f"--cancel-job={handle}"), "OK\n")
            self.assertEqual(client.expect(lib.WORK_FAIL).decode(), handle)
        with self.server.connect() as worker:
            worker.can_do("f")
            self.assertEqual([worker.grab()[2] for _ in range(2)], [b"two", b"one"])
            worker.send(lib.GRAB_JOB)
            worker.expect(10)  # NO_JOB
        run = lib.run("gearadmin", *self.address(), "--cancel-job=H:nobody:1")
        self.assertIn("UNKNOWN_JOB", run.stdout + run.stderr)


if __name__ == "__main__":
    rig.main()
