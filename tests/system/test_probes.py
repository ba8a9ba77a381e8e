"""The static probes: in the program, in docs/operations.md, and in the scripts for bpftrace."""

import re
import shutil
import unittest

import pmadd_testlib as lib

SCRIPTS = sorted((lib.SOURCE / "packaging" / "tracing").glob("*.bt"))


def probes():
    """{name: number of arguments} of the probes in the program, as `readelf -n` shows its notes."""
    notes = lib.run("readelf", "--notes", "--wide", lib.PMADD).stdout
    found = re.findall(r"Provider: pmadd\n\s+Name: (\w+)\n.*\n\s+Arguments: (.*)", notes)
    return {name: len(arguments.split()) for name, arguments in found}


@unittest.skipUnless(shutil.which("readelf"), "no readelf: install binutils")
class Probes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.probes = probes()
        if not cls.probes:
            raise unittest.SkipTest("built without probes: install systemtap-sdt-dev")

    def test_every_step_has_one(self):
        self.assertEqual(set(self.probes),
                         {"submit", "assign", "finish", "refuse", "allocate", "free", "turn"})

    def test_all_are_explained_with_their_arguments(self):
        document = (lib.SOURCE / "docs" / "operations.md").read_text()
        rows = re.findall(r"^\| `(\w+)\(([^)]*)\)` \|", document, re.MULTILINE)
        self.assertEqual({name: len(arguments.split(", ")) for name, arguments in rows},
                         self.probes)

    def test_scripts_ask_for_probes_and_arguments_that_there_are(self):
        self.assertEqual(len(SCRIPTS), 2)
        for script in SCRIPTS:
            text = script.read_text()
            asked = re.findall(r"^usdt:/usr/sbin/pmadd:pmadd:(\w+)\n((?:/.*/\n)?\{[^}]*\})", text,
                               re.MULTILINE)
            self.assertEqual(len(asked), text.count("usdt:"), script.name)
            for name, body in asked:
                highest = max(map(int, re.findall(r"\barg(\d)", body)), default=-1)
                self.assertLess(highest, self.probes[name], f"{script.name}: {name}")


if __name__ == "__main__":
    unittest.main()
