"""Every system call of a start fails: pmadd serves all the same, or says why not and ends.

A start is recorded with strace; then it is repeated for each call of it and each error that the
call's manual page names, and strace lets that one call fail. A start that is refused must name what
was refused and why, and leave no socket behind; nothing may end in a signal or hang.
"""

import contextlib
import errno
import itertools
import os
import re
import shutil
import signal
import socket
import struct
import tempfile
import unittest
from collections import Counter, namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Peer

FINE, REFUSED, WRONG_CONFIG = 0, 1, 2
AT_ONCE = 2 * (os.cpu_count() or 1)  # a start waits as much as it works

CONFIG = """[server]
socket = {directory}/pmadd.sock
listen = {address}
pid_file = {directory}/pid
log_file = {directory}/log
{owner}[limits]
connections = 64
tasks = 1024
payload_max = 64K
[pool tasks]
size = 2M
lock = try
[pool wire]
size = 2M
"""
OWNER = "socket_group = nogroup\nuser = nobody\n"

# The errors that a kernel can give these calls while pmadd starts. A call that is not here cannot
# fail there, or only for a bug of its caller.
ERRORS = {
    "bind": "EADDRINUSE EACCES ENOMEM EADDRNOTAVAIL EROFS",
    "chown": "EPERM EROFS EIO",
    "close": "EIO EINTR",
    "connect": "EAGAIN EACCES ECONNREFUSED EINTR",
    "epoll_create1": "EMFILE ENFILE ENOMEM",
    "epoll_ctl": "ENOSPC ENOMEM",
    "epoll_pwait": "EINTR",
    "epoll_wait": "EINTR",
    "eventfd2": "EMFILE ENFILE ENOMEM ENODEV",
    "fchown": "EPERM EROFS EIO",
    "fcntl": "EMFILE EINVAL",
    "flock": "EAGAIN EINTR ENOLCK",
    "getrandom": "EINTR EAGAIN ENOSYS",
    "getsockopt": "ENOMEM ENOPROTOOPT",
    "ioctl": "ENOMEM",
    "listen": "EADDRINUSE ENOBUFS",
    "madvise": "ENOMEM EAGAIN EINVAL EIO",
    "mlock": "ENOMEM EPERM EAGAIN",
    "mmap": "ENOMEM EAGAIN",
    "newfstatat": "EACCES ENOMEM EIO",
    "openat": "EMFILE ENFILE EACCES ENOMEM EIO EINTR",
    "pipe2": "EMFILE ENFILE",
    "poll": "EINTR ENOMEM",
    "prctl": "EINVAL",
    "prlimit64": "EPERM EINVAL",
    "read": "EIO EINTR",
    "rename": "ENOSPC EACCES EIO",
    "sendmsg": "ENOBUFS EAGAIN ECONNREFUSED EINTR",
    "setgid": "EPERM",
    "setgroups": "EPERM ENOMEM",
    "setsockopt": "ENOBUFS ENOMEM",
    "setuid": "EAGAIN EPERM",
    "socket": "EMFILE ENFILE ENOBUFS EACCES EAFNOSUPPORT",
    "timerfd_create": "EMFILE ENFILE ENOMEM ENODEV",
    "timerfd_settime": "EINVAL ECANCELED",
    "unlink": "EACCES EBUSY EIO",
    "write": "ENOSPC EIO EINTR",
}

# The calls that make descriptors, and those for memory: what is used up stays so.
LASTING = {
    "EMFILE": "openat socket pipe2 eventfd2 epoll_create1 timerfd_create fcntl",
    "ENOMEM": "mmap madvise mlock",
}

# What a refusal has to name, by what the call was about: the first row whose pattern is in it.
THINGS = (
    (r"/pmadd\.conf", r"/pmadd\.conf:"),
    (r"/log\b", r"log_file /\S+/log:"),
    (r"/pid\b", r"pid_file /\S+/pid:"),
    (r"AF_INET|<TCP", r"127\.\d+\.\d+\.\d+:4730"),
    (r"/pmadd\.sock", r"/pmadd\.sock: |socket_group nogroup: "),
    (r"^(epoll|eventfd|pipe|fcntl|ioctl)", r"the event loop"),
    (r"^socket\(AF_UNIX", r"/pmadd\.sock: "),
    (r"^mmap", r"pool \w+ "),
    (r"^getrandom", r"random bytes"),
    (r"^set[ug]", r"user nobody: "),
    (r"/etc/", r"user nobody: |socket_group nogroup: "),
)

Call = namedtuple("Call", "name nth given gave")  # the nth of this name in the process
Fault = namedtuple("Fault", "call error lasting")


def errors_of(call):
    """The errors that can be had there."""
    if call.name == "epoll_ctl" and ("_ADD" not in call.given or not call.gave.startswith("0")):
        return []  # only what adds takes memory
    if call.name in ("read", "write") and "<pipe:" in call.given:
        return ["EINTR"]
    return ERRORS[call.name].split()


def calls_of(trace):
    """The calls of a trace, from the one on that opens the config, where the loader is done, to the
    one that says READY=1."""
    seen = Counter()
    ours = False
    for line in trace.splitlines():
        found = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (.*)", line)
        if found is None:
            continue
        name, given, gave = found.groups()
        seen[name] += 1
        ours = ours or (name == "openat" and "pmadd.conf" in given)
        if ours:
            yield Call(name, seen[name], given, gave)
        if "READY=1" in given:
            return


def pid_behind(peer):
    """The process at the other end of a Unix socket."""
    credentials = peer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return struct.unpack("3i", credentials)[0]


class Start:
    """One start of pmadd under strace, in a directory and at an address of its own."""

    numbers = itertools.count()

    def __init__(self, *options):
        number = next(Start.numbers)
        self.own = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.directory = Path(self.own.name)
        self.directory.chmod(0o777)  # for the user it becomes
        self.socket = self.directory / "pmadd.sock"
        self.trace = self.directory / "trace"
        self.stderr = self.directory / "stderr"
        self.address = (f"127.{os.getpid() % 250 + 1}.{number >> 8}.{number & 255}", 4730)
        config = self.directory / "pmadd.conf"
        config.write_text(CONFIG.format(directory=self.directory, address="%s:%d" % self.address,
                                        owner=OWNER if os.geteuid() == 0 else ""))
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.settimeout(lib.PATIENCE)
        self.manager.bind(str(self.directory / "notify"))
        (self.directory / "notify").chmod(0o777)
        with open(self.stderr, "wb") as stderr:
            self.process = lib.spawn(
                "strace", "-f", "--seccomp-bpf", "-o", self.trace, *options,
                lib.PMADD, "--config", config, stderr=stderr,
                env=lib.environment(NOTIFY_SOCKET=str(self.directory / "notify")))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait(lib.PATIENCE)
        self.manager.close()
        self.own.cleanup()

    def said(self):
        return self.stderr.read_text(errors="replace")

    def connect(self):
        """By TCP, where it listens last."""
        try:
            return Peer(self.address)
        except OSError:
            return None

    def serves(self):
        """True once it has routed a task from TCP to its Unix socket and back; false when it has
        ended instead. It listens before it has all it needs: being connected says nothing yet."""
        client = lib.eventually(lambda: self.process.poll() is not None or self.connect())
        if not isinstance(client, Peer):
            return False
        try:
            with client, Peer(self.socket) as worker:
                self.pid = pid_behind(worker)
                worker.can_do("f")
                handle = client.submit("f", b"data")
                worker.complete(worker.grab()[0], b"result")
                if client.expect(lib.WORK_COMPLETE) != handle + b"\0result":
                    raise AssertionError("wrong result")
        except (ConnectionError, FileNotFoundError):
            self.process.wait(lib.PATIENCE)
            return False
        return True

    def announces(self):
        """True once its manager has heard that it serves; a timeout where it never does."""
        return self.manager.recv(4096).startswith(b"READY=1\n")

    def stop(self):
        """Asks it to end; its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        return self.process.wait(lib.PATIENCE)


def names_it(call, said):
    """True when a line says what was refused."""
    about = f"{call.name}({call.given}"
    wanted = next((thing for pattern, thing in THINGS if re.search(pattern, about)), None)
    return wanted is not None and re.search(wanted, said) is not None


def verdict(fault):
    """What is wrong with a start in which this call fails; None if nothing is."""
    call, error, lasting = fault
    inject = f"inject={call.name}:error={error}:when={call.nth}{'+' if lasting else ''}"
    reason = os.strerror(getattr(errno, error))
    with Start("-e", f"trace={call.name}", "-e", inject) as start:
        if start.serves():
            if not lasting and not start.announces():
                return "its manager heard something else before READY=1"
            status = start.stop()
            return None if status == FINE else f"served, then ended with {status}: {start.said()}"
        status, said = start.process.returncode, start.said()
        if status not in (REFUSED, WRONG_CONFIG):
            return f"ended with {status}: {said}"
        if reason not in said:
            return f"does not say {reason}: {said}"
        if not lasting and not names_it(call, said):
            return f"does not say what was refused: {said}"
        if start.socket.exists():
            return "left its socket behind"
        return None


def checked(fault):
    try:
        return verdict(fault)
    except Exception as failure:  # whatever it is, the test has to hear of it
        return repr(failure)


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Starts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        probe = lib.run("strace", "-f", "--seccomp-bpf", "-e", "trace=memory", "true")
        if probe.returncode != 0:
            raise unittest.SkipTest(f"strace may not trace here: {probe.stderr.strip()}")
        with Start("-yy", "-e", "trace=" + ",".join(ERRORS)) as start:
            if not start.serves() or not start.announces() or start.stop() != FINE:
                raise AssertionError(f"pmadd does not even start:\n{start.said()}")
            cls.calls = [call for call in calls_of(start.trace.read_text())]

    def sweep(self, faults):
        self.assertGreater(len(faults), 10, "the trace shows no calls")
        with ThreadPoolExecutor(AT_ONCE) as starts:
            wrong = [f"{fault.call.name}({fault.call.given}) number {fault.call.nth} with "
                     f"{fault.error}: {why}"
                     for fault, why in zip(faults, starts.map(checked, faults)) if why is not None]
        self.assertEqual(wrong, [], "\n".join([f"{len(faults)} starts", *wrong]))

    def test_any_call_that_fails_once_is_survived_or_named(self):
        self.sweep([Fault(call, error, False) for call in self.calls for error in errors_of(call)])

    def test_descriptors_and_memory_that_run_out_are_survived_or_named(self):
        self.sweep([Fault(call, error, True) for error, names in LASTING.items()
                    for call in self.calls if call.name in names.split()])


if __name__ == "__main__":
    lib.main()
