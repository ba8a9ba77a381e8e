"""pmadctl work: what becomes of tasks, who is sent how many, and how a worker ends."""

import os
import select
import signal
import socket
import subprocess
import threading
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadctl_testlib import FINE, TASK_FAILED, USAGE, Commands
from twin import servers

OPTION_REQ, GRAB_JOB_UNIQ = 26, 30


class Between:
    """Between a worker and its server: passes everything on, and remembers what the worker says."""

    def __init__(self, path, address):
        self.path = path
        self.spoken = b""
        self.server = socket.socket(socket.AF_INET if isinstance(address, tuple)
                                    else socket.AF_UNIX)
        self.server.connect(address if isinstance(address, tuple) else str(address))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.thread = threading.Thread(target=self._pass_on, daemon=True)
        self.thread.start()

    def _pass_on(self):
        worker, _ = self.listener.accept()
        other = {worker: self.server, self.server: worker}
        while other:
            for heard in select.select(list(other), [], [])[0]:
                data = heard.recv(65536)
                if heard is worker:
                    self.spoken += data
                if not data:
                    other = {}
                    break
                other[heard].sendall(data)
        for end in (worker, self.server, self.listener):
            end.close()

    def requests(self):
        """The packets of the worker, by number, once it has gone; of an option, what it says."""
        self.thread.join(lib.PATIENCE)
        found, rest = [], self.spoken
        while rest:
            _, kind, size = lib.HEADER.unpack_from(rest)
            body = rest[lib.HEADER.size:lib.HEADER.size + size]
            found.append(body.decode() if kind == OPTION_REQ else kind)
            rest = rest[lib.HEADER.size + size:]
        return found


class Work(Commands):
    def test_several_jobs_run_at_once(self):
        rendezvous = self.daemon.directory
        # Each waits for the other's fifo: only two at once can ever end.
        for name in ("a", "b"):
            os.mkfifo(rendezvous / name)
        script = ('read me other; { echo here > "$0/$me" & }; read said < "$0/$other"; wait; '
                  'echo "$me done"')
        self.worker("pair", "sh", "-c", script, str(rendezvous), jobs=2)
        runs = {}

        def submit(me, other):
            runs[me] = self.daemon.ctl("submit", "pair", "--file=-", input=f"{me} {other}\n")

        threads = [threading.Thread(target=submit, args=pair) for pair in (("a", "b"), ("b", "a"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(lib.PATIENCE)
        self.assertEqual({me: run.stdout for me, run in runs.items()},
                         {"a": "a done\n", "b": "b done\n"})

    def test_what_the_command_says_on_stderr_passes_through(self):
        process = self.worker("loud", "sh", "-c", "cat > /dev/null; echo complaint >&2; echo fine")
        run = self.daemon.ctl("submit", "loud", "x")
        self.assertEqual((run.returncode, run.stdout), (FINE, "fine\n"), run.stderr)
        self.assertEqual(process.stderr.readline(), b"complaint\n")

    def test_a_command_that_does_not_read_its_input_is_no_failure(self):
        self.worker("deaf", "echo", "I was not listening")
        run = self.daemon.ctl("submit", "deaf", "--file=-", input="x" * 500_000)
        self.assertEqual((run.returncode, run.stdout), (FINE, "I was not listening\n"), run.stderr)

    def test_a_worker_comes_back_after_a_restart_of_the_daemon(self):
        process = self.worker("upper", "tr", "a-z", "A-Z")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())
        self.daemon.start()
        self.assertTrue(lib.eventually(lambda: self.workers("upper") == 1), "it did not come back")
        run = self.daemon.ctl("submit", "upper", "still there")
        self.assertEqual((run.returncode, run.stdout), (FINE, "STILL THERE"), run.stderr)
        self.assertIsNone(process.poll())

    def test_sigterm_ends_a_worker_after_its_task(self):
        started, go_on = (lib.Fifo(self.daemon.directory / name) for name in ("started", "go_on"))
        self.addCleanup(started.close)
        self.addCleanup(go_on.close)
        process = self.worker("slow", "sh", "-c", 'echo > "$0"; read line < "$1"; echo end',
                              started.path, go_on.path)
        client = lib.spawn(lib.PMADCTL, "submit", "--socket", self.daemon.socket, "slow", "x",
                           stdout=subprocess.PIPE, text=True)
        self.addCleanup(client.stdout.close)
        self.addCleanup(lib.end, client)
        started.read()
        process.send_signal(signal.SIGTERM)
        go_on.write("now\n")
        self.assertEqual(client.wait(lib.PATIENCE), FINE)
        self.assertEqual(client.stdout.read(), "end\n")
        self.assertEqual(process.wait(lib.PATIENCE), FINE)


class Sending(Commands):
    """Who is sent tasks, how many at a time, and what becomes of them when the worker ends."""

    def gate(self, function, **more):
        """A worker whose command says that it has begun, and ends when it is told to."""
        begun, go_on = (lib.Fifo(self.daemon.directory / name) for name in ("begun", "go_on"))
        self.addCleanup(begun.close)
        self.addCleanup(go_on.close)
        script = 'echo > "$0"; read line < "$1"; cat'
        process = self.worker(function, "sh", "-c", script, begun.path, go_on.path, **more)
        self.addCleanup(go_on.write, "now\n" * 9)  # or a command would outlive its test
        return process, begun, go_on

    def submit(self, function, times):
        for _ in range(times):
            run = self.daemon.ctl("submit", "-b", function, "x")
            self.assertEqual(run.returncode, FINE, run.stderr)

    def spoken(self, *options):
        """What a worker says while it does two tasks."""
        between = Between(self.daemon.directory / "between", self.daemon.socket)
        process = self.worker("upper", "tr", "a-z", "A-Z", options=options, at=between.path)
        for text in ("one", "two"):
            run = self.daemon.ctl("submit", "upper", text)
            self.assertEqual((run.returncode, run.stdout), (FINE, text.upper()), run.stderr)
        process.terminate()
        self.assertEqual(process.wait(lib.PATIENCE), FINE)
        return between.requests()

    def test_a_worker_is_sent_tasks_and_asks_for_none(self):
        self.assertEqual(self.spoken(), [lib.CAN_DO, lib.ECHO_REQ, "pmad-push=1",
                                         lib.WORK_COMPLETE, lib.WORK_COMPLETE, "pmad-push=0"])

    def test_a_classic_worker_asks_for_each(self):
        spoken = self.spoken("--classic")
        self.assertIn(GRAB_JOB_UNIQ, spoken)
        self.assertNotIn("pmad-push=1", spoken)

    def test_no_more_is_sent_than_is_done_at_a_time(self):
        self.submit("slow", 5)
        self.gate("slow", jobs=2)
        self.assertTrue(lib.eventually(lambda: self.row("slow")[1] == 2))
        self.assertEqual(self.row("slow"), (5, 2, 2))

    def test_prefetch_has_more_sent_by_name(self):
        self.submit("slow", 5)
        self.gate("slow", options=("--prefetch=2",))
        self.assertTrue(lib.eventually(lambda: self.row("slow")[1] == 3))
        self.assertEqual(self.row("slow"), (5, 3, 1))

    def test_who_comes_back_to_a_daemon_is_sent_as_many_again(self):
        self.gate("slow", options=("--prefetch=2",))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())
        self.daemon.start()
        self.submit("slow", 5)
        self.assertTrue(lib.eventually(lambda: self.row("slow") == (5, 3, 1)), self.row("slow"))

    def test_who_is_told_to_stop_is_sent_nothing_more(self):
        self.submit("slow", 3)
        process, begun, go_on = self.gate("slow")
        begun.read()
        process.terminate()
        go_on.write("now\n")
        self.assertEqual(process.wait(lib.PATIENCE), FINE)
        self.assertTrue(lib.eventually(lambda: self.row("slow") == (2, 0, 0)), self.row("slow"))

    def test_who_is_told_to_stop_does_what_was_sent_ahead(self):
        self.submit("slow", 5)
        process, begun, go_on = self.gate("slow", options=("--prefetch=2",))
        begun.read()
        self.assertTrue(lib.eventually(lambda: self.row("slow")[1] == 3))
        process.terminate()
        go_on.write("now\n")
        for _ in range(2):
            begun.read()
            go_on.write("now\n")
        self.assertEqual(process.wait(lib.PATIENCE), FINE)
        self.assertTrue(lib.eventually(lambda: self.row("slow") == (2, 0, 0)), self.row("slow"))

    def test_who_is_told_twice_gives_all_back(self):
        self.submit("slow", 5)
        process, begun, _ = self.gate("slow", options=("--prefetch=2",))
        begun.read()
        for _ in range(2):
            process.terminate()
            self.assertTrue(lib.eventually(lambda: not self.is_pending(process)))
        self.assertEqual(process.wait(lib.PATIENCE), TASK_FAILED)
        self.assertTrue(lib.eventually(lambda: self.row("slow") == (5, 0, 0)), self.row("slow"))

    @staticmethod
    def is_pending(process):
        """True while a signal waits to be taken: a second one of its kind would be lost."""
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        return any(int(line.split()[1], 16) for line in status.splitlines()
                   if line.startswith(("SigPnd", "ShdPnd")))

    def test_a_task_that_is_cancelled_keeps_its_place_until_it_is_answered(self):
        with self.daemon.connect() as client:
            handles = [client.submit("slow") for _ in range(2)]
            process, begun, go_on = self.gate("slow")
            begun.read()
            with self.daemon.connect() as admin:
                admin.line(f"cancel job {handles[0].decode()}")
            client.expect(lib.WORK_FAIL)
            go_on.write("now\n")
            begun.read()
            go_on.write("now\n")
            client.expect(lib.WORK_COMPLETE)
        self.assertIsNone(process.poll())

    def test_a_wrong_number_is_refused_with_a_hint(self):
        for words in (("--prefetch=-1",), ("--prefetch=65535",), ("--prefetch=many",),
                      ("--classic", "--prefetch=1")):
            with self.subTest(words=words):
                run = lib.run(lib.PMADCTL, "work", *words, "f", "--", "cat")
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn("--prefetch", run.stderr)


@unittest.skipUnless(servers.GEARMAND, "gearmand is not installed")
class Gearmand(unittest.TestCase):
    """A server that sends no tasks unasked is asked for each."""

    def work(self, *options):
        """Does one task there; returns what the worker asked for and what it complained of."""
        with servers.Gearmand() as server, lib.directory_of(os.getuid()) as place:
            between = Between(place / "between", server.address)
            process = lib.spawn(lib.PMADCTL, "work", "--socket", between.path, *options, "upper",
                                "--", "tr", "a-z", "A-Z", stderr=subprocess.PIPE, text=True)
            self.addCleanup(process.stderr.close)
            self.addCleanup(lib.end, process)
            run = lib.run(lib.PMADCTL, "submit", f"--socket=127.0.0.1:{server.port}", "upper", "hi")
            process.terminate()
            self.assertEqual(process.wait(lib.PATIENCE), FINE)
            self.assertEqual((run.returncode, run.stdout), (FINE, "HI"), run.stderr)
            return between.requests(), process.stderr.read()

    def test_it_is_asked_without_a_word(self):
        spoken, said = self.work()
        self.assertIn("pmad-push=1", spoken)
        self.assertIn(GRAB_JOB_UNIQ, spoken)
        self.assertEqual(said, "")

    def test_who_wanted_more_sent_is_told_so(self):
        spoken, said = self.work("--prefetch=3")
        self.assertIn("pmad-push=4", spoken)
        self.assertRegex(said, r"\Apmadctl: .*--prefetch.*\n\Z")


if __name__ == "__main__":
    lib.main()
