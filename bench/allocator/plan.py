"""What is measured: modes and their cases, how much of each, and which figures are shown and counted."""

import dataclasses

from comparison.results import HIGHER, Row
from subjects import CALL, FLOOR, GUARDED, INLINE, PEER, SHARED

SIZES = (16, 64, 256, 1024, 4096)
OBJECTS = 1000000  # of each size, to see what memory they take
POOLS = (CALL, SHARED, INLINE)
REAL = (PEER, *POOLS)
ALL = (FLOOR, *REAL)
EVERY = (*ALL, GUARDED)  # the guarded build is shown where its cost is, and counted nowhere


def spread(name, *points):
    return tuple(Row(f"{name} {point}") for point in points)


@dataclasses.dataclass(frozen=True)
class Mode:
    title: str
    rows: tuple
    kinds: tuple = REAL


TAIL = ("p50", "p90", "p99", "p99.9")

MODES = {
    "hot": Mode("hot: one block taken and given back, ns; pair is an average of 32",
                spread("pair", *TAIL) + spread("alloc", *TAIL) + spread("free", *TAIL), EVERY),
    "batch": Mode("batch: N taken, then all given back, Mops/s; a word written to each, or not",
                  (Row("untouched p50", HIGHER), Row("written p50", HIGHER)), ALL),
    "churn": Mode("churn: one of 262144 live objects replaced by chance, ns; shares of all steps",
                  spread("step", "p50", "p99", "p99.9")
                  + tuple(Row(figure, cell=False)
                          for figure in ("step from_100ns", "step from_1us", "step from_10us",
                                         "step max", "windows drift")), EVERY),
    "order": Mode("order: 64 B given back in an order and taken again, ns a call",
                  spread("free", "p50") + spread("alloc", "p50") + spread("alloc+write", "p50")),
    "startup": Mode("startup: from nothing to 1000000 objects of 64 B, each written once",
                    (Row("startup wall"), Row("startup faults", cell=False))),
    "memory": Mode("memory: resident bytes an object, every byte written",
                   (Row("resident object", cell=False),)),
    "quiet": Mode("quiet: system calls and page faults in 10 million replacements, after warming up",
                  (Row("system calls", cell=False), Row("system faults", cell=False))),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One thing that each allocator is asked for, in a fresh process, `times` in a round."""
    mode: str
    name: str
    arguments: tuple
    kinds: tuple
    times: int = 1
    once: bool = False  # in the first round only: it does not vary
    raw: bool = True


@dataclasses.dataclass(frozen=True)
class Effort:
    rounds: int
    hot: int
    batches: dict
    churn: int
    orders: dict
    profile: int


QUICK = Effort(rounds=3, hot=20000, batches={1000: 200, 100000: 4}, churn=400000,
               orders={100000: 5, 1000000: 2}, profile=5000)
FULL = Effort(rounds=9, hot=100000, batches={1000: 1000, 100000: 10}, churn=1000000,
              orders={100000: 11, 1000000: 5}, profile=20000)


def case(mode, name, *arguments, **more):
    words = tuple(str(argument) for argument in arguments)
    return Case(mode, str(name), words, MODES[mode].kinds, **more)


def cases(effort, objects, profiles):
    """Everything that is measured. `objects` is how many the memory of this machine lets live at once,
    by size; `profiles` the names of the reference layouts."""
    for size in SIZES:
        yield case("hot", size, "--size", size, "--repeat", effort.hot)
    for count, repeat in effort.batches.items():
        for size in SIZES:
            yield case("batch", f"{count}x{size}", "--count", count, "--size", size,
                       "--repeat", repeat)
    for size in (64, 1024, "mixed"):
        yield case("churn", size, "--size", size, "--repeat", effort.churn)
    for count, repeat in effort.orders.items():
        for order in ("lifo", "fifo", "random"):
            yield case("order", f"{order}-{count}", "--count", count, "--order", order,
                       "--repeat", repeat)
    yield case("startup", 64, times=3)
    for size in SIZES:
        yield case("memory", size, "--size", size, "--count", objects[size], once=True, raw=False)
    yield case("quiet", 64, once=True, raw=False)
    for profile in profiles:
        yield Case("profile", profile, ("--profile", profile, "--repeat", str(effort.profile)),
                   POOLS, raw=False)
