"""What the programs print, as results; and what counts as level."""

from comparison import results
from comparison.results import HIGHER

WORDS = ("subject", "mode", "size", "count", "order", "figure", "unit", "samples", "resolution")


class Results(results.Results):
    def add(self, case, subject, line):
        """Takes one line of a program: `key=value` throughout."""
        said = dict(word.split("=", 1) for word in line.split())
        # The classes of a reference layout differ by their size alone.
        prefix = said["size"] if case.mode == "profile" else said["figure"]
        for name in said.keys() - set(WORDS):
            key = case.mode, case.name, f"{prefix} {name}"
            self.put(key, subject, float(said[name]), said["unit"], float(said.get("resolution", 0)))


def is_level(ratio, better):
    """Whether a cell counts as level or better: its ratio, times over the best peer's or the best
    peer's throughput over its own, is at most 1.00 when rounded to two places."""
    if better == HIGHER:
        ratio = 1 / ratio
    return round(ratio, 2) <= 1.00
