"""How a bench says what it found: a figure beside its baseline of the same run, and the target."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line. `good` says whether the target was met; None when there is none."""

    what: str
    value: str
    baseline: str = ""
    ratio: str = ""
    target: str = ""
    good: bool | None = None


def show(title: str, figures: Sequence[Figure]) -> int:
    """Print a table; return how many targets were missed."""
    print(f"\n{title}")
    rows = [("", "here", "baseline", "ratio", "target", "")]
    marks = {True: "met", False: "MISSED", None: ""}
    rows += [
        (line.what, line.value, line.baseline, line.ratio, line.target, marks[line.good]) for line in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    for row in rows:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return sum(line.good is False for line in figures)


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which `part` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
