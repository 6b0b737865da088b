"""The KSB's page of differences between zuilen and server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import select
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.differences import differences, gaps, refused_taps
from server.checkins.refusals import refusal_words
from server.kernel.audit import record
from server.kernel.database import RequestSession, WritingSession
from server.kiosks.models import FormerDevice
from server.kiosks.overview import kiosks_found
from server.kiosks.setup import number_of
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

router = APIRouter(prefix="/dashboard/verschillen", include_in_schema=False)

Reader = Annotated[Acting, Depends(Requires(Permission.READ_DIFFERENCES))]


@router.get("")
def show_differences(
    request: Request, session: RequestSession, trail: WritingSession, acting: Reader
) -> Response:
    """Show where zuil and server differ. Card numbers are personal data, so that the look is recorded."""
    own = {number_of(kiosk) for kiosk in session.exec(kiosks_found(acting.card_system_id, ""))}
    devices = session.exec(select(FormerDevice.kiosk, FormerDevice.successor))
    numbers = sorted(own | {former for former, successor in devices if successor in own})
    found = differences(session, numbers)
    seen = sorted({difference.uitpas_number for difference in found if difference.uitpas_number})
    if seen:
        record(trail, "read", "card", "differences", staff_id=acting.staff_id, detail={"cards": seen})
    return page(
        request,
        "checkins/differences.html",
        differences=found,
        gaps=gaps(session, numbers),
        refused=refused_taps(session, numbers),
        refusals=refusal_words(speak(request)),
    )
