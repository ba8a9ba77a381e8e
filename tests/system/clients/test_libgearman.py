"""A program on libgearman, the library that clients in many other languages stand on."""

import os

import clients_rig as rig

PROGRAM = os.environ.get("PMADD_LIBGEARMAN_SCENARIOS", "")

if not PROGRAM:
    rig.missing("libgearman was not found when the tests were built: install libgearman-dev")


class Libgearman(rig.scenario_case(PROGRAM)):
    pass


if __name__ == "__main__":
    rig.main()
