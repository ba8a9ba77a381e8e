"""gearmand's own commands as peers of an exchange: what they print, and how they end."""

import subprocess

import pmadd_testlib as lib

ENVIRONMENT = {"LC_ALL": "C"}


class Tool:
    """One run of `gearadmin` or `gearman`, whose server is the one of the exchange."""

    def __init__(self, words, address):
        host, port = address
        words = [word.decode() for word in words]
        stdin = ""
        if "<" in words:
            at = words.index("<")
            stdin, words = words[at + 1], words[:at]
        program, *args = words
        self.heard = []
        self.stdin = stdin
        self.process = lib.spawn(
            program, "-h", host, "-p", port, *args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=lib.environment(**ENVIRONMENT))

    def wait(self):
        """Takes in all that it prints, to its end."""
        stdout, stderr = self.process.communicate(self.stdin.encode(), lib.PATIENCE)
        for name, text in ("stdout", stdout), ("stderr", stderr):
            self.heard += [(name, line) for line in text.splitlines(keepends=True)]
        self.heard.append(("exit", b"%d" % self.process.returncode))

    def listen(self):
        """Nothing comes before it has ended."""

    def close(self):
        if self.process.poll() is None:
            lib.end(self.process)
            self.process.communicate()
