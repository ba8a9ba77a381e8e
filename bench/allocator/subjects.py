"""Who is measured, and what is known of them before anything is."""

import dataclasses
import re
import subprocess
from pathlib import Path

from comparison.machine import output_of, plain_environment

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
