"""What the system tests share: a daemon of their own, a raw Gearman connection, a bystander.

Nothing here waits by the clock: a daemon is ready when it says so on its own NOTIFY_SOCKET, a frame
has come when it has been read. PATIENCE only bounds how long a broken daemon can hold up a test.
"""

import contextlib
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

PMADD = os.environ.get("PMADD_BIN", "pmadd")
PMADCTL = os.environ.get("PMADCTL_BIN", "pmadctl")
SOURCE = Path(os.environ.get("PMADD_SOURCE", Path(__file__).resolve().parents[2]))
SANITIZED = bool(os.environ.get("PMADD_SANITIZE"))
PATIENCE = float(os.environ.get("PMADD_PATIENCE", "60"))

NOBODY = 65534

# The packets that the tests name, by their numbers on the wire.
CAN_DO, CANT_DO, RESET_ABILITIES, PRE_SLEEP, NOOP = 1, 2, 3, 4, 6
SUBMIT_JOB, JOB_CREATED, GRAB_JOB, NO_JOB, JOB_ASSIGN = 7, 8, 9, 10, 11
WORK_STATUS, WORK_COMPLETE, WORK_FAIL, GET_STATUS = 12, 13, 14, 15
ECHO_REQ, ECHO_RES, SUBMIT_JOB_BG, ERROR, STATUS_RES = 16, 17, 18, 19, 20
GRAB_JOB_UNIQ, JOB_ASSIGN_UNIQ, GRAB_JOB_ALL, JOB_ASSIGN_ALL = 30, 31, 39, 40
SUBMIT_JOB_HIGH_BG, SUBMIT_JOB_LOW_BG, SUBMIT_JOB_EPOCH, SUBMIT_REDUCE_JOB_BACKGROUND = 32, 34, 36, 38

REQUEST, RESPONSE = b"\0REQ", b"\0RES"
HEADER = struct.Struct(">4sII")


def header(kind, size, magic=REQUEST):
    """The twelve bytes of a frame, whatever they announce."""
    return HEADER.pack(magic, kind, size)


def frame(kind, *args, magic=REQUEST):
    """A whole frame: its arguments and data, the last without a NUL."""
    body = b"\0".join(arg.encode() if isinstance(arg, str) else arg for arg in args)
    return header(kind, len(body), magic) + body


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**more):
    """An environment in which neither daemon nor client finds a socket by chance."""
    hidden = ("PMADD_SOCKET", "XDG_RUNTIME_DIR", "RUNTIME_DIRECTORY", "NOTIFY_SOCKET",
              "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_PID", "WATCHDOG_USEC", "WATCHDOG_PID")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    env.update(more)
    return env


def run(*command, **more):
    """Runs a command to its end; stdout and stderr are text unless `text=False` is said."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
               "stdin": None if "input" in more else subprocess.DEVNULL, "timeout": PATIENCE,
               "env": environment()}
    options.update(more)
    if "input" in more:
        del options["stdin"]
    return subprocess.run([str(part) for part in command], check=False, **options)


def spawn(*command, **more):
    """Starts a process that ends with this one, whatever becomes of it."""
    options = {"stdin": subprocess.DEVNULL, "env": environment()}
    options.update(more)
    words = ("setpriv", "--pdeathsig", "KILL", *(str(part) for part in command))
    return subprocess.Popen(words, **options)


def end(process):
    """Ends a process of ours, the hard way only if it does not want to, and waits for it."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Fifo:
    """A named pipe to meet a command at: opening it waits for nobody, and no end breaks it."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def close(self):
        os.close(self.fd)

    def write(self, text):
        os.write(self.fd, text.encode())

    def read(self):
        """What has been written, once something has."""
        ready, _, _ = select.select([self.fd], [], [], PATIENCE)
        if not ready:
            raise TimeoutError(f"nobody wrote to {self.path}")
        return os.read(self.fd, 4096).decode()


def eventually(holds):
    """Asks until `holds()` is true; returns its last answer. For what has no event of its own."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = holds()
        if answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.005)


class Peer:
    """One raw connection, to a Unix socket path or a (host, port)."""

    def __init__(self, address):
        if isinstance(address, tuple):
            self.socket = socket.create_connection(address, PATIENCE)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(PATIENCE)
            self.socket.connect(str(address))
        self.input = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.input.close()
        self.socket.close()

    def raw(self, data):
        self.socket.sendall(data)

    def send(self, kind, *args):
        self.raw(frame(kind, *args))

    def receive(self):
        """The next frame from the server: its type and its body."""
        head = self.input.read(HEADER.size)
        if len(head) < HEADER.size:
            raise ConnectionError(f"the connection ended after {head!r}")
        magic, kind, size = HEADER.unpack(head)
        if magic != RESPONSE:
            raise ConnectionError(f"not a frame of a server: {head!r}")
        body = self.input.read(size)
        if len(body) < size:
            raise ConnectionError("the connection ended in a frame")
        return kind, body

    def expect(self, kind):
        """The body of the next frame, which must be of this type."""
        got, body = self.receive()
        if got != kind:
            raise AssertionError(f"expected packet {kind}, got {got}: {body!r}")
        return body

    def expect_end(self):
        """Reads until the server closes; returns the frames that came before."""
        frames = []
        while True:
            try:
                frames.append(self.receive())
            except (ConnectionError, ValueError):
                return frames

    def echo(self, data=b"are you there"):
        """One round trip: proves that the connection works and all before it has been judged."""
        self.send(ECHO_REQ, data)
        body = self.expect(ECHO_RES)
        if body != data:
            raise AssertionError(f"sent {data!r}, came back {body!r}")

    def submit(self, function, data=b"", kind=SUBMIT_JOB, unique=""):
        """Submits and returns the handle."""
        self.send(kind, function, unique, data)
        return self.expect(JOB_CREATED)

    def can_do(self, *functions):
        for function in functions:
            self.send(CAN_DO, function)

    def grab(self):
        """Asks for a task, sleeping while there is none: its handle, function and data."""
        while True:
            self.send(GRAB_JOB)
            kind, body = self.receive()
            while kind == NOOP:
                kind, body = self.receive()
            if kind == JOB_ASSIGN:
                return tuple(body.split(b"\0", 2))
            if kind != NO_JOB:
                raise AssertionError(f"GRAB_JOB was answered with packet {kind}: {body!r}")
            self.send(PRE_SLEEP)
            self.expect(NOOP)

    def complete(self, handle, result=b""):
        self.send(WORK_COMPLETE, handle, result)

    def line(self, text):
        """An administrative command that is answered with one line."""
        self.raw(text.encode() + b"\n")
        return self.input.readline().decode().rstrip("\r\n")

    def listing(self, text):
        """An administrative command that is answered with lines and a dot: rows of words."""
        self.raw(text.encode() + b"\n")
        rows = []
        while True:
            line = self.input.readline().decode(errors="replace")
            if not line.endswith("\n"):
                raise ConnectionError(f"the connection ended in the listing {text}")
            line = line.rstrip("\r\n")
            if line == ".":
                return rows
            if line.startswith("ERR "):
                raise AssertionError(line)
            rows.append(line.split("\t"))


class Notes:
    """The NOTIFY_SOCKET of one daemon: what it says about itself, in order.

    A thread reads it as long as the process lives: nobody is to be held up by a full socket.
    """

    def __init__(self, path):
        self.path = path
        self.heard = ""
        self.ended = False
        self.news = threading.Condition()
        self.thread = None
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o777)

    def listen(self, process):
        self.thread = threading.Thread(target=self._listen, args=(os.pidfd_open(process.pid),))
        self.thread.start()

    def close(self):
        """To be called when the process has ended."""
        if self.thread is not None:
            self.thread.join()
        self.socket.close()

    def wait_for(self, word):
        """True once `word` was heard; False if the process ended without saying it."""
        with self.news:
            if not self.news.wait_for(lambda: word in self.heard or self.ended, PATIENCE):
                raise TimeoutError(f"no {word} within {PATIENCE} s")
            return word in self.heard

    def wait_for_more(self, word, seconds):
        """Returns once `word` was heard more often than before; raises TimeoutError if it was not."""
        with self.news:
            before = self.heard.count(word)
            if not self.news.wait_for(lambda: self.heard.count(word) > before, seconds):
                raise TimeoutError(f"no {word} within {seconds} s")

    def _listen(self, pidfd):
        ready = []
        while pidfd not in ready:
            ready, _, _ = select.select([self.socket, pidfd], [], [])
            if self.socket in ready:
                ready = []
                self._hear(self.socket.recv(65536).decode() + "\n", False)
        os.close(pidfd)
        self._hear("", True)

    def _hear(self, text, ended):
        with self.news:
            self.heard += text
            self.ended = ended
            self.news.notify_all()


class Daemon:
    """A pmadd of this test's own, in a directory of its own, ended with it.

    `config` is the text of its config file; the socket is added to its [server] section. `wrap` is
    a command that runs it (strace, setpriv), `env` what it finds in its environment beside ours, `fds`
    the descriptors that it inherits.
    """

    def __init__(self, config="", *, args=(), env=None, wrap=(), directory=None, program=PMADD,
                 fds=()):
        self.own = None
        if directory is None:
            self.own = tempfile.TemporaryDirectory(prefix="pmadd-", dir=short_tmp())
            directory = self.own.name
        self.directory = Path(directory)
        self.socket = self.directory / "pmadd.sock"
        self.file = self.directory / "pmadd.conf"
        self.log = self.directory / "log"
        self.file.write_text(with_socket(config, self.socket))
        self.wrapped = bool(wrap)
        self.command = [*wrap, program, "--config", str(self.file), *args]
        self.env = env or {}
        self.fds = fds
        self.process = None
        self.notes = None
        self.starts = 0

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        status, said = 0, ""
        try:
            if self.process is not None:
                self.process.kill()
                status = self.process.wait(PATIENCE)
                said = self.said()
        finally:
            if self.notes is not None:
                self.notes.close()
            if self.own is not None:
                self.own.cleanup()
        if status < 0 and status != -signal.SIGKILL:
            raise AssertionError(f"pmadd died of signal {-status}:\n{said}")

    def start(self):
        """Starts it and returns when it has said READY=1."""
        if self.notes is not None:
            self.notes.close()
        self.starts += 1
        self.notes = Notes(self.directory / f"notify.{self.starts}")
        env = environment(NOTIFY_SOCKET=str(self.notes.path), **self.env)
        with open(self.log, "ab") as log:
            self.process = spawn(*self.command, stdout=log, stderr=log, env=env,
                                 pass_fds=self.fds)
        self.notes.listen(self.process)
        if not self.notes.wait_for("READY=1"):
            raise AssertionError(f"pmadd ended with {self.process.wait()}:\n{self.said()}")
        return self

    def said(self):
        """All it has logged so far."""
        return self.log.read_text(errors="replace")

    def terminate(self):
        """Asks it to end and returns when it has said that it is stopping."""
        os.kill(self.pid(), signal.SIGTERM)
        self.notes.wait_for("STOPPING=1")

    def pid(self):
        """The daemon's own process id, even where it runs under a wrapper."""
        if not self.wrapped:
            return self.process.pid
        with self.connect() as peer:
            credentials = peer.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.unpack("3i", credentials)[0]

    def wait(self):
        """Its exit status."""
        return self.process.wait(PATIENCE)

    def stop(self):
        """Ends it in the ordinary way; returns its exit status."""
        if self.process.poll() is None:
            os.kill(self.pid(), signal.SIGTERM)
        return self.wait()

    def connect(self):
        return Peer(self.socket)

    def ctl(self, *args, **more):
        """Runs pmadctl against this daemon."""
        return run(PMADCTL, args[0], "--socket", self.socket, *args[1:], **more)

    def pools(self):
        """Blocks in use, by pool and class."""
        with self.connect() as peer:
            return {(row[0], int(row[1])): int(row[3]) for row in peer.listing("pools")
                    if row[1].isdigit()}

    def in_use(self, *pools):
        """Blocks in use in these pools, by class."""
        return {key: used for key, used in self.pools().items() if key[0] in pools}


class Bystander:
    """Two connections that do whole tasks round after round in a thread of their own.

    Inside the `with` the test does its worst; on leaving it, the bystander must have gone on and
    must have met nothing unusual, neither meanwhile nor for some rounds more.
    """

    ROUNDS_MORE = 5

    def __init__(self, daemon):
        self.client = daemon.connect()
        self.client.echo()
        self.worker = daemon.connect()
        self.worker.can_do("bystander")
        self.rounds = 0
        self.wanted = None
        self.failure = None
        self.progress = threading.Condition()
        self.thread = threading.Thread(target=self._go, daemon=True)

    def __enter__(self):
        self.thread.start()
        self._more_rounds()
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self._more_rounds()
        finally:
            with self.progress:
                self.wanted = 0
            self.thread.join(PATIENCE)
            self.client.close()
            self.worker.close()
        if kind is None and self.failure is not None:
            raise AssertionError(f"a bystander was disturbed: {self.failure!r}")

    def _more_rounds(self):
        with self.progress:
            target = self.rounds + self.ROUNDS_MORE
            self.progress.wait_for(lambda: self.failure or self.rounds >= target, PATIENCE)
            if self.failure is None and self.rounds < target:
                raise AssertionError("a bystander got no answer any more")

    def _go(self):
        try:
            while self.wanted is None:
                self._round(b"round %d" % self.rounds)
                with self.progress:
                    self.rounds += 1
                    self.progress.notify_all()
        except Exception as failure:  # whatever it is, the test has to hear of it
            with self.progress:
                self.failure = failure
                self.progress.notify_all()

    def _round(self, data):
        self.client.echo(data)
        handle = self.client.submit("bystander", data)
        assigned, function, body = self.worker.grab()
        if (assigned, function, body) != (handle, b"bystander", data):
            raise AssertionError(f"wrong task: {assigned!r} {function!r} {body!r}")
        self.worker.complete(handle, data)
        if self.client.expect(WORK_COMPLETE) != handle + b"\0" + data:
            raise AssertionError("wrong result")


def short_tmp():
    """A directory for temporary files whose name leaves room for a socket path."""
    place = tempfile.gettempdir()
    return place if len(place) < 40 else "/tmp"


def with_socket(config, path):
    """The config with its socket in the first [server] section, which is made if there is none."""
    line = f"socket = {path}\n"
    if "[server]\n" in config:
        return config.replace("[server]\n", "[server]\n" + line, 1)
    return f"[server]\n{line}{config}"


@contextlib.contextmanager
def directory_of(uid):
    """A temporary directory that another user can use, with copies of the programs in it.

    The build directory may lie where only its owner can look.
    """
    with tempfile.TemporaryDirectory(prefix="pmadd-", dir=short_tmp()) as name:
        os.chmod(name, 0o755)
        shutil.copy(PMADD, f"{name}/pmadd")
        shutil.copy(PMADCTL, f"{name}/pmadctl")
        home = Path(name) / "home"
        home.mkdir(mode=0o700)
        os.chown(home, uid, -1)
        yield Path(name)


def as_user(uid):
    """The beginning of a command that runs the rest as this user without any other group."""
    return ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")


def can_be_others():
    """True where a test can run programs as another user."""
    return os.geteuid() == 0 and shutil.which("setpriv") is not None


def main():
    unittest.main(verbosity=2)
