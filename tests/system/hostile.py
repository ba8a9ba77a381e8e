"""What the tests of hostile peers share: attackers, the one who is to notice nothing, and footprints.

A row of the table of goals ends in a line `reliability: ROW: FIGURE`, which docs/reliability.md quotes.
Figures of time belong to the machine; what a test asserts of them is what holds on any. The goals
themselves, which are ratios of two measurements, are judged by bench/hostile, and here where
PMADD_STRICT is set.
"""

import contextlib
import os
import re
import select
import subprocess
import unittest
from pathlib import Path

import pmadd_testlib as lib

ATTACK = os.environ.get("PMADD_ATTACK", "attack")
STRICT = bool(os.environ.get("PMADD_STRICT"))

BOUND_US = 10_000_000 if lib.SANITIZED else 3_000_000  # what others wait at most, on any machine
TICKS = os.sysconf("SC_CLK_TCK")


def reliability(row, figure):
    """The line that docs/reliability.md quotes."""
    print(f"reliability: {row}: {figure}", flush=True)


class Attack:
    """An attacker in a process of its own, see attack.c. On leaving the `with` it has ended."""

    def __init__(self, daemon, name, seed=1, count=1, wrap=()):
        self.name = name
        self.killed = False
        self.process = lib.spawn(*wrap, ATTACK, daemon.socket, name, seed, count,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None and not self.killed:
            self.end()
        lib.end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()

    def ready(self):
        """Returns when it holds what it is to hold."""
        line = self.process.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"{self.name} said {line!r} and ended with {self.process.wait()}")
        return self

    def wait(self):
        """Waits for the end of one that ends by itself."""
        status = self.process.wait(10 * lib.PATIENCE)
        if status != 0:
            raise AssertionError(f"{self.name} ended with {status}")

    def end(self):
        """Lets it go; returns what it had to say in the end."""
        if not self.process.stdin.closed:
            self.process.stdin.close()
        said = self.process.stdout.read()
        self.wait()
        return said

    def kill(self):
        """Ends it like a crash: all its connections at once."""
        self.killed = True
        self.process.kill()
        self.process.wait()


def attack(daemon, name, seed=1, count=1):
    """Does all of it, and returns when the daemon has judged all of it."""
    with Attack(daemon, name, seed, count) as attacker:
        attacker.wait()


class Probe(Attack):
    """Does tasks of its own, one after the other; `times` are P50, P99 and the longest, in us."""

    ROUNDS_MAX = 1_000_000

    def __init__(self, daemon, rounds=ROUNDS_MAX, wrap=()):
        super().__init__(daemon, "probe", count=rounds, wrap=wrap)
        self.p50 = self.p99 = self.longest = self.rounds = None

    def __enter__(self):
        return self.ready()

    def end(self):
        said = super().end()
        figures = re.fullmatch(r"rounds=(\d+) p50_us=(\S+) p99_us=(\S+) max_us=(\S+)\n", said)
        if not figures:
            raise AssertionError(f"the probe said {said!r}")
        self.rounds = int(figures[1])
        self.p50, self.p99, self.longest = (float(figures[i]) for i in (2, 3, 4))


def quiet(daemon, rounds=2000, wrap=()):
    """What a probe notices when nothing happens."""
    with Probe(daemon, rounds, wrap) as probe:
        probe.process.wait(lib.PATIENCE)
    return probe


class Disturbance:
    """What others notice of an attack: a probe before it, and one from its beginning to its end."""

    def __init__(self, daemon):
        self.before = quiet(daemon)
        self.during = Probe(daemon)

    def __enter__(self):
        self.during.__enter__()
        return self

    def __exit__(self, *exception):
        self.during.__exit__(*exception)


def until_dropped(peer):
    """Waits until the daemon has closed this connection, without reading from it."""
    about = select.poll()
    about.register(peer.socket, 0)
    if not about.poll(lib.PATIENCE * 1000):
        raise TimeoutError("the daemon keeps the connection")


# ---- what the daemon holds ----


def memory_kib(daemon, what="Anonymous"):
    """A line of /proc/PID/smaps_rollup, which counts every page: Anonymous, Rss."""
    text = Path(f"/proc/{daemon.pid()}/smaps_rollup").read_text()
    return int(re.search(rf"^{what}:\s+(\d+) kB", text, re.M)[1])


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid()}/fd"))


def after_name(daemon):
    """The words of its stat behind its name: proc(5)."""
    return Path(f"/proc/{daemon.pid()}/stat").read_text().rpartition(")")[2].split()


def is_asleep(daemon):
    return after_name(daemon)[0] == "S"


def cpu_s(daemon):
    """CPU time it has used so far."""
    words = after_name(daemon)
    return (int(words[11]) + int(words[12])) / TICKS


def wakeups(daemon):
    """How often it has slept so far."""
    text = Path(f"/proc/{daemon.pid()}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[1])


def tasks_in(peer):
    """What is left to do: all tasks of all functions, whatever these are called."""
    return sum(int(row[-3]) for row in peer.listing("status"))


def tasks(daemon):
    with daemon.connect() as peer:
        return tasks_in(peer)


class Footprint:
    """All that an attack could leave behind: descriptors, blocks of the pools, tasks."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.at_first = self.at_last = self.now()

    def now(self):
        """As one connection sees it, which counts itself each time."""
        with self.daemon.connect() as peer:
            left = tasks_in(peer)
            pools = [tuple(row[:4]) for row in peer.listing("pools")]
            return descriptors(self.daemon), left, pools

    def is_as_before(self):
        self.at_last = self.now()
        return self.at_last == self.at_first

    def text(self):
        return f"{self.at_first} became {self.at_last}"


class HostileTest(unittest.TestCase):
    """One daemon for each test, which has to survive it and to end well."""

    CONFIG = ""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.daemon = self.stack.enter_context(lib.Daemon(self.CONFIG))

    def assert_nothing_is_left(self, footprint):
        """Descriptors, blocks and tasks are what they were; the daemon lives, and ends well."""
        self.assertTrue(lib.eventually(footprint.is_as_before), footprint.text())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.said())

    def assert_served(self, before, during, times=None):
        """Others were served within what holds on any machine; `times` is the goal for their P99,
        if there is one, where goals are judged. Returns what they noticed, in words."""
        self.assertLess(during.longest, BOUND_US)
        if not STRICT:
            return f"no other waited longer than {during.longest / 1000:.1f} ms"
        if times is not None:
            self.assertLess(during.p99, times * before.p99)
        return (f"P99 of others {during.p99:.0f} us beside {before.p99:.0f} us in peace "
                f"({during.p99 / before.p99:.1f} x), longest {during.longest / 1000:.1f} ms")

    def assert_no_growth(self, attack_once, kib=0):
        """The first time may touch pages for the first time; from then on memory is a constant."""
        attack_once()
        before = memory_kib(self.daemon)
        attack_once()
        grown = memory_kib(self.daemon) - before
        if not lib.SANITIZED:
            self.assertLessEqual(grown, kib)
        return grown
