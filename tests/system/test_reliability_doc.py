"""docs/reliability.md names a proof for every promise, and each of them is there."""

import re
import unittest

import pmadd_testlib as lib

DOCUMENT = (lib.SOURCE / "docs" / "reliability.md").read_text()


def rows():
    """The rows of all tables, as lists of cells, without their headings."""
    for block in re.findall(r"(?:^\|.*\n)+", DOCUMENT, re.MULTILINE):
        for line in block.splitlines()[2:]:
            yield [cell.strip() for cell in line.split("|")[1:-1]]


class Promises(unittest.TestCase):
    def test_every_promise_has_a_proof_and_a_figure(self):
        for promise, proof, figure in rows():
            self.assertRegex(proof, r"`[^`]+`", promise)
            self.assertTrue(figure, promise)

    def test_every_proof_is_a_file_or_a_test_in_the_file_named_before_it(self):
        for promise, proof, _ in rows():
            source = None
            for named in re.findall(r"`([^`]+)`", proof):
                if "/" in named:
                    source = lib.SOURCE / named
                    self.assertTrue(source.exists(), f"{promise}: there is no {named}")
                    continue
                self.assertIsNotNone(source, f"{promise}: where is {named}?")
                self.assertRegex(source.read_text(), rf"\b{re.escape(named)}\b", promise)


if __name__ == "__main__":
    unittest.main()
