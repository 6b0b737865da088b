"""What a publication touched, so that only the zuilen it concerns are woken."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

FEED_CHANNEL: Final = "zuil_feed"
UNKNOWN: Final = -1
MOST_BYTES: Final = 7_000
"""PostgreSQL takes up to 8,000 bytes with a notification."""


@dataclass(frozen=True, slots=True)
class Touched:
    """Up to `position`: the zuilen that something new concerns; `everyone` when it concerns all.

    ordered: the zuilen that are told to do something. since: the position before; UNKNOWN when other
    publications may lie in between.
    """

    position: int
    kiosks: frozenset[int] = frozenset()
    everyone: bool = False
    ordered: frozenset[int] = frozenset()
    since: int = UNKNOWN

    def concerns(self, kiosk: int) -> bool:
        """Tell whether a zuil should look."""
        return self.everyone or kiosk in self.kiosks

    def with_(self, other: Touched) -> Touched:
        """Return the two together."""
        return Touched(
            max(self.position, other.position),
            self.kiosks | other.kiosks,
            self.everyone or other.everyone,
            self.ordered | other.ordered,
            self.since if other.since == self.position else UNKNOWN,
        )

    def encode(self) -> str:
        """Return it as it travels between processes; too many to name becomes everyone.

        Too many orders to name are not named: they come with the next heartbeats.
        """
        text = json.dumps([self.position, sorted(self.kiosks), self.everyone, sorted(self.ordered)])
        return text if len(text) <= MOST_BYTES else json.dumps([self.position, [], True, []])


def decode_touched(text: str) -> Touched:
    """Return what `Touched.encode` wrote."""
    position, kiosks, everyone, ordered = json.loads(text)
    return Touched(position, frozenset(kiosks), everyone, frozenset(ordered))
