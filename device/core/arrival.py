"""A one-time code becomes the zuil's own credentials: at the first start, or when another is on the card."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from device import VERSION
from device.core.health import Fault, Health
from device.core.loops import Loop
from device.ports import Entrusted, Journal, LinkError, PassCache, ServerLink
from shared.wire import problems
from shared.wire.messages import EnrolmentRequest

_DONE: Final = 0.0
log = logging.getLogger(__name__)


class Arrival(Loop):
    """Enrols this zuil with `code` unless that was done, and calls `follow` as soon as it has credentials.

    A zuil that has credentials works on with them while another code cannot be exchanged. One whose
    keys were destroyed does not try the code it had: it stays blocked until it gets another.
    """

    def __init__(
        self,
        link: ServerLink,
        entrusted: Entrusted,
        journal: Journal,
        cache: PassCache,
        health: Health,
        *,
        code: str,
        hardware: str,
        follow: Callable[[], None],
    ) -> None:
        super().__init__("enrolment", self._arrive, self._refused)
        self._link = link
        self._entrusted = entrusted
        self._journal = journal
        self._cache = cache
        self._health = health
        self._code = code
        self._hardware = hardware
        self._follow = follow
        self._began = False

    def _arrive(self) -> float:
        if self._link.enrolled and not self._began:
            self._begin()
        if self._must_exchange():
            self._exchange()
            self._begin()
        self._health.notice("enrolment", None)
        self.end()
        return _DONE

    def _must_exchange(self) -> bool:
        if self._began and not self._link.enrolled:
            # Blocked and erased in this very process: what was opened then is not used again.
            return False
        if self._entrusted.is_void(self._code):
            return False
        return not self._link.enrolled or self._link.is_new(self._code)

    def _exchange(self) -> None:
        before = self._link.kiosk
        request = EnrolmentRequest(
            code=self._code,
            hardware=self._hardware,
            version=VERSION,
            last_seq=self._journal.state().last_seq,
        )
        enrolment = self._link.enrol(request)
        log.info("Enrolled as zuil %s, %s.", enrolment.kiosk, enrolment.name)
        self._entrusted.allow()
        for fault in (Fault.ENROLMENT, Fault.BLOCKED):
            self._health.set_fault(fault, present=False)
        if before not in (None, enrolment.kiosk):
            self._cache.start_over()

    def _begin(self) -> None:
        self._began = True
        self._follow()

    def _refused(self, error: LinkError) -> None:
        refused = error.type == problems.CODE_REFUSED
        self._health.set_fault(Fault.ENROLMENT, present=refused and not self._link.enrolled)
        self._health.notice("enrolment", str(error))
        if refused and self._link.enrolled:
            self.end()
