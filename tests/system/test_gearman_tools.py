"""Gearman's own command line against pmadd's TCP listener: unmodified clients and workers."""

import hashlib
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon


@unittest.skipUnless(shutil.which("gearman"), "no command gearman: install gearman-tools")
class GearmanTools(unittest.TestCase):
    def setUp(self):
        self.port = lib.free_port()
        daemon = Daemon(f"[server]\nlisten = 127.0.0.1:{self.port}\n")
        daemon.start()
        self.addCleanup(daemon.__exit__)
        self.daemon = daemon
        self.files = sorted(lib.SOURCE.glob("docs/*.md")) + sorted(lib.SOURCE.glob("proto/*.[ch]"))

    def gearman(self, *args, **more):
        return lib.run("gearman", "-h", "127.0.0.1", "-p", self.port, *args, **more)

    def worker(self, *args, **more):
        """A worker of the gearman command, ended with the test."""
        process = lib.spawn("gearman", "-h", "127.0.0.1", "-p", self.port, "-w", *args, **more)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

    def wait_for_workers(self, function, count):
        def workers():
            with self.daemon.connect() as peer:
                return sum(int(row[3]) for row in peer.listing("status") if row[0] == function)
        self.assertTrue(lib.eventually(lambda: workers() == count), f"{workers()} workers")

    def test_the_words_of_a_file_are_counted(self):
        self.worker("-f", "wc", "--", "wc", "-w")
        for file in self.files[:3]:
            with open(file) as data:
                run = self.gearman("-f", "wc", stdin=data)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(int(run.stdout), len(file.read_bytes().split()), file)

    def test_a_task_waits_for_its_worker(self):
        client = lib.spawn("gearman", "-h", "127.0.0.1", "-p", self.port, "-f", "late",
                           "one two three", stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(lib.end, client)
        self.worker("-f", "late", "--", "wc", "-w")
        self.assertEqual(client.wait(lib.PATIENCE), 0)
        self.assertEqual(int(client.stdout.read()), 3)

    def test_many_files_through_several_workers(self):
        for _ in range(3):
            self.worker("-f", "sum", "--", "sha256sum")
        self.wait_for_workers("sum", 3)
        for file in self.files:
            with open(file, "rb") as data:
                run = self.gearman("-f", "sum", stdin=data)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(run.stdout.split()[0], hashlib.sha256(file.read_bytes()).hexdigest())

    def test_lines_become_tasks_of_their_own(self):
        self.worker("-f", "upper", "--", "tr", "a-z", "A-Z")
        run = self.gearman("-n", "-f", "upper", input="one\ntwo\nthree\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.split(), ["ONE", "TWO", "THREE"])

    def test_every_priority_is_answered(self):
        self.worker("-f", "cat", "--", "cat")
        for priority in ("-I", "-L"):
            run = self.gearman(priority, "-f", "cat", input=f"with {priority}")
            self.assertEqual((run.returncode, run.stdout), (0, f"with {priority}"), run.stderr)

    def test_background_tasks_are_done_after_their_client_has_gone(self):
        with tempfile.TemporaryDirectory(prefix="pmadd-") as name:
            for number in range(5):
                run = self.gearman("-b", "-f", "keep", input=f"{number}\n")
                self.assertEqual(run.returncode, 0, run.stderr)
            kept = Path(name) / "kept"
            self.worker("-f", "keep", "--", "sh", "-c", f"cat >> {kept}")
            expected = "".join(f"{number}\n" for number in range(5))
            self.assertTrue(lib.eventually(lambda: kept.exists() and kept.read_text() == expected))

    def test_a_failing_command_fails_its_task(self):
        self.worker("-f", "fail", "--", "false", stderr=subprocess.DEVNULL)
        run = self.gearman("-f", "fail", input="x")
        self.assertNotEqual(run.returncode, 0)

    def test_a_large_payload_arrives_whole(self):
        self.worker("-f", "sum", "--", "sha256sum")
        data = bytes(range(256)) * 4000
        run = self.gearman("-f", "sum", input=data, text=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.split()[0].decode(), hashlib.sha256(data).hexdigest())

    def test_a_large_result_arrives_whole(self):
        self.worker("-f", "seq", "--", "sh", "-c", "read last; seq $last")
        run = self.gearman("-f", "seq", input="100000\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stdout.split(), [str(number) for number in range(1, 100001)])


if __name__ == "__main__":
    lib.main()
