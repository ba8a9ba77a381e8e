"""PMAD beside its peers: runs all of bench_alloc_*, prints tables, goals, and what it comes to."""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import plan  # noqa: E402
import plots  # noqa: E402
import running  # noqa: E402
import tables  # noqa: E402
from comparison.machine import TREE, cache_of, compiler_of, machine, new_directory  # noqa: E402
from figures import Results  # noqa: E402
from subjects import CALL, PEER, Programs  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(prog="bench/allocator/run", description=__doc__)
    effort = parser.add_mutually_exclusive_group()
    effort.add_argument("--quick", dest="effort", action="store_const", const=plan.QUICK,
                        default=plan.QUICK, help="about two minutes; the default")
    effort.add_argument("--full", dest="effort", action="store_const", const=plan.FULL,
                        help="more rounds and more samples: up to twenty minutes")
    parser.add_argument("--out", type=Path, metavar="DIR",
                        help="where results.csv, plots and raw samples go; without it, a new "
                             "directory in build/bench-allocator")
    parser.add_argument("--rounds", type=int, metavar="N", help="so many, whatever else is said")
    parser.add_argument("--cpu", type=int, metavar="N",
                        help="measure on this one; without it, on the last there is")
    parser.add_argument("--no-huge-pages", dest="huge_pages", action="store_false",
                        help="pools do without them")
    parser.add_argument("--programs", type=Path, metavar="DIR",
                        default=TREE / "build/release/bench/allocator",
                        help="where bench_alloc_* are; without it, in the release build")
    return parser.parse_args()


def print_head(programs, cpu, huge_pages):
    facts = {subject: programs.facts(subject) for subject in programs.there}
    clock = facts[programs.there[0]]
    head = machine()
    head["compiler"] = compiler_of(programs.build())
    head["measured on"] = f"CPU {cpu}"
    head["clock"] = (f"{clock['clock']}, {float(clock['tick']):.3f} ns a tick, "
                     f"floor {float(clock['floor']):.1f} ns (subtracted)")
    head["pools"] = "prefault, huge pages if to be had" if huge_pages else "prefault"
    print("; ".join(f"{name}: {value}" for name, value in head.items()))
    for subject, said in facts.items():
        if subject.kind == PEER:
            print(f"peer {subject.name}: {said['version']}, {said['library']}")
    for subject in programs.missing:
        print(f"peer {subject.name}: missing, install {subject.package}")


def print_results(results, programs, engine, objects):
    for mode in plan.MODES:
        tables.mode_table(results, programs, mode)
    for size, count in objects.items():
        if count < plan.OBJECTS:
            print(f"memory {size}: of {count} objects only, the machine has no room for more")
    tables.goal_table(results, engine)
    tables.layout_lines(results, engine)
    print()
    for name in programs.names(CALL):
        size = programs.text_size(name)
        print(f"code of {name}: {'unknown' if size is None else size} bytes of .text, "
              "at -O2: to make a pool and to use it, without a system underneath")


def main():
    options = arguments()
    started = time.monotonic()
    sys.stdout.reconfigure(line_buffering=True)
    programs = Programs(options.programs)
    engine = cache_of(programs.build(), "PMAD_FREE_LIST")
    effort = options.effort
    if options.rounds:
        effort = dataclasses.replace(effort, rounds=options.rounds)
    cpu = running.choose_cpu(options.cpu)
    out = new_directory(options.out, "bench-allocator")
    objects = running.objects_that_fit(plan.SIZES, plan.OBJECTS)
    results = Results(programs.names(PEER))

    print_head(programs, cpu, options.huge_pages)
    runner = running.Runner(programs, results, out / "raw", cpu, options.huge_pages)
    runner.run(plan.cases(effort, objects, tables.layouts()), effort.rounds)
    results.write_csv(out / "results.csv")
    drawn = plots.draw_all(results, [subject.name for subject in programs.there], out)

    print_results(results, programs, engine, objects)
    print(f"medians of {effort.rounds} rounds, {time.monotonic() - started:.0f} s; in {out}: "
          f"results.csv, raw, {', '.join(drawn) or 'no plots for want of gnuplot'}")
    for subject in (f"{engine}_shared", f"{engine}_inline"):
        print(f"{subject}: {tables.cells_line(results, subject)}")
    print(tables.cells_line(results, engine))


if __name__ == "__main__":
    main()
