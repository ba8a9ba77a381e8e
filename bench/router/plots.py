"""SVG plots by gnuplot: latency against rate, CPU time for a task, and how flat the sweeps are."""

from comparison.plot import available, draw
from plan import SWEEPS
from subjects import NAMES

COLOURS = {"relay": "#999999", "pmadd_pushed": "#1f77b4", "pmadd_classic": "#17becf",
           "pmadd_tcp": "#2ca02c", "gearmand": "#d62728", "beanstalkd": "#ff7f0e",
           "redis": "#9467bd", "nats": "#8c564b"}
BAR = 0.1  # its width, a group of them being 1 wide


def lines(results, mode, figure):
    """A curve for each subject, over the cases whose names are numbers, if there is more than one."""
    cases = [case for case in results.cases(mode) if case.isdigit()]
    if len(cases) < 2:
        return
    for subject in NAMES:
        points = [(int(case), results.median(mode, case, figure, subject)) for case in cases]
        points = [(x, y) for x, y in points if y is not None]
        if points:
            yield subject, f"with linespoints lw 2 pt 7 lc rgb '{COLOURS[subject]}'", points


def bars(results, mode, figure):
    """A bar for each subject, in a group for each case."""
    for place, subject in enumerate(NAMES):
        points = [(group + (place - len(NAMES) / 2) * BAR,
                   results.median(mode, case, figure, subject))
                  for group, case in enumerate(results.cases(mode))]
        points = [(x, y) for x, y in points if y is not None]
        if points:
            yield subject, f"with boxes fs solid lc rgb '{COLOURS[subject]}'", points


def draw_all(results, directory):
    """Returns the names of what was drawn; nothing without gnuplot."""
    if not available():
        return []
    for figure, name in (("p50_us", "P50"), ("p99_us", "P99"), ("p999_us", "P99.9")):
        draw_some(directory / f"latency-{name}.svg", f"open loop: {name} from the intended start",
                  "tasks a second", "microseconds", "set logscale xy",
                  lines(results, "open_loop", figure))
    cases = results.cases("pipelined")
    tics = ", ".join(f"'{case}' {group}" for group, case in enumerate(cases))
    draw_some(directory / "cpu.svg", "pipelined: CPU time of the server for a task",
              "clients x flight x bytes", "microseconds",
              f"set logscale y\nset boxwidth {BAR * 0.9}\nset xtics ({tics})\n"
              f"set xrange [-0.6:{len(cases) - 0.4}]", bars(results, "pipelined", "cpu_us"))
    for mode in SWEEPS:
        draw_some(directory / f"{mode}.svg", f"{mode}: CPU time of the server for a task", mode,
                  "microseconds", "set logscale xy", lines(results, mode, "cpu_us"))
    return sorted(path.name for path in directory.glob("*.svg"))


def draw_some(path, title, x, y, settings, curves):
    """Draws it if there is anything to draw."""
    curves = list(curves)
    if curves:
        draw(path, title, x, y, settings, curves)
