"""Everything that is printed: a table a mode, the goals, the reference layouts, the last line."""

import csv
from pathlib import Path

import goals
from comparison.results import HIGHER
from comparison.table import number, ratio, table
from figures import is_level
from plan import MODES, POOLS
from subjects import FLOOR, GUARDED, PEER


def mode_table(results, programs, name):
    """All cases of a mode: a line a figure, the medians, and ratios of ours to the best peer."""
    mode = MODES[name]
    ours = programs.names(*POOLS, *[kind for kind in (GUARDED,) if kind in mode.kinds])
    shown = programs.names(*[kind for kind in (FLOOR, PEER) if kind in mode.kinds]) + ours
    head = ["case, figure", *shown, "best peer", *(f"/{subject}" for subject in ours)]
    rows = []
    for case in results.cases(name):
        for row in mode.rows:
            best, _ = results.best_peer(name, case, row.figure, row.better)
            rows.append([f"{case} {row.figure}",
                         *(number(results.median(name, case, row.figure, who)) for who in shown),
                         best or "-",
                         *(ratio(results.ratio(name, case, row, who)) for who in ours)])
    better = "higher" if mode.rows[0].better == HIGHER else "lower"
    table(f"{mode.title}; {better} is better; /NAME: NAME over the best peer", head, rows)


def goal_table(results, engine):
    """Every goal; then those that are not met, with the reason where one is known."""
    rows = []
    missed = []
    for outcome in goals.outcomes(results, engine):
        goal = outcome.goal
        what = f"{goal['mode']} {goal['case']} {goal['figure']} / {goal['against']}"
        bound = f"{goal['sense']} {outcome.bound:g}"
        verdict = outcome.verdict()
        rows.append([what, outcome.way, ratio(outcome.ratio), bound, verdict])
        if verdict != "met":
            reason = f": {goal['reason']}" if goal["reason"] else ""
            missed.append(f"{verdict}: {what}, {outcome.way}: {ratio(outcome.ratio)}, "
                          f"wanted {bound}{reason}")
    table(f"goals: the engine is {engine}", ["figure / against", "as", "ratio", "goal", ""], rows)
    print()
    print("\n".join(missed) if missed else "no goal is short")
    for way in ("shared", "inline", "call"):
        verdicts = [row[-1] for row in rows if row[1] == way]
        print(f"goals met, {way}: {verdicts.count('met')} of {len(verdicts)}")


def layouts():
    path = Path(__file__).with_name("layouts.csv")
    with open(path, newline="", encoding="utf-8") as file:
        return {row["name"]: row["made_for"] for row in csv.DictReader(file)}


def layout_lines(results, engine):
    """What the reference layouts reach, class by class, with the engine as a call."""
    print(f"\nreference layouts: {engine}, by class; ns a hot pair, blocks a MiB of the class, bytes of"
          " a block that are not payload")
    for name, made_for in layouts().items():
        sizes = sorted({int(key[2].split()[0]) for key in results.values
                        if key[:2] == ("profile", name)})

        def by_class(figure, form, name=name, sizes=sizes):
            return "/".join(form(results.median("profile", name, f"{size} {figure}", engine))
                            for size in sizes)

        print(f"{name}: {'/'.join(map(str, sizes))} B at {by_class('share', '{:.0f}'.format)} %: "
              f"pair {by_class('p50', '{:.2f}'.format)} ns, "
              f"{by_class('per_mib', '{:.0f}'.format)} blocks a MiB, "
              f"{by_class('overhead', '{:.1f}'.format)} B overhead; for {made_for}")


def cells_line(results, subject):
    """How many figures of one of ours are level with the best peer's, or better."""
    level = total = 0
    for name, mode in MODES.items():
        for case in results.cases(name):
            for row in mode.rows:
                value = results.ratio(name, case, row, subject) if row.cell else None
                if value is not None:
                    total += 1
                    level += is_level(value, row.better)
    return f"cells level or better: {level} of {total}"
