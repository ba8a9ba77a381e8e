"""What is known of the machine before anything is measured, and where results of it go."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]


def output_of(*command, **more):
    """What a command prints; an empty text if there is no such command, or it fails."""
    if shutil.which(command[0]) is None:
        return ""
    run = subprocess.run(command, check=False, capture_output=True, text=True, **more)
    return run.stdout.strip() if run.returncode == 0 else ""


def plain_environment():
    """No variable that changes what a program does."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def machine():
    """The lines that figures are worth nothing without."""
    model = re.search(r"Model name:\s*(.*)", output_of("lscpu", env=plain_environment()))
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return {
        "machine": f"{model.group(1) if model else os.uname().machine}, {os.cpu_count()} CPUs",
        "kernel": os.uname().release,
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "commit": output_of("git", "-C", str(TREE), "describe", "--always", "--dirty") or "none",
        "huge pages": huge.read_text().strip() if huge.exists() else "none",
    }


def cache_of(build, name):
    """The value of a variable of a build."""
    text = (Path(build) / "CMakeCache.txt").read_text()
    found = re.search(rf"^{name}:\w+=(.*)$", text, re.MULTILINE)
    return found.group(1) if found else ""


def compiler_of(build):
    """The first line of what the compiler of a build says of itself."""
    said = output_of(cache_of(build, "CMAKE_C_COMPILER"), "--version").splitlines()
    return said[0] if said else "unknown"


def new_directory(wanted, usual):
    """Where results go, by default a new directory in build/`usual`: what is in it is of one run."""
    out = wanted or TREE / "build" / usual / time.strftime("%Y%m%d-%H%M%S")
    if out.exists() and any(out.iterdir()):
        raise SystemExit(f"{out} is not empty")
    out.mkdir(parents=True, exist_ok=True)
    return out
