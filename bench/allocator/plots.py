"""SVG plots by gnuplot: latency against size, churn over time, the tail of its distribution."""

import array
import collections
import gzip
import math

from comparison.plot import available, draw

COLOURS = {"empty": "#999999", "glibc": "#8c564b", "jemalloc": "#d62728", "tcmalloc": "#ff7f0e",
           "mimalloc": "#9467bd", "stack": "#1f77b4", "intrusive": "#2ca02c",
           "stack_inline": "#1f77b4", "intrusive_inline": "#2ca02c",
           "stack_shared": "#17becf", "intrusive_shared": "#bcbd22", "empty_shared": "#cccccc",
           "stack_guarded": "#e377c2", "intrusive_guarded": "#7f7f7f"}
WINDOWS = 16
STEPS = 50  # points of the tail's curve in a decade


def style(name):
    """Those of inline variants are dashed."""
    return f"with lines lw 2 dt {2 if name.endswith('_inline') else 1} lc rgb '{COLOURS[name]}'"


def latency(results, subjects, directory):
    curves = []
    for subject in subjects:
        points = [(int(case), results.median("hot", case, "pair p50", subject))
                  for case in results.cases("hot")]
        curves.append((subject, style(subject), points))
    draw(directory / "latency.svg", "hot pair, P50", "bytes", "ns a pair",
         "set logscale x 2\nset yrange [0:*]", curves)


def churn_over_time(results, subjects, directory, case):
    curves = []
    for subject in subjects:
        points = [(window + 1, results.median("churn", case, f"windows w{window}", subject))
                  for window in range(WINDOWS)]
        curves.append((subject, style(subject), points))
    draw(directory / f"churn-{case}.svg", f"churn, {case}: P99 as it goes on",
         f"part of the run, of {WINDOWS}", "ns a replacement", "set logscale y", curves)


def series(path, figure):
    """The samples of a figure in a file of raw ones, as pairs of nanoseconds and how many."""
    with gzip.open(path, "rb") as file:
        while line := file.readline():
            head = dict(word.split("=", 1) for word in line.decode().split())
            ticks = array.array("I")
            ticks.frombytes(file.read(int(head["samples"]) * ticks.itemsize))
            if head["figure"] == figure:
                for value, count in collections.Counter(ticks).items():
                    past = max(value - int(head["floor"]), 0)
                    yield past * float(head["tick_ns"]) / int(head["per"]), count


def tail_points(paths):
    """(ns, share of samples that take longer) wherever that share changes, at STEPS a decade."""
    steps = collections.Counter()
    for path in paths:
        for ns, count in series(path, "step"):
            steps[math.ceil(math.log10(max(ns, 1)) * STEPS)] += count
    total = left = sum(steps.values())
    points = []
    for step in sorted(steps):
        left -= steps[step]
        if left > 0:
            points.append((10 ** (step / STEPS), left / total))
    return points


def tail(subjects, directory, case):
    curves = [(subject, style(subject),
               tail_points((directory / "raw").glob(f"churn-{case}-{subject}-*.gz")))
              for subject in subjects]
    draw(directory / f"tail-{case}.svg", f"churn, {case}: share of replacements that take longer",
         "ns", "share", "set logscale xy\nset format y '10^{%L}'", curves)


def draw_all(results, subjects, directory):
    """Returns the names of what was drawn; nothing without gnuplot."""
    if not available():
        return []
    latency(results, subjects, directory)
    for case in results.cases("churn"):
        churn_over_time(results, subjects, directory, case)
        tail(subjects, directory, case)
    return sorted(path.name for path in directory.glob("*.svg"))
