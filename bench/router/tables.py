"""Everything that is printed: a table a mode, what was not to be had, and the goals. The same tables go
to a file as Markdown."""

import goals
from comparison.table import markdown, number, ratio, table
from plan import MODES
from subjects import NAMES

BEST = "best"
# Ratios that a table shows, of those subjects that it has.
RATIOS = (("pushed/relay", "pmadd_pushed", "relay"),
          ("pushed/best", "pmadd_pushed", BEST),
          ("classic/gearmand", "pmadd_classic", "gearmand"),
          ("tcp/gearmand", "pmadd_tcp", "gearmand"))
GOALS_TITLE = "goals of pmadd"
GOALS_HEAD = ["work", "figure", "pmadd", "other", "ratio", "goal", "verdict"]


def ratio_of(results, mode, case, row, subject, against):
    if against == BEST:
        return results.ratio(mode, case, row, subject)
    key = mode, case, row.figure
    return results.over(key, results.median(*key, subject), results.median(*key, against))


def compared(results, mode, case, row, ratios):
    """The best peer, and each of the ratios, as text."""
    if not row.cell:
        return ["", *("" for _ in ratios)]
    best, _ = results.best_peer(mode, case, row.figure, row.better)
    return [best or "-", *(ratio(ratio_of(results, mode, case, row, subject, against))
                           for _, subject, against in ratios)]


def mode_table(results, name):
    """All cases of a mode, as (title, head, rows): a row a figure, with medians and ratios."""
    mode = MODES[name]
    shown = [subject for subject in NAMES
             if any(key[0] == name and key[3] == subject for key in results.values)]
    ratios = [entry for entry in RATIOS
              if entry[1] in shown and (entry[2] in shown or entry[2] == BEST)]
    rows = []
    for case in results.cases(name):
        for row in mode.rows:
            values = [results.median(name, case, row.figure, subject) for subject in shown]
            if any(value is not None for value in values):
                rows.append([f"{case} {row.figure}", *(number(value) for value in values),
                             *compared(results, name, case, row, ratios)])
    head = ["case, figure", *shown, "best peer", *(title for title, _, _ in ratios)]
    return mode.title, head, rows


def failure_lines(failures, name):
    """What was not to be had of a mode, and why."""
    return [f"{subject}: {case}: not available{times(reasons)}: {reasons[-1]}"
            for (mode, case, subject), reasons in failures.items() if mode == name]


def times(reasons):
    return f" ({len(reasons)} times)" if len(reasons) > 1 else ""


def goal_row(outcome):
    goal = outcome.goal
    against = "" if goal["against"] == "nothing" else f" {goal['as']} {goal['against']}"
    return [goal["work"], f"{goal['figure']}{against}", number(outcome.value), number(outcome.other),
            ratio(outcome.ratio), f"{goal['sense']} {goal['bound']}", outcome.verdict()]


def why(goal, failures):
    """What is known of why a goal is not met."""
    reasons = failures.get((goal["mode"], goal["case"], goal["subject"]))
    if reasons:
        return f": {reasons[-1]}"
    return f": {goal['reason']}" if goal["reason"] else ""


def goal_lines(outcomes, failures):
    """The goals that are not met, with the reason where one is known; then how many are."""
    lines = []
    for outcome in outcomes:
        work, figure, _, _, reached, bound, verdict = goal_row(outcome)
        if verdict != "met":
            lines.append(f"{verdict}: {work}, {figure}: {reached}, wanted {bound}"
                         f"{why(outcome.goal, failures)}")
    verdicts = [outcome.verdict() for outcome in outcomes]
    return [*(lines or ["no goal is short"]),
            f"goals met: {verdicts.count('met')} of {len(verdicts)}, "
            f"short: {verdicts.count('short')}, not measured: {verdicts.count('not measured')}"]


def sections(results, failures, modes, planned):
    """Yields (title, head, rows, lines below) of everything there is to say. Goals are those about what
    was planned, a set of (mode, case)."""
    for mode in modes:
        yield *mode_table(results, mode), failure_lines(failures, mode)
    asked, left = goals.outcomes(results, planned)
    lines = goal_lines(asked, failures)
    if left:
        lines.append(f"goals about what this run was not asked for: {left}")
    yield GOALS_TITLE, GOALS_HEAD, [goal_row(outcome) for outcome in asked], lines


def show(report):
    for title, head, rows, lines in report:
        if rows:
            table(title, head, rows)
        if lines:
            print("\n" + "\n".join(lines))


def write_markdown(report, head_lines, path):
    with open(path, "w", encoding="utf-8") as file:
        print("\n\n".join(head_lines), file=file)
        for title, head, rows, lines in report:
            if rows or lines:
                print(f"\n## {title}", file=file)
            if rows:
                print(f"\n{markdown(head, rows)}", file=file)
            if lines:
                print("\n" + "\n".join(f"- {line}" for line in lines), file=file)
