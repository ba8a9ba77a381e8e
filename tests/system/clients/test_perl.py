"""Perl's Gearman::Client and Gearman::Worker."""

import clients_rig as rig

PACKAGES = "perl libgearman-client-perl"

rig.need_commands(PACKAGES, "perl")
if rig.lib.run("perl", "-MGearman::Worker", "-e1").returncode != 0:
    rig.missing(f"Perl does not know Gearman::Worker: install {PACKAGES}")


class Perl(rig.scenario_case("perl", rig.HERE / "perl" / "scenarios.pl")):
    pass


if __name__ == "__main__":
    rig.main()
