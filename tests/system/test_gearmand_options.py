"""gearmand's command line on pmadd: what is honoured, what is noted, what is refused.

A unit file, a container or a test harness that starts gearmand can start pmadd in its place.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer

FINE, FAILED, WRONG = 0, 1, 2
LOOPBACK = "127.0.0.1"

# An option with its value, and the line of the config it comes to.
HONOURED = (
    (("--backlog", "64"), "backlog = 64"),
    (("-b", "64"), "backlog = 64"),
    (("--user", "www-data"), "user = www-data"),
    (("-u", "www-data"), "user = www-data"),
    (("--pid-file", "/tmp/p"), "pid_file = /tmp/p"),
    (("-P", "/tmp/p"), "pid_file = /tmp/p"),
    (("--log-file", "/tmp/l"), "log_file = /tmp/l"),
    (("-l", "none"), "log_file = none"),
    (("-l", "stderr"), "log_file = stderr"),
    (("--verbose", "FATAL"), "log_level = error"),
    (("--verbose", "ALERT"), "log_level = error"),
    (("--verbose", "CRITICAL"), "log_level = error"),
    (("--verbose", "ERROR"), "log_level = error"),
    (("--verbose", "WARNING"), "log_level = warning"),
    (("--verbose", "NOTICE"), "log_level = notice"),
    (("--verbose", "INFO"), "log_level = info"),
    (("--verbose", "DEBUG"), "log_level = debug"),
    (("--job-retries", "3"), "retries = 3"),
    (("-j", "3"), "retries = 3"),
    (("--job-retries", "0"), "retries = unlimited"),
    (("--round-robin",), "round_robin = yes"),
    (("-R",), "round_robin = yes"),
    (("--worker-wakeup", "5"), "worker_wakeup = 5"),
    (("-w", "0"), "worker_wakeup = 0"),
    (("--job-handle-prefix", "X:edge"), "handle_prefix = X:edge"),
    (("--exceptions",), "exceptions = yes"),
    (("--port", "5000"), "listen = localhost:5000"),
    (("-p", "5000"), "listen = localhost:5000"),
    (("--listen", "10.0.0.1"), "listen = 10.0.0.1:4730"),
    (("-L", "::1"), "listen = [::1]:4730"),
    (("-L", "[::1]"), "listen = [::1]:4730"),
    (("-L", "fe80::1%eth0"), "listen = [fe80::1%eth0]:4730"),
    (("-L", "0.0.0.0", "-p", "5000"), "listen = 0.0.0.0:5000"),
    (("-p", "5000", "-L", "a.example"), "listen = a.example:5000"),
    (("--queue-type", "builtin"), "backlog = 4096"),
    (("-q", "builtin"), "backlog = 4096"),
)

# An option whose value is wrong, and what is said about it.
WRONG_VALUES = (
    (("--backlog", "0"), "--backlog: 0 is out of range; allowed: 1 to 65535"),
    (("--user", "a b"), '--user: "a b" is not a name'),
    (("--pid-file", ""), '--pid-file: "" is not a path'),
    (("--log-file", ""), '--log-file: "" is not a path'),
    (("--verbose", "LOUD"), '--verbose: "LOUD" is none of: error, warning'),
    (("--job-retries", "-1"), '--job-retries: "-1" is not a number'),
    (("--worker-wakeup", "1001"), "--worker-wakeup: 1001 is out of range"),
    (("--job-handle-prefix", "a b"), '--job-handle-prefix: "a b" is not the beginning'),
    (("--port", "0"), '--port: "localhost:0" is not an address'),
    (("--port", "65536"), '--port: "localhost:65536" is not an address'),
    (("--listen", "127.0.0.1:4730"), "--listen: .*--port"),
    (("--listen", "[::1]:4730"), "--listen: .*--port"),
    (("--listen", ""), '--listen: ":4730" is not an address'),
    (("--listen", "a b"), '--listen: "a b:4730" is not an address'),
    (("--threads",), "threads"),
    (("--round-robin=yes",), "round-robin"),
)

NOTED = (
    ("--threads", "4"), ("-t", "4"), ("--hashtable-buckets", "991"), ("--keepalive",),
    ("--keepalive-idle", "60"), ("--keepalive-interval", "10"), ("--keepalive-count", "3"),
    ("--file-descriptors", "1024"), ("-f", "1024"), ("--coredump",), ("--syslog",),
)

# An option, and a word of the reason.
REFUSED = (
    (("--daemon",), "foreground"), (("-d",), "foreground"),
    (("--config-file", "/etc/gearmand.conf"), "--config"),
    (("--protocol", "http"), "HTTP"), (("-r", "http"), "HTTP"), (("--http-port", "8080"), "HTTP"),
    (("--ssl",), "TLS"), (("--ssl-ca-file", "/a"), "TLS"), (("--ssl-certificate", "/a"), "TLS"),
    (("--ssl-key", "/a"), "TLS"),
    (("--queue-type", "libsqlite3"), "builtin"), (("-q", "redis"), "builtin"),
    (("--store-queue-on-shutdown",), "spool"),
    *(((f"--{name}", "x"), "memory") for name in (
        "libsqlite3-db", "libsqlite3-table", "libmemcached-servers", "libmemcached-prefix",
        "libpq-conninfo", "libpq-table", "redis-server", "redis-port", "redis-password",
        "redis-prefix", "mysql-host", "mysql-port", "mysql-user", "mysql-password", "mysql-db",
        "mysql-table")),
)


def spellings(args):
    """`--option value` and `--option=value`; `-o value` and `-ovalue`."""
    yield args
    if len(args) == 2:
        yield (args[0] + ("=" if args[0].startswith("--") else "") + args[1],)


def in_place_of_gearmand(*args, home=None, config=""):
    """A daemon whose config names no socket: the default one is in `home`, or its directory."""
    daemon = Daemon(args=args)
    daemon.file.write_text(config)
    daemon.env = {"RUNTIME_DIRECTORY": str(home or daemon.directory)}
    return daemon


class Words(unittest.TestCase):
    """Help, manual and the lists above name the same options."""

    def options_of_the_help(self):
        run = lib.run(lib.PMADD, "--help")
        self.assertEqual(run.returncode, FINE, run.stderr)
        rows = re.findall(r"^  (?:-(\w), |    )--([\w-]+)", run.stdout, re.MULTILINE)
        return {f"--{name}" for _, name in rows} | {f"-{letter}" for letter, _ in rows if letter}

    def test_the_manual_has_the_options_of_the_help(self):
        text = (lib.SOURCE / "docs" / "man" / "pmadd.8").read_text()
        items = "\n".join(re.findall(r"^\.(?:It )?Fl .*$", text, re.MULTILINE))
        named = {f"--{name}" for name in re.findall(r"\bFl Fl ([\w-]+)", items)}
        named |= {f"-{letter}" for letter in re.findall(r"^\.It Fl (\w)\b(?! Fl)", items, re.M)
                  if letter != "F"}
        self.assertEqual(named, self.options_of_the_help())

    def test_every_option_of_gearmand_is_tried_here(self):
        tried = {args[0] for args, _ in (*HONOURED, *REFUSED)} | {args[0] for args in NOTED}
        own = {"--config", "-c", "--socket", "-s", "--set", "-S", "--check-config", "-C",
               "--print-config", "--version", "-V", "--help", "-h"}
        self.assertEqual(self.options_of_the_help() - own, tried)

    @unittest.skipUnless(shutil.which("gearmand"), "gearmand is not installed")
    def test_gearmand_has_no_option_that_is_unknown_here(self):
        said = lib.run("gearmand", "--help").stdout
        rows = re.findall(r"^  (?:-(\w) \[ )?--([\w-]+)", said, re.MULTILINE)
        self.assertGreater(len(rows), 20, said)
        named = {f"--{name}" for _, name in rows} | {f"-{letter}" for letter, _ in rows if letter}
        self.assertEqual(named - self.options_of_the_help(), set())


class Translated(unittest.TestCase):
    """An option is a key of the config."""

    def printed(self, *args):
        run = lib.run(lib.PMADD, "--config", "/dev/null", *args, "--print-config")
        self.assertEqual(run.returncode, FINE, run.stderr)
        return run.stdout.splitlines()

    def test_what_means_the_same_becomes_a_line_of_the_config(self):
        for args, line in HONOURED:
            for spelling in spellings(args):
                with self.subTest(args=spelling):
                    self.assertIn(line, self.printed(*spelling))

    def test_the_command_line_beats_the_file(self):
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "c"
            file.write_text("[server]\nbacklog = 1\nlisten = a:1\nlisten = b:2\n"
                            "[function *]\nretries = 9\n")
            printed = self.printed("--config", file, "-b2", "-j3", "-L::1", "-L", "a", "-p5")
        self.assertIn("backlog = 2", printed)
        self.assertIn("retries = 3", printed)
        self.assertEqual([line for line in printed if line.startswith("listen")],
                         ["listen = [::1]:5", "listen = a:5"])

    def test_of_two_for_the_same_key_the_last_one_counts(self):
        self.assertIn("backlog = 3", self.printed("-b2", "--set", "server.backlog=3"))
        self.assertIn("backlog = 2", self.printed("--set", "server.backlog=3", "-b2"))
        self.assertIn("listen = localhost:2", self.printed("-p1", "-p2"))

    def test_a_wrong_value_is_named_with_its_option(self):
        for args, said in WRONG_VALUES:
            with self.subTest(args=args):
                run = lib.run(lib.PMADD, "--config", "/dev/null", *args)
                self.assertEqual(run.returncode, WRONG, run.stderr)
                self.assertRegex(run.stderr, said)

    def test_all_wrong_values_are_named_at_once(self):
        run = lib.run(lib.PMADD, "--config", "/dev/null", "-b0", "-jx", "-w-1")
        self.assertEqual(run.returncode, WRONG)
        for name in ("--backlog: ", "--job-retries: ", "--worker-wakeup: "):
            self.assertIn(name, run.stderr)

    def test_what_is_refused_says_why_and_nothing_starts(self):
        for args, why in REFUSED:
            for spelling in spellings(args):
                with self.subTest(args=spelling):
                    run = lib.run(lib.PMADD, "--config", "/dev/null", *spelling)
                    self.assertEqual(run.returncode, WRONG, run.stderr)
                    self.assertRegex(run.stderr, rf"^pmadd: --[\w-]+: .*{why}")

    def test_too_many_options_are_refused(self):
        run = lib.run(lib.PMADD, *("-R",) * 129)
        self.assertEqual(run.returncode, WRONG)
        self.assertIn("too many options", run.stderr)


class Started(unittest.TestCase):
    """The daemon that comes of it."""

    def test_the_line_of_a_harness_just_works(self):
        port = lib.free_port()
        me = pwd.getpwuid(os.geteuid()).pw_name
        daemon = in_place_of_gearmand("-L", LOOPBACK, "-p", str(port), "-l", "none", "-u", me,
                                      "--verbose=DEBUG", "-t", "4", "-j", "3", "-b", "64")
        file = daemon.directory / "pid"
        daemon.command += ["-P", str(file)]
        with daemon:
            self.assertEqual(file.read_text(), f"{daemon.pid()}\n")
            for address in ((LOOPBACK, port), daemon.socket):
                with Peer(address) as peer:
                    peer.echo()
                    self.assertEqual(peer.line("getpid"), f"OK {daemon.pid()}")
                    self.assertEqual(peer.line("verbose"), "OK DEBUG")
            self.assertEqual(daemon.stop(), FINE, daemon.said())
            self.assertEqual(daemon.said(), "")
            self.assertFalse(file.exists(), "the pid file was left behind")

    def test_what_has_no_meaning_is_noted_in_the_log(self):
        with Daemon(args=[word for args in NOTED for word in args]) as daemon:
            for args in NOTED:
                if args[0].startswith("--"):
                    self.assertRegex(daemon.said(), rf"option-ignored: {args[0]} has no meaning here: .")
            self.assertEqual(daemon.said().count("has no meaning here"), len(NOTED))

    def test_a_port_alone_is_for_this_machine_only_and_says_so(self):
        port = lib.free_port()
        with in_place_of_gearmand("--port", str(port)) as daemon, Peer((LOOPBACK, port)) as peer:
            peer.echo()
            self.assertRegex(daemon.said(), "option-ignored: --port without --listen: .*--listen=0.0.0.0")
            places = set(re.findall(rf"([\S]+):{port}\b", daemon.said()))
            self.assertLessEqual(places, {LOOPBACK, "[::1]"})

    def test_two_run_side_by_side_as_two_gearmand_do(self):
        ports = lib.free_port(), lib.free_port()
        with in_place_of_gearmand("-p", str(ports[0])) as first, \
                in_place_of_gearmand("-p", str(ports[1]), home=first.directory) as second:
            self.assertRegex(second.said(), f"notice: tcp-only: TCP only.*{first.socket}.*running")
            with Peer((LOOPBACK, ports[1])) as peer:
                self.assertEqual(peer.line("getpid"), f"OK {second.pid()}")
            with first.connect() as peer:
                self.assertEqual(peer.line("getpid"), f"OK {first.pid()}")
            self.assertEqual(second.stop(), FINE, second.said())
            with first.connect() as peer:
                peer.echo()

    def test_without_a_directory_for_the_default_socket_tcp_will_do(self):
        port = lib.free_port()
        with in_place_of_gearmand("-p", str(port), home="/nonexistent/pmadd") as daemon, \
                Peer((LOOPBACK, port)) as peer:
            peer.echo()
            self.assertRegex(daemon.said(), "notice: tcp-only: TCP only.*no directory /nonexistent/pmadd")

    def test_a_socket_that_was_asked_for_must_be_had(self):
        with Daemon() as first:
            named = f"[server]\nsocket = {first.socket}\n"
            for args, config in ((("--socket", str(first.socket)), ""), ((), named)):
                second = in_place_of_gearmand("-p", str(lib.free_port()), *args, config=config)
                with self.subTest(args=args), self.assertRaisesRegex(AssertionError, "running"):
                    second.__enter__()
            tcp_by_key = f"[server]\nlisten = {LOOPBACK}:{lib.free_port()}\n"
            second = in_place_of_gearmand(home=first.directory, config=tcp_by_key)
            with self.assertRaisesRegex(AssertionError, "running"):
                second.__enter__()

    def test_the_prefix_is_in_the_handles(self):
        with Daemon(args=("--job-handle-prefix", "X:edge")) as daemon, daemon.connect() as peer:
            self.assertRegex(peer.submit("f"), rb"^X:edge:\d+$")

    def test_every_client_gets_exceptions(self):
        work_exception = 25
        with Daemon(args=("--exceptions",)) as daemon, daemon.connect() as client, \
                daemon.connect() as worker:
            handle = client.submit("f")
            worker.can_do("f")
            worker.grab()
            worker.send(work_exception, handle, b"oh")
            self.assertEqual(client.expect(work_exception), handle + b"\0oh")

    def test_a_task_that_has_cost_its_workers_is_given_up(self):
        with Daemon(args=("-j", "2")) as daemon, daemon.connect() as client:
            handle = client.submit("f")
            for _ in range(2):
                with daemon.connect() as worker:
                    worker.can_do("f")
                    self.assertEqual(worker.grab()[0], handle)
            kinds = [client.receive()[0]]
            while kinds[-1] != lib.WORK_FAIL:
                kinds.append(client.receive()[0])
            self.assertNotIn(lib.WORK_COMPLETE, kinds)

    @unittest.skipUnless(shutil.which("ss"), "needs ss")
    def test_the_backlog_is_that_of_every_listener(self):
        port = lib.free_port()
        with Daemon(args=("-L", LOOPBACK, "-p", str(port), "-b", "7")) as daemon:
            tcp = lib.run("ss", "-Hltn", f"sport = :{port}").stdout.split()
            unix = lib.run("ss", "-Hlx", "src", f"unix:{daemon.socket}").stdout.split()
            self.assertEqual(tcp[2], "7", tcp)
            self.assertEqual(unix[3], "7", unix)


class LogFile(unittest.TestCase):
    def test_lines_are_appended_with_their_time(self):
        with Daemon() as daemon:
            self.assertEqual(daemon.stop(), FINE)
            file = daemon.directory / "pmadd.log"
            file.write_text("before\n")
            daemon.command += ["--log-file", str(file)]
            heard = daemon.said()
            daemon.start()
            self.assertEqual(daemon.stop(), FINE)
            lines = file.read_text().splitlines()
            self.assertEqual(lines[0], "before")
            for line in lines[1:]:
                self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z pmadd: \w+: ")
            self.assertTrue(any(" ready: " in line for line in lines), lines)
            self.assertEqual(daemon.said(), heard, "something was said on stderr as well")

    def test_a_fresh_one_is_not_for_everybody(self):
        mask = os.umask(0)
        try:
            with Daemon() as daemon:
                daemon.stop()
                file = daemon.directory / "pmadd.log"
                daemon.command += ["-l", str(file)]
                daemon.start()
                self.assertEqual(file.stat().st_mode & 0o777, 0o640)
        finally:
            os.umask(mask)

    def test_one_that_cannot_be_written_is_named(self):
        with tempfile.TemporaryDirectory(dir=lib.short_tmp()) as directory:
            for path, why in ((f"{directory}/no/log", "No such file"), (directory, "directory")):
                run = lib.run(lib.PMADD, "-s", f"{directory}/s", "-l", path)
                self.assertEqual(run.returncode, FAILED)
                self.assertRegex(run.stderr, f"error: log-file-failed: log_file {path}: .*{why}")

    def test_a_refused_start_says_so_on_stderr_whatever_the_log(self):
        with tempfile.TemporaryDirectory(dir=lib.short_tmp()) as directory:
            for log in (f"{directory}/log", "none", "stderr"):
                run = lib.run(lib.PMADD, "-s", f"{directory}/no/s", "-l", log)
                self.assertEqual(run.returncode, FAILED)
                self.assertEqual(run.stderr.count("there is no directory"), 1, run.stderr)
            self.assertIn("there is no directory", Path(f"{directory}/log").read_text())


class PidFile(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.file = self.directory / "pid"

    def test_a_stale_one_is_replaced(self):
        for stale in ("", "4711\n", " 17"):
            self.file.write_text(stale)
            with self.subTest(stale=stale), Daemon(args=("-P", str(self.file))) as daemon:
                self.assertEqual(self.file.read_text(), f"{daemon.pid()}\n")
                self.assertEqual(daemon.stop(), FINE)
                self.assertEqual(list(self.directory.iterdir()), [])

    def test_what_is_no_pid_file_is_left_alone(self):
        precious = self.directory / "precious"
        precious.write_text("root:x:0:0\n")
        link, pipe = self.directory / "link", self.directory / "pipe"
        link.symlink_to(precious)
        os.mkfifo(pipe)
        before = sorted(self.directory.iterdir())
        for path in (precious, link, pipe, self.directory):
            with self.subTest(path=path.name), \
                    self.assertRaisesRegex(AssertionError, f"{path}: .*left alone"):
                Daemon(args=("-P", str(path))).__enter__()
        self.assertEqual(precious.read_text(), "root:x:0:0\n")
        self.assertEqual(sorted(self.directory.iterdir()), before)

    def test_one_that_another_has_put_there_stays(self):
        with Daemon(args=("-P", str(self.file))) as daemon:
            self.file.unlink()
            self.file.write_text("1\n")
            self.assertEqual(daemon.stop(), FINE)
            self.assertEqual(self.file.read_text(), "1\n")

    def test_a_missing_directory_is_named_and_no_socket_is_left(self):
        path = self.directory / "no" / "pid"
        run = lib.run(lib.PMADD, "-s", self.directory / "s", "-P", path)
        self.assertEqual(run.returncode, FAILED)
        self.assertRegex(run.stderr, f"pid_file {path}: No such file")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_a_start_that_is_refused_leaves_none(self):
        with socket.create_server((LOOPBACK, 0)) as taken:
            run = lib.run(lib.PMADD, "-s", self.directory / "s", "-P", self.file, "-L", LOOPBACK,
                          "-p", str(taken.getsockname()[1]))
        self.assertEqual(run.returncode, FAILED)
        self.assertEqual(list(self.directory.iterdir()), [])


class User(unittest.TestCase):
    def test_an_unknown_one_is_named(self):
        run = lib.run(lib.PMADD, "-s", "/nonexistent/s", "-u", "no-such-user")
        self.assertEqual(run.returncode, FAILED)
        self.assertIn("user no-such-user: there is no such user", run.stderr)

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_only_root_can_become_another(self):
        nobody = pwd.getpwuid(lib.NOBODY).pw_name
        with lib.directory_of(lib.NOBODY) as place:
            start = *lib.as_user(lib.NOBODY), place / "pmadd", "-s", place / "home" / "s"
            run = lib.run(*start, "-u", "root")
            self.assertEqual(run.returncode, FAILED)
            self.assertIn("user root: only root can become another user", run.stderr)
            with Daemon(directory=place, wrap=lib.as_user(lib.NOBODY), program=place / "pmadd",
                        args=("-u", nobody, "-s", str(place / "home" / "s"))) as daemon:
                self.assertIn("ready: ", daemon.said())

    @unittest.skipUnless(lib.can_be_others(), "needs root and setpriv")
    def test_root_opens_everything_and_becomes_the_user(self):
        nobody = pwd.getpwuid(lib.NOBODY)
        with lib.directory_of(lib.NOBODY) as place:
            log, pid, port = place / "pmadd.log", place / "pid", lib.free_port()
            with Daemon(directory=place, args=("-u", nobody.pw_name, "-l", str(log), "-P", str(pid),
                                               "-L", LOOPBACK, "-p", str(port))) as daemon:
                status = Path(f"/proc/{daemon.pid()}/status").read_text()
                for kind, number in (("Uid", nobody.pw_uid), ("Gid", nobody.pw_gid)):
                    self.assertRegex(status, rf"(?m)^{kind}:(\t{number}){{4}}$")
                groups = set(map(int, re.search(r"(?m)^Groups:(.*)$", status)[1].split()))
                self.assertEqual(groups, set(os.getgrouplist(nobody.pw_name, nobody.pw_gid)))
                for file in (daemon.socket, pid):
                    self.assertEqual((file.stat().st_uid, file.stat().st_gid),
                                     (nobody.pw_uid, nobody.pw_gid), file)
                self.assertEqual(log.stat().st_uid, 0)
                for address in (daemon.socket, (LOOPBACK, port)):
                    with Peer(address) as peer:
                        peer.echo()
                os.kill(daemon.pid(), signal.SIGTERM)
                self.assertEqual(daemon.wait(), FINE, log.read_text())
                self.assertIn("ended", log.read_text())
                # The user may not write to the directory; the next start replaces what is left.
                self.assertTrue(pid.exists() and daemon.socket.is_socket())
                daemon.start()
                self.assertEqual(pid.read_text(), f"{daemon.pid()}\n")


if __name__ == "__main__":
    lib.main()
