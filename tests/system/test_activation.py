"""Sockets that the service manager opens and passes, sd_listen_fds(3): a restart loses nobody who waits."""

import contextlib
import os
import socket
import tempfile
import unittest
from pathlib import Path

import pmadd_testlib as lib
from passing import at, passing
from pmadd_testlib import Daemon, Peer

WRONG = 1  # the exit status of a start that came to nothing


class Activation(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="pmadd-", dir=lib.short_tmp())
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.path = Path(self.directory) / "pmadd.sock"

    def passed(self, one):
        self.addCleanup(one.close)
        return one

    def daemon(self, *sockets, config="", names="one"):
        how = passing(*sockets, names=names)
        for fd in how["fds"]:
            self.addCleanup(os.close, fd)
        daemon = Daemon(config, directory=self.directory, **how)
        daemon.wrapped = False  # it takes the place of what runs it, and the socket was not opened by it
        return daemon

    def refused(self, *sockets, names="one"):
        """What a daemon says that ends at the start."""
        how = passing(*sockets, names=names)
        for fd in how["fds"]:
            self.addCleanup(os.close, fd)
        run = lib.run(*how["wrap"], lib.PMADD, "--config", "/dev/null", "--socket", self.path,
                      pass_fds=how["fds"])
        self.assertEqual(run.returncode, WRONG, run.stderr)
        return run.stderr

    def test_a_unix_socket_that_is_passed_is_answered_at_and_left_in_its_place(self):
        listening = self.passed(at(socket.AF_UNIX, str(self.path)))
        before = os.stat(self.path)
        with self.daemon(listening, config="[server]\nsocket_mode = 0600\n") as daemon:
            with daemon.connect() as peer:
                peer.echo()
            self.assertIn(str(self.path), daemon.said())
            self.assertEqual(daemon.stop(), 0)
        after = os.stat(self.path)
        self.assertEqual((after.st_ino, after.st_mode), (before.st_ino, before.st_mode))

    def test_tcp_sockets_that_are_passed_stand_for_those_of_the_config(self):
        local = self.passed(at(socket.AF_UNIX, str(self.path)))
        tcp = [self.passed(at(socket.AF_INET, ("127.0.0.1", 0))) for _ in range(2)]
        config = f"[server]\nlisten = 127.0.0.1:{lib.free_port()}\n"
        with self.daemon(local, *tcp, config=config, names="local:one:two") as daemon:
            for one in tcp:
                port = one.getsockname()[1]
                self.assertIn(f"127.0.0.1:{port}", daemon.said())
                with Peer(("127.0.0.1", port)) as peer:
                    peer.echo()
            self.assertNotIn(config.rsplit("=", 1)[1].strip(), daemon.said())

    def test_with_a_tcp_socket_only_the_unix_socket_is_that_of_the_config(self):
        tcp = self.passed(at(socket.AF_INET, ("127.0.0.1", 0)))
        with self.daemon(tcp) as daemon:
            with daemon.connect() as peer:
                peer.echo()
            with Peer(("127.0.0.1", tcp.getsockname()[1])) as peer:
                peer.echo()

    def test_who_connects_while_it_ends_is_served_by_the_next(self):
        """One task is in hand, so that the daemon drains; ten connect meanwhile and submit."""
        listening = self.passed(at(socket.AF_UNIX, str(self.path)))
        with contextlib.ExitStack() as stack:
            daemon = stack.enter_context(self.daemon(listening))
            worker = stack.enter_context(daemon.connect())
            worker.can_do("f")
            client = stack.enter_context(daemon.connect())
            client.submit("f")
            handle = worker.grab()[0]
            daemon.terminate()
            late = [stack.enter_context(daemon.connect()) for _ in range(10)]
            for peer in late:
                peer.raw(lib.frame(lib.SUBMIT_JOB_BG, "g", "", "x"))
            worker.complete(handle)
            client.expect(lib.WORK_COMPLETE)
            self.assertEqual(daemon.wait(), 0)
            daemon.start()
            for peer in late:
                peer.expect(lib.JOB_CREATED)
            with daemon.connect() as peer:
                self.assertIn(["g", "10", "0", "0"], peer.listing("status"))

    def test_what_is_no_listening_stream_socket_is_refused_by_its_name(self):
        wrong = {
            "datagrams": at(socket.AF_UNIX, str(self.path) + ".d", socket.SOCK_DGRAM, listens=False),
            "deaf": at(socket.AF_UNIX, str(self.path) + ".s", listens=False),
            "udp": at(socket.AF_INET, ("127.0.0.1", 0), socket.SOCK_DGRAM, listens=False),
        }
        for name, one in wrong.items():
            with self.subTest(name):
                self.passed(one)
                self.assertRegex(self.refused(one, names=name),
                                 rf"passes descriptor 3 \({name}\), which is no stream socket")

    def test_more_sockets_than_are_listened_at_are_refused(self):
        listening = self.passed(at(socket.AF_UNIX, str(self.path)))
        self.assertRegex(self.refused(*[listening] * 40, names=":".join("n" * 40)),
                         r"passes 40 sockets, at most \d+ are listened at")


if __name__ == "__main__":
    lib.main()
