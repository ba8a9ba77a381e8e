"""Rounds: every subject in turn at each case, then the next case, then all again.

Whatever the machine does meanwhile hits all of them alike. The order changes from case to case.
"""

import random
import sys


def turns(cases, rounds, subjects_of):
    """Yields (round, case, subject). A case has a `mode`, a `name`, how many `times` it is run in a
    round, and whether it is run `once`: in the first round only."""
    cases = list(cases)
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr, flush=True)
        for case in cases:
            if number > 1 and case.once:
                continue
            subjects = list(subjects_of(case))
            for _ in range(case.times):
                random.Random(f"{number} {case.mode} {case.name}").shuffle(subjects)
                for subject in subjects:
                    yield number, case, subject
