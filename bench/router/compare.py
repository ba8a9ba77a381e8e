"""pmadd beside a bare relay and other servers: tables, the goals, results.csv, plots."""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import plan  # noqa: E402
import plots  # noqa: E402
import running  # noqa: E402
import server  # noqa: E402
import tables  # noqa: E402
from comparison.machine import TREE, compiler_of, machine, new_directory  # noqa: E402
from comparison.plot import available  # noqa: E402
from comparison.results import Results  # noqa: E402
from subjects import PEER, PROGRAMS, Programs  # noqa: E402


def modes_of(text):
    modes = text.split(",")
    unknown = [mode for mode in modes if mode not in plan.MODES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no such mode: {', '.join(unknown)}; there are "
                                         f"{', '.join(plan.MODES)}")
    return modes


def cpus_of(text):
    cpus = [int(word) for word in text.split(",")]
    if len(cpus) != 2:
        raise argparse.ArgumentTypeError("two numbers are expected, as in 1,0")
    return cpus


def at_least_one(text):
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1 is expected")
    return int(text)


def arguments():
    parser = argparse.ArgumentParser(prog="bench/router/run", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const=plan.QUICK,
                        default=plan.QUICK, help="about three minutes; the default")
    effort.add_argument("--full", dest="effort", action="store_const", const=plan.FULL,
                        help="all cases, more rounds, longer ones: about twenty minutes")
    parser.add_argument("--only", type=modes_of, metavar="MODE[,MODE]", default=list(plan.MODES),
                        help=f"of {', '.join(plan.MODES)}")
    parser.add_argument("--output", type=Path, metavar="DIR",
                        help="where results.csv, tables.md, lines.txt and plots go; without it, a new "
                             "directory in build/bench-router")
    parser.add_argument("--rounds", type=at_least_one, metavar="N",
                        help="so many, whatever else is said")
    parser.add_argument("--cpus", type=cpus_of, metavar="SERVER,LOAD",
                        help="which core each has; without it, the last and the first there is")
    parser.add_argument("--build", type=Path, metavar="DIR", default=TREE / "build/release",
                        help="a build that is there; without it, `release` is built")
    return parser.parse_args()


def head_of(programs, cpus, effort):
    """The lines that figures are worth nothing without."""
    head = machine()
    head["compiler"] = compiler_of(programs.build)
    head["server"] = f"CPU {cpus[0]}"
    head["load"] = f"CPU {cpus[1]}"
    head["rounds"] = str(effort.rounds)
    head["a measurement"] = f"{effort.seconds} s after {effort.warmup} s"
    lines = ["; ".join(f"{name}: {value}" for name, value in head.items())]
    there = dict.fromkeys(subject.program for subject in programs.there)
    lines.append("; ".join(f"{name} {programs.version(name)}".rstrip() for name in there))
    for subject in programs.missing:
        lines.append(f"{subject.program}: not installed, package {PROGRAMS[subject.program].package}")
    if cpus[0] == cpus[1]:
        lines.append("server and load share a core: figures other than CPU time say little")
    return lines


def main():
    options = arguments()
    started = time.monotonic()
    sys.stdout.reconfigure(line_buffering=True)
    programs = Programs(options.build)
    effort = options.effort
    if options.rounds:
        effort = dataclasses.replace(effort, rounds=options.rounds)
    cases = plan.cases(effort, options.only)
    cpus = running.choose_cpus(options.cpus)
    out = new_directory(options.output, "bench-router")
    results = Results(programs.names(PEER))

    server.end_in_order()
    running.allow_connections()
    head = head_of(programs, cpus, effort)
    print("\n".join(head))
    with open(out / "lines.txt", "w", encoding="utf-8") as lines:
        runner = running.Runner(programs, results, lines, cpus, effort)
        print(f"this takes about {runner.estimate_s(cases) / 60:.0f} minutes", file=sys.stderr)
        try:
            runner.run(cases)
        except (KeyboardInterrupt, SystemExit):
            print("ended early: what follows is of the rounds so far", file=sys.stderr)
    results.write_csv(out / "results.csv")

    report = list(tables.sections(results, runner.failures, options.only,
                                  {(case.mode, case.name) for case in cases}))
    tables.show(report)
    tables.write_markdown(report, head, out / "tables.md")
    drawn = plots.draw_all(results, out)
    made = ["results.csv", "tables.md", "lines.txt", *drawn]
    print(f"medians of {effort.rounds} rounds, {time.monotonic() - started:.0f} s; in {out}: "
          f"{', '.join(made)}{'' if available() else '; no plots for want of gnuplot'}")


if __name__ == "__main__":
    main()
