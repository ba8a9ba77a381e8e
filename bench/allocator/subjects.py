"""Who is measured, and what is known of them and of the machine before anything is."""

import dataclasses
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]

FLOOR, PEER, CALL, SHARED, INLINE = "floor", "peer", "call", "shared", "inline"
GUARDED = "guarded"


@dataclasses.dataclass(frozen=True)
class Subject:
    """An allocator, and so a program bench_alloc_NAME."""
    name: str
    kind: str
    package: str = ""  # what to install if there is no such program


SUBJECTS = (
    Subject("empty", FLOOR),
    Subject("empty_shared", FLOOR),
    Subject("glibc", PEER),
    Subject("jemalloc", PEER, "libjemalloc-dev"),
    Subject("tcmalloc", PEER, "libgoogle-perftools-dev"),
    Subject("mimalloc", PEER, "libmimalloc-dev"),
    Subject("stack", CALL),
    Subject("intrusive", CALL),
    Subject("stack_shared", SHARED),
    Subject("intrusive_shared", SHARED),
    Subject("stack_inline", INLINE),
    Subject("intrusive_inline", INLINE),
    Subject("stack_guarded", GUARDED),
    Subject("intrusive_guarded", GUARDED),
)


def output_of(*command, **more):
    """What a command prints; an empty text if there is no such command, or it fails."""
    if shutil.which(command[0]) is None:
        return ""
    run = subprocess.run(command, check=False, capture_output=True, text=True, **more)
    return run.stdout.strip() if run.returncode == 0 else ""


def plain_environment():
    """No variable that tunes an allocator, or puts another one in its place."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


class Programs:
    """The programs that were built, one for each allocator that is there."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.there = [subject for subject in SUBJECTS if self.path(subject).exists()]
        self.missing = [subject for subject in SUBJECTS if subject not in self.there]
        for subject in self.missing:
            if not subject.package:
                raise SystemExit(f"{self.path(subject)} was not built")

    def path(self, subject):
        return self.directory / f"bench_alloc_{subject.name}"

    def names(self, *kinds):
        return [subject.name for subject in self.there if subject.kind in kinds]

    def facts(self, subject):
        """What the program says of itself: library and version, and of the clock."""
        said = subprocess.run([self.path(subject), "who"], check=True, capture_output=True,
                              text=True, env=plain_environment()).stdout
        return dict(word.split("=", 1) for line in said.splitlines()
                    for word in ([line] if line.startswith(("library=", "version="))
                                 else line.split()))

    def cache(self, name):
        """The value of a variable of the build."""
        text = (self.build() / "CMakeCache.txt").read_text()
        found = re.search(rf"^{name}:\w+=(.*)$", text, re.MULTILINE)
        return found.group(1) if found else ""

    def build(self):
        for directory in self.directory.resolve().parents:
            if (directory / "CMakeCache.txt").exists():
                return directory
        raise SystemExit(f"{self.directory} is in no build directory")

    def text_size(self, engine):
        """Bytes of machine code of an engine, linked without a system underneath; None: not known."""
        linked = self.directory / f"bench_bare_{engine}.o"
        sizes = re.findall(r"^\.text\S*\s+(\d+)", output_of("size", "-A", str(linked)),
                           re.MULTILINE)
        return sum(map(int, sizes)) if sizes else None


def machine():
    """The lines that figures are worth nothing without, but for the allocators."""
    model = re.search(r"Model name:\s*(.*)", output_of("lscpu", env=plain_environment()))
    huge = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return {
        "machine": f"{model.group(1) if model else os.uname().machine}, {os.cpu_count()} CPUs",
        "kernel": os.uname().release,
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "commit": output_of("git", "-C", str(TREE), "describe", "--always", "--dirty") or "none",
        "huge pages": huge.read_text().strip() if huge.exists() else "none",
    }
