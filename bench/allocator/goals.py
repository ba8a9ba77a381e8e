"""The goals of goals.csv against what was measured.

A row bounds the ratio of a figure to `against`: `best` is the best peer, a name is that allocator, a
path MODE/CASE/FIGURE is another figure of the same subject, and `nothing` makes it the figure itself.
`call` and `inline` are the bounds, `-` where there is none; `reason` is said where one is missed. What
is bound as a call is also shown, as `shared`, for the engine behind a shared object.
"""

import dataclasses
from pathlib import Path

from comparison import goal as goal_rows

FILE = Path(__file__).with_name("goals.csv")


@dataclasses.dataclass(frozen=True)
class Outcome:
    goal: dict
    way: str  # "call", "shared" or "inline"
    ratio: float  # None: not measured
    bound: float

    def verdict(self):
        return goal_rows.verdict(self.ratio, self.goal["sense"], self.bound)


def ratio_of(results, goal, subject):
    key = goal["mode"], goal["case"], goal["figure"]
    value = results.median(*key, subject)
    against = goal["against"]
    if against == "nothing":
        return value
    if against == "best":
        _, other = results.best_peer(*key, goal_rows.better(goal["sense"]))
    elif "/" in against:
        other = results.median(*against.split("/", 2), subject)
    else:
        other = results.median(*key, against)
    return results.over(key, value, other)


def outcomes(results, engine):
    """Each goal, once for each way in which it has a bound."""
    for goal in goal_rows.read(FILE):
        for way, bound in (("call", "call"), ("shared", "call"), ("inline", "inline")):
            subject = engine if way == "call" else f"{engine}_{way}"
            if goal[bound] != "-":
                yield Outcome(goal, way, ratio_of(results, goal, subject), float(goal[bound]))
