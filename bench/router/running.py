"""Runs the plan in rounds: every measurement with a server of its own, by one run of router_load."""

import math
import os
import resource
import subprocess
import time

from comparison.machine import plain_environment
from comparison.rounds import turns
from memory import Pools, Resident
from plan import UNITS
from server import NotAvailable, Server, last_line, tied

LIMIT_S = 60  # a run that takes longer is given up
START_AND_END_S = 0.4  # of a server and of router_load, about
ATTEMPTS = 2  # then a subject is no longer asked for a case
FEW_TASKS = ("--mode", "round_trip", "--warmup", "0", "--seconds", "0.1")


class Runner:
    def __init__(self, programs, results, lines, cpus, effort):
        self.programs = programs
        self.results = results
        self.lines = lines  # a file: everything that router_load has printed
        self.server_cpu, self.load_cpu = cpus
        self.effort = effort
        self.failures = {}  # by (case, subject): the reasons, in the order of the rounds

    def run(self, cases):
        for number, case, subject in turns(cases, self.effort.rounds, self.subjects_of):
            key = case.mode, case.name, subject.name
            began = time.monotonic()
            if len(self.failures.get(key, ())) == ATTEMPTS:
                continue
            try:
                said = self.measure(case, subject)
            except (NotAvailable, OSError, KeyError, ValueError) as reason:
                # Whatever it is, the other figures are worth having.
                self.failures.setdefault(key, []).append(str(reason) or type(reason).__name__)
            else:
                said["all_s"] = f"{time.monotonic() - began:.2f}"
                self.take(number, case, subject, said)

    def estimate_s(self, cases):
        """How long that will take, about; what is measured by the task takes as long as a second."""
        runs = sum(len(self.subjects_of(case)) * case.times * (1 if case.once else self.effort.rounds)
                   for case in cases)
        return runs * (self.effort.warmup + self.effort.seconds + START_AND_END_S)

    def subjects_of(self, case):
        return [subject for subject in self.programs.there if subject in case.subjects]

    def measure(self, case, subject):
        """What router_load says of one case, as a dictionary of texts."""
        words = case.words.get(subject.program, ())
        with Server(self.programs, subject, self.server_cpu, words) as server:
            if not case.memory:
                return self.load(server, case.push, case.load)
            # What a server touches when it is used for the first time is nobody's memory.
            self.load(server, case.push, FEW_TASKS)
            memory = (Pools(self.programs, server, words, case.memory)
                      if subject.program == "pmadd"
                      else Resident(server))
            said = self.load(server, case.push, case.load)
            said["bytes_each"] = memory.each(said, case.count())
            return said

    def load(self, server, push, words):
        subject = server.subject
        credit = ("--push", push) if subject.pushed else ()
        command = [self.programs.load, "--protocol", subject.protocol, "--server", server.address,
                   "--server-pid", server.pid, "--cpu", self.load_cpu,
                   "--warmup", self.effort.warmup, "--seconds", self.effort.seconds,
                   *credit, *words]
        try:
            run = subprocess.run(tied(self.load_cpu, command), check=False, capture_output=True,
                                 text=True, timeout=LIMIT_S, env=plain_environment())
        except subprocess.TimeoutExpired:
            raise NotAvailable(f"took longer than {LIMIT_S} s") from None
        if run.returncode != 0:
            raise NotAvailable(last_line(run.stderr, f"router_load: exit status {run.returncode}"))
        said = dict(word.split("=", 1) for word in run.stdout.split())
        if int(said["lost"]) > 0:
            raise NotAvailable(f"{said['lost']} tasks were lost")
        return said

    def take(self, number, case, subject, said):
        print(f"round={number} case={case.name} subject={subject.name}",
              *(f"{name}={value}" for name, value in said.items()), file=self.lines, flush=True)
        figures = {name: float(said[name]) for name in UNITS if name in said}
        if figures["cpu_us"] > 0:
            figures["per_core"] = 1 / figures["cpu_us"]
        for name, value in figures.items():
            if not math.isnan(value):
                self.results.put((case.mode, case.name, name), subject.name, value, UNITS[name])


def choose_cpus(wanted):
    """(server's, load's): two that are ours, by default the last and the first; one, if there is no
    more."""
    allowed = sorted(os.sched_getaffinity(0))
    cpus = (allowed[-1], allowed[0]) if wanted is None else tuple(wanted)
    for cpu in cpus:
        if cpu not in allowed:
            raise SystemExit(f"CPU {cpu} is not ours; there are {allowed}")
    return cpus


def allow_connections():
    """As many descriptors as the system lets us have; servers and load inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
