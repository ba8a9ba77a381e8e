"""When nothing happens, nothing happens: an idle daemon sleeps, whoever is connected; and who keeps it
waiting is not waited for."""

import time

import hostile
import pmadd_testlib as lib

SECONDS = 5
WORKERS = 50


class Wakeups(hostile.HostileTest):
    def test_an_idle_daemon_wakes_up_once_a_second_at_most(self):
        workers = [self.stack.enter_context(self.daemon.connect()) for _ in range(WORKERS)]
        for worker in workers:
            worker.can_do("idle")
            worker.send(lib.GRAB_JOB)
            worker.expect(lib.NO_JOB)
            worker.send(lib.PRE_SLEEP)
            worker.echo()
        before, began = hostile.wakeups(self.daemon), time.monotonic()
        time.sleep(SECONDS)  # this is the measurement
        rate = (hostile.wakeups(self.daemon) - before) / (time.monotonic() - began)
        self.assertLessEqual(rate, 1)
        hostile.reliability(f"idle with {WORKERS} workers asleep", f"{rate:.1f} wake-ups a second")


class Silence(hostile.HostileTest):
    CONFIG = "[limits]\nidle_timeout = 300ms\nframe_timeout = 300ms\n"
    SHARE = 1.0  # how much later than its time a connection may end, in seconds, on a loaded machine

    def ends_after(self, begin, *, half_closed=False):
        """How long a connection lives that has said only this."""
        peer = self.stack.enter_context(self.daemon.connect())
        began = time.monotonic()
        peer.raw(begin)
        if half_closed:
            peer.socket.shutdown(1)
        peer.expect_end()
        return time.monotonic() - began

    def test_who_never_speaks_or_stops_half_way_is_closed_in_time_and_an_idle_worker_is_not(self):
        worker = self.stack.enter_context(self.daemon.connect())
        worker.can_do("idle")
        worker.send(lib.PRE_SLEEP)
        quiet = self.stack.enter_context(self.daemon.connect())
        quiet.echo()
        half = lib.frame(lib.SUBMIT_JOB, "half", "", bytes(100))
        lives = [self.ends_after(begin) for begin in (b"", half[:1], half[:20], half[:-1], b"stat")]
        for seconds in lives:
            self.assertGreaterEqual(seconds, 0.29)
            self.assertLess(seconds, 0.3 + self.SHARE)
        worker.echo()
        quiet.echo()
        hostile.reliability("half-open and silent connections with a limit of 300 ms",
                            f"closed after {min(lives) * 1000:.0f} to {max(lives) * 1000:.0f} ms; "
                            "an idle worker stays")

    def test_who_trickles_is_closed_when_the_time_of_its_frame_is_over(self):
        """A byte now and then does not buy more time."""
        with self.daemon.connect() as peer:
            began = time.monotonic()
            with self.assertRaises(OSError):
                for byte in lib.frame(lib.SUBMIT_JOB, "trickle", "", bytes(10_000)):
                    peer.raw(bytes((byte,)))
                    time.sleep(0.02)
            self.assertLess(time.monotonic() - began, 0.3 + self.SHARE)

    def test_who_has_closed_its_half_after_half_a_frame_is_closed_at_once(self):
        self.assertLess(self.ends_after(b"\0REQ", half_closed=True), self.SHARE)


if __name__ == "__main__":
    lib.main()
