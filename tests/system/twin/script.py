"""The format of the recorded exchanges: lines that a person can read and a program can replay.

    == drop-idle: a function that nobody uses can be dropped
    w > CAN_DO f
    a > "status\\n"
    a < "f\\t0\\t0\\t1\\n"

A paragraph begins with its name and what it is about. Each line names a peer (which is connected by
the first line that names it) and what happens:

    w > CAN_DO f            it sends this frame; arguments are joined with NUL
    w > RES:7 f "" x        it sends a frame with this magic and this number
    a > "status\\n"          it sends these bytes
    a >> "stat"             the same, but what it says is not finished: nobody asks it for an echo
    w < NOOP                this comes from the server before anything else happens
    w < closed              the server has ended the connection
    w ?                     everybody waits until something has come to it
    w -                     it ends its connection
    t $ gearadmin --status  a command of gearmand's, run to its end, here against this server
    t & gearman -w -f f     the same, but nobody waits for its end; `t ?` does, later
    t < stdout "0\\n"       it has printed this line; likewise stderr
    t < exit 0              it has ended with this status

A word is printable ASCII as it is, or in quotes with the escapes of C, or pieces of both in a row;
`"x"*70` stands for seventy of them. `%1` is the first handle that a server gave out in this
exchange, and so on. Behind the word `<` stands what a command reads. `:: -j 2` at the head of a
paragraph are options for the server.
"""

import dataclasses
import re
from pathlib import Path

import pmadd_testlib as lib

FILES = sorted(Path(__file__).parent.glob("*.txt"))

PACKETS = re.findall(r"^ +GM_(\w+) = (\d+),$", (lib.SOURCE / "proto/gm_packet.h").read_text(),
                     re.MULTILINE)
NAMES = {int(number): name for name, number in PACKETS}
NUMBERS = {name: number for number, name in NAMES.items()}

ESCAPES = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}
NUL = "\\x00"  # for Python, which would take digits behind \\0 into the escape
PIECE = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^\s"*]+))(?:\*(\d+))?')
RUN = re.compile(rb"(.)\1{23,}", re.DOTALL)
PLAIN = re.compile(rb"[!#-)+-\[\]-~]+")


@dataclasses.dataclass
class Step:
    """Something that one peer does, and all that the server says until nothing more comes."""

    line: str
    peer: str
    verb: str
    words: str
    answers: list


@dataclasses.dataclass
class Exchange:
    name: str
    about: str
    options: list
    steps: list


def write_bytes(data):
    """A word for these bytes; what a person cannot see is escaped, long runs are counted."""
    if PLAIN.fullmatch(data) and not RUN.search(data):
        return data.decode()
    pieces, at = [], 0
    for run in RUN.finditer(data):
        if run.start() > at:
            pieces.append(quote(data[at:run.start()]))
        pieces.append(f"{quote(run[1])}*{len(run[0])}")
        at = run.end()
    if at < len(data) or not pieces:
        pieces.append(quote(data[at:]))
    return "".join(pieces)


def quote(data):
    text = ""
    for at, byte in enumerate(data):
        escape = ESCAPES.get(byte)
        if byte == 0 and data[at + 1:at + 2].isdigit():
            escape = "\\x00"
        text += escape or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}")
    return f'"{text}"'


def read_words(text):
    """The bytes of each word in a line."""
    words, at = [], 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        word = b""
        while at < len(text) and text[at] != " ":
            piece = PIECE.match(text, at)
            if piece is None:
                raise ValueError(f"not a word: {text[at:]}")
            raw = piece[2] if piece[1] is None else piece[1]
            data = re.sub(r"\\(0|.)", lambda it: NUL if it[1] == "0" else it[0], raw)
            data = data.encode().decode("unicode_escape")
            word += data.encode("latin-1") * int(piece[3] or 1)
            at = piece.end()
        words.append(word)
    return words


def read(text):
    """All exchanges in a file."""
    exchanges = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.rstrip()
        if not line:
            continue
        if line.startswith("== "):
            name, about = line[3:].split(": ", 1)
            exchanges.append(Exchange(name, about, [], []))
            continue
        if line.startswith(":: "):
            exchanges[-1].options = line[3:].split()
            continue
        match = re.fullmatch(r"(\w+) (>>|[><?$&-])(?: (.*))?", line)
        if match is None:
            raise ValueError(f"line {number} is no step: {line}")
        if match[2] == "<":
            exchanges[-1].steps[-1].answers.append(line)
        else:
            step = Step(line, match[1], match[2], match[3] or "", [])
            exchanges[-1].steps.append(step)
    return exchanges


def read_all():
    """All exchanges that are recorded."""
    return [exchange for file in FILES for exchange in read(file.read_text())]


def write(exchanges):
    """The text that `read` reads."""
    paragraphs = []
    for exchange in exchanges:
        lines = [f"== {exchange.name}: {exchange.about}"]
        if exchange.options:
            lines.append(":: " + " ".join(exchange.options))
        for step in exchange.steps:
            lines += [step.line, *step.answers]
        paragraphs.append("\n".join(lines) + "\n")
    return "\n".join(paragraphs)
