"""Runs programs in rounds, every allocator in a process of its own."""

import gzip
import os
import subprocess
import tempfile
from pathlib import Path

from comparison.machine import plain_environment
from comparison.rounds import turns
from plan import POOLS
from subjects import GUARDED


class Runner:
    def __init__(self, programs, results, raw, cpu, huge_pages):
        self.programs = programs
        self.results = results
        self.raw = Path(raw)
        self.cpu = cpu
        self.huge_pages = huge_pages
        self.raw.mkdir(parents=True, exist_ok=True)

    def run(self, cases, rounds):
        """Runs all cases in all rounds."""
        for number, case, subject in turns(cases, rounds, self.subjects_of):
            self.run_one(case, subject, number)

    def subjects_of(self, case):
        return [subject for subject in self.programs.there if subject.kind in case.kinds]

    def run_one(self, case, subject, number):
        command = [self.programs.path(subject), case.mode, *case.arguments,
                   "--seed", str(number), "--cpu", str(self.cpu)]
        if not self.huge_pages and subject.kind in (*POOLS, GUARDED):
            command.append("--no-huge-pages")
        with tempfile.TemporaryDirectory() as scratch:
            samples = Path(scratch) / "samples"
            if case.raw:
                command += ["--raw", samples]
            run = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True,
                                 env=plain_environment())
            if run.returncode != 0:
                raise SystemExit(f"failed with {run.returncode}: {' '.join(map(str, command))}")
            if case.raw:
                keep = self.raw / f"{case.mode}-{case.name}-{subject.name}-{number}.gz"
                with gzip.open(keep, "ab", compresslevel=1) as kept:
                    kept.write(samples.read_bytes())
        for line in run.stdout.splitlines():
            self.results.add(case, subject.name, line)


def choose_cpu(wanted):
    """The CPU to measure on, by default the last one there is; everything else keeps off it."""
    allowed = os.sched_getaffinity(0)
    cpu = max(allowed) if wanted is None else wanted
    if cpu not in allowed:
        raise SystemExit(f"CPU {cpu} is not ours; there are {sorted(allowed)}")
    if len(allowed) > 1:
        os.sched_setaffinity(0, allowed - {cpu})
    return cpu


def objects_that_fit(sizes, count):
    """`count` for each size, or fewer where half of the free memory would not hold them."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    return {size: min(count, free // 2 // (size + 32)) for size in sizes}
