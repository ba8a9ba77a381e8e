"""Completion in bash, zsh and fish offers what pmadctl has: no verb or option more or less."""

import os
import shutil
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadctl_testlib import Commands, options, verbs

COMPLETIONS = lib.SOURCE / "packaging" / "completions"


class Completion:
    """What holds in every shell; `offered(words)` asks one of them."""

    def environment(self, **more):
        """pmadctl is found by its name, and a daemon by its socket."""
        path = f"{Path(lib.PMADCTL).parent}:{os.environ['PATH']}"
        return lib.environment(PATH=path, PMADD_SOCKET=str(self.daemon.socket), **more)

    def test_every_verb_is_offered(self):
        self.assertEqual(self.offered(""), verbs())
        self.assertIn("submit", verbs())

    def test_a_beginning_narrows_it_down(self):
        self.assertEqual(self.offered("wor"), {"work", "workers"})

    def test_every_option_of_every_verb_is_offered(self):
        self.assertEqual(self.offered("--"), options())
        for verb in verbs():
            with self.subTest(verb=verb):
                self.assertEqual(self.offered(verb, "--"), options(verb))
        self.assertLess({"--each-line", "--parallel=", "--timeout="}, options("submit"))

    def test_a_function_is_offered_where_one_belongs(self):
        with self.daemon.connect() as worker:
            worker.can_do("resize", "rotate", "print")
            worker.echo()
            self.assertEqual(self.offered("submit", "r"), {"resize", "rotate"})
            self.assertEqual(self.offered("-s", self.daemon.socket, "work", "pr"), {"print"})
            self.assertEqual(self.offered("wait", "r"), set())

    def test_values_are_offered(self):
        self.assertEqual(self.offered("submit", "-p", ""), {"high", "normal", "low"})


class Bash(Completion, Commands):
    SCRIPT = """. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pmadctl
                printf '%s\\n' "${COMPREPLY[@]}" """

    def offered(self, *words):
        run = lib.run("bash", "-c", self.SCRIPT, "bash", COMPLETIONS / "pmadctl.bash", "pmadctl",
                      *words, env=self.environment())
        self.assertEqual(run.stderr, "")
        return set(run.stdout.split())


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(Completion, Commands):
    # Outside of the line editor there is no compadd: this one keeps what matches, as that does.
    SCRIPT = """compadd() { while [[ $1 != -- ]]; do shift; done; shift
                            for one; do [[ $one == $words[CURRENT]* ]] && print -r -- $one; done }
                _files() { : } ; _command_names() { : }
                file=$1; shift; words=("$@"); CURRENT=$#; source $file"""

    def offered(self, *words):
        run = lib.run("zsh", "-f", "-c", self.SCRIPT, "zsh", COMPLETIONS / "_pmadctl", "pmadctl",
                      *words, env=self.environment())
        self.assertEqual(run.stderr, "")
        return set(run.stdout.split())


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(Completion, Commands):
    def offered(self, *words):
        line = " ".join(["pmadctl", *(str(word) for word in words)])
        home = self.daemon.directory / "home"
        home.mkdir(exist_ok=True)
        run = lib.run("fish", "--no-config", "-c", "source $argv[1]; complete -C $argv[2]",
                      COMPLETIONS / "pmadctl.fish", line, env=self.environment(HOME=str(home)))
        self.assertEqual(run.stderr, "")
        return {one.split("\t")[0] for one in run.stdout.splitlines()}


if __name__ == "__main__":
    lib.main()
