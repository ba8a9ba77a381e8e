"""What a connection or a queued task takes in a server's memory.

A peer's is the growth of its resident memory. pmadd's memory does not grow: counted are the blocks of
its pools that are in use, at their stride, and a share of the tables that are made as large as the
limit says, which is what they grow by where the limit is twice as high.
"""

import re
import subprocess

from comparison.machine import plain_environment
from server import NotAvailable, connect

IDLE, TASKS = "idle", "tasks"
LIMITS = {IDLE: "limits.connections", TASKS: "limits.tasks"}


def budget_of(programs, settings):
    """What pmadd says that a configuration comes to."""
    command = [programs.paths["pmadd"], "--config", "/dev/null", *settings, "--check-config"]
    run = subprocess.run(command, check=False, capture_output=True, text=True,
                         env=plain_environment())
    if run.returncode != 0:
        raise NotAvailable(f"pmadd --check-config: exit status {run.returncode}")
    return run.stdout


def strides_of(budget):
    """Bytes from block to block, by pool and class."""
    strides = {}
    pool = None
    for line in budget.splitlines():
        if found := re.match(r"pool (\w+) ", line):
            pool = found.group(1)
        elif found := re.match(r" +(\d+) +\d+ +(\d+) +\d+$", line):
            strides[pool, found.group(1)] = int(found.group(2))
    return strides


def tables_of(budget):
    """Bytes of the pool that has the tables."""
    return int(re.search(r"^pool runtime +(\d+) bytes", budget, re.MULTILINE).group(1))


def table_share(programs, settings, what, count):
    """Bytes of tables for each of `count`."""
    sizes = [tables_of(budget_of(programs, [*settings, "--set", f"{LIMITS[what]}={limit}"]))
             for limit in (count, 2 * count)]
    return (sizes[1] - sizes[0]) / count


def pools_of(server):
    """Blocks in use and at most in use so far, by pool and class."""
    with connect(server.address) as peer:
        peer.sendall(b"pools\n")
        lines = peer.makefile("r")
        rows = []
        for line in lines:
            if line == ".\n":
                break
            rows.append(line.rstrip("\n").split("\t"))
    return {(row[0], row[1]): (int(row[3]), int(row[4])) for row in rows}


class Resident:
    """A server whose memory grows."""

    def __init__(self, server):
        self.server = server
        self.before = server.resident()

    def each(self, said, count):
        """Bytes for each of `count`, the load still being there when the line was written."""
        return (float(said["rss_kib"]) * 1024 - self.before) / count


class Pools:
    """pmadd. Connections are gone when the load is, so that the most that was in use counts; tasks
    are still there."""

    def __init__(self, programs, server, settings, what):
        self.programs = programs
        self.server = server
        self.settings = settings
        self.what = what
        self.strides = strides_of(budget_of(programs, settings))
        self.before = pools_of(server)

    def each(self, _said, count):
        after = pools_of(self.server)
        column = 1 if self.what == IDLE else 0
        grown = sum((after[key][column] - self.before[key][0]) * stride
                    for key, stride in self.strides.items())
        return grown / count + table_share(self.programs, self.settings, self.what, count)
