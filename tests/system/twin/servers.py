"""The two servers that are compared, each started anew for every exchange."""

import getpass
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pmadd_testlib as lib

# Debian installs it where only root looks.
GEARMAND = shutil.which("gearmand") or shutil.which("gearmand", path="/usr/sbin:/usr/local/sbin")


def is_recorded():
    """True if the gearmand that the exchanges were recorded with is installed."""
    return GEARMAND is not None and " 1.1.20" in lib.run(GEARMAND, "--version").stdout


# What differs from run to run: patterns in a line of text, and what stands for it.
RULES = [
    (rb"^(OK )?[0-9]+\.[0-9]+\.[0-9]+\S*(\n)$", rb"\1<version>\2"),
    (rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", b"<uuid>"),
    (rb"\b(J:here:)[0-9]+\b", rb"\1<number>"),
    (rb"\bused=[0-9]+ of=[0-9]+ retry_ms=[0-9]+", b"used=<used> of=<of> retry_ms=<ms>"),
    (rb"longer than [0-9]+ bytes", b"longer than <size> bytes"),
    (rb"\.cc:[0-9]+", b".cc:<line>"),
    (rb"\bpid\([0-9]+\)", b"pid(<pid>)"),
    (rb"^[0-9]+ (127\.0\.0\.1) ", rb"<fd> \1 "),
]


class Server:
    """One server on a loopback port of its own, ended with the `with`."""

    def __init__(self, options=()):
        self.port = lib.free_port()
        self.address = ("127.0.0.1", self.port)
        self.options = list(options)

    def rules(self):
        """What differs between two runs of this server."""
        return [*RULES, (rb"^(OK )?%d\n$" % self.pid(), rb"\1<pid>\n"),
                (rb"\b%d\b" % self.port, b"<port>")]

    def pid(self):
        raise NotImplementedError


class Gearmand(Server):
    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="gearmand-")
        self.process = lib.spawn(
            GEARMAND, "-p", self.port, "-L", "127.0.0.1", "-t", 1, "-u", getpass.getuser(),
            "-l", "none", "-P", Path(self.directory.name) / "pid", *self.options,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not lib.eventually(self._listens):
            self.__exit__()
            raise AssertionError("gearmand does not listen")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(lib.PATIENCE)
        self.directory.cleanup()

    def pid(self):
        return self.process.pid

    def _listens(self):
        try:
            socket.create_connection(self.address, lib.PATIENCE).close()
        except ConnectionRefusedError:
            return False
        return True


class Pmadd(Server):
    def __enter__(self):
        config = f"[server]\nlisten = 127.0.0.1:{self.port}\n[access]\nadmin = tcp\n"
        self.daemon = lib.Daemon(config, args=self.options)
        self.daemon.start()
        return self

    def __exit__(self, *_):
        self.daemon.__exit__()

    def pid(self):
        return self.daemon.pid()
