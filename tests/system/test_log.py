"""The log: one line an event with its name, or fields for a journal; what repeats is held back."""

import os
import re
import socket
import struct
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon, Peer
from test_memory_proof import HEAP_COUNTER, HeapCount
from test_reload import reload, write

LINE = re.compile(r"pmadd: (error|warning|notice|info|debug): [a-z]+(-[a-z]+)*: \S.*")
DEBUG = "[server]\nlog_level = debug\n"
PATHS = 1000  # connections whose coming and going is told while the heap is watched

# Runs the rest of the command where /run/systemd/journal is the directory that is named first.
WITH_JOURNAL = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--map-root-user",)), "sh", "-c",
                'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && '
                'mount --bind "$0" /run/systemd/journal && exec "$@"')


class Lines(unittest.TestCase):
    def test_every_line_has_a_level_and_the_name_of_an_event(self):
        with Daemon(DEBUG) as daemon:
            with daemon.connect() as peer:
                peer.echo()
            self.assertEqual(daemon.stop(), 0)
            lines = daemon.said().splitlines()
        for line in lines:
            self.assertRegex(line, f"^{LINE.pattern}$")
        events = [line.split(": ")[2] for line in lines]
        self.assertLessEqual({"ready", "connected", "disconnected", "draining", "ended"}, set(events))

    def test_who_connects_is_told_by_fields(self):
        with Daemon(DEBUG) as daemon, daemon.connect() as peer:
            peer.echo()
            self.assertRegex(daemon.said(), rf"debug: connected: peer=\d+ pid={os.getpid()} "
                                            rf"uid={os.geteuid()}\n")

    def test_what_repeats_is_said_once_a_second_and_then_how_often_it_was_not(self):
        port = lib.free_port()
        with Daemon(f"[server]\nlisten = 127.0.0.1:{port}\n") as daemon, \
                Peer(("127.0.0.1", port)) as peer:
            said = []

            def denied_again():
                self.assertTrue(peer.line("maxqueue f 1").startswith("ERR ACCESS_DENIED"))
                said.append(None)
                return "left_out=" in daemon.said()

            self.assertTrue(lib.eventually(denied_again), daemon.said())
            lines = re.findall(r"warning: denied: .*", daemon.said())
        self.assertEqual(len(lines), 2, lines)
        left_out = int(re.search(r"request=maxqueue left_out=(\d+)$", lines[1])[1])
        self.assertIn(len(said) - 2 - left_out, (0, 1))  # who is answered is ahead of the log

    def test_the_level_can_be_changed_while_it_runs(self):
        with Daemon() as daemon:
            for level, is_told in (("debug", True), ("notice", False), ("debug", True)):
                write(daemon, f"[server]\nlog_level = {level}\n")
                self.assertEqual(reload(daemon), "OK")
                before = daemon.said().count(": connected: ")
                with daemon.connect() as peer:
                    peer.echo()
                self.assertEqual(daemon.said().count(": connected: ") - before, int(is_told))


def fields_of(datagram):
    """What is in an entry as it goes to the journal's socket: NAME=VALUE, or NAME, size and value."""
    fields = {}
    while datagram:
        head, _, rest = datagram.partition(b"\n")
        name, is_text, value = head.partition(b"=")
        if not is_text:
            (size,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8:8 + size], rest[9 + size:]
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


class Journal:
    """A directory with the socket of a journal, and what has come there."""

    def __init__(self, directory):
        self.directory = directory
        self.entries = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "socket"))
        os.chmod(directory / "socket", 0o777)

    def close(self):
        self.socket.close()

    def find(self, event):
        """The entries of that name so far."""
        while True:
            try:
                entry = fields_of(self.socket.recv(1 << 18, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return [entry for entry in self.entries if entry.get("PMADD_EVENT") == event]
            self.entries.append(entry)


class Journald(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.home = Path(directory.name)
        self.place = self.home / "journal"
        self.place.mkdir()
        probe = lib.run(*WITH_JOURNAL, self.place, "true")
        if probe.returncode != 0:
            self.skipTest(f"no mounts of one's own here: {probe.stderr.strip()}")

    def journal(self):
        journal = Journal(self.place)
        self.addCleanup(journal.close)
        return journal

    def daemon(self, config=DEBUG, **env):
        """One whose stderr is said to be the journal's."""
        log = self.home / "log"
        log.touch()
        about = log.stat()
        return Daemon(config, directory=self.home, wrap=(*WITH_JOURNAL, str(self.place)),
                      env={"JOURNAL_STREAM": f"{about.st_dev}:{about.st_ino}", **env})

    def test_events_are_entries_with_fields_and_stderr_has_nothing(self):
        journal = self.journal()
        with self.daemon() as daemon:
            with daemon.connect() as peer:
                peer.echo()
                self.assertTrue(lib.eventually(lambda: journal.find("connected")))
            self.assertTrue(lib.eventually(lambda: journal.find("disconnected")))
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(daemon.said(), "")
        (ready,), connected = journal.find("ready"), journal.find("connected")[-1]
        self.assertRegex(ready["MESSAGE"], r"^ready: answers at .*; version=\S+ pools=\d+MiB ")
        self.assertEqual((ready["PRIORITY"], ready["SYSLOG_IDENTIFIER"], ready["PMADD_CONNECTIONS"]),
                         ("5", "pmadd", "1024"))
        self.assertEqual((connected["PRIORITY"], connected["PMADD_PID"], connected["PMADD_UID"]),
                         ("7", str(os.getpid()), str(0 if os.geteuid() else os.geteuid())))
        self.assertEqual(len(journal.find("ended")), 1)

    def test_entries_do_not_say_where_it_was_built(self):
        journal = self.journal()
        with self.daemon() as daemon:
            self.assertEqual(daemon.stop(), 0)
        for name in "ready", "ended":
            for entry in journal.find(name):
                self.assertFalse([field for field in entry if field.startswith("CODE_")], entry)

    def test_names_from_outside_are_fields_of_their_own_and_nothing_more(self):
        journal = self.journal()
        with self.daemon("[function *]\nwarn_wait = 1ms\n") as daemon, daemon.connect() as peer:
            peer.submit(b"f;\nPRIORITY=0 x=y\x1b", kind=lib.SUBMIT_JOB_BG)
            self.assertTrue(lib.eventually(lambda: journal.find("stuck")))
        (stuck,) = journal.find("stuck")
        self.assertEqual(stuck["PMADD_FUNCTION"], "f%3B%0APRIORITY%3D0%20x%3Dy%1B")
        self.assertEqual(stuck["PRIORITY"], "4")
        self.assertNotIn("PMADD_X", stuck)

    def test_no_log_is_none_in_the_journal_too(self):
        journal = self.journal()
        with self.daemon("[server]\nlog_file = none\n") as daemon:
            self.assertEqual(daemon.stop(), 0)
            self.assertEqual(daemon.said(), "")
        self.assertEqual((journal.find("ready"), journal.entries), ([], []))

    def test_without_a_socket_lines_begin_with_their_priority(self):
        with self.daemon() as daemon:
            self.assertEqual(daemon.stop(), 0)
            self.assertRegex(daemon.said(), r"(?m)^<5>ready: answers at ")

    def test_a_stderr_that_is_something_else_gets_plain_lines(self):
        journal = self.journal()
        with self.daemon(JOURNAL_STREAM="1:2") as daemon:
            self.assertEqual(daemon.stop(), 0)
            self.assertRegex(daemon.said(), r"(?m)^pmadd: notice: ready: ")
        self.assertEqual((journal.find("ready"), journal.entries), ([], []))

    @unittest.skipIf(lib.SANITIZED, "sanitizers bring a heap of their own")
    def test_entries_take_no_memory(self):
        journal = self.journal()
        count = self.home / "count"
        counted = HeapCount(count)
        with self.daemon(LD_PRELOAD=HEAP_COUNTER, PMADD_HEAP_COUNT=str(count)) as daemon:
            before = counted.read()
            self.assertGreater(before, 0, "the counter is not in the process")
            for number in range(PATHS):
                with daemon.connect() as peer:
                    peer.echo()
                self.assertGreater(len(journal.find("connected")), number)
            self.assertEqual(counted.read() - before, 0)
            self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    lib.main()
