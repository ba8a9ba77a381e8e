#!/usr/bin/env python3
"""Is every allocation of the core reached by the sweeps, and does each of them fail there?

usage: sites.py SOURCES OBJECTS PROGRAM...

SOURCES is daemon/core, OBJECTS where a build with gcov counters has put its objects; the programs are
run with counters of their own. What allocates is found in the sources: whoever calls pmad_alloc() and
returns a pointer, a truth or a verdict, and whoever calls those. Each such call must have been executed;
and what tests its result, in the same statement or in the next that looks at the variable it was
assigned to, must have gone either way at every branch.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

# Tests that do not go every way, by function and a piece of them, and why not.
EXEMPT = {
    ("take_piece", "!block && i-- > 0"): "store_take_body() has seen that there is room in some class",
    ("take_piece", "if (block)"): "likewise",
    ("store_take_body", "MUST(block)"): "likewise: else the daemon stops",
    ("wire_take_answer", "router_lane_answer_size"): "no answer is longer than the lane's nodes",
    ("take_head", "switch (verdict)"): "there is no fifth verdict",
    ("go_on", "measured.size > 0"): "a whole piece of rows of nobody, for which nothing is taken",
}

DEFINITION = re.compile(
    r"^(?:static |inline )*(?P<type>(?:const )?(?:struct |enum )?\w+ \**)(?P<name>\w+)\("
)
CONTROL = r"^\s*(?:if|for|while) \(.*\)$"  # a line of its own
BEFORE = re.compile(r"[;{}:]\s*$|^$|else$|" + CONTROL)  # ends before a statement
END = re.compile(r"[;{]\s*$|[^(&|,]\)$|" + CONTROL)  # ends a statement, or its condition
CALL = r"(?<![\w>.])(?:{})\("


class Function:
    """One definition: where it is, and its lines by number."""

    def __init__(self, path, name, returns, start, lines):
        self.path, self.name, self.returns = path, name, returns
        self.lines = dict(enumerate(lines, start))

    def takes(self):
        """Can its result say that there was no memory?"""
        return "*" in self.returns or self.returns.strip() in ("bool", "enum router_verdict")


def functions_of(path):
    """The definitions in a source, which begin and end at the margin."""
    lines = open(path, encoding="utf-8").read().split("\n")
    lines = [re.sub(r"/\*.*?\*/|//.*", "", line) for line in lines]
    begun = None
    for number, line in enumerate(lines, 1):
        match = DEFINITION.match(line)
        if match:
            begun = (number, match)
        if line == "}" and begun:
            start, match = begun
            yield Function(path, match["name"], match["type"], start, lines[start - 1 : number])
            begun = None
        if line.endswith(";") and not line.startswith(" ") and begun:
            begun = None  # a declaration


def calls(function, names):
    """The lines of the function, but its first, in which one of the names is called."""
    wanted = re.compile(CALL.format("|".join(sorted(names))))
    body = False
    for number, line in sorted(function.lines.items()):
        if body and wanted.search(line):
            yield number
        body = body or line == "{"


def takers(functions):
    """The names of all that allocate, to the last."""
    names = {"pmad_alloc", "pmad_alloc_inline"}
    while True:
        more = {f.name for f in functions if f.takes() and any(calls(f, names))} - names
        if not more:
            return names
        names |= more


def statement(function, number):
    """The lines of the statement around a line."""
    first = last = number
    while first - 1 in function.lines and not BEFORE.search(function.lines[first - 1]):
        first -= 1
    while last in function.lines and not END.search(function.lines[last]):
        last += 1
    return range(first, last + 1)


def test_of(function, number, branches):
    """The lines that test what a call returned; None where the caller of the function does."""
    here = statement(function, number)
    if any(branches.get(line) for line in here):
        return here
    text = " ".join(function.lines[line] for line in here)
    if re.match(r"\s*return ", text):
        return None
    match = re.search(r"(\w+(?:->\w+|\.\w+|\[\w+\])*) = ", text)
    variable = match and re.compile(r"(?<![\w>.]){}(?![\w(]|->|\.| = )".format(re.escape(match[1])))
    for later in sorted(function.lines):
        if later <= here[-1] or not variable or not variable.search(function.lines[later]):
            continue
        if branches.get(later):
            return statement(function, later)
        if re.match(r"\s*return ", function.lines[later]):
            return None
    return here  # which has no branch


def exempt(function, text):
    return any(name == function.name and piece in text for name, piece in EXEMPT)


def findings(function, number, counts, branches):
    """What is wrong with one site."""
    if not counts.get(number):
        yield "is never reached"
        return
    lines = test_of(function, number, branches)
    if lines is None:
        return
    text = " ".join(function.lines[line].strip() for line in lines)
    taken = [branch["count"] > 0 for line in lines for branch in branches.get(line, [])]
    if not taken:
        yield "is not tested: " + text
    elif not all(taken) and not exempt(function, text):
        yield "does not go every way: " + text


def run(programs, prefix):
    """Runs the programs with counters in a directory of their own."""
    for program in programs:
        done = subprocess.run([program], env={**os.environ, "GCOV_PREFIX": prefix}, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"{program} fails:\n{done.stdout}{done.stderr}")


def counters(objects, prefix, path):
    """Executions of each line of a source, and its branches."""
    name = os.path.basename(path)
    home = prefix + objects
    shutil.copy(os.path.join(objects, name + ".gcno"), home)
    done = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout",
                           os.path.join(home, name + ".gcda")],
                          capture_output=True, text=True, check=True, cwd=prefix)
    counts, branches = {}, {}
    for text in done.stdout.splitlines():
        for source in json.loads(text)["files"]:
            if os.path.basename(source["file"]) != name:
                continue
            for line in source["lines"]:
                number = line["line_number"]
                counts[number] = counts.get(number, 0) + line["count"]
                branches.setdefault(number, []).extend(line["branches"])
    return counts, branches


def main(sources, objects, *programs):
    """Prints each site that is not proven; returns how many there are."""
    objects = os.path.realpath(objects)
    paths = [os.path.join(sources, name) for name in sorted(os.listdir(sources)) if name.endswith(".c")]
    functions = [function for path in paths for function in functions_of(path)]
    names = takers(functions)
    sites = unproven = 0
    with tempfile.TemporaryDirectory() as prefix:
        run(programs, prefix)
        for path in paths:
            counts, branches = counters(objects, prefix, path)
            for function in (f for f in functions if f.path == path):
                for number in calls(function, names):
                    sites += 1
                    for finding in findings(function, number, counts, branches):
                        unproven += 1
                        print(f"{path}:{number}: {function.name}() {finding}")
    print(f"{sites} calls of {len(names)} functions that allocate; {unproven} are not proven")
    return 1 if unproven or not sites else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
