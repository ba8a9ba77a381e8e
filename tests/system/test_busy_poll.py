"""Busy polling: with [server] busy_poll the daemon does not sleep while news come fast, and sleeps all
the same when they do not."""

import time
import unittest

import hostile
import pmadd_testlib as lib
from pmadd_testlib import Daemon

ECHOS = 200
SECONDS = 2


class BusyPoll(unittest.TestCase):
    def test_it_does_not_sleep_between_questions_that_come_in_time(self):
        with Daemon("[server]\nbusy_poll = 1s\n") as daemon, daemon.connect() as peer:
            peer.echo()
            before = hostile.wakeups(daemon)
            for _ in range(ECHOS):
                peer.echo()
            self.assertLess(hostile.wakeups(daemon) - before, ECHOS / 4)

    def test_without_it_each_question_that_comes_late_enough_wakes_it(self):
        """Late enough is: when it sleeps. Else how often it does is the scheduler's choice."""
        with Daemon("[server]\nbusy_poll = 0\n") as daemon, daemon.connect() as peer:
            peer.echo()
            self.assertTrue(lib.eventually(lambda: hostile.is_asleep(daemon)))
            before = hostile.wakeups(daemon)
            for _ in range(ECHOS):
                peer.echo()
                self.assertTrue(lib.eventually(lambda: hostile.is_asleep(daemon)))
            self.assertGreater(hostile.wakeups(daemon) - before, ECHOS / 2)

    def test_an_idle_daemon_gives_the_processor_back(self):
        with Daemon("[server]\nbusy_poll = 50us\n") as daemon, daemon.connect() as peer:
            peer.echo()
            before, began = hostile.cpu_s(daemon), time.monotonic()
            time.sleep(SECONDS)  # this is the measurement
            self.assertLess(hostile.cpu_s(daemon) - before, 0.02 * (time.monotonic() - began))

    def test_news_that_always_come_late_are_waited_for_asleep(self):
        """A daemon that looked for 20 ms after each of them would be busy all the time."""
        with Daemon("[server]\nbusy_poll = 20ms\n") as daemon, daemon.connect() as peer:
            before, began = hostile.cpu_s(daemon), time.monotonic()
            while time.monotonic() < began + SECONDS:
                peer.echo()
                time.sleep(0.025)  # what is late is what is tested
            self.assertLess(hostile.cpu_s(daemon) - before, 0.3 * (time.monotonic() - began))


if __name__ == "__main__":
    lib.main()
