"""warn_wait: tasks that wait and that no worker can do are said, and when they can be done again."""

import unittest

import pmadd_testlib as lib

ODD = b"an odd name=x"


class Stuck(unittest.TestCase):
    def heard(self, daemon, pattern):
        self.assertTrue(lib.eventually(lambda: pattern in daemon.said()), daemon.said())

    def test_each_function_is_named_once_and_the_end_is_said(self):
        with lib.Daemon("[function *]\nwarn_wait = 20ms\n[function q]\nwarn_wait = 0\n") as daemon, \
                lib.Peer(daemon.socket) as peer, lib.Peer(daemon.socket) as worker:
            peer.line("pause function paused")
            for name in "q", "paused", "f", ODD:
                peer.submit(name, kind=lib.SUBMIT_JOB_BG)
            self.heard(daemon, "warning: stuck: tasks wait, and no worker can do them; function=f queued=1")
            self.heard(daemon, "function=an%20odd%20name%3Dx queued=1")
            for name in "f", ODD:
                worker.can_do(name)
            self.heard(daemon, "notice: unstuck: ")
            self.assertEqual(daemon.said().count("stuck: tasks wait"), 2)

    def test_a_function_with_workers_that_are_busy_is_not_stuck(self):
        with lib.Daemon("[function *]\nwarn_wait = 1ms\n") as daemon, \
                lib.Peer(daemon.socket) as peer, lib.Peer(daemon.socket) as worker:
            worker.can_do("busy")
            peer.submit("busy", kind=lib.SUBMIT_JOB_BG)
            peer.submit("idle", kind=lib.SUBMIT_JOB_BG)
            self.heard(daemon, "function=idle")
            self.assertNotIn("function=busy", daemon.said())


if __name__ == "__main__":
    lib.main()
