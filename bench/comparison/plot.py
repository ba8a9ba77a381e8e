"""SVG plots by gnuplot."""

import shutil
import subprocess

GNUPLOT = """set terminal svg size 900,560 dynamic background "white" font "sans,13"
set output "{path}"
set title "{title}" noenhanced
set key outside right noenhanced
set grid
set xlabel "{x}"
set ylabel "{y}"
{settings}
plot {curves}
"""


def available():
    return shutil.which("gnuplot") is not None


def draw(path, title, x, y, settings, curves):
    """`curves` are (name, style, points), a style in words of gnuplot; all go into one picture."""
    blocks = []
    data = []
    for name, style, points in curves:
        blocks.append(f"'-' using 1:2 {style} title '{name}'")
        data.append("".join(f"{a:g} {b:g}\n" for a, b in points) + "e\n")
    script = GNUPLOT.format(path=path, title=title, x=x, y=y, settings=settings,
                            curves=", ".join(blocks))
    subprocess.run(["gnuplot"], input=script + "".join(data), text=True, check=True)
