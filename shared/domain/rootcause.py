"""One cause at a time: when every zuil of a counter is silent, it is the counter's network, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MANY: Final = 20
"""From so many on, and from half of all on, silence is one cause: our side, or the provider's."""
_SEVERAL: Final = 2


class Scope(StrEnum):
    """What it is that is silent, the widest first."""

    ALL = "all"
    ADDRESS = "address"
    COUNTER = "counter"
    KIOSK = "kiosk"
    ROLLOUT = "rollout"
    """Nothing silent: a roll-out that halted; `key` is its id."""


class Root(NamedTuple):
    """What is wrong behind a silent zuil; `key` names the address, counter or zuil, empty for all."""

    scope: Scope
    key: str


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a zuil stands: its counters and the network address it last spoke from, empty when unknown."""

    kiosk: int
    counters: tuple[int, ...] = ()
    address: str = ""


def roots(silent: Iterable[int], watched: Sequence[Stand]) -> dict[int, Root]:
    """Return the root of each silent zuil. `watched` are all that should speak now, the silent ones too."""
    gone = frozenset(silent)
    here = [stand for stand in watched if stand.kiosk in gone]
    if len(here) >= MANY and 2 * len(here) >= len(watched):
        return dict.fromkeys((stand.kiosk for stand in here), Root(Scope.ALL, ""))
    addresses = _all_gone(((stand.address,) for stand in here), ((stand.address,) for stand in watched))
    counters = _all_gone((stand.counters for stand in here), (stand.counters for stand in watched))
    return {stand.kiosk: _root(stand, addresses, counters) for stand in here}


def _all_gone(
    gone: Iterable[Sequence[int | str]], everyone: Iterable[Sequence[int | str]]
) -> frozenset[int | str]:
    """Return the places where several zuilen are silent and none speaks."""
    silent = Counter(place for places in gone for place in places)
    total = Counter(place for places in everyone for place in places)
    return frozenset(
        place
        for place, count in silent.items()
        if place != "" and count >= _SEVERAL and count == total[place]
    )


def _root(stand: Stand, addresses: frozenset[int | str], counters: frozenset[int | str]) -> Root:
    if stand.address in addresses:
        return Root(Scope.ADDRESS, stand.address)
    for counter in stand.counters:
        if counter in counters:
            return Root(Scope.COUNTER, str(counter))
    return Root(Scope.KIOSK, str(stand.kiosk))
