"""The goals of goals.csv against what was measured.

A row bounds the ratio of a figure to `against`: `best` is the best peer, a name is that allocator, a
path MODE/CASE/FIGURE is another figure of the same subject, and `nothing` makes it the figure itself.
`call` and `inline` are the bounds, `-` where there is none; `reason` is said where one is missed. What
is bound as a call is also shown, as `shared`, for the engine behind a shared object.
"""

import csv
import dataclasses
from pathlib import Path

from plan import HIGHER, LOWER

FILE = Path(__file__).with_name("goals.csv")


@dataclasses.dataclass(frozen=True)
class Outcome:
    goal: dict
    way: str  # "call", "shared" or "inline"
    ratio: float  # None: not measured
    bound: float

    def verdict(self):
        """`met`, `short`, or `not measured`. Bounds have two places, and so have what they bound."""
        if self.ratio is None:
            return "not measured"
        ratio = round(self.ratio, 2)
        met = ratio >= self.bound if self.goal["sense"] == ">=" else ratio <= self.bound
        return "met" if met else "short"


def read():
    with open(FILE, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def ratio_of(results, goal, subject):
    key = goal["mode"], goal["case"], goal["figure"]
    value = results.median(*key, subject)
    against = goal["against"]
    if against == "nothing":
        return value
    if against == "best":
        _, other = results.best_peer(*key, HIGHER if goal["sense"] == ">=" else LOWER)
    elif "/" in against:
        other = results.median(*against.split("/", 2), subject)
    else:
        other = results.median(*key, against)
    return results.over(key, value, other)


def outcomes(results, engine):
    """Each goal, once for each way in which it has a bound."""
    for goal in read():
        for way, bound in (("call", "call"), ("shared", "call"), ("inline", "inline")):
            subject = engine if way == "call" else f"{engine}_{way}"
            if goal[bound] != "-":
                yield Outcome(goal, way, ratio_of(results, goal, subject), float(goal[bound]))
