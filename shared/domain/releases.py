"""Releases of the zuil's program: their versions, and whether a zuil may take one.

A zuil must always be able to go back to what it ran before, also after the new program wrote in its
files. So a program that is taken never writes a format that the program before it cannot read: a
format that changes is first understood by one release and then written by a later one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

FACTORY: Final = "factory"
"""What a zuil runs that never took a release: the program on its SD card."""
_VERSION: Final = re.compile(r"(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?:-([a-z]{1,10})\.(\d{1,5}))?")
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_FINISHED: Final = "~"
"""Sorts after every word: 1.2.0-beta.1 comes before 1.2.0."""

Version = tuple[int, int, int, str, int]


class Track(StrEnum):
    """Which releases a zuil takes part in. BETA: those of stable too."""

    STABLE = "stable"
    BETA = "beta"


class Step(StrEnum):
    """How far a zuil is with the release that it is offered.

    REFUSED: it did not even try. FAILED: it tried, and went back to what it ran before.
    """

    FETCHING = "fetching"
    READY = "ready"
    SWITCHING = "switching"
    PROVING = "proving"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Formats(NamedTuple):
    """Of one file: the format that a program writes, and the newest that it can read."""

    writes: int
    reads: int


class Refusal(StrEnum):
    """Why a zuil does not take a release."""

    MACHINE = "machine"
    PYTHON = "python"
    TOO_OLD = "too-old"
    UNREADABLE = "unreadable"
    NO_WAY_BACK = "no-way-back"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a release asks of the zuil that takes it; empty: it does not matter.

    minimum: the oldest version that may take it. python: such as `3.11`. formats: by file, such as `journal`.
    """

    machine: str = ""
    python: str = ""
    minimum: str = ""
    formats: Mapping[str, Formats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Host:
    """The zuil that is offered one: the program it runs, and the format of its files as they are now."""

    version: str
    machine: str
    python: str
    formats: Mapping[str, Formats]
    present: Mapping[str, int]


def parse_version(text: str) -> Version:
    """Return a version such as `1.4.0` or `1.4.0-beta.2`, to be compared.

    Raises:
        ValueError: it is none.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no version; it looks like 1.4.0 or 1.4.0-beta.2")
    major, minor, patch, word, number = found.groups()
    return int(major), int(minor), int(patch), word or _FINISHED, int(number or 0)


def parse_keys(text: str) -> tuple[str, ...]:
    """Return the Ed25519 public keys in a text, with blanks or commas between.

    Raises:
        ValueError: one of them is none.
    """
    keys = tuple(text.replace(",", " ").lower().split())
    for key in keys:
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no public key; it is 64 hexadecimal digits")
    return keys


def refusal(needs: Needs, host: Host) -> tuple[Refusal, str] | None:
    """Return why this zuil cannot take a release, with what it is about; None: it can."""
    if needs.machine and needs.machine != host.machine:
        return Refusal.MACHINE, needs.machine
    if needs.python and needs.python != host.python:
        return Refusal.PYTHON, needs.python
    if needs.minimum and parse_version(host.version) < parse_version(needs.minimum):
        return Refusal.TOO_OLD, needs.minimum
    return _formats_refusal(needs, host)


def _formats_refusal(needs: Needs, host: Host) -> tuple[Refusal, str] | None:
    for file, present in host.present.items():
        if file not in needs.formats or needs.formats[file].reads < present:
            return Refusal.UNREADABLE, file
    for file, theirs in needs.formats.items():
        ours = host.formats.get(file)
        if ours is not None and ours.reads < theirs.writes:
            return Refusal.NO_WAY_BACK, file
    return None
