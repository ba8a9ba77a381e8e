"""One server for one measurement: a process in a directory of its own, on a core of its own."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from comparison.machine import plain_environment

START_S = 30
END_S = 5


class NotAvailable(Exception):
    """A figure that is not to be had, and why."""


def last_line(text, otherwise):
    lines = text.strip().splitlines()
    return lines[-1] if lines else otherwise


def tied(cpu, command):
    """The command on one core, ended by the kernel if this process ends in whatever way."""
    return ["setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", str(cpu),
            *(str(word) for word in command)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connect(address):
    """Connects to unix:PATH or tcp:HOST:PORT."""
    kind, _, place = address.partition(":")
    if kind == "unix":
        peer = socket.socket(socket.AF_UNIX)
        try:
            peer.connect(place)
        except OSError:
            peer.close()
            raise
        return peer
    host, _, port = place.rpartition(":")
    return socket.create_connection((host, int(port)))


class Server:
    """`with` it: inside it listens at `address`. It is ended, by its process id, in every case."""

    def __init__(self, programs, subject, cpu, more=()):
        self.programs = programs
        self.subject = subject
        self.cpu = cpu
        self.more = more
        self.directory = None
        self.process = None
        self.address = ""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="pmadd-bench-")
        try:
            self.start(Path(self.directory.name))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
        self.directory.cleanup()

    @property
    def pid(self):
        """setpriv and taskset make way for the program: it has the process id that they had."""
        return self.process.pid

    def start(self, directory):
        places = {"build": self.programs.build, "directory": directory,
                  "socket": directory / "socket", "port": free_port()}
        command = [*self.programs.command(self.subject, **places), *self.more]
        self.address = self.subject.address.format(**places)
        said = directory / "stderr"
        with open(said, "wb") as log:
            self.process = subprocess.Popen(
                tied(self.cpu, command), cwd=directory, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=plain_environment(), start_new_session=True)
        deadline = time.monotonic() + START_S
        while True:
            if self.process.poll() is not None:
                raise NotAvailable(last_line(said.read_text(errors="replace"), "it did not start"))
            try:
                connect(self.address).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise NotAvailable(f"it did not listen within {START_S} s") from None
                time.sleep(0.005)  # nobody tells when a stranger listens

    def resident(self):
        """Bytes of resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE")


def end_by_signal(number, _frame):
    raise SystemExit(128 + number)


def end_in_order():
    """Has signals end this process as an exception does: whoever has a server ends it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end_by_signal)
