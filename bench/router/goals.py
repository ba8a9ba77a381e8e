"""The goals of goals.csv against what was measured.

A row bounds `figure` of `subject` in a case. `against` is a subject, `best` the best peer, a path
MODE/CASE/FIGURE another figure of the same subject, and `nothing` makes it the figure itself. `as` is
`over`: the figure over the other; or `times less`: the other over the figure. `reason` is said where a
goal is short.
"""

import dataclasses
from pathlib import Path

from comparison import goal as goal_rows

FILE = Path(__file__).with_name("goals.csv")


@dataclasses.dataclass(frozen=True)
class Outcome:
    goal: dict
    value: float  # None: not measured
    other: float
    ratio: float

    @property
    def bound(self):
        return float(self.goal["bound"])

    def verdict(self):
        return goal_rows.verdict(self.ratio, self.goal["sense"], self.bound)


def other_of(results, goal, key):
    against = goal["against"]
    if against == "best":
        return results.best_peer(*key, goal_rows.better(goal["sense"]))[1]
    if "/" in against:
        return results.median(*against.split("/", 2), goal["subject"])
    return results.median(*key, against)


def outcome(results, goal):
    key = goal["mode"], goal["case"], goal["figure"]
    value = results.median(*key, goal["subject"])
    if goal["against"] == "nothing":
        return Outcome(goal, value, None, value)
    other = other_of(results, goal, key)
    pair = (value, other) if goal["as"] == "over" else (other, value)
    return Outcome(goal, value, other, results.over(key, *pair))


def cases_of(goal):
    """The cases that it takes to judge it, each a mode and a name."""
    cases = {(goal["mode"], goal["case"])}
    if "/" in goal["against"]:
        cases.add(tuple(goal["against"].split("/")[:2]))
    return cases


def outcomes(results, planned):
    """Of the goals about cases that were planned, and how many others there are."""
    goals = goal_rows.read(FILE)
    asked = [goal for goal in goals if cases_of(goal) <= planned]
    return [outcome(results, goal) for goal in asked], len(goals) - len(asked)
