"""Goals as data: rows of a CSV file, and when one is met."""

import csv

from .results import HIGHER, LOWER


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def better(sense):
    """Which side of a bound is wanted."""
    return HIGHER if sense.startswith(">") else LOWER


def verdict(value, sense, bound):
    """`met`, `short`, or `not measured`. Bounds have two places, and so have what they bound."""
    if value is None:
        return "not measured"
    value = round(value, 2)
    met = {">=": value >= bound, "<=": value <= bound, "<": value < bound}[sense]
    return "met" if met else "short"
