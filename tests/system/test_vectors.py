"""The wire vectors of tests/vectors, played against a real daemon over both kinds of socket."""

import sys
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from pmadd_testlib import Daemon

PLACE = lib.SOURCE / "tests" / "vectors"
sys.path.insert(0, str(PLACE))

import player  # noqa: E402
import vectors  # noqa: E402

CONFIG = "[server]\nlisten = 127.0.0.1:{port}\n[access]\nadmin = tcp\n"

WRONG = """\
vector an echo says something else
client> ECHO_REQ a
client< ECHO_RES b
vector an echo is an echo
client> ECHO_REQ a
client< ECHO_RES a
"""


class Vectors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.port = lib.free_port()
        cls.daemon = Daemon(CONFIG.format(port=cls.port))
        cls.daemon.start()

    @classmethod
    def tearDownClass(cls):
        status = cls.daemon.stop()
        log = cls.daemon.said()
        cls.daemon.__exit__()
        if status != 0:
            raise AssertionError(f"pmadd ended with {status}:\n{log}")

    def play_all(self, address):
        """Up to the first that does not hold: what it left behind would disturb the others. No
        packet and no command may be missing."""
        sent = set()
        for vector in vectors.read():
            one = player.Player(vector, address, lib.PATIENCE)
            one.play()
            sent |= one.sent
        self.assertEqual(player.not_sent(sent), [])

    def test_every_vector_holds_over_the_unix_socket(self):
        self.play_all(self.daemon.socket)

    def test_every_vector_holds_over_tcp(self):
        self.play_all(("127.0.0.1", self.port))

    def test_the_vectors_leave_no_block_in_use(self):
        kept = ("tasks", "wire", "workers")
        base = self.daemon.in_use(*kept)
        self.play_all(self.daemon.socket)
        self.assertTrue(lib.eventually(lambda: self.daemon.in_use(*kept) == base),
                        (base, self.daemon.in_use(*kept)))

    def test_the_command_names_what_differs_and_only_that(self):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "wrong.vectors"
            file.write_text(vectors.with_bytes(WRONG))
            for place in (self.daemon.socket, f"127.0.0.1:{self.port}"):
                run = lib.run(PLACE / "play", place, file)
                self.assertEqual(run.returncode, 1, run.stderr)
                self.assertIn("an echo says something else", run.stdout)
                self.assertIn("heard ECHO_RES a", run.stdout)
                self.assertNotIn("an echo is an echo", run.stdout)
                self.assertIn("2 vectors, 1 answered differently", run.stdout)

    def test_a_server_of_its_own_serves_every_vector_of_a_file(self):
        command = (f"{lib.PMADD} --set server.listen=127.0.0.1:{{port}} "
                   f"--set server.socket={self.daemon.directory}/each.sock")
        run = lib.run(PLACE / "play", "--each", command, PLACE / "sleep.vectors")
        self.assertEqual((run.returncode, run.stderr), (0, ""), run.stdout)


class Files(unittest.TestCase):
    def test_the_bytes_in_the_files_are_written_as_fill_writes_them(self):
        for path in vectors.files():
            text = path.read_text("ascii")
            self.assertEqual(vectors.with_bytes(text), text, path.name)

    def test_bytes_that_disagree_with_their_text_are_refused(self):
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "wrong.vectors"
            file.write_text("vector v\nclient> ECHO_REQ a\n   = 00524551 00000010 00000001 62\n")
            with self.assertRaisesRegex(vectors.VectorError, "wrong.vectors:2: the bytes are not"):
                vectors.read([file])


if __name__ == "__main__":
    lib.main()
