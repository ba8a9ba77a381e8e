"""A reader of Prometheus' text format (version 0.0.4) that takes nothing but what its page allows, and
what is good manners beyond that: help and type for everything, base units, counters that end with
`_total`, samples of a metric side by side and none of them twice."""

import math
import re

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
ESCAPE = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}
UNBASED = re.compile(r"_(ms|us|ns|milliseconds|microseconds|minutes|hours|kib|mib|kilobytes)(_|$)")


def need(holds, why, line):
    if not holds:
        raise ValueError(f"{why}: {line!r}")


def labels_of(text, line):
    """The labels between braces."""
    found, at = {}, 0
    while at < len(text):
        label = LABEL.match(text, at)
        need(label is not None, "no label", line)
        need(label[1] not in found, "a label twice", line)
        found[label[1]] = re.sub(r"\\.", lambda escape: ESCAPE[escape[0]], label[2])
        at = label.end()
        if at < len(text):
            need(text[at] == ",", "no comma between labels", line)
            at += 1
    return found


def sample_of(line):
    """(name, {label: value}, number) of a line."""
    sample = re.fullmatch(r"([^\s{]+)(?:\{(.*)\})? (\S+)", line)
    need(sample is not None and NAME.fullmatch(sample[1]), "no sample", line)
    return sample[1], labels_of(sample[2] or "", line), float(sample[3])


class Metric:
    def __init__(self, name, help_text):
        self.name = name
        self.help = help_text
        self.type = None
        self.samples = {}

    def owns(self, name):
        if self.type == "histogram":
            return name in {self.name + end for end in ("_bucket", "_sum", "_count")}
        return name == self.name

    def value(self, **labels):
        """The sample with exactly these labels."""
        return self.samples[self.name, tuple(sorted(labels.items()))]

    def histogram(self, **labels):
        """([(bound, count up to it)], sum, count) of the one with these labels."""
        own = tuple(sorted(labels.items()))
        buckets = sorted((float(dict(having)["le"]), number)
                         for (name, having), number in self.samples.items()
                         if name.endswith("_bucket")
                         and tuple(pair for pair in having if pair[0] != "le") == own)
        return (buckets, self.samples[self.name + "_sum", own],
                self.samples[self.name + "_count", own])

    def judge(self):
        need(self.type in {"counter", "gauge", "histogram"}, "no type that is known", self.name)
        need(self.help, "no help", self.name)
        need((self.type == "counter") == self.name.endswith("_total"),
             "counters end with _total, and nothing else does", self.name)
        need(not UNBASED.search(self.name), "no base unit", self.name)
        if self.type == "histogram":
            for own in {tuple(pair for pair in having if pair[0] != "le")
                        for _, having in self.samples}:
                buckets, _, count = self.histogram(**dict(own))
                counts = [number for _, number in buckets]
                need(buckets[-1][0] == math.inf, "no last bucket", self.name)
                need(counts == sorted(counts), "buckets that do not add up", self.name)
                need(counts[-1] == count, "the last bucket is not the count", self.name)


def read(text):
    """{name: Metric}; ValueError for what is wrong."""
    need(text.endswith("\n"), "the last line does not end", text[-40:])
    metrics, current = {}, None
    for line in text.split("\n")[:-1]:
        if line.startswith("# HELP "):
            name, help_text = line[7:].split(" ", 1)
            need(name not in metrics, "samples of a metric are not side by side", line)
            current = metrics[name] = Metric(name, help_text)
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            need(current and current.name == name and not current.type, "a type by itself", line)
            current.type = kind
        else:
            name, labels, number = sample_of(line)
            need(current and current.owns(name), "a sample of another metric", line)
            key = (name, tuple(sorted(labels.items())))
            need(key not in current.samples, "a sample twice", line)
            current.samples[key] = number
    for metric in metrics.values():
        metric.judge()
    return metrics
