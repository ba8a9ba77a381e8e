"""What the tests of foreign clients share: a server on TCP, scenarios in any language.

A scenario program says its scenarios when it is called with `list`, and runs one when it is called
with a port and a name; its exit status is the verdict. Each scenario becomes a test with a server
that nobody has spoken to yet.

PMADD_REFERENCE=/usr/sbin/gearmand runs the same scenarios against that program instead of pmadd:
what differs is written down in docs/protocol.md.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import pmadd_testlib as lib  # noqa: E402  (found by the line above)

REFERENCE = os.environ.get("PMADD_REFERENCE")
SKIPPED = 77  # the exit status that ctest reads as "skipped"


class Server:
    """A pmadd, or the reference, on a port of the loopback."""

    def __init__(self):
        self.port = lib.free_port()
        self.daemon = None
        self.process = None

    def start(self):
        if REFERENCE is None:
            self.daemon = lib.Daemon(args=("--set", f"server.listen=127.0.0.1:{self.port}",
                                           "--set", "access.admin=tcp"))
            self.process = self.daemon.start().process
        else:
            self.process = lib.spawn(REFERENCE, "-L", "127.0.0.1", "-p", self.port, "-t", "1",
                                     "-l", "none", "-u", "root")
            lib.eventually(self._answers)

    def stop(self):
        """Ends it; a pmadd that died on its own is an error."""
        if self.daemon is not None:
            self.daemon.__exit__()
        elif self.process is not None:
            lib.end(self.process)

    def connect(self):
        return lib.Peer(("127.0.0.1", self.port))

    def status(self, function):
        """TOTAL, RUNNING and WORKERS of a function; zeros if it is unknown."""
        with self.connect() as peer:
            for name, *counts in peer.listing("status"):
                if name == function:
                    return tuple(int(count) for count in counts)
        return 0, 0, 0

    def _answers(self):
        try:
            self.connect().close()
        except OSError:
            return False
        return True


class ServerCase(unittest.TestCase):
    """A test with a server of its own."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.stop)
        self.server.start()

    def wait_for_workers(self, function, count):
        self.assertTrue(lib.eventually(lambda: self.server.status(function)[2] == count),
                        f"{function}: {self.server.status(function)}")

    def run_scenario(self, command):
        """Runs a program to its end, and ends with it whatever it has started and left behind."""
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                       stdout=said, stderr=said, env=lib.environment(),
                                       start_new_session=True)
            pidfd = os.pidfd_open(process.pid)
            try:
                ended, _, _ = select.select([pidfd], [], [], lib.PATIENCE)
            finally:
                os.close(pidfd)
                os.killpg(process.pid, signal.SIGKILL)  # a group of ours until it is waited for
                status = process.wait()
            said.seek(0)
            self.assertEqual(status if ended else "no end", 0, f"{command} said:\n{said.read()}")


def scenario_case(*command):
    """A class with one test for each scenario of a program."""
    listed = lib.run(*command, "list")
    if listed.returncode != 0:
        raise RuntimeError(f"{command} list: {listed.stderr}")
    tests = {}
    for name in listed.stdout.split():
        tests["test_" + name] = lambda self, name=name: self.run_scenario(
            (*command, self.server.port, name))
    return type("Scenarios", (ServerCase,), tests)


def missing(reason):
    """Says why nothing can be tested here, and ends."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def need_commands(packages, *commands):
    """Goes on if these commands are there; the packages are what would bring them."""
    for command in commands:
        if shutil.which(command) is None:
            missing(f"there is no command {command}: install {packages}")


def main():
    unittest.main(verbosity=2)
