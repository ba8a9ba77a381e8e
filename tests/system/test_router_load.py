"""The load of bench/router tells the truth: under --check every task that it says was done came back once,
with the right result, from the daemon by either way of working and from the relay that is the floor."""

import os
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon

LOAD = os.environ["PMADD_ROUTER_LOAD"]
RELAY = os.environ["PMADD_RELAY"]
SHAPE = ("--mode", "pipelined", "--clients", "3", "--flight", "4", "--workers", "2", "--size", "700",
         "--warmup", "0", "--seconds", "0.2", "--check")
PUSHED = ("--push", "4")


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


class RouterLoad(unittest.TestCase):
    def load(self, protocol, path, pid, *words):
        """The line it prints, as a dictionary."""
        run = lib.run(LOAD, "--protocol", protocol, "--server", f"unix:{path}", "--server-pid", pid,
                      *words)
        self.assertEqual(run.returncode, 0, run.stderr)
        said = dict(word.split("=", 1) for word in run.stdout.split())
        self.assertGreater(int(said["tasks"]), 0)
        self.assertEqual((said["lost"], said["refused"]), ("0", "0"))
        return said

    def of_daemon(self, *words):
        with Daemon("[server]\nshutdown_grace = 0\n[limits]\ntasks = 4096\n") as daemon:
            said = self.load("gearman", daemon.socket, daemon.pid(), *words)
            self.assertEqual(daemon.stop(), 0, daemon.said())
        return said

    def relay(self, path, *words):
        process = lib.spawn(RELAY, "--socket", path, *words, stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(lib.end, process)
        self.assertTrue(lib.eventually(lambda: answers(path)))
        return process

    def test_every_task_comes_back_from_the_daemon(self):
        for words in (PUSHED, ("--classic",)):
            with self.subTest(words[0]):
                self.of_daemon(*SHAPE, *words)

    def test_every_task_comes_back_from_the_relay_asleep_or_not(self):
        for words in ((), ("--spin",)):
            with self.subTest(words), tempfile.TemporaryDirectory(dir=lib.short_tmp()) as place:
                path = Path(place) / "socket"
                process = self.relay(path, *words)
                self.load("relay", path, process.pid, *SHAPE, *PUSHED)
                process.terminate()
                self.assertEqual(process.wait(lib.PATIENCE), 0)

    def test_as_many_background_tasks_are_filled_in_and_drained_as_were_asked_for(self):
        words = ("--tasks", "1000", "--push", "4")
        self.assertEqual(self.of_daemon("--mode", "fill", *words)["tasks"], "1000")
        self.assertEqual(self.of_daemon("--mode", "drain", *words)["tasks"], "1000")

    def test_a_server_that_is_not_there_is_named(self):
        run = lib.run(LOAD, "--protocol", "gearman", "--server", "unix:/nowhere/at/all",
                      "--server-pid", os.getpid(), *SHAPE, *PUSHED)
        self.assertEqual(run.returncode, 1)
        self.assertIn("/nowhere/at/all", run.stderr)


if __name__ == "__main__":
    lib.main()
