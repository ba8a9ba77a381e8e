"""Figures as text, and text in columns."""


def number(value):
    """Four digits, or as many as a whole number needs."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.4g}"


def ratio(value):
    return "-" if value is None else f"{value:.2f}"


def table(title, head, rows):
    """Prints columns as wide as they have to be; the first is text, the others are figures."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]
        print("  ".join(cells))


def markdown(head, rows):
    """The same as lines of Markdown."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
