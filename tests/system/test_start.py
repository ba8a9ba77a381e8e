"""How pmadd starts, refuses to start, and ends.

Every refusal is one clear message on stderr and a documented exit status: 2 for a command line or a
config that is wrong, 1 for what the system would not give.
"""

import contextlib
import glob
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

FINE, FAILED, WRONG_CONFIG = 0, 1, 2


def pool_sizes(*args):
    """The bytes of each pool, as --check-config prints them."""
    printed = lib.run(lib.PMADD, "--check-config", *args).stdout
    rows = re.findall(r"^pool (\w+) +(\d+) bytes", printed, re.MULTILINE)
    return {name: int(size) for name, size in rows}


def explicit_huge_pages_left():
    """How many bytes of huge pages of 2 MiB nobody has."""
    where = Path("/sys/kernel/mm/hugepages/hugepages-2048kB")
    if not where.exists():
        return 0
    free, overcommit, promised, surplus = (
        int((where / f"{name}_hugepages").read_text())
        for name in ("free", "nr_overcommit", "resv", "surplus"))
    return max(0, free + overcommit - promised - surplus) << 21


class Refused(unittest.TestCase):
    """Bad input at the start."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.socket = self.directory / "pmadd.sock"
        self.file = self.directory / "pmadd.conf"

    def start(self, config, *args):
        self.file.write_text(config)
        return lib.run(lib.PMADD, "--config", self.file, *args)

    def assert_refused(self, run, status, *patterns):
        self.assertEqual(run.returncode, status, run.stderr)
        for pattern in patterns:
            self.assertRegex(run.stderr, pattern)
        self.assertFalse(self.socket.exists(), "it left a socket behind")

    def test_a_missing_config_is_named_with_its_reason(self):
        missing = self.directory / "nowhere.conf"
        run = lib.run(lib.PMADD, "--config", missing)
        self.assert_refused(run, WRONG_CONFIG, f"{missing}.*No such file")

    def test_a_directory_as_config_is_not_an_empty_file(self):
        run = lib.run(lib.PMADD, "--config", self.directory)
        self.assert_refused(run, WRONG_CONFIG, f"{self.directory}.*directory")

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_an_unreadable_config_is_named_with_its_reason(self):
        with lib.directory_of(lib.NOBODY) as place:
            secret = place / "secret.conf"
            secret.touch(mode=0o600)
            run = lib.run(*lib.as_user(lib.NOBODY), place / "pmadd", "--config", secret)
        self.assert_refused(run, WRONG_CONFIG, f"{secret}.*Permission denied")

    def test_an_unknown_key_is_named_with_file_line_and_section(self):
        run = self.start(f"[server]\nsocket = {self.socket}\ncolour = red\n")
        self.assert_refused(run, WRONG_CONFIG, rf"{self.file}:3: \[server\] colour: ")

    def test_an_unknown_section_is_an_error(self):
        run = self.start("[sever]\nsocket = /tmp/x\n")
        self.assert_refused(run, WRONG_CONFIG, rf"{self.file}:\d: \[sever\]")

    def test_shares_that_sum_to_99_are_refused_with_the_sum(self):
        run = self.start(f"[server]\nsocket = {self.socket}\n[pool tasks]\nsize = 64M\n"
                         "class = 1024, 49\nclass = 65536, 50\n")
        self.assert_refused(run, WRONG_CONFIG, r"\[pool tasks\]", r"\b99\b", r"\b100\b")

    def test_a_socket_path_of_108_bytes_is_too_long(self):
        path = "/tmp/" + "x" * (108 - len("/tmp/"))
        self.assertEqual(len(path), 108)
        run = self.start(f"[server]\nsocket = {path}\n")
        self.assert_refused(run, WRONG_CONFIG, rf"{self.file}:2: \[server\] socket: .*\b107\b")
        self.assertFalse(os.path.exists(path[:107]), "the path was cut instead")

    def test_a_missing_directory_is_named(self):
        path = self.directory / "missing" / "pmadd.sock"
        run = self.start(f"[server]\nsocket = {path}\n")
        self.assert_refused(run, FAILED, f"{path}: there is no directory {path.parent}")

    def test_a_pool_larger_than_memory_is_refused_where_prefault_is_required(self):
        size = larger_than_memory()
        if size is None:
            self.skipTest("the kernel promises any memory (vm.overcommit_memory = 1)")
        run = self.start(f"[server]\nsocket = {self.socket}\n[pool tasks]\n"
                         f"size = {(size >> 30) + 1}G\nprefault = require\n"
                         "class = 1024, 50\nclass = 1048576, 50\n")
        self.assertIn(run.returncode, (FAILED, WRONG_CONFIG), run.stderr)
        self.assertRegex(run.stderr, r"pool.*memory")

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    @unittest.skipIf(lib.SANITIZED, "a sanitizer turns mlock into nothing")
    def test_pools_that_may_not_be_locked_are_refused_with_both_numbers(self):
        require = "--set", "pool wire.lock=require"
        size = pool_sizes(*require)["wire"]
        with lib.directory_of(lib.NOBODY) as place:
            run = lib.run("prlimit", "--memlock=65536", *lib.as_user(lib.NOBODY), place / "pmadd",
                          "--socket", self.socket, *require)
        self.assert_refused(run, FAILED, rf"pool wire of {size} bytes: lock = require: .*"
                                         rf"need {size} bytes, and 65536 are allowed; .*MEMLOCK")

    def test_explicit_huge_pages_nobody_put_aside_are_refused_with_both_numbers(self):
        left = explicit_huge_pages_left()
        require = ("--set", "pool tasks.explicit_huge_pages=require", "--set",
                   f"pool tasks.size={left + (32 << 20)}", "--set", "pool tasks.prefault=off")
        sizes = pool_sizes(*require)
        needed = sum(sizes[name] for name in ("tasks", "workers", "runtime"))
        run = lib.run(lib.PMADD, "--socket", self.socket, *require)
        self.assert_refused(run, FAILED, rf"pool tasks of {sizes['tasks']} bytes: "
                                         rf"explicit_huge_pages = require: .*need {needed} bytes, "
                                         rf"and {left} are allowed; .*vm\.nr_hugepages")

    def test_all_errors_of_a_file_are_reported_in_one_go(self):
        run = self.start("[server]\ncolour = red\nlog_level = loud\n[limits]\ntasks = many\n"
                         "payload_max = 1X\n[nonsense]\na = b\n")
        self.assertEqual(run.returncode, WRONG_CONFIG)
        lines = run.stderr.splitlines()
        for number, key in ((2, "colour"), (3, "log_level"), (5, "tasks"), (6, "payload_max")):
            self.assertTrue(any(f":{number}: " in line and f" {key}: " in line for line in lines),
                            f"nothing about line {number}, {key}:\n{run.stderr}")
        self.assertIn("[nonsense]", run.stderr)

    def test_limits_that_do_not_go_together_are_reported_beside_the_rest(self):
        with tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp()) as directory:
            file = Path(directory) / "pmadd.conf"
            file.write_text("[limits]\nfunction_name_max = 1024\nfoo = 1\n" + "bar = 1\n" * 3000)
            run = lib.run(lib.PMADD, "--config", file, "--check-config")
        self.assertEqual(run.returncode, WRONG_CONFIG)
        self.assertIn(":3: [limits] foo:", run.stderr)
        self.assertRegex(run.stderr, r"and \d+ more errors")
        with tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp()) as directory:
            file = Path(directory) / "pmadd.conf"
            file.write_text("[limits]\nfunction_name_max = 1024\nfoo = 1\n")
            run = lib.run(lib.PMADD, "--config", file, "--check-config")
        self.assertIn(":3: [limits] foo:", run.stderr)
        self.assertIn("[limits] text_line_max:", run.stderr)

    def test_an_unknown_option_is_refused_with_a_hint(self):
        run = lib.run(lib.PMADD, "--colour")
        self.assert_refused(run, WRONG_CONFIG, "--colour", "--help|[Uu]sage")

    def test_a_tcp_port_that_is_taken_is_named_and_no_socket_is_left(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            run = self.start(f"[server]\nsocket = {self.socket}\nlisten = {address}\n")
        self.assert_refused(run, FAILED, f"{address}.*in use")


def larger_than_memory():
    """Bytes that the kernel does not even promise; None where it promises anything."""
    with open("/proc/sys/vm/overcommit_memory") as mode:
        if mode.read().strip() == "1":
            return None
    with open("/proc/meminfo") as lines:
        sizes = dict(line.split(":") for line in lines)
    return 2048 * sum(int(sizes[name].split()[0]) for name in ("MemTotal", "SwapTotal"))


class Sockets(unittest.TestCase):
    """Whose socket it is."""

    def test_a_live_daemon_keeps_its_socket(self):
        with Daemon() as first, first.connect() as peer:
            second = lib.run(lib.PMADD, "--config", first.file)
            self.assertEqual(second.returncode, FAILED, second.stderr)
            self.assertRegex(second.stderr, f"{first.socket}.*(running|in use|listens)")
            peer.echo()
            with first.connect() as another:
                another.echo()
            self.assertIsNone(first.process.poll())

    def test_a_stale_socket_file_is_taken_over(self):
        with Daemon() as daemon:
            daemon.process.kill()
            daemon.wait()
            self.assertTrue(daemon.socket.is_socket(), "nothing stale to take over")
            daemon.start()
            with daemon.connect() as peer:
                peer.echo()

    def test_a_file_that_is_no_socket_is_not_removed(self):
        daemon = Daemon()
        with daemon:
            daemon.stop()
            daemon.socket.write_text("precious")
            run = lib.run(lib.PMADD, "--config", daemon.file)
            self.assertEqual(run.returncode, FAILED, run.stderr)
            self.assertIn(str(daemon.socket), run.stderr)
            self.assertEqual(daemon.socket.read_text(), "precious")

    def test_the_socket_has_the_mode_of_the_config(self):
        with Daemon("[server]\nsocket_mode = 0600\n") as daemon:
            self.assertEqual(daemon.socket.stat().st_mode & 0o777, 0o600)

    def test_tcp_is_served_beside_the_unix_socket(self):
        port = lib.free_port()
        with Daemon(f"[server]\nlisten = 127.0.0.1:{port}\n"), Peer(("127.0.0.1", port)) as peer:
            peer.echo()


class CommandLine(unittest.TestCase):
    """What it says instead of starting."""

    def shipped(self):
        return [Path(name) for name in sorted(glob.glob(f"{lib.SOURCE}/config/*.conf") +
                                              glob.glob(f"{lib.SOURCE}/config/profiles/*.conf"))]

    def test_every_shipped_config_passes_its_check(self):
        names = [file.name for file in self.shipped()]
        self.assertIn("pmadd.conf", names)
        self.assertIn("small.conf", names)
        self.assertGreaterEqual(len(names), 8)
        for file in self.shipped():
            with self.subTest(file=file.name):
                run = lib.run(lib.PMADD, "--check-config", "--config", file)
                self.assertEqual(run.returncode, FINE, run.stderr)
                for pool in ("tasks", "wire", "workers", "runtime"):
                    self.assertRegex(run.stdout, rf"\b{pool}\b")

    def test_an_empty_config_passes_its_check(self):
        run = lib.run(lib.PMADD, "--check-config", "--config", "/dev/null")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"\btasks\b")

    def test_the_check_says_how_a_config_fails(self):
        run = lib.run(lib.PMADD, "--check-config", "--config", "/dev/null",
                      "--set", "limits.payload_max=1024M")
        self.assertEqual(run.returncode, WRONG_CONFIG, run.stdout)
        self.assertIn("payload_max", run.stderr)

    def test_the_printed_config_reads_back_as_itself(self):
        for file in (Path("/dev/null"), *self.shipped()):
            with self.subTest(file=file.name), Daemon() as daemon:
                printed = lib.run(lib.PMADD, "--print-config", "--config", file)
                self.assertEqual(printed.returncode, FINE, printed.stderr)
                daemon.file.write_text(printed.stdout)
                again = lib.run(lib.PMADD, "--print-config", "--config", daemon.file)
                self.assertEqual(again.returncode, FINE, again.stderr)
                self.assertEqual(again.stdout, printed.stdout)

    def test_an_assignment_overrides_the_file(self):
        run = lib.run(lib.PMADD, "--print-config", "--config", "/dev/null",
                      "--set", "limits.tasks=4321", "--set", "server.node=edge-7")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^tasks\s*=\s*4321$")
        self.assertRegex(run.stdout, r"(?m)^node\s*=\s*edge-7$")

    def test_an_assignment_that_is_wrong_is_named(self):
        run = lib.run(lib.PMADD, "--print-config", "--config", "/dev/null",
                      "--set", "limits.taks=1")
        self.assertEqual(run.returncode, WRONG_CONFIG, run.stdout)
        self.assertIn("--set limits.taks=1", run.stderr)

    def test_the_node_of_the_config_is_in_the_handles(self):
        with Daemon(args=("--set", "server.node=edge-7")) as daemon, daemon.connect() as peer:
            self.assertRegex(peer.submit("f").decode(), r"^H:edge-7:\d+$")

    def test_the_version_is_one_line(self):
        run = lib.run(lib.PMADD, "--version")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"^pmadd \d+\.\d+\.\d+\n$")
        with Daemon() as daemon, daemon.connect() as peer:
            self.assertEqual(peer.line("version"), "OK " + run.stdout.split()[1])

    def test_the_help_names_every_option(self):
        run = lib.run(lib.PMADD, "--help")
        self.assertEqual(run.returncode, FINE, run.stderr)
        for option in ("--config", "--socket", "--set", "--check-config", "--print-config",
                       "--version", "--help"):
            self.assertIn(option, run.stdout)


class End(unittest.TestCase):
    """SIGTERM, drain, grace."""

    def test_with_nothing_to_do_it_ends_at_once_and_takes_its_socket_along(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number), Daemon() as daemon:
                daemon.process.send_signal(number)
                self.assertEqual(daemon.wait(), FINE, daemon.said())
                self.assertFalse(daemon.socket.exists())

    def test_connected_peers_do_not_hold_it_up(self):
        with Daemon() as daemon, daemon.connect() as client, daemon.connect() as worker:
            worker.can_do("f")
            worker.echo()
            client.echo()
            self.assertEqual(daemon.stop(), FINE, daemon.said())
            self.assertEqual(client.expect_end(), [])

    def test_running_tasks_are_waited_for(self):
        with Daemon("[server]\nshutdown_grace = 5m\n") as daemon, daemon.connect() as client, \
                daemon.connect() as worker:
            first = client.submit("f", b"first")
            second = client.submit("f", b"second")
            worker.can_do("f")
            self.assertEqual(worker.grab()[0], first)
            daemon.terminate()
            worker.complete(first, b"done 1")
            self.assertEqual(client.expect(lib.WORK_COMPLETE), first + b"\0done 1")
            self.assertEqual(worker.grab()[0], second)
            self.assertIsNone(daemon.process.poll(), "it did not wait for the second")
            worker.complete(second, b"done 2")
            self.assertEqual(client.expect(lib.WORK_COMPLETE), second + b"\0done 2")
            self.assertEqual(daemon.wait(), FINE, daemon.said())

    def test_submissions_during_the_drain_are_refused_by_name(self):
        with Daemon("[server]\nshutdown_grace = 5m\n") as daemon, daemon.connect() as client, \
                daemon.connect() as worker:
            handle = client.submit("f")
            daemon.terminate()
            client.send(lib.SUBMIT_JOB, "f", "", "too late")
            code, text = client.expect(lib.ERROR).split(b"\0")
            self.assertEqual(code, b"QUEUE_ERROR")
            self.assertRegex(text.decode(), r"^Job queue is full: limit=draining function=f used=")
            client.echo()
            worker.can_do("f")
            self.assertEqual(worker.grab()[0], handle)
            worker.complete(handle)
            client.expect(lib.WORK_COMPLETE)
            self.assertEqual(daemon.wait(), FINE, daemon.said())

    def test_when_the_grace_is_over_clients_are_told_and_lost_tasks_counted(self):
        with Daemon("[server]\nshutdown_grace = 300ms\n") as daemon, daemon.connect() as client:
            handle = client.submit("f")
            for _ in range(3):
                client.submit("f", kind=lib.SUBMIT_JOB_BG)
            daemon.terminate()
            self.assertEqual(client.expect(lib.WORK_FAIL), handle)
            self.assertEqual(client.expect_end(), [])
            daemon.wait()
            self.assertRegex(daemon.said(), "ended-with-loss: .*lost=3\n")

    def test_a_second_signal_ends_at_once(self):
        with Daemon("[server]\nshutdown_grace = 60m\n") as daemon, daemon.connect() as client:
            handle = client.submit("f")
            daemon.terminate()
            client.echo()
            daemon.process.send_signal(signal.SIGTERM)
            self.assertEqual(client.expect(lib.WORK_FAIL), handle)
            daemon.wait()
            self.assertFalse(daemon.socket.exists())


@unittest.skipIf(os.path.exists("/etc/pmadd/pmadd.conf"), "pmadd is installed here")
class OrdinaryUser(unittest.TestCase):
    """Daemon and command without root and without any file."""

    def run_without_a_file(self, place, uid, **env):
        wrap = lib.as_user(uid) if os.geteuid() == 0 else ()
        notes = lib.Notes(place / "notify")
        with open(place / "log", "wb") as log:
            daemon = lib.spawn(*wrap, place / "pmadd", stdout=log, stderr=log,
                               env=lib.environment(NOTIFY_SOCKET=str(notes.path), **env))
        notes.listen(daemon)
        try:
            self.assertTrue(notes.wait_for("READY=1"), (place / "log").read_text())
            ping = lib.run(*wrap, place / "pmadctl", "ping", env=lib.environment(**env))
            self.assertEqual(ping.returncode, FINE, ping.stderr)
            daemon.terminate()
            self.assertEqual(daemon.wait(lib.PATIENCE), FINE, (place / "log").read_text())
        finally:
            lib.end(daemon)
            notes.close()

    def test_daemon_and_command_meet_in_the_runtime_directory(self):
        uid = lib.NOBODY if os.geteuid() == 0 else os.geteuid()
        with lib.directory_of(uid) as place:
            self.run_without_a_file(place, uid, XDG_RUNTIME_DIR=str(place / "home"))

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_they_meet_without_a_runtime_directory_too(self):
        uid = 2_000_000 + os.getpid()  # the socket's name is made of it; nobody else has this one
        with lib.directory_of(uid) as place:
            self.run_without_a_file(place, uid)


class Manager(unittest.TestCase):
    """The service manager that is told how things are."""

    def test_one_that_does_not_read_does_not_hold_up_the_router(self):
        with contextlib.ExitStack() as stack:
            directory = Path(stack.enter_context(
                tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())))
            notify, path = str(directory / "notify"), directory / "pmadd.sock"
            manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            manager.bind(notify)
            manager.settimeout(lib.PATIENCE)
            process = lib.spawn(lib.PMADD, "--socket", path, stderr=subprocess.DEVNULL,
                                env=lib.environment(NOTIFY_SOCKET=notify))
            stack.callback(process.wait)
            stack.callback(process.kill)
            self.assertIn(b"READY=1", manager.recv(4096))
            noise = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            noise.setblocking(False)
            with self.assertRaises(BlockingIOError):
                while True:
                    noise.sendto(b"full", notify)
            # Each peer changes what there is to tell, which is due once a second.
            until = time.monotonic() + 2.5
            while time.monotonic() < until:
                with Peer(path) as peer:
                    peer.echo()


class Footprint(unittest.TestCase):
    @unittest.skipIf(lib.SANITIZED, "a sanitizer's own memory is not pmadd's")
    def test_the_small_profile_stays_under_16_mib(self):
        config = (lib.SOURCE / "config" / "profiles" / "small.conf").read_text()
        with Daemon(config) as daemon:
            for line in Path(f"/proc/{daemon.pid()}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    self.assertLess(int(line.split()[1]), 16 * 1024, line)
                    return
        self.fail("no VmRSS in /proc/PID/status")


if __name__ == "__main__":
    lib.main()
