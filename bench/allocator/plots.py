"""SVG plots by gnuplot: latency against size, churn over time, the tail of its distribution."""

import array
import collections
import gzip
import math
import shutil
import subprocess

COLOURS = {"empty": "#999999", "glibc": "#8c564b", "jemalloc": "#d62728", "tcmalloc": "#ff7f0e",
           "mimalloc": "#9467bd", "stack": "#1f77b4", "intrusive": "#2ca02c",
           "stack_inline": "#1f77b4", "intrusive_inline": "#2ca02c",
           "stack_shared": "#17becf", "intrusive_shared": "#bcbd22", "empty_shared": "#cccccc",
           "stack_guarded": "#e377c2", "intrusive_guarded": "#7f7f7f"}
WINDOWS = 16
STEPS = 50  # points of the tail's curve in a decade
GNUPLOT = """set terminal svg size 900,560 dynamic background "white" font "sans,13"
set output "{path}"
set title "{title}" noenhanced
set key outside right noenhanced
set grid
set xlabel "{x}"
set ylabel "{y}"
{settings}
plot {curves}
"""


def draw(path, title, x, y, settings, curves):
    """`curves` are (name, points); all go into one picture, those of inline variants dashed."""
    blocks = []
    data = []
    for name, points in curves:
        dash = 2 if name.endswith("_inline") else 1
        blocks.append(f"'-' using 1:2 with lines lw 2 dt {dash} lc rgb '{COLOURS[name]}' "
                      f"title '{name}'")
        data.append("".join(f"{a:g} {b:g}\n" for a, b in points) + "e\n")
    script = GNUPLOT.format(path=path, title=title, x=x, y=y, settings=settings,
                            curves=", ".join(blocks))
    subprocess.run(["gnuplot"], input=script + "".join(data), text=True, check=True)


def latency(results, subjects, directory):
    curves = []
    for subject in subjects:
        points = [(int(case), results.median("hot", case, "pair p50", subject))
                  for case in results.cases("hot")]
        curves.append((subject, points))
    draw(directory / "latency.svg", "hot pair, P50", "bytes", "ns a pair",
         "set logscale x 2\nset yrange [0:*]", curves)


def churn_over_time(results, subjects, directory, case):
    curves = []
    for subject in subjects:
        points = [(window + 1, results.median("churn", case, f"windows w{window}", subject))
                  for window in range(WINDOWS)]
        curves.append((subject, points))
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
    curves = [(subject, tail_points((directory / "raw").glob(f"churn-{case}-{subject}-*.gz")))
              for subject in subjects]
    draw(directory / f"tail-{case}.svg", f"churn, {case}: share of replacements that take longer",
         "ns", "share", "set logscale xy\nset format y '10^{%L}'", curves)


def draw_all(results, subjects, directory):
    """Returns the names of what was drawn; nothing without gnuplot."""
    if shutil.which("gnuplot") is None:
        return []
    latency(results, subjects, directory)
    for case in results.cases("churn"):
        churn_over_time(results, subjects, directory, case)
        tail(subjects, directory, case)
    return sorted(path.name for path in directory.glob("*.svg"))
