"""docs/operations.md names every figure that the daemon tells and every event that it logs, and no other."""

import re
import unittest

import pmadd_testlib as lib

DOCUMENT = (lib.SOURCE / "docs" / "operations.md").read_text()


def listed(*heading):
    """The names in the first column of the table that has this heading."""
    lines = DOCUMENT.splitlines()
    at = lines.index(f"| {' | '.join(heading)} |") + 2
    names = []
    while at < len(lines) and lines[at].startswith("|"):
        names.append(re.match(r"\| `(\w+)(\.\.\.)?`", lines[at])[1])
        at += 1
    return names


def folded(names):
    """The names, groups that are told in one row of the document being one."""
    known = dict.fromkeys(re.sub(r"^(refused|limit)_.*", r"\1_", name) for name in names)
    return list(known)


class Figures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = lib.Daemon("")
        cls.addClassCleanup(cls.daemon.__exit__, None, None, None)
        cls.daemon.__enter__()

    def test_every_figure_of_stats_is_explained(self):
        with lib.Peer(self.daemon.socket) as peer:
            names = [name for name, _ in peer.listing("stats")]
        self.assertEqual(set(listed("figure", "what it is")), set(folded(names)))

    def test_every_column_of_functions_is_explained_in_its_order(self):
        with lib.Peer(self.daemon.socket) as peer:
            head = peer.listing("functions")[0]
        self.assertEqual(listed("column", "what it is"), folded(head))

    def test_every_histogram_is_explained(self):
        with lib.Peer(self.daemon.socket) as peer:
            peer.submit("f", kind=lib.SUBMIT_JOB_BG)
            rows = peer.listing("histograms")
        self.assertEqual(listed("histogram", "from", "until"), [row[1] for row in rows[1:]])


class Events(unittest.TestCase):
    def test_every_event_is_explained_with_its_level(self):
        source = (lib.SOURCE / "daemon" / "shell" / "log_name.c").read_text()
        said = re.findall(r'\{"([a-z-]+)", LOG_LEVEL_(\w+)\}', source)
        explained = re.findall(r"^\| `([a-z-]+)` \| (error|warning|notice|info|debug) \| \S", DOCUMENT,
                               re.MULTILINE)
        self.assertEqual(explained, [(name, level.lower()) for name, level in said])


if __name__ == "__main__":
    unittest.main()
