"""Plays the exchanges that are named, or all, against gearmand and writes its answers down.

    PYTHONPATH=tests/system python3 -m twin.record [NAME]...
"""

import sys

from twin import player, script, servers


def main(names):
    for file in script.FILES:
        exchanges = script.read(file.read_text())
        for exchange in exchanges:
            if names and exchange.name not in names:
                continue
            with servers.Gearmand(exchange.options) as server:
                answers = player.play(exchange, server.address, server.rules())
            for step, lines in zip(exchange.steps, answers):
                step.answers = lines
        file.write_text(script.write(exchanges))


if __name__ == "__main__":
    main(sys.argv[1:])
