"""Plays an exchange against a server and says what it answered, in the words of the script.

After each step the peer that did it takes in what has come to it, then all others in turn: what the
step caused has been sent by then, to whomever.
"""

import re

import pmadd_testlib as lib
from twin import script
from twin.caller import SILENCE, THE_END, Caller
from twin.tool import Tool

HANDLE = re.compile(rb"H:[^:\s\0]+:[0-9]+")
MAGIC = {b"REQ": lib.REQUEST, b"RES": lib.RESPONSE}


class Handles:
    """The handles of one exchange, numbered as they first come."""

    def __init__(self):
        self.real = []

    def hide(self, data):
        """Puts %1, %2, ... in place of handles."""
        return HANDLE.sub(self._number, data)

    def show(self, data):
        """Puts handles in place of %1, %2, ..."""
        return re.sub(rb"%([0-9]+)", lambda found: self.real[int(found[1]) - 1], data)

    def _number(self, found):
        if found[0] not in self.real:
            self.real.append(found[0])
        return b"%%%d" % (self.real.index(found[0]) + 1)


class Player:
    """The peers of one exchange, and the handles they have heard of."""

    def __init__(self, address, rules):
        self.address = address
        self.rules = rules
        self.handles = Handles()
        self.peers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer in self.peers.values():
            peer.close()

    def play(self, step):
        """Does one step; returns all that came of it, as lines."""
        if step.verb in "$&":
            self.peers[step.peer] = Tool(self._words(step.words), self.address)
            if step.verb == "&":
                return []  # what it causes comes when it likes, and is waited for
        elif step.peer not in self.peers:
            self.peers[step.peer] = Caller(self.address)
        peer = self.peers[step.peer]
        if step.verb in "$?":
            peer.wait()
        elif step.verb == "-":
            self.peers.pop(step.peer).leave()
        else:
            peer.say(self._compose(step.words))
            peer.unfinished = step.verb == ">>"
        return self._hear(step.peer)

    def _hear(self, first):
        """What has come to everybody, beginning with the one who did something."""
        lines = []
        for name in sorted(self.peers, key=lambda name: (name != first, name)):
            peer = self.peers[name]
            peer.listen()
            heard, peer.heard = peer.heard, []
            lines += [f"{name} < {words}" for words in in_order(map(self._describe, heard))]
        return lines

    def _words(self, text):
        return [self.handles.show(word) for word in script.read_words(text)]

    def _compose(self, text):
        """The bytes that a line says are sent."""
        first, *args = self._words(text)
        if text.startswith('"'):
            return first
        if first[:4] in (b"REQ:", b"RES:"):
            magic, number = MAGIC[first[:3]], int(first[4:], 0)
        else:
            magic, number = lib.REQUEST, script.NUMBERS[first.decode()]
        return lib.frame(number, *args, magic=magic)

    def _describe(self, item):
        """The words for something that came."""
        if item in (SILENCE, THE_END):
            return item
        if isinstance(item, tuple):
            return f"{item[0]} {self._describe_bytes(item[1])}"
        if not item.startswith(b"\0") or len(item) < lib.HEADER.size:
            return self._describe_bytes(item)
        magic, number, size = lib.HEADER.unpack(item[:lib.HEADER.size])
        if magic != lib.RESPONSE:
            return self._describe_bytes(item)
        words = item[lib.HEADER.size:].split(b"\0") if size else []
        return " ".join([script.NAMES.get(number, str(number)), *map(self._describe_bytes, words)])

    def _describe_bytes(self, data):
        for pattern, instead in self.rules:
            data = re.sub(pattern, instead, data)
        return script.write_bytes(self.handles.hide(data))


def in_order(words):
    """Sorts the rows of listings: neither server promises an order."""
    ordered, rows = [], []
    for item in words:
        if item.endswith('".\\n"'):
            ordered += [*sorted(rows), item]
            rows = []
        else:
            rows.append(item)
    return ordered + rows


def play(exchange, address, rules):
    """Does the steps of an exchange; returns what came of each, a list of lines a step."""
    with Player(address, rules) as player:
        return [player.play(step) for step in exchange.steps]
