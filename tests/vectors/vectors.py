"""Wire vectors as README.md describes them: reading the files, bytes with variables in them.

A codec of its own: it shares nothing with the one it is used to test, not even the names of
packets.
"""

import re
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent

PACKETS = """
CAN_DO CANT_DO RESET_ABILITIES PRE_SLEEP UNUSED NOOP SUBMIT_JOB JOB_CREATED GRAB_JOB NO_JOB
JOB_ASSIGN WORK_STATUS WORK_COMPLETE WORK_FAIL GET_STATUS ECHO_REQ ECHO_RES SUBMIT_JOB_BG ERROR
STATUS_RES SUBMIT_JOB_HIGH SET_CLIENT_ID CAN_DO_TIMEOUT ALL_YOURS WORK_EXCEPTION OPTION_REQ
OPTION_RES WORK_DATA WORK_WARNING GRAB_JOB_UNIQ JOB_ASSIGN_UNIQ SUBMIT_JOB_HIGH_BG SUBMIT_JOB_LOW
SUBMIT_JOB_LOW_BG SUBMIT_JOB_SCHED SUBMIT_JOB_EPOCH SUBMIT_REDUCE_JOB SUBMIT_REDUCE_JOB_BACKGROUND
GRAB_JOB_ALL JOB_ASSIGN_ALL GET_STATUS_UNIQUE STATUS_RES_UNIQUE
""".split()
TYPES = {name: number for number, name in enumerate(PACKETS, 1)}

HEADER_SIZE = 12
MAGIC = {">": b"\0REQ", "<": b"\0RES"}

STEP = re.compile(r"([a-z0-9_]+)([><?]) (.+)")
PACKET = re.compile(r"([A-Z_]+[A-Z])(?: (.*))?")
LETTER = re.compile(r"\\x([0-9a-f]{2})|\\([\\nrt])|\$([a-z][a-z0-9_]*)|(\|)|([^\\$|])")
HEX_WORD = re.compile(r"((?:[0-9a-f]{2})+)|([0-9a-f]{8})((?:\+\$[a-z][a-z0-9_]*)+)|"
                      r"\$([a-z][a-z0-9_]*)")
VALUE = re.compile(rb"[!-~]+")
ESCAPES = {"\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t"}


class Size(NamedTuple):
    """A 32-bit number on the wire: `base`, and the sizes of these variables."""
    base: int
    variables: tuple


class VectorError(Exception):
    """A file does not hold what README.md says; the message names file and line."""


def packed(number):
    return number.to_bytes(4, "big")


def merged(parts):
    """Bytes with variables in one form only: a tuple of bytes, Size, and str for a variable."""
    result = []
    for part in parts:
        if isinstance(part, Size) and not part.variables:
            part = packed(part.base)
        if isinstance(part, bytes) and result and isinstance(result[-1], bytes):
            result[-1] += part
        elif part != b"":
            result.append(part)
    return tuple(result)


def parts_of_text(text, nul):
    """The bytes and variables that a text stands for; `nul` is what `|` is."""
    parts, at = [], 0
    while at < len(text):
        found = LETTER.match(text, at)
        if not found:
            raise ValueError(f"what is {text[at:at + 4]!r}?")
        code, escaped, variable, bar, plain = found.groups()
        if code:
            parts.append(bytes.fromhex(code))
        elif variable:
            parts.append(variable)
        else:
            parts.append(ESCAPES[escaped] if escaped else nul if bar else plain.encode("ascii"))
        at = found.end()
    return parts


def parts_of_packet(magic, name, text):
    if name not in TYPES:
        raise ValueError(f"there is no packet {name}")
    body = parts_of_text(text or "", b"\0")
    fixed = sum(len(part) for part in body if isinstance(part, bytes))
    variables = tuple(part for part in body if isinstance(part, str))
    return merged([magic + packed(TYPES[name]), Size(fixed, variables), *body])


def parts_of_hex(words):
    parts = []
    for word in words.split():
        found = HEX_WORD.fullmatch(word)
        if not found:
            raise ValueError(f"{word} is no bytes in hexadecimal, no variable and no size")
        plain, base, added, variable = found.groups()
        if plain:
            parts.append(bytes.fromhex(plain))
        else:
            parts.append(variable or Size(int(base, 16), tuple(added[2:].split("+$"))))
    return merged(parts)


def expand(parts, values):
    """The bytes, with a value for every variable."""
    whole = b""
    for part in parts:
        if isinstance(part, Size):
            whole += packed(part.base + sum(len(values[name]) for name in part.variables))
        else:
            whole += values[part] if isinstance(part, str) else part
    return whole


def bind(parts, message, values):
    """The values with those added that make the parts this message; None if none do."""
    bound, at = dict(values), 0
    for part in parts:
        if isinstance(part, str) and part not in bound:
            found = VALUE.match(message, at)
            if not found:
                return None
            bound[part] = found.group()
        at += 4 if isinstance(part, Size) else len(bound[part] if isinstance(part, str) else part)
    return bound if expand(parts, bound) == message else None


class Step(NamedTuple):
    peer: str
    verb: str      # "sends", "hears", "finds", "leaves", "closed", "nothing"
    text: str      # as in the file
    packet: str    # its name, where it is one
    parts: tuple   # what goes over the wire
    line: int


class Vector(NamedTuple):
    name: str
    file: str
    line: int
    steps: list

    def peers(self):
        return list(dict.fromkeys(step.peer for step in self.steps))


WORDS = {("leaves", ">"): "leaves", ("closed", "<"): "closed", ("nothing", "<"): "nothing"}
VERBS = {">": "sends", "<": "hears", "?": "finds"}


def parse_step(line, number):
    found = STEP.fullmatch(line)
    if not found:
        raise ValueError("expected `PEER> MESSAGE`, `PEER< MESSAGE` or `PEER? \"LINE\"`")
    peer, way, text = found.groups()
    if (text, way) in WORDS:
        return Step(peer, WORDS[text, way], text, "", (), number)
    if text[0] == '"' and text[-1] == '"' and len(text) > 1:
        parts, packet = merged(parts_of_text(text[1:-1], b"|")), ""
    elif text.startswith("bytes "):
        parts, packet = parts_of_hex(text[6:]), ""
    else:
        found = PACKET.fullmatch(text)
        if not found or way == "?":
            raise ValueError(f"what is {text}?")
        packet, text_of_body = found.groups()
        parts = parts_of_packet(MAGIC[way], packet, text_of_body)
    return Step(peer, VERBS[way], text, packet, parts, number)


class Reader:
    """One file, line by line."""

    def __init__(self, path):
        self.path = Path(path)
        self.vectors = []
        self.wire = None  # the words of the `=` lines behind the last step

    def read(self):
        for number, line in enumerate(self.path.read_text("ascii").splitlines(), 1):
            try:
                self.take(line, number)
            except ValueError as error:
                raise VectorError(f"{self.path}:{number}: {error}") from error
        self.check_bytes()
        return self.vectors

    def take(self, line, number):
        if line != line.rstrip():
            raise ValueError("a line ends with a blank; \\x20 is one that can be seen")
        if line.lstrip().startswith("="):
            if self.wire is None:
                raise ValueError("bytes of no packet")
            self.wire += line.lstrip()[1:].split()
            return
        self.check_bytes()
        if not line or line.startswith("#"):
            return
        if line.startswith("vector "):
            self.vectors.append(Vector(line[7:], self.path.name, number, []))
            return
        if not self.vectors:
            raise ValueError("a step of no vector")
        step = parse_step(line, number)
        if (step.peer, "leaves") in [(other.peer, other.verb) for other in self.vectors[-1].steps]:
            raise ValueError(f"{step.peer} has left")
        self.vectors[-1].steps.append(step)
        self.wire = [] if step.packet else None

    def check_bytes(self):
        """The bytes that the last step was given are those that its text says."""
        if self.wire is None:
            return
        step = self.vectors[-1].steps[-1]
        if parts_of_hex(" ".join(self.wire)) != step.parts:
            raise VectorError(f"{self.path}:{step.line}: the bytes are not those of {step.text}")
        self.wire = None


def files(place=HERE):
    return sorted(Path(place).glob("*.vectors"))


def read(paths=None):
    """All vectors of these files, of all in this directory by default."""
    vectors = [vector for path in paths or files() for vector in Reader(path).read()]
    names = [vector.name for vector in vectors]
    for name in names:
        if names.count(name) > 1:
            raise VectorError(f"two vectors have the name {name!r}")
    return vectors


# ---- writing ----

def pieces(data):
    """Bytes as they are shown: arguments with their NULs, and nothing too long for a line."""
    return [piece.hex() for piece in re.findall(rb"[^\0]{,31}\0|[^\0]{1,32}", data)]


def hex_words(parts):
    """The words in which a frame is shown: magic, type, size, then what follows."""
    head, words = parts[0], []
    for part in parts[1:]:
        if isinstance(part, Size):
            words.append("+$".join([packed(part.base).hex(), *part.variables]))
        else:
            words += ["$" + part] if isinstance(part, str) else pieces(part)
    return [head[at:at + 4].hex() for at in range(0, min(len(head), HEADER_SIZE), 4)] + \
        pieces(head[HEADER_SIZE:]) + words


def byte_lines(parts, width=100):
    lines = ["   ="]
    for word in hex_words(parts):
        if len(lines[-1]) + 1 + len(word) > width:
            lines.append("   =")
        lines[-1] += " " + word
    return lines


def with_bytes(text):
    """The text of a file with the bytes of every packet written anew."""
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("="):
            continue
        lines.append(line)
        if STEP.fullmatch(line):
            step = parse_step(line, number)
            if step.packet:
                lines += byte_lines(step.parts)
    return "\n".join(lines) + "\n"
