"""Taking what releases the server offers: fetched slowly, put down between taps, tried when it is quiet."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from device import VERSION
from device.core.loops import Loop, jittered
from device.core.proving import ALWAYS, PROOF
from device.core.selftest import SelfTest
from device.ports import LinkError, ReleaseError, Releases, ServerLink
from shared.domain.releases import FACTORY, Step
from shared.domain.sayings import Saying, english
from shared.wire.messages import ReleaseOffer, ReleaseReport, said_in

_REST_SECONDS: Final = 3600.0
_SOON_SECONDS: Final = 5.0
_BUSY_SECONDS: Final = 3.0
"""After a tap nothing is fetched or written for so long: the next one may follow."""
log = logging.getLogger(__name__)


class Updating(Loop):
    """Follows the offers to one zuil. releases: None for a zuil that its launcher did not start.

    quiet: monotonic seconds since the last tap. announce: sends a heartbeat, and raises LinkError when the
    server does not hear it. told: called when there is something new to tell. restart: ends this program;
    the launcher then tries what is wanted.
    """

    def __init__(
        self,
        releases: Releases | None,
        link: ServerLink,
        *,
        quiet: Callable[[], float],
        test: SelfTest,
        announce: Callable[[], object],
        told: Callable[[], None],
        restart: Callable[[], None],
    ) -> None:
        super().__init__("updating", self._turn, self._unreachable)
        self._releases = releases
        self._link = link
        self._quiet = quiet
        self._test = test
        self._announce = announce
        self._told = told
        self._restart = restart
        self._offer: ReleaseOffer | None = None
        self._withdrawn: Sequence[str] = ()
        self._refused: ReleaseReport | None = None
        self._ending = threading.Event()
        self.report = _at_start(releases)

    def follow(self, offer: ReleaseOffer | None, withdrawn: Sequence[str]) -> None:
        """Take what the configuration says about releases; any thread may call."""
        if (offer, list(withdrawn)) != (self._offer, list(self._withdrawn)):
            self._offer, self._withdrawn = offer, withdrawn
            self.wake()

    def proven(self) -> None:
        """Say that the release on trial is a good one; any thread may call."""
        if self.report is not None:
            self._tell(self.report.offer, self.report.version, Step.DONE)
        self.wake()

    def end(self) -> None:
        """Let the loop end, also in the middle of a download."""
        self._ending.set()
        super().end()

    def _turn(self) -> float:
        offer, releases = self._offer, self._releases
        if releases is None:
            if offer is not None:
                self._tell(offer.id, offer.version, Step.REFUSED, english(Saying.NO_LAUNCHER))
            return _REST_SECONDS
        if releases.trial is not None:
            return _REST_SECONDS
        back = self._way_back(releases, offer)
        if back:
            order = f"back from {VERSION} {releases.standing().order}".strip()
            return self._switch(releases, order, back, _BUSY_SECONDS)
        if offer is None:
            return _REST_SECONDS
        if offer.version == VERSION:
            self._tell(offer.id, offer.version, Step.DONE)
            releases.tidy(offer.version)
            return _REST_SECONDS
        return self._take(releases, offer)

    def _way_back(self, releases: Releases, offer: ReleaseOffer | None) -> str:
        """Return what to go back to because what runs was withdrawn; empty when it may stay."""
        standing = releases.standing()
        has_other = offer is not None and offer.version not in self._withdrawn
        if VERSION not in self._withdrawn or has_other or standing.running == FACTORY:
            return ""
        is_good = standing.before not in (standing.running, *self._withdrawn)
        return standing.before if is_good else FACTORY

    def _take(self, releases: Releases, offer: ReleaseOffer) -> float:
        if self._refused is not None and self._refused.offer == offer.id:
            return _REST_SECONDS
        if not releases.holds(offer.version):
            self._tell(offer.id, offer.version, Step.FETCHING)
            try:
                self._fetch(releases, offer)
            except ReleaseError as error:
                return self._no(error, offer.id, offer.version)
        return self._switch(releases, offer.id, offer.version, offer.quiet_seconds)

    def _fetch(self, releases: Releases, offer: ReleaseOffer) -> None:
        releases.tidy(offer.version)
        if not releases.has_room(offer.size + offer.unpacked):
            raise ReleaseError(english(Saying.NO_ROOM))
        bundle = self._link.fetch_release(offer, Pace(offer.rate, self._wait_while_busy, self._ending))
        try:
            releases.install(bundle, offer.version, self._wait_while_busy)
        finally:
            bundle.unlink(missing_ok=True)
        log.info("Release %s stands beside this one.", offer.version)

    def _switch(self, releases: Releases, order: str, version: str, quiet_seconds: float) -> float:
        """Have the launcher try a release, now or as soon as nobody taps."""
        failed = releases.standing().failed
        if failed is not None and failed.order == order:
            self._tell(order, failed.version, Step.FAILED, failed.reason)
            # What was left is not to be mistaken for what runs, whatever becomes of the plan.
            releases.tidy(VERSION)
            return _REST_SECONDS
        try:
            releases.check(version)
            missing = quiet_seconds - self._quiet()
            if missing > 0:
                self._tell(order, version, Step.READY)
                return max(missing, _SOON_SECONDS)
            good = {finding.subject for finding in self._test.findings(PROOF) if finding.good}
            self._tell(order, version, Step.SWITCHING)
            # Who cannot be reached now cannot be asked afterwards whether the new one reaches him.
            self._announce()
            releases.want(version, order, tuple(sorted(good | ALWAYS)))
        except ReleaseError as error:
            return self._no(error, order, version)
        log.info("This zuil stops to try release %s.", version)
        self._restart()
        return _REST_SECONDS

    def _no(self, error: ReleaseError, order: str, version: str) -> float:
        log.warning("Release %s: %s", version, error)
        self._tell(order, version, Step.REFUSED, str(error))
        if error.refused:
            self._refused = self.report
        return jittered(_REST_SECONDS)

    def _tell(self, order: str, version: str, step: Step, sentence: str = "") -> None:
        report = _report(order, version, step, sentence)
        if report != self.report:
            self.report = report
            self._told()

    def _wait_while_busy(self) -> None:
        """Let people tap first. Raises LinkError when the zuil stops meanwhile."""
        while self._quiet() < _BUSY_SECONDS and not self._ending.is_set():
            self._ending.wait(_BUSY_SECONDS / 10)
        if self._ending.is_set():
            raise LinkError("The zuil stops.")

    def _unreachable(self, error: LinkError) -> None:
        """Say that a switch waits for the server; the heartbeat says that it cannot be reached."""
        if self.report is not None and self.report.step == Step.SWITCHING:
            self._tell(self.report.offer, self.report.version, Step.READY, str(error))


class Pace:
    """Keeps a download below `rate` bytes a second, and still while people tap."""

    def __init__(self, rate: int, wait: Callable[[], None], ending: threading.Event) -> None:
        self._rate = max(rate, 1)
        self._wait = wait
        self._ending = ending
        self._next = time.monotonic()

    def __call__(self, count: int) -> None:
        """Take the time that `count` bytes should take. Raises LinkError when the zuil stops."""
        self._next = max(self._next, time.monotonic()) + count / self._rate
        self._ending.wait(max(0.0, self._next - time.monotonic()))
        self._wait()


def _report(order: str, version: str, step: Step, sentence: str) -> ReleaseReport:
    return ReleaseReport(offer=order, version=version, step=step, sentence=sentence, said=said_in(sentence))


def _at_start(releases: Releases | None) -> ReleaseReport | None:
    """Return what there is to tell of the release that was tried last."""
    if releases is None:
        return None
    standing = releases.standing()
    if releases.trial is not None:
        return ReleaseReport(offer=standing.order, version=VERSION, step=Step.PROVING)
    if standing.failed is not None:
        failed = standing.failed
        return _report(failed.order, failed.version, Step.FAILED, failed.reason)
    if standing.order:
        return ReleaseReport(offer=standing.order, version=VERSION, step=Step.DONE)
    return None
