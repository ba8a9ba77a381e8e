"""`pmadctl stats`: the figures as lines, as JSON, and as Prometheus reads them."""

import json
import re
import shutil
import unittest

import pmadd_testlib as lib
import prometheus

ODD = 'odd "name"\\with\nlines'
MONITORING = lib.SOURCE / "packaging" / "monitoring"
BROKEN = [b"no\xff-utf8", b"no\xfe-utf8"]


def stats(daemon, *options):
    run = lib.run(lib.PMADCTL, "stats", "--socket", daemon.socket, *options)
    if run.returncode != 0:
        raise AssertionError(run.stderr)
    return run.stdout


class Reader(unittest.TestCase):
    """The reader that the other tests rely on finds what is wrong."""

    HEAD = "# HELP m_total Some.\n# TYPE m_total counter\n"
    WRONG = {
        "a sample of another metric": "n_total 1\n",
        "no sample": HEAD + "m_total\n",
        "no comma between labels": HEAD + 'm_total{a="un"quoted"} 1\n',
        "a label twice": HEAD + 'm_total{a="1",a="2"} 1\n',
        "a sample twice": HEAD + "m_total 1\nm_total 2\n",
        "the last line does not end": HEAD + "m_total 1",
        "counters end with _total": "# HELP m Some.\n# TYPE m counter\nm 1\n",
        "no base unit": "# HELP m_us Some.\n# TYPE m_us gauge\nm_us 1\n",
        "samples of a metric are not side by side": HEAD + HEAD,
        "buckets that do not add up": "# HELP h Some.\n# TYPE h histogram\n"
                                      'h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\n'
                                      "h_sum 1\nh_count 1\n",
        "the last bucket is not the count": "# HELP h Some.\n# TYPE h histogram\n"
                                            'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n',
    }

    def test_what_is_wrong_is_found(self):
        for why, text in self.WRONG.items():
            with self.subTest(why), self.assertRaisesRegex(ValueError, why):
                prometheus.read(text)

    def test_what_is_escaped_is_read(self):
        text = self.HEAD + 'm_total{a="q\\"b\\\\n\\nl",b="c"} 1e3\n'
        metric = prometheus.read(text)["m_total"]
        self.assertEqual(metric.value(a='q"b\\n\nl', b="c"), 1000)


class Stats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = lib.Daemon("[function full]\nmax_queue = 1\n")
        cls.addClassCleanup(cls.daemon.__exit__, None, None, None)
        cls.daemon.__enter__()
        with lib.Peer(cls.daemon.socket) as client, lib.Peer(cls.daemon.socket) as worker:
            worker.can_do("done")
            for _ in range(3):
                client.submit("done", b"four")
                worker.complete(worker.grab()[0])
                client.expect(lib.WORK_COMPLETE)
            for name in [ODD, *BROKEN, "100%", "full"]:
                client.submit(name, b"x", kind=lib.SUBMIT_JOB_BG)
            client.send(lib.SUBMIT_JOB_BG, "full", "", b"x")
            client.expect(lib.ERROR)

    def test_lines_are_those_of_the_daemon(self):
        with lib.Peer(self.daemon.socket) as peer:
            names = [name for name, _ in peer.listing("stats")]
        rows = [line.split("\t") for line in stats(self.daemon).splitlines()]
        self.assertEqual([name for name, _ in rows], names)
        self.assertEqual(dict(rows)["submitted"], "8")

    def test_json_has_every_listing_with_the_daemons_columns(self):
        told = json.loads(stats(self.daemon, "--json"))
        functions = {function["function"]: function for function in told["functions"]}
        self.assertEqual(set(functions),
                         {"done", ODD, "no%FF-utf8", "no%FE-utf8", "100%25", "full"})
        self.assertEqual(functions["done"]["completed"], 3)
        self.assertEqual(functions["full"]["refused_queue"], 1)
        self.assertEqual(told["stats"]["refused_queue"], 1)
        self.assertEqual({pool["pool"] for pool in told["pools"]},
                         {"tasks", "wire", "workers", "runtime"})
        runs = next(row for row in told["histograms"]
                    if (row["function"], row["histogram"]) == ("done", "running"))
        self.assertEqual(sum(bucket["tasks"] for bucket in runs["buckets"]), 3)

    def test_prometheus_reads_every_figure(self):
        metrics = prometheus.read(stats(self.daemon, "--prometheus"))
        self.assertEqual(metrics["pmadd_tasks_submitted_total"].value(), 8)
        self.assertEqual(metrics["pmadd_refusals_total"].value(limit="queue"), 1)
        self.assertEqual(metrics["pmadd_tasks"].value(state="queued"), 5)
        finished = metrics["pmadd_function_tasks_finished_total"]
        self.assertEqual(finished.value(function="done", outcome="completed"), 3)
        refused = metrics["pmadd_function_refusals_total"]
        self.assertEqual(refused.value(function="full", limit="queue"), 1)
        self.assertGreater(metrics["pmadd_loop_busy_seconds_total"].value(), 0)
        self.assertGreater(metrics["pmadd_function_oldest_waiting_seconds"].value(function=ODD), 0)

    def test_prometheus_is_told_names_of_any_bytes_apart(self):
        tasks = prometheus.read(stats(self.daemon, "--prometheus"))["pmadd_function_tasks"]
        for name in ODD, "no%FF-utf8", "no%FE-utf8", "100%25":
            self.assertEqual(tasks.value(function=name, state="queued"), 1, name)

    def test_histograms_count_what_ran(self):
        metrics = prometheus.read(stats(self.daemon, "--prometheus"))
        told = json.loads(stats(self.daemon, "--json"))
        for which in "waiting", "running":
            buckets, total, count = metrics[f"pmadd_function_{which}_seconds"].histogram(
                function="done")
            self.assertEqual(count, 3)
            self.assertEqual(len(buckets), 34)
            self.assertEqual(buckets[0][0], 1e-6)
            row = next(row for row in told["histograms"]
                       if (row["function"], row["histogram"]) == ("done", which))
            self.assertEqual(round(total * 1e6), row["sum"])
            for bound, number in buckets:
                below = sum(bucket["tasks"] for bucket in row["buckets"]
                            if bucket["most_us"] is not None and bucket["most_us"] <= bound * 1e6)
                if bound < 5000:
                    self.assertEqual(number, below, bound)

    def test_every_figure_that_is_no_setting_is_told(self):
        source = (lib.SOURCE / "client" / "metrics" / "prometheus.c").read_text()
        with lib.Peer(self.daemon.socket) as peer:
            names = [name for name, _ in peer.listing("stats")]
            columns = peer.listing("functions")[0][1:]
        # What follows from others, and what is set and not met.
        skipped = {"tasks"} | {name for name in names if name.startswith("limit_")}
        for name in [*names, *columns]:
            known = name in skipped or f'"{name}"' in source or any(
                name.startswith(group) and f'"{group}"' in source
                for group in ("refused_", "connections_turned_away_"))
            self.assertTrue(known, name)

    def test_dashboard_and_alerts_ask_for_metrics_that_are_told(self):
        told = {name for metric in prometheus.read(stats(self.daemon, "--prometheus")).values()
                for name in {metric.name} | {name for name, _ in metric.samples}}
        for file in MONITORING / "pmadd-dashboard.json", MONITORING / "pmadd-alerts.yml":
            asked = set(re.findall(r"\bpmadd_\w+", file.read_text()))
            self.assertGreater(len(asked), 8)
            self.assertEqual(asked - told, set(), file.name)

    def test_the_dashboard_has_no_two_panels_in_one_place(self):
        panels = json.loads((MONITORING / "pmadd-dashboard.json").read_text())["panels"]
        taken = set()
        for panel in panels:
            at = panel["gridPos"]
            area = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                    for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(area & taken, panel["title"])
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            taken |= area
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))

    @unittest.skipUnless(shutil.which("promtool"), "no promtool: install prometheus")
    def test_promtool_takes_the_alerts(self):
        run = lib.run("promtool", "check", "rules", MONITORING / "pmadd-alerts.yml")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool: install prometheus")
    def test_promtool_finds_nothing(self):
        run = lib.run("promtool", "check", "metrics", input=stats(self.daemon, "--prometheus"))
        self.assertEqual((run.returncode, run.stdout + run.stderr), (0, ""))

    def test_without_a_daemon_it_says_so(self):
        run = lib.run(lib.PMADCTL, "stats", "--prometheus", "--socket", "/nonexistent/socket")
        self.assertEqual((run.returncode, run.stdout), (5, ""))
        self.assertIn("/nonexistent/socket", run.stderr)


if __name__ == "__main__":
    unittest.main()
