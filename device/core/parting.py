"""The last word of a zuil that destroyed its keys: the server hears it, after a power cut too."""

from __future__ import annotations

import logging
from typing import Final

from device.core.loops import Loop
from device.ports import Entrusted, LinkError, ServerLink, TrustedClock

_REST_SECONDS: Final = 3600.0
log = logging.getLogger(__name__)


class PartingWord(Loop):
    """Tells the server that keys and cards are gone, until it answers."""

    def __init__(self, link: ServerLink, entrusted: Entrusted, clock: TrustedClock) -> None:
        super().__init__("parting", self._say, _unreachable)
        self._link = link
        self._entrusted = entrusted
        self._clock = clock

    def _say(self) -> float:
        parting = self._entrusted.parting(self._clock.read().evidence)
        if parting is not None:
            self._link.part(parting)
            self._entrusted.parted()
            log.info("The server knows that the keys and cards are destroyed.")
        return _REST_SECONDS


def _unreachable(error: LinkError) -> None:
    """Wait for a network; nothing else is left to do."""
    del error
