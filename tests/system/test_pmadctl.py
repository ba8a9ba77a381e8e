"""pmadctl: what a user types, what comes out, and how it ends."""

import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import threading
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon
from twin import servers

GIB = 1 << 30
OPTION_REQ, GRAB_JOB_UNIQ = 26, 30
FINE, TASK_FAILED, USAGE, REFUSED, TIMED_OUT, NO_DAEMON = 0, 1, 2, 3, 4, 5


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


class Commands(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        self.daemon = Daemon(self.CONFIG)
        self.daemon.start()
        self.addCleanup(self.daemon.__exit__)

    def worker(self, function, *command, jobs=1, options=(), at=None):
        """A `pmadctl work` of this test, ended with it; returns when the daemon knows it."""
        before = self.workers(function)
        process = lib.spawn(lib.PMADCTL, "work", "--socket", at or self.daemon.socket,
                            f"--jobs={jobs}", *options, function, "--", *command,
                            stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        self.assertTrue(lib.eventually(lambda: self.workers(function) > before))
        return process

    def row(self, function):
        """What `status` says of a function: tasks, running ones, workers."""
        with self.daemon.connect() as peer:
            rows = [row for row in peer.listing("status") if row[0] == function]
        return tuple(int(number) for number in rows[0][1:]) if rows else (0, 0, 0)

    def workers(self, function):
        return self.row(function)[2]

    def assert_says(self, run, status, *patterns):
        """Ended with this status and one line on stderr that matches."""
        self.assertEqual(run.returncode, status, run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        for pattern in patterns:
            self.assertRegex(run.stderr, pattern)


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
