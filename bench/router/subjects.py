"""Who is measured: programs, how each is started, and by which of its sockets and ways it is loaded."""

import dataclasses
import os
import re
import shutil
from pathlib import Path

from comparison.machine import output_of

FLOOR, OURS, PEER = "floor", "ours", "peer"
UNIX, TCP = "unix:{socket}", "tcp:127.0.0.1:{port}"
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # where Debian has daemons; not in everybody's PATH


@dataclasses.dataclass(frozen=True)
class Program:
    """A server. In `words` stand {build}, {directory}, {socket} and {port}. Nothing is tuned: what is
    said is where to listen, to keep nothing on disk, and to take as much as the load brings."""
    words: tuple
    version: str
    package: str = ""  # of Debian; none: ours


PROGRAMS = {
    "relay": Program(("{build}/bench/router/relay", "--socket", "{socket}"), ""),
    "pmadd": Program(("{build}/daemon/pmadd", "--config", "/dev/null", "--socket", "{socket}",
                      "--set", "server.log_level=warning", "--set", "server.shutdown_grace=0"),
                     "--version"),
    "gearmand": Program(("gearmand", "--listen=127.0.0.1", "--port={port}",
                         "--log-file={directory}/log"), "--version", "gearman-job-server"),
    "beanstalkd": Program(("beanstalkd", "-l", "unix:{socket}", "-z", "1048576"), "-v",
                          "beanstalkd"),
    "redis-server": Program(("redis-server", "--port", "0", "--unixsocket", "{socket}", "--save", "",
                             "--appendonly", "no", "--maxclients", "12000"), "--version",
                            "redis-server"),
    "nats-server": Program(("nats-server", "--addr", "127.0.0.1", "--port", "{port}"), "--version",
                           "nats-server"),
}


@dataclasses.dataclass(frozen=True)
class Subject:
    """A column: a program, loaded in one way. A peer is met at the fastest socket that it has."""
    name: str
    kind: str
    program: str
    protocol: str
    address: str
    pushed: bool = False  # workers have credits, as many as the case says
    more: tuple = ()  # words of the program, behind the others


SUBJECTS = (
    Subject("relay", FLOOR, "relay", "relay", UNIX, pushed=True),
    Subject("pmadd_pushed", OURS, "pmadd", "gearman", UNIX, pushed=True),
    Subject("pmadd_classic", OURS, "pmadd", "gearman", UNIX),
    Subject("pmadd_tcp", OURS, "pmadd", "gearman", TCP,
            more=("--set", "server.listen=127.0.0.1:{port}")),
    Subject("gearmand", PEER, "gearmand", "gearman", TCP),
    Subject("beanstalkd", PEER, "beanstalkd", "beanstalk", UNIX),
    Subject("redis", PEER, "redis-server", "redis", UNIX),
    Subject("nats", PEER, "nats-server", "nats", TCP),
)
NAMES = tuple(subject.name for subject in SUBJECTS)


class Programs:
    """The programs that are there: ours from a build, the others as they are installed."""

    def __init__(self, build):
        self.build = Path(build).resolve()
        self.paths = {name: self.find(program) for name, program in PROGRAMS.items()}
        self.load = self.build / "bench/router/router_load"
        self.there = [subject for subject in SUBJECTS if self.paths[subject.program]]
        self.missing = [subject for subject in SUBJECTS if not self.paths[subject.program]]
        for subject in self.missing:
            if subject.kind != PEER:
                raise SystemExit(f"{subject.program} was not built in {self.build}")
        if not self.load.exists():
            raise SystemExit(f"{self.load} was not built")

    def find(self, program):
        return shutil.which(program.words[0].format(build=self.build),
                            path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")

    def names(self, *kinds):
        return [subject.name for subject in self.there if subject.kind in kinds]

    def command(self, subject, **places):
        """What starts the server of a subject."""
        words = PROGRAMS[subject.program].words[1:] + subject.more
        return [self.paths[subject.program], *(word.format(**places) for word in words)]

    def version(self, name):
        """The first number with dots that a program says when it is asked for its version."""
        flag = PROGRAMS[name].version
        found = re.search(r"\d+(\.\d+)+\S*", output_of(self.paths[name], flag) if flag else "")
        return found.group() if found else ""
