"""What a request costs the processors, whatever else the machine does: time of the processes that serve."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

_TICKS = os.sysconf("SC_CLK_TCK")


def serving(url: str) -> list[int]:
    """Return who is at the root of each: this process (the server is below it) and PostgreSQL."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
    return [os.getpid(), _facts(backend)[0]]


def milliseconds(roots: list[int]) -> float:
    """Return the processor time so far of all processes below `roots`, dead ones too."""
    return 1000 / _TICKS * sum(sum(_facts(pid)[1:]) for pid in set(_below(roots)))


def _below(roots: list[int]) -> Iterator[int]:
    parents = {int(path.name): _facts(int(path.name))[0] for path in Path("/proc").glob("[0-9]*")}
    found, seen = list(roots), set(roots)
    while found:
        above = found.pop()
        for pid, parent in parents.items():
            if parent == above and pid not in seen:
                seen.add(pid)
                found.append(pid)
                yield pid
    yield from (root for root in roots if root != os.getpid())


def _facts(pid: int) -> tuple[int, int, int, int, int]:
    """Return the parent, and the ticks in programs and system of a process and of its dead children."""
    try:
        fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, 0, 0, 0, 0
    return int(fields[1]), *map(int, fields[11:15])
