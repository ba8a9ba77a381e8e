"""Figures by mode, case, name and subject: all values that were measured, their medians, ratios."""

import collections
import csv
import dataclasses
import statistics

LOWER, HIGHER = "lower", "higher"  # which is better


@dataclasses.dataclass(frozen=True)
class Row:
    """A figure that a mode's table shows. A cell is one that is counted."""
    figure: str
    better: str = LOWER
    cell: bool = True


class Results:
    def __init__(self, peers):
        self.peers = peers
        self.values = collections.defaultdict(list)  # (mode, case, figure, subject)
        self.units = {}  # (mode, case, figure)
        self.resolutions = {}  # (mode, case, figure): the least that can be told apart

    def put(self, key, subject, value, unit, resolution=0.0):
        """Takes one more value of `key`: mode, case, figure."""
        self.values[(*key, subject)].append(value)
        self.units[key] = unit
        self.resolutions[key] = resolution

    def median(self, mode, case, figure, subject):
        """The median over all processes; None if it was not measured."""
        values = self.values.get((mode, case, figure, subject))
        return statistics.median(values) if values else None

    def cases(self, mode):
        """The names of a mode's cases, in the order in which they were run."""
        return list(dict.fromkeys(key[1] for key in self.values if key[0] == mode))

    def best_peer(self, mode, case, figure, better):
        """(name, value) of the peer that does best."""
        known = [(self.median(mode, case, figure, peer), peer) for peer in self.peers]
        known = [pair for pair in known if pair[0] is not None]
        if not known:
            return None, None
        value, name = (max if better == HIGHER else min)(known)
        return name, value

    def over(self, key, value, other):
        """`value` over `other`, neither of them finer than could be told; None without both."""
        least = self.resolutions.get(key, 0)
        if value is None or other is None:
            return None
        if max(other, least) == 0:
            return 1.0 if value == 0 else float("inf")
        return max(value, least) / max(other, least)

    def ratio(self, mode, case, row, subject):
        """The figure of `subject` over that of the best peer."""
        _, best = self.best_peer(mode, case, row.figure, row.better)
        key = mode, case, row.figure
        return self.over(key, self.median(*key, subject), best)

    def write_csv(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(("mode", "case", "figure", "unit", "subject", "median", "least", "most",
                          "processes"))
            for (mode, case, figure, subject), values in self.values.items():
                out.writerow((mode, case, figure, self.units[mode, case, figure], subject,
                              f"{statistics.median(values):.9g}", min(values), max(values),
                              len(values)))
