"""A release on trial proves itself: what was good before the switch is good after it, for a while on end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from device.core.loops import Loop
from device.core.selftest import SelfTest
from device.ports import LinkError, ReleaseError, Releases

PROOF: Final = ("reader", "display", "storage", "cards", "decision", "server", "sync")
"""What a release is judged by: people can tap, taps are kept and decided on, and the server is followed."""
ALWAYS: Final = frozenset({"storage", "decision", "server", "sync"})
"""What must be good whatever it was before; a reader that was broken already is not the release's fault."""
_EVERY_SECONDS: Final = 1.0
_STEADY_SECONDS: Final = 5.0
_DONE_SECONDS: Final = 3600.0
log = logging.getLogger(__name__)


class Proving(Loop):
    """Looks until all is good for some seconds on end; then `proven` is called. Without a trial it rests."""

    def __init__(self, releases: Releases | None, test: SelfTest, proven: Callable[[], None]) -> None:
        super().__init__("proving", self._turn, _unreachable)
        self._releases = releases
        self._test = test
        self._proven = proven
        self._good_since: float | None = None
        self._said = ""

    def _turn(self) -> float:
        releases = self._releases
        asked = releases.trial if releases else None
        if releases is None or asked is None:
            return _DONE_SECONDS
        bad = [str(finding) for finding in self._test.findings(asked) if not finding.good]
        if bad:
            self._good_since = None
            self._say(releases, "; ".join(bad))
            return _EVERY_SECONDS
        now = time.monotonic()
        if self._good_since is None:
            self._good_since = now
        if now - self._good_since < _STEADY_SECONDS:
            return _EVERY_SECONDS
        try:
            releases.prove()
        except ReleaseError as error:
            self._say(releases, str(error))
            return _EVERY_SECONDS
        log.info("This release is a good one.")
        self._proven()
        return _DONE_SECONDS

    def _say(self, releases: Releases, text: str) -> None:
        if text != self._said:
            self._said = text
            releases.tell_unproven(text)


def _unreachable(error: LinkError) -> None:
    raise AssertionError("proving asks nobody") from error
