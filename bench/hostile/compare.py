"""What do others notice of an attack? compare.py [--judge] [ATTACK ...]

One stable line an attack:

    bench=hostile attack=... count=... rounds=... attack_s=... p50_us=... p99_us=... longest_us=...
    quiet_p99_us=... ratio=... goal=...

(in one line).

A bystander does tasks of its own, one after the other, on two connections: a while in peace, then as
long as the attack lasts, ROUNDS times in turn. Printed are medians over the rounds; `ratio` is P99 under
the attack by P99 in peace, and `attack_s` how long the attack took: a machine that does much else makes
for slow attackers, and for a ratio that says little. Daemon and bystander run ahead of everybody
(SCHED_RR), attackers ahead of what else the machine does; where that is not allowed, attackers run
behind everybody (SCHED_IDLE). So what is compared is what the daemon does, and not who gets how much of
two cores. With --judge the exit status says whether every goal is met.
"""

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "system"))

import hostile  # noqa: E402
import pmadd_testlib as lib  # noqa: E402

ROUNDS = 5
MEASURED = ("chrt", "--rr", "1")
ATTACKERS = ("nice", "-n", "-10")
if lib.run(*MEASURED, *ATTACKERS, "true").returncode != 0:
    MEASURED, ATTACKERS = (), ("chrt", "--idle", "0")

# Name, how much of it, whether it is held while the bystander works, and the goal for the ratio (0: none
# is set, and what counts is the longest). What is not held goes on for some tenths of a second, so that
# the bystander has its share of it.
ATTACKS = (
    ("malformed", 100_000, False, 3),
    ("noise", 60_000_000, False, 3),
    ("connects", 100_000, False, 2),
    ("trickle", 500, True, 2),
    ("idle", 10_000, True, 2),
    ("silent", 500, True, 2),
    ("headers", 5_000_000, False, 0),
    ("submits", 1_000_000, False, 0),
    ("echoes", 5_000, False, 0),
    ("listings", 20_000, False, 0),
    ("jobs", 200, False, 0),
)
CONFIG = "[limits]\nconnections = 10100\n"
FUNCTIONS = 200  # that listings have to say something about
TASKS = 20_000


def populate(daemon):
    """Functions and tasks, so that listings are worth asking for."""
    with daemon.connect() as peer:
        for number in range(FUNCTIONS):
            peer.submit(f"function number {number}", kind=lib.SUBMIT_JOB_BG)
        for _ in range(TASKS // 500):
            peer.raw(lib.frame(lib.SUBMIT_JOB_BG, "many", "", "") * 500)
            for _ in range(500):
                peer.expect(lib.JOB_CREATED)


def once(daemon, name, seed, count, holds):
    """The bystander in peace, and during the attack, beginning later and ending as it does; and how
    long that took."""
    before = hostile.quiet(daemon, wrap=MEASURED)
    with hostile.Attack(daemon, name, seed, count, wrap=ATTACKERS) as attacker:
        if holds:
            attacker.ready()
            return before, hostile.quiet(daemon, wrap=MEASURED), 0
        began = time.monotonic()
        with hostile.Probe(daemon, wrap=MEASURED) as during:
            attacker.wait()
            seconds = time.monotonic() - began
    return before, during, seconds


def compare(name, count, holds, goal):
    """All rounds of one attack, each seed another; true if the goal is met."""
    runs = []
    with lib.Daemon(CONFIG, wrap=MEASURED) as daemon:
        populate(daemon)
        for seed in range(1, ROUNDS + 1):
            runs.append(once(daemon, name, seed, count, holds))
    quiet = statistics.median(before.p99 for before, _, _ in runs)
    p50, p99, longest = (statistics.median(getattr(during, figure) for _, during, _ in runs)
                         for figure in ("p50", "p99", "longest"))
    print(f"bench=hostile attack={name} count={count} rounds={ROUNDS} "
          f"attack_s={statistics.median(seconds for _, _, seconds in runs):.2f} p50_us={p50:.1f} "
          f"p99_us={p99:.1f} longest_us={longest:.1f} quiet_p99_us={quiet:.1f} "
          f"ratio={p99 / quiet:.2f} goal={goal or '-'}", flush=True)
    return goal == 0 or p99 < goal * quiet


def main(words):
    judge = "--judge" in words
    wanted = [word for word in words if word != "--judge"]
    unknown = set(wanted) - {attack[0] for attack in ATTACKS}
    if unknown:
        sys.exit(f"compare.py: no such attack: {', '.join(sorted(unknown))}")
    met = [compare(*attack) for attack in ATTACKS if not wanted or attack[0] in wanted]
    return 1 if judge and not all(met) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
