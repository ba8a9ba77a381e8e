"""Where pmadd answers otherwise than gearmand, and why: differences.json, as data and as a table.

    PYTHONPATH=tests/system python3 -m twin.differences

prints the table as docs/protocol.md has it. A row names the exchanges and, in each, the steps
(counted from 1) at which the answers differ; they differ in the same way at all of them.
"""

import dataclasses
import json
from pathlib import Path

HEADING = ("| id | exchange and step | what is sent | gearmand | pmadd | why |",
           "|---|---|---|---|---|---|")


@dataclasses.dataclass
class Difference:
    id: str
    at: dict
    gearmand: list
    pmadd: list
    why: str

    def places(self):
        """Each exchange and step, beginning with the one that the table shows."""
        return [(name, step) for name, steps in self.at.items() for step in steps]


def load():
    rows = json.loads((Path(__file__).parent / "differences.json").read_text())
    return [Difference(**row) for row in rows]


def expected(exchange, differences):
    """What pmadd is to answer after each step: what gearmand does, but for the differences."""
    answers = [step.answers for step in exchange.steps]
    for row in differences:
        for number in row.at.get(exchange.name, []):
            answers[number - 1] = row.pmadd
    return answers


def code(lines):
    return "<br>".join(f"`{line}`" for line in lines) or "nothing"


def table(differences, exchanges):
    """The rows of the table, with its heading."""
    by_name = {exchange.name: exchange for exchange in exchanges}
    lines = list(HEADING)
    for row in differences:
        name, number = row.places()[0]
        places = ", ".join(f"{name} {' '.join(map(str, steps))}" for name, steps in row.at.items())
        sent = code([by_name[name].steps[number - 1].line])
        cells = [row.id, places, sent, code(row.gearmand), code(row.pmadd), row.why]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    from twin import script
    print("\n".join(table(load(), script.read_all())))
