"""Figures by mode, case, name and allocator: all values that were measured, their medians, ratios."""

import collections
import csv
import statistics

from plan import HIGHER

WORDS = ("subject", "mode", "size", "count", "order", "figure", "unit", "samples", "resolution")


class Results:
    def __init__(self, peers):
        self.peers = peers
        self.values = collections.defaultdict(list)  # (mode, case, figure, subject)
        self.units = {}  # (mode, case, figure)
        self.resolutions = {}  # (mode, case, figure): the least that can be told apart

    def add(self, case, subject, line):
        """Takes one line of a program: `key=value` throughout."""
        said = dict(word.split("=", 1) for word in line.split())
        # The classes of a reference layout differ by their size alone.
        prefix = said["size"] if case.mode == "profile" else said["figure"]
        for name in said.keys() - set(WORDS):
            key = case.mode, case.name, f"{prefix} {name}"
            self.values[(*key, subject)].append(float(said[name]))
            self.units[key] = said["unit"]
            self.resolutions[key] = float(said.get("resolution", 0))

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
        """`value` over `other`, neither of them finer than the clock could tell; None without both."""
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


def is_level(ratio, better):
    """Whether a cell counts as level or better: its ratio, times over the best peer's or the best
    peer's throughput over its own, is at most 1.00 when rounded to two places."""
    if better == HIGHER:
        ratio = 1 / ratio
    return round(ratio, 2) <= 1.00
