"""Packages of Node: gearmanode, node-gearman and abraxas, each a client and a worker of its own.

They are installed below the build directory, in the versions that node/package-lock.json names, the
first time the test runs.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import clients_rig as rig

PACKAGES = "nodejs npm"
SOURCE = rig.HERE / "node"
BUILD = Path(os.environ.get("PMADD_CLIENTS_BUILD") or tempfile.gettempdir()) / "node"


def install():
    """Installs the packages, unless that was done; skips the tests where it cannot be done."""
    lock = SOURCE / "package-lock.json"
    done = BUILD / "installed.json"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return
    rig.need_commands(PACKAGES, "npm")
    BUILD.mkdir(parents=True, exist_ok=True)
    for file in (lock, SOURCE / "package.json"):
        shutil.copy(file, BUILD)
    try:
        npm = rig.lib.run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                          "--fetch-retries=1", "--loglevel=error", cwd=BUILD)
    except subprocess.TimeoutExpired:
        rig.missing("npm did not come to an end: is its registry reachable?")
    if npm.returncode != 0:
        rig.missing(f"npm could not install the packages:\n{npm.stderr}")
    shutil.copy(lock, done)


rig.need_commands(PACKAGES, "node")
install()
os.environ["NODE_PATH"] = str(BUILD / "node_modules")


def case(program):
    return rig.scenario_case("node", "--no-deprecation", SOURCE / program)


class Gearmanode(case("gearmanode.js")):
    pass


class NodeGearman(case("node-gearman.js")):
    pass


class Abraxas(case("abraxas.js")):
    pass


if __name__ == "__main__":
    rig.main()
