"""PHP's extension: GearmanClient and GearmanWorker, which stand on libgearman."""

import clients_rig as rig

PACKAGES = "php-cli php-gearman"

rig.need_commands(PACKAGES, "php")
if rig.lib.run("php", "-r", "exit(class_exists('GearmanClient') ? 0 : 1);").returncode != 0:
    rig.missing(f"PHP does not know GearmanClient: install {PACKAGES}")


class Php(rig.scenario_case("php", rig.HERE / "php" / "scenarios.php")):
    pass


if __name__ == "__main__":
    rig.main()
