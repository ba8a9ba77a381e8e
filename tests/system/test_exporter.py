"""pmadd-exporter, over HTTP."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
import prometheus
from passing import at, passing

EXPORTER = os.environ.get("PMADD_EXPORTER_BIN", "pmadd-exporter")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=lib.PATIENCE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Exporter:
    """A running exporter, asked at the place it says it is at."""

    def __init__(self, daemon_socket, *options, listen="127.0.0.1:0"):
        self.process = lib.spawn(EXPORTER, "--socket", daemon_socket, "--listen", listen, *options,
                                 stderr=subprocess.PIPE, text=True)
        said = self.process.stderr.readline()
        place = re.fullmatch(r"pmadd-exporter: answers at (\S+)\n", said)
        if place is None:
            self.process.wait()
            raise AssertionError(said)
        self.place = place[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        lib.end(self.process)
        self.process.stderr.close()

    def connection(self):
        if self.place.startswith("/"):
            return UnixConnection(self.place)
        host, port = self.place.rsplit(":", 1)
        return http.client.HTTPConnection(host.strip("[]"), int(port), timeout=lib.PATIENCE)

    def ask(self, path, method="GET"):
        """(status, body, headers) of an answer."""
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(), answer.headers


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = lib.Daemon("[limits]\ntasks = 4\n")
        cls.addClassCleanup(cls.daemon.__exit__, None, None, None)
        cls.daemon.__enter__()
        cls.exporter = Exporter(cls.daemon.socket)
        cls.addClassCleanup(cls.exporter.__exit__, None, None, None)

    def test_metrics_are_what_prometheus_reads(self):
        status, body, headers = self.exporter.ask("/metrics")
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        metrics = prometheus.read(body)
        self.assertEqual(metrics["pmadd_tasks_limit"].value(), 4)
        self.assertIn("pmadd_pool_blocks", metrics)

    def test_status_is_the_same_as_json(self):
        status, body, headers = self.exporter.ask("/status.json")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        told = json.loads(body)
        self.assertEqual(told["stats"]["limit_tasks"], 4)
        self.assertEqual(set(told), {"version", "stats", "functions", "histograms", "pools"})

    def test_each_answer_is_a_new_one(self):
        def turns():
            return prometheus.read(self.exporter.ask("/metrics")[1])["pmadd_loop_turns_total"].value()
        before = turns()
        self.assertGreater(turns(), before)

    def test_a_full_daemon_is_healthy_and_not_ready(self):
        self.assertEqual(self.exporter.ask("/readyz")[:2], (200, "ok: tasks are accepted\n"))
        with lib.Peer(self.daemon.socket) as client:
            for _ in range(4):
                client.submit("f", b"x")
            self.assertEqual(self.exporter.ask("/readyz")[:2],
                             (503, "not ready: full, 4 of 4 tasks\n"))
            self.assertEqual(self.exporter.ask("/healthz")[0], 200)
        self.assertTrue(lib.eventually(lambda: self.exporter.ask("/readyz")[0] == 200))

    def test_another_path_is_not_found_and_told_which_there_are(self):
        status, body, _ = self.exporter.ask("/metrics/")
        self.assertEqual((status, body),
                         (404, "there is /metrics /status.json /healthz /readyz\n"))

    def test_nothing_but_asking_is_allowed(self):
        for method in "POST", "PUT", "DELETE", "OPTIONS":
            status, _, headers = self.exporter.ask("/metrics", method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), method)

    def test_head_has_no_body(self):
        status, body, headers = self.exporter.ask("/healthz", "HEAD")
        self.assertEqual((status, body), (200, ""))
        self.assertGreater(int(headers["Content-Length"]), 0)

    def test_who_says_nothing_keeps_nobody_waiting(self):
        with contextlib.ExitStack() as silent:
            for _ in range(16):
                connection = self.exporter.connection()
                silent.enter_context(contextlib.closing(connection))
                connection.connect()
            self.assertEqual(self.exporter.ask("/healthz")[0], 200)

    def test_a_daemon_that_drains_is_not_ready(self):
        with lib.Daemon("") as daemon, Exporter(daemon.socket) as exporter, \
                lib.Peer(daemon.socket) as client, lib.Peer(daemon.socket) as worker:
            worker.can_do("f")
            client.submit("f")
            handle = worker.grab()[0]
            daemon.terminate()
            self.assertEqual(exporter.ask("/readyz")[:2],
                             (503, "not ready: draining, nothing is accepted any more\n"))
            self.assertEqual(exporter.ask("/healthz")[0], 200)
            worker.complete(handle)


class WithoutDaemon(unittest.TestCase):
    def test_every_path_says_that_there_is_none(self):
        with tempfile.TemporaryDirectory() as directory:
            nobody = Path(directory) / "nobody.sock"
            with Exporter(nobody) as exporter:
                for path in "/metrics", "/healthz", "/readyz":
                    status, body, _ = exporter.ask(path)
                    self.assertEqual(status, 503, path)
                    self.assertRegex(body, rf"^no daemon: .*{nobody}")
                status, body, _ = exporter.ask("/status.json")
                self.assertEqual(status, 503)
                self.assertIn(str(nobody), json.loads(body)["error"])

    def test_it_finds_a_daemon_that_comes_and_notices_one_that_goes(self):
        with tempfile.TemporaryDirectory() as directory:
            daemon = lib.Daemon("", directory=directory)
            with Exporter(daemon.socket) as exporter:
                self.assertEqual(exporter.ask("/healthz")[0], 503)
                with daemon:
                    self.assertEqual(exporter.ask("/healthz")[0], 200)
                self.assertEqual(exporter.ask("/healthz")[0], 503)

    def test_a_daemon_that_does_not_let_it_in_is_named_so(self):
        port = lib.free_port()
        config = f"[server]\nlisten = 127.0.0.1:{port}\n[access]\nobserve = root\nsubmit = tcp\n"
        with lib.Daemon(config), Exporter(f"127.0.0.1:{port}") as exporter:
            status, body, _ = exporter.ask("/metrics")
            self.assertEqual(status, 503)
            self.assertIn("ACCESS_DENIED", body)

    def test_one_that_does_not_answer_is_given_up_in_time(self):
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            with Exporter(f"127.0.0.1:{deaf.getsockname()[1]}", "--timeout=50ms") as exporter:
                status, body, _ = exporter.ask("/metrics")
                self.assertEqual(status, 503)
                self.assertIn("timed out", body)


class Places(unittest.TestCase):
    def start(self, listen, *options):
        """What an exporter that does not start says, and its exit status."""
        run = lib.run(EXPORTER, "--listen", listen, *options)
        return run.returncode, run.stderr

    def test_a_unix_socket_is_for_owner_and_group_and_gone_afterwards(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "http.sock"
            with Exporter("/nonexistent", listen=path) as exporter:
                self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o660)
                self.assertEqual(exporter.ask("/healthz")[0], 503)
                self.assertEqual(self.start(path)[0], 1)
                self.assertEqual(exporter.ask("/healthz")[0], 503)
            self.assertFalse(path.exists())

    def test_a_socket_that_was_left_over_is_replaced(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "http.sock"
            with socket.socket(socket.AF_UNIX) as left_over:
                left_over.bind(str(path))
            with Exporter("/nonexistent", listen=path) as exporter:
                self.assertEqual(exporter.ask("/healthz")[0], 503)

    def test_a_file_in_the_way_is_not_removed(self):
        with tempfile.NamedTemporaryFile() as file:
            status, said = self.start(file.name)
            self.assertEqual(status, 1)
            self.assertIn(f"--listen={file.name}: cannot listen there", said)
            self.assertTrue(Path(file.name).exists())

    def test_an_address_that_others_reach_is_refused(self):
        for place in "0.0.0.0:0", "192.0.2.1:9730", "[::]:0":
            status, said = self.start(place)
            self.assertEqual(status, 2, place)
            self.assertIn(f"--listen={place}: it is no loopback address", said)

    def test_what_is_no_place_is_refused(self):
        for place in "9730", "localhost:9730", "127.0.0.1:", "127.0.0.1:http", "/" + "x" * 200:
            status, said = self.start(place)
            self.assertEqual(status, 2, place)
            self.assertEqual(said.count("\n"), 1, said)

    def test_a_port_that_is_taken_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            place = f"127.0.0.1:{taken.getsockname()[1]}"
            status, said = self.start(place)
        self.assertEqual(status, 1)
        self.assertIn(f"--listen={place}: cannot listen there: ", said)

    def test_a_timeout_that_is_none_is_refused(self):
        for text in "0", "soon", "-1s":
            self.assertEqual(self.start("127.0.0.1:0", f"--timeout={text}")[0], 2, text)

    def test_it_ends_when_it_is_told_to(self):
        for number in signal.SIGTERM, signal.SIGINT:
            with Exporter("/nonexistent") as exporter:
                exporter.process.send_signal(number)
                self.assertEqual(exporter.process.wait(lib.PATIENCE), 0)


class Passed(unittest.TestCase):
    """Sockets that the service manager has opened."""

    def run_with(self, *sockets):
        how = passing(*sockets)
        return lib.run(*how["wrap"], EXPORTER, "--socket=/nonexistent", pass_fds=how["fds"])

    def test_one_is_where_it_answers(self):
        with at(socket.AF_INET, ("127.0.0.1", 0)) as listener:
            how = passing(listener)
            process = lib.spawn(*how["wrap"], EXPORTER, "--socket=/nonexistent", stderr=subprocess.PIPE,
                                text=True, pass_fds=how["fds"])
            self.addCleanup(process.stderr.close)
            self.addCleanup(lib.end, process)
            port = listener.getsockname()[1]
            self.assertEqual(process.stderr.readline(),
                             f"pmadd-exporter: answers at 127.0.0.1:{port}\n")
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=lib.PATIENCE)
            with contextlib.closing(connection):
                connection.request("GET", "/healthz")
                self.assertEqual(connection.getresponse().status, 503)

    def test_what_cannot_be_one_is_refused(self):
        with at(socket.AF_INET, ("0.0.0.0", 0)) as for_all, \
                at(socket.AF_INET, ("127.0.0.1", 0)) as good, \
                at(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM, listens=False) as datagrams:
            for sockets, why in (((for_all,), "does not listen at a loopback address"),
                                 ((datagrams,), "does not listen"),
                                 ((good, good), "2 sockets are passed on; one is wanted")):
                run = self.run_with(*sockets)
                self.assertEqual(run.returncode, 2)
                self.assertIn(why, run.stderr)


if __name__ == "__main__":
    unittest.main()
