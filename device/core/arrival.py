"""The first start: a one-time code becomes the zuil's own credentials; then it follows the server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from device import VERSION
from device.core.health import Fault, Health
from device.core.loops import Loop
from device.ports import LinkError, ServerLink
from shared.wire import problems
from shared.wire.messages import EnrolmentRequest

_DONE: Final = 0.0
log = logging.getLogger(__name__)


def arrival(link: ServerLink, code: str, hardware: str, health: Health, follow: Callable[[], None]) -> Loop:
    """Return the loop that enrols this zuil with `code` unless it is enrolled, calls `follow`, and ends."""

    def step() -> float:
        if not link.enrolled:
            enrolment = link.enrol(EnrolmentRequest(code=code, hardware=hardware, version=VERSION))
            log.info("Enrolled as zuil %s, %s.", enrolment.kiosk, enrolment.name)
        health.set_fault(Fault.ENROLMENT, present=False)
        health.notice("enrolment", None)
        loop.end()
        follow()
        return _DONE

    def unreachable(error: LinkError) -> None:
        health.set_fault(Fault.ENROLMENT, present=error.type == problems.CODE_REFUSED)
        health.notice("enrolment", str(error))

    loop = Loop("enrolment", step, unreachable)
    return loop
