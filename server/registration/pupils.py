"""The schools of a card system and who goes there, on the KSB's pages (rules 4.19)."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from server.kernel.audit import record
from server.kernel.database import RequestSession, WritingSession
from server.kernel.errors import ProblemError
from server.registration.keeping import HERE, Keeper, OwnSystem
from server.registration.listing import Wanted, list_people
from server.registration.schools import school_sizes, schools_in
from server.web.templating import page

PAGE: Final = 50
"""Pupils on one page."""

router = APIRouter(prefix=f"{HERE}/{{system_id}}/scholen", include_in_schema=False)


@router.get("")
def show_schools(request: Request, session: RequestSession, system: OwnSystem) -> Response:
    """Show the schools, and how many members go to each."""
    sizes = school_sizes(session, system.id)
    schools = [(one, sizes.get(one.id or 0, 0)) for one in schools_in(session, [system.id])]
    return page(request, "registration/schools.html", system=system, schools=schools)


@router.get("/{school_id}")
def show_pupils(
    request: Request,
    session: WritingSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    school_id: int,
    vanaf: int = 0,
) -> Response:
    """Show the members who go to a school; the trail says who looked."""
    school = next((one for one in schools_in(session, [system.id]) if one.id == school_id), None)
    if school is None:
        raise ProblemError(404, "There is no such school.", type="zuil:place")
    start = max(vanaf, 0)
    pupils = list_people(
        session, Wanted([system.id], at_school=True, school=school_id), start=start, most=PAGE
    )
    record(session, "look-pupils", "counter", school_id, staff_id=acting.staff_id)
    return page(
        request,
        "registration/school.html",
        system=system,
        school=school,
        pupils=pupils,
        further=start + PAGE if start + PAGE < pupils.total else None,
    )
