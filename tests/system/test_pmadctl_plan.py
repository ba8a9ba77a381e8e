"""pmadctl plan and advise: what they promise of a configuration, a daemon with it keeps."""

import json
import re
import tempfile
import unittest

import pmadd_testlib as lib
from pmadctl_testlib import FINE, NO_DAEMON, TASK_FAILED, USAGE, Commands
from pmadd_testlib import Daemon

# 20 tasks a second for 10 s without any of the 4 workers, one of which is busy otherwise.
LOAD = ("--rate=20", "--run-time=50ms", "--workers=4", "--outage=10s")
SIZES = "--sizes=200:70,4K:25,20K:5"
OF_HUNDRED = ((200, 70), (4096, 25), (20480, 5))


def plan(*words):
    return lib.run(lib.PMADCTL, "plan", *words)


def mix():
    """Body sizes in the proportions of SIZES, each as soon as it is due."""
    taken = [0] * len(OF_HUNDRED)
    while True:
        behind = [share * (sum(taken) + 1) / 100 - taken[at]
                  for at, (_, share) in enumerate(OF_HUNDRED)]
        kind = behind.index(max(behind))
        taken[kind] += 1
        yield OF_HUNDRED[kind][0]


def fill(daemon, most):
    """Submits the mix until the daemon refuses, or `most` are in: how many, and the refusal."""
    sizes = mix()
    with daemon.connect() as client:
        for count in range(most):
            client.send(lib.SUBMIT_JOB, "f", "", b"x" * next(sizes))
            kind, body = client.receive()
            if kind != lib.JOB_CREATED:
                return count, body.decode()
    return most, ""


class Plan(unittest.TestCase):
    def answers(self, *words, status=FINE):
        run = plan("--json", *words)
        self.assertEqual(run.returncode, status, run.stderr)
        return {row["what"]: row["value"] for row in json.loads(run.stdout)}

    def test_a_daemon_starts_with_it_and_takes_all_tasks_that_were_planned(self):
        run = plan(*LOAD, SIZES)
        self.assertEqual(run.returncode, FINE, run.stderr)
        planned = int(re.search(r"Room is for (\d+) foreground tasks", run.stdout)[1])
        self.assertGreater(planned, 200, "20 a second for 10 seconds, and chance")
        self.assertLess(planned, 400)
        with Daemon(run.stdout) as daemon:
            taken, refusal = fill(daemon, planned + 1)
        self.assertEqual(taken, planned)
        self.assertIn("limit=tasks", refusal)

    def test_what_it_says_of_a_configuration_is_what_a_daemon_takes(self):
        config = "[pool tasks]\nsize = 2M\nclass = 128, 20\nclass = 1024, 30\nclass = 8192, 50\n"
        with Daemon(config) as daemon:
            answers = self.answers(f"--config={daemon.file}", SIZES)
            taken, refusal = fill(daemon, 10_000)
        self.assertEqual(answers["refused_by"], "pool")
        self.assertIn("limit=pool", refusal)
        self.assertAlmostEqual(int(answers["tasks_at_once"]), taken, delta=taken * 0.02)

    def test_who_waits_and_unique_ids_take_room_too(self):
        bare, waited, named = (
            int(self.answers(*words, f"--config={lib.SOURCE}/config/pmadd.conf", "--clients=99",
                             "--sizes=60")["tasks_at_once"])
            for words in (["--background"], [], ["--unique=63"]))
        self.assertGreater(bare, waited)
        self.assertGreater(waited, named)

    def test_an_outage_that_a_configuration_does_not_ride_out_fails(self):
        file = f"--config={lib.SOURCE}/config/profiles/small.conf"
        load = ("--rate=100", "--run-time=1ms", "--workers=1")
        answers = self.answers(file, *load, "--outage=24h", status=TASK_FAILED)
        self.assertEqual(answers["verdict"], "FAILED")
        self.assertEqual(self.answers(file, *load, "--outage=1s")["verdict"], "ok")
        self.assertAlmostEqual(float(answers["longest_outage"]),
                               int(answers["tasks_at_once"]) / 100, delta=1)

    def test_a_payload_that_is_too_long_for_a_configuration_is_refused_at_once(self):
        answers = self.answers(f"--config={lib.SOURCE}/config/pmadd.conf", "--sizes=2M")
        self.assertEqual((answers["tasks_at_once"], answers["refused_by"]), ("0", "payload"))

    def test_large_bodies_raise_the_limits_they_meet(self):
        run = plan("--rate=1", "--run-time=10ms", "--workers=1", "--outage=2s", "--sizes=3M")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"(?m)^payload_max = 3M$")
        with Daemon(run.stdout) as daemon, daemon.connect() as client:
            client.submit("f", b"x" * (3 << 20))

    def test_without_an_outage_there_is_room_for_what_is_at_work(self):
        run = plan(*LOAD[:3], "--outage=0s")
        self.assertEqual(run.returncode, FINE, run.stderr)
        planned = int(re.search(r"Room is for (\d+) foreground tasks", run.stdout)[1])
        self.assertLess(planned, 20)
        with Daemon(run.stdout) as daemon:
            self.assertEqual(fill(daemon, planned)[0], planned)

    def test_more_than_the_workers_can_do_is_named(self):
        run = plan("--rate=100", "--run-time=100ms", "--workers=10", "--outage=1s")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertRegex(run.stderr, r"impossible: --rate=100 .*--run-time=0.1s keeps 10 workers.*"
                                     r"take 11 workers")

    def test_what_no_limit_allows_is_named(self):
        run = plan("--rate=1000000", "--run-time=1us", "--workers=10", "--outage=1h")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertRegex(run.stderr, r"--outage=3600s at --rate=1e\+06 leaves 36\d{8} tasks")
        self.assertRegex(run.stderr, r"\[limits\] tasks: 36\d{8} is out of range")

    def test_what_no_machine_has_is_named(self):
        run = plan("--rate=4000", "--run-time=1us", "--workers=10", "--outage=1h", "--sizes=1G")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertRegex(run.stderr, r"this machine's memory: \d+ bytes are needed")

    def test_a_configuration_that_pmadd_refuses_is_refused(self):
        with Daemon("") as daemon:
            daemon.file.write_text("[limits]\ntasks = many\n")
            run = plan(f"--config={daemon.file}")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertRegex(run.stderr, r"would not start.*:2: \[limits\] tasks")

    def test_a_number_that_makes_no_sense_is_named(self):
        for words, name in (
                (("--rate=0",), "rate"), (("--rate=nan",), "rate"), (("--rate=many",), "rate"),
                (("--run-time=0s",), "run-time"), (("--run-time=5",), "run-time"),
                (("--workers=0",), "workers"), (("--workers=100001",), "workers"),
                (("--outage=-1s",), "outage"), (("--sizes=1K:50,2K:40",), "sum to 90"),
                (("--sizes=1K,2K",), "behind 1K"), (("--sizes=2G",), "2G"),
                (("--sizes=",), "sizes"), (("--sizes=1K:0,2K:100",), "behind 1K"),
                (("--sizes=" + ",".join(["1K:9"] * 11),), "more than 10"),
                (("--unique=64",), "unique"), (("--clients=0",), "clients"),
                (LOAD[:3], "--outage is missing"), (LOAD[1:], "--rate is missing"),
                (("--config=x", "--rate=1"), "--run-time is missing"),
                ((*LOAD, "--json"), "--json")):
            with self.subTest(words=words):
                run = plan(*words)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                self.assertIn(name, run.stderr.splitlines()[0])


class Advise(Commands):
    def test_a_daemon_starts_with_it_and_takes_what_there_was_and_a_margin(self):
        taken, _ = fill(self.daemon, 500)
        run = self.daemon.ctl("advise")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertRegex(run.stdout, r"32\.0M become [\d.]+[KM]: saves \d")
        with Daemon(run.stdout) as daemon:
            self.assertEqual(fill(daemon, taken * 5 // 4)[0], taken * 5 // 4)

    def test_json_has_every_class_and_what_it_should_be(self):
        fill(self.daemon, 500)
        with self.daemon.connect() as peer:
            there = {(row[0], int(row[1])): int(row[4]) for row in peer.listing("pools")
                     if row[0] in ("tasks", "wire") and row[1].isdigit()}
        rows = json.loads(self.daemon.ctl("advise", "--json").stdout)
        wire = {key for key in there if key[0] == "wire"}
        self.assertEqual({(row["pool"], row["class"]) for row in rows if row["pool"] == "wire"}, wire)
        for row in rows:
            if row["pool"] == "tasks":
                self.assertEqual(row["high_water"], there.get(("tasks", row["class"]), 0))
            self.assertGreaterEqual(row["advised_blocks"], row["high_water"])
        for pool in ("tasks", "wire"):
            self.assertEqual(sum(row["advised_share"] for row in rows if row["pool"] == pool), 100)

    def test_classes_are_made_for_the_sizes_that_bodies_had(self):
        with self.daemon.connect() as client:
            for size in (3000, 9000) * 100:
                client.submit("f", b"x" * size, kind=lib.SUBMIT_JOB_BG)
        run = self.daemon.ctl("advise")
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertIn("; Classes for the sizes that bodies had, and room for 250 tasks at once:",
                      run.stdout)
        tasks = run.stdout.split("[pool tasks]")[1].split("[pool")[0]
        classes = [int(size) for size in re.findall(r"^class = (\d+),", tasks, re.MULTILINE)]
        for most in 3072, 12288:  # the bounds of the histogram
            self.assertTrue([size for size in classes if most < size < most + 200], classes)
        with Daemon(run.stdout) as daemon, daemon.connect() as client:
            for size in (3000, 9000) * 125:
                client.submit("f", b"x" * size, kind=lib.SUBMIT_JOB_BG)

    def test_a_daemon_that_has_done_nothing_gives_nothing_to_go_by(self):
        self.assert_says(self.daemon.ctl("advise"), TASK_FAILED, "no task yet")

    def test_a_wrong_margin_is_refused(self):
        for margin in ("-1", "1001", "some"):
            run = self.daemon.ctl("advise", f"--margin={margin}")
            self.assertEqual(run.returncode, USAGE)
            self.assertIn("--margin", run.stderr)

    def test_without_a_daemon_there_is_none(self):
        run = lib.run(lib.PMADCTL, "advise", "--socket=/nowhere/to/be/found")
        self.assert_says(run, NO_DAEMON, "no daemon")


class Exhausted(Commands):
    CONFIG = "[pool tasks]\nsize = 2M\nclass = 128, 20\nclass = 1024, 30\nclass = 8192, 50\n"

    def test_what_has_run_out_gets_twice_as_much_and_is_named(self):
        fill(self.daemon, 10_000)
        rows = json.loads(self.daemon.ctl("advise", "--json").stdout)
        full = [row for row in rows if row["pool"] == "tasks" and row["refused"] > 0]
        self.assertTrue(full)
        for row in full:
            self.assertGreaterEqual(row["advised_blocks"], 2 * row["blocks"])
        said = self.daemon.ctl("advise").stdout
        self.assertRegex(said, r"(?s)first is that of \d+ bytes.*takes [\d.]+[KM]\.")


class Unit(unittest.TestCase):
    def settings(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            run = lib.run(lib.PMADCTL, "unit", file.name)
        self.assertEqual(run.returncode, FINE, run.stderr)
        self.assertTrue(run.stdout.startswith(f"# For {file.name}."))
        self.assertIn("\n[Service]\n", run.stdout)
        return dict(re.findall(r"^(\w+)=(\w+)$", run.stdout, re.MULTILINE))

    def test_what_it_allows_follows_the_configuration(self):
        small = self.settings("[limits]\nconnections = 100\n[server]\nshutdown_grace = 2500ms\n")
        large = self.settings("[limits]\nconnections = 200\n[pool tasks]\nsize = 64M\n")
        self.assertEqual((small["TimeoutStopSec"], large["TimeoutStopSec"]), ("13s", "40s"))
        self.assertEqual(int(large["LimitNOFILE"]) - int(small["LimitNOFILE"]), 100)
        for unit in small, large:
            self.assertEqual(unit["MemorySwapMax"], "0")
        least = [int(unit["MemoryMin"].rstrip("M")) for unit in (small, large)]
        most = [int(unit["MemoryMax"].rstrip("M")) for unit in (small, large)]
        self.assertIn(least[1] - least[0], range(30, 35))
        self.assertGreater(most[0], least[0])
        self.assertGreater(most[1] - least[1], most[0] - least[0])

    def test_a_configuration_that_does_not_start_has_none(self):
        run = lib.run(lib.PMADCTL, "unit", "/nonexistent")
        self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
        self.assertIn("/nonexistent: cannot be read", run.stderr)


if __name__ == "__main__":
    lib.main()
