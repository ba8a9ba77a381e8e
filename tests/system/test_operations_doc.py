"""docs/operations.md names every figure, event and exit status that there is, and no other."""

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


def rows(*heading):
    """The cells of the table that has this heading, row by row."""
    lines = DOCUMENT.splitlines()
    at = lines.index(f"| {' | '.join(heading)} |") + 2
    while at < len(lines) and lines[at].startswith("|"):
        yield [cell.strip() for cell in lines[at].strip("|").split("|")]
        at += 1


def logged():
    """What calls of the log have to say: names of events, keys in the text, whether who it is about."""
    sources = "".join(path.read_text() for path in sorted((lib.SOURCE / "daemon").glob("**/*.c")))
    for call in re.findall(r"\blog_(?:event|seldom)\(([^;]*(?:\"[^\"]*\"[^;]*)*?)\);", sources):
        names = re.findall(r"LOG_([A-Z_]+)", call.split(",")[0])
        text = "".join(re.findall(r'"([^"]*)"', call))
        keys = set(re.findall(r"(?:^|[ ;])([a-z_]+)=", text))
        has_who = re.search(r"\bwho(_text)?\b", re.sub(r'"[^"]*"', "", call)) is not None
        yield [name.lower().replace("_", "-") for name in names], keys, has_who


class Events(unittest.TestCase):
    HEADING = ("event", "level", "keys", "what it means, and what to do")

    def test_every_event_is_explained_with_its_level(self):
        source = (lib.SOURCE / "daemon" / "shell" / "log_name.c").read_text()
        said = re.findall(r'\{"([a-z-]+)", LOG_LEVEL_(\w+)\}', source)
        explained = [(row[0].strip("`"), row[1]) for row in rows(*self.HEADING) if row[3]]
        self.assertEqual(explained, [(name, level.lower()) for name, level in said])

    def test_every_key_of_an_event_is_named_and_no_other(self):
        said = {}
        for names, keys, has_who in logged():
            for name in names:
                said.setdefault(name, set()).update(keys | ({"who"} if has_who else set()))
        explained = {row[0].strip("`"): set(re.findall(r"`([a-z_]+)`|\b(who)\b", row[2]))
                     for row in rows(*self.HEADING)}
        self.assertEqual({name: {key or who for key, who in keys} for name, keys in explained.items()},
                         said)


class Statuses(unittest.TestCase):
    PAGES = {"pmadd": "pmadd.8", "pmadctl": "pmadctl.1", "pmadd-exporter": "pmadd-exporter.8"}

    def test_every_exit_status_of_the_manual_pages_is_explained(self):
        explained, of = {}, ""
        for name, status, meaning in rows("of", "status", "what it means"):
            of = name.strip("`") or of
            self.assertTrue(meaning)
            explained.setdefault(of, []).append(status)
        for program, page in self.PAGES.items():
            manual = (lib.SOURCE / "docs" / "man" / page).read_text()
            section = re.search(r"(?ms)^\.Sh EXIT STATUS$(.*?)^\.Sh", manual)[1]
            self.assertEqual(explained.pop(program), re.findall(r"(?m)^\.It (\d+)$", section))
        self.assertEqual(explained, {})


class Room(unittest.TestCase):
    def test_the_shipped_configuration_holds_about_what_is_said(self):
        """About: where blocks are guarded there are fewer of them."""
        room = re.compile(r"(?m)^ +(\d+)  (foreground tasks .*)$")
        run = lib.run(lib.PMADD, "--config", lib.SOURCE / "config" / "pmadd.conf", "--check-config")
        holds = {what: int(count) for count, what in room.findall(run.stdout)}
        said = {what: int(count) for count, what in room.findall(DOCUMENT)}
        self.assertEqual(list(said), list(holds), run.stderr)
        for what, count in said.items():
            self.assertAlmostEqual(holds[what] / count, 1, delta=0.15)
        self.assertEqual(re.findall(r"(?m)^resident: .*", DOCUMENT),
                         re.findall(r"(?m)^resident: .*", run.stdout))

    def test_the_plan_says_about_what_is_said(self):
        words, said = re.search(r"(?ms)^\$ pmadctl (plan .*?)$\n(.*?)^```", DOCUMENT).groups()
        shipped = str(lib.SOURCE / "config" / "pmadd.conf")
        run = lib.run(lib.PMADCTL, *words.replace("/etc/pmadd/pmadd.conf", shipped).split())
        self.assertEqual(run.returncode, 1, run.stderr)
        number = re.compile(r"\d+(?:\.\d+)?")
        self.assertEqual(number.sub("N", run.stdout), number.sub("N", said))
        for found, expected in zip(number.findall(run.stdout), number.findall(said)):
            self.assertAlmostEqual(float(found) / float(expected), 1, delta=0.15)


if __name__ == "__main__":
    unittest.main()
