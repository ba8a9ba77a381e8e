"""The workers of docs/workers.md, taken out of it and run: tasks come back right, also when the daemon
was away or ended in the middle of a frame."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib

DOCUMENT = (lib.SOURCE / "docs" / "workers.md").read_text()
BODY = b"a body\0of 20,000 bytes\n" * 870
MODULES = {"perl": ("perl", "-MGearman::Worker", "-e1"),
           "php": ("php", "-r", "exit(extension_loaded('gearman') ? 0 : 1);")}

# A task for a worker, and how much of it comes before its daemon is gone: in its head, in its body.
TASK = lib.frame(lib.JOB_ASSIGN_UNIQ, "H:gone:1", "shout", "", BODY, magic=lib.RESPONSE)
IN_HEAD, IN_BODY = 5, 15


def block(heading, language):
    """The last code of that language under a heading."""
    section = DOCUMENT.split(f"\n## In {heading}\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[-1]


def come_and_go(address, sizes):
    """Stands in for the daemon: each worker that comes is sent so many bytes of a task, and left."""
    with socket.socket(socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(address)
        server.listen()
        server.settimeout(lib.PATIENCE)
        for size in sizes:
            worker, _ = server.accept()
            worker.settimeout(lib.PATIENCE)
            with worker, contextlib.suppress(ConnectionError):
                worker.recv(4096)
                worker.sendall(TASK[:size])
                worker.shutdown(socket.SHUT_WR)
                while worker.recv(4096):
                    pass


class Workers(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        self.port = lib.free_port()
        self.daemon = lib.Daemon(f"[server]\nlisten = 127.0.0.1:{self.port}\n")
        self.daemon.__enter__()
        self.addCleanup(self.daemon.__exit__, None, None, None)

    def file(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def shout(self):
        run = subprocess.run([lib.PMADCTL, "submit", "shout", "--timeout=30s",
                              f"--socket={self.daemon.socket}"],
                             input=BODY, capture_output=True, env=lib.environment(), check=False)
        self.assertEqual((run.returncode, run.stderr), (0, b""))
        self.assertEqual(run.stdout, BODY.upper())

    def check(self, *command, tcp=False, sizes=(IN_HEAD, IN_BODY)):
        if shutil.which(command[0]) is None:
            self.skipTest(f"there is no {command[0]}")
        language = os.path.basename(command[0])
        if language in MODULES and lib.run(*MODULES[language]).returncode != 0:
            self.skipTest(f"{language} does not know Gearman")
        paths = f"{Path(lib.PMADCTL).parent}:{os.environ['PATH']}"
        address = ("127.0.0.1", self.port) if tcp else str(self.daemon.socket)
        if tcp:
            command = (*command, f"127.0.0.1:{self.port}")
        worker = lib.spawn(*command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           env=lib.environment(PMADD_SOCKET=self.daemon.socket, PATH=paths))
        self.addCleanup(lib.end, worker)
        self.shout()
        self.daemon.stop()
        come_and_go(address, sizes)
        # That it tried in vain nobody can see, only that it gave up: it has two tries' time for that.
        with self.assertRaises(subprocess.TimeoutExpired):
            worker.wait(2)
        self.daemon.start()
        self.shout()

    def test_in_shell(self):
        self.check("sh", "-c", "exec " + block("shell", "sh"))

    @unittest.skipIf(lib.SANITIZED, "the archive wants the sanitizers' runtime")
    def test_in_c(self):
        if shutil.which("cc") is None:
            self.skipTest("there is no cc")
        program = self.directory / "shout"
        build = lib.run("cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-o", program,
                        self.file("shout.c", block("C", "c")), f"-I{lib.SOURCE}/client",
                        os.environ["PMADD_CLIENT_ARCHIVE"])
        self.assertEqual((build.returncode, build.stderr), (0, ""))
        self.check(str(program))

    def test_in_python(self):
        self.check("python3", self.file("shout.py", block("Python", "python")))

    def test_in_perl(self):
        # A plain restart: this library needs ten seconds for each connection it lost.
        self.check("perl", self.file("shout.pl", block("Perl", "perl")), tcp=True, sizes=())

    def test_in_php(self):
        self.check("php", self.file("shout.php", block("PHP", "php")), tcp=True)

    def test_in_javascript(self):
        self.check("node", self.file("shout.js", block("JavaScript", "js")))


if __name__ == "__main__":
    lib.main()
