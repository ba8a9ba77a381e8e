"""What is measured: the modes and what their tables show, and the cases of plan.csv.

A row of plan.csv is a case for some subjects; several rows may be about one case. Its columns:

mode, case    where its figures are found
effort        `quick`: in every run; `full`: with --full; `once`: with --full, in the first round only
subjects      names, or `all`
push          credits of a worker, for the subjects that have them
load          words of router_load, behind those that say how long
pmadd         settings of pmadd, `section.key=value`, by semicolons
relay         words of the relay
memory        `idle` or `tasks`: what memory is counted for; see memory.py
times         in a round
"""

import csv
import dataclasses
from pathlib import Path

from comparison.results import HIGHER, Row
from memory import IDLE
from subjects import NAMES, SUBJECTS

FILE = Path(__file__).with_name("plan.csv")
# User and system time are known by ticks of the system only, and so have no ratio.
CPU = (Row("cpu_us"), Row("user_us", cell=False), Row("system_us", cell=False))
LATENCY = (Row("p50_us"), Row("p99_us"), Row("p999_us"), Row("max_us"))
RATE = (Row("tasks_per_s", HIGHER),)


@dataclasses.dataclass(frozen=True)
class Mode:
    title: str
    rows: tuple


MODES = {
    "round_trip": Mode("round trip: one client, one worker, one task of 64 B at a time; peers that "
                       "sleep, or spin", (*LATENCY, Row("cpu_us"))),
    "pipelined": Mode("pipelined: CLIENTSxFLIGHTxBYTES, 8 workers",
                      (*CPU, Row("per_core", HIGHER), *RATE, *LATENCY, Row("load_cpu_us", cell=False))),
    "fill": Mode("fill: background tasks of 64 B submitted, nobody works",
                 (*CPU, *RATE, Row("bytes_each"))),
    "drain": Mode("drain: that many background tasks are queued; 8 workers do them all",
                  (*CPU, *RATE)),
    "idle": Mode("idle: the sleeping round trip beside so many connections: silent, workers of other "
                 "functions, workers of the same", (*LATENCY, Row("cpu_us"), Row("bytes_each"))),
    "open_loop": Mode("open loop: so many tasks a second; latency from the intended start",
                      (*LATENCY, Row("cpu_us"), *RATE)),
    "functions": Mode("functions: 8x16x64 spread over so many, all workers can do all",
                      (Row("cpu_us"),)),
    "workers": Mode("workers: 8x1x64 with so many workers of one task at a time", (Row("cpu_us"),)),
    "queued": Mode("queued: so many tasks of one client wait all the time, 8 workers", (Row("cpu_us"),)),
}
SWEEPS = ("functions", "workers", "queued", "drain")

UNITS = {"cpu_us": "us", "user_us": "us", "system_us": "us", "load_cpu_us": "us", "p50_us": "us",
         "p99_us": "us", "p999_us": "us", "max_us": "us", "tasks_per_s": "1/s",
         "per_core": "M/s", "bytes_each": "B", "unfinished": "tasks", "refused": "tasks"}


@dataclasses.dataclass(frozen=True)
class Effort:
    rounds: int
    seconds: float
    warmup: float
    rows: tuple  # of plan.csv


QUICK = Effort(rounds=3, seconds=0.25, warmup=0.1, rows=("quick",))
FULL = Effort(rounds=7, seconds=0.35, warmup=0.15, rows=("quick", "full", "once"))


@dataclasses.dataclass(frozen=True)
class Case:
    mode: str
    name: str
    subjects: tuple
    push: str
    load: tuple
    words: dict  # by program: more of its words
    memory: str
    times: int
    once: bool

    def count(self):
        """How many connections or tasks memory is counted for."""
        option = "--idle" if self.memory == IDLE else "--tasks"
        return int(self.load[self.load.index(option) + 1])


def settings_of(text):
    return tuple(word for setting in text.split(";") if setting for word in ("--set", setting))


def case_of(row):
    wanted = NAMES if row["subjects"] == "all" else row["subjects"].split()
    unknown = set(wanted) - set(NAMES) or {row["mode"]} - set(MODES)
    if unknown:
        raise SystemExit(f"{FILE}: {row['mode']} {row['case']}: no such thing: {', '.join(unknown)}")
    return Case(row["mode"], row["case"],
                tuple(subject for subject in SUBJECTS if subject.name in wanted), row["push"],
                tuple(row["load"].split()),
                {"pmadd": settings_of(row["pmadd"]), "relay": tuple(row["relay"].split())},
                row["memory"],
                int(row["times"] or 1), row["effort"] == "once")


def cases(effort, modes):
    """What the effort asks for of these modes, in the order of the file."""
    with open(FILE, newline="", encoding="utf-8") as file:
        return [case_of(row) for row in csv.DictReader(file)
                if row["effort"] in effort.rows and row["mode"] in modes]
