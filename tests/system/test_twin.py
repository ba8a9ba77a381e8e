"""pmadd beside gearmand: the same exchanges with both, and every difference on a list.

twin/*.txt are exchanges with gearmand 1.1.20, as they were recorded. gearmand has to repeat them
where it is installed; pmadd has to give the same answers always, but for the rows of
twin/differences.json, which docs/protocol.md explains.
"""

import itertools
import shutil
import unittest

import pmadd_testlib as lib
from twin import differences, player, script, servers

DOCUMENT = lib.SOURCE / "docs" / "protocol.md"
EXCHANGES = script.read_all()
DIFFERENCES = differences.load()


def programs(exchange):
    """The commands that an exchange runs."""
    return {step.words.split()[0] for step in exchange.steps if step.verb in "$&"}


class Twin(unittest.TestCase):
    maxDiff = None

    def compare(self, server_type, answers_of):
        """Plays every exchange that can be played here and compares what is answered."""
        for exchange in EXCHANGES:
            with self.subTest(exchange=exchange.name, about=exchange.about):
                missing = [name for name in programs(exchange) if shutil.which(name) is None]
                if missing:
                    self.skipTest(f"no command {missing[0]}: install gearman-tools")
                with server_type(exchange.options) as server:
                    answers = player.play(exchange, server.address, server.rules())
                self.assertEqual(self.text(exchange, answers),
                                 self.text(exchange, answers_of(exchange)))

    @staticmethod
    def text(exchange, answers):
        """Steps and answers as the file would have them: a difference is seen where it is."""
        return "\n".join("\n".join([f"{number} {step.line}", *lines]) for number, (step, lines)
                         in enumerate(zip(exchange.steps, answers), 1))


class Servers(Twin):
    @unittest.skipUnless(servers.is_recorded(), "no gearmand 1.1.20: install gearman-job-server")
    def test_gearmand_says_what_is_recorded(self):
        self.compare(servers.Gearmand,
                     lambda exchange: [step.answers for step in exchange.steps])

    def test_pmadd_says_the_same_but_for_the_listed_differences(self):
        self.compare(servers.Pmadd,
                     lambda exchange: differences.expected(exchange, DIFFERENCES))


class Data(Twin):
    def test_a_file_reads_as_it_is_written(self):
        for file in script.FILES:
            text = file.read_text()
            self.assertEqual(script.write(script.read(text)), text, file.name)

    def test_a_word_reads_as_it_is_written(self):
        words = [b"", b"plain", b"two words", b"\0", b"\0001", b'"\\', b"\\0", b"\n\r\t", b"*",
                 b"x" * 24, b"a" + b" " * 30 + b"b", bytes(range(256))]
        for word in words:
            self.assertEqual(script.read_words(script.write_bytes(word)), [word])

    def test_every_exchange_has_a_name_of_its_own(self):
        names = [exchange.name for exchange in EXCHANGES]
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_every_difference_is_one_and_where_it_says(self):
        steps = {(exchange.name, number): step for exchange in EXCHANGES
                 for number, step in enumerate(exchange.steps, 1)}
        seen = set()
        for row in DIFFERENCES:
            self.assertNotEqual(row.gearmand, row.pmadd, row.id)
            self.assertTrue(row.why, row.id)
            for place in row.places():
                self.assertEqual(steps[place].answers, row.gearmand, f"{row.id}: {place}")
                self.assertNotIn(place, seen, row.id)
                seen.add(place)

    def test_the_document_lists_the_same_differences(self):
        lines = DOCUMENT.read_text().splitlines()
        begin = lines.index(differences.HEADING[0])
        listed = itertools.takewhile(lambda line: line.startswith("|"), lines[begin:])
        self.assertEqual(list(listed), differences.table(DIFFERENCES, EXCHANGES))


if __name__ == "__main__":
    lib.main()
