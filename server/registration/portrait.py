"""The picture of a pashouder, his school and the counter's note, on his page; a picture behind a link."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from server.kernel.audit import record
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kernel.pictures import PictureError
from server.registration.changing import change_note
from server.registration.facts import Fault
from server.registration.person import HERE, Served, Visit, back_to, person_page
from server.registration.pictures import (
    MOST_BYTES,
    drop_picture,
    picture_behind,
    picture_of,
    put_picture,
    read_picture,
)
from server.registration.schools import put_school, schools_in
from server.registration.words import fault_words
from server.staff.access import open_to_strangers
from server.web.i18n import speak

_FOR_A_MOMENT: Final = "private, max-age=300"
LONGEST_NOTE: Final = 2_000

router = APIRouter(prefix=f"{HERE}/{{ref}}", include_in_schema=False)
link_router = APIRouter(include_in_schema=False)

Sent = Annotated[UploadFile | None, File()]


@router.get("/foto.jpg")
def show_picture(visit: Served) -> Response:
    """Send somebody's picture to a counter that looks after him."""
    visit.own_desk()
    return _picture(picture_of(visit.session, visit.holder.ref or 0))


@router.post("/foto")
def save_picture(visit: Served, taken: Sent = None, chosen: Sent = None) -> Response:
    """Keep the picture that was taken or chosen."""
    visit.own_desk()
    jpeg, faults = read_sent(taken, chosen)
    if jpeg is None:
        errors = fault_words(speak(visit.request), faults or {"picture": Fault.PICTURE})
        return person_page(visit, doing="foto", errors=errors)
    put_picture(visit.session, visit.holder.ref or 0, jpeg)
    _note(visit, "put-picture")
    return back_to(visit, "bewaard")


@router.post("/foto-weg")
def delete_picture(visit: Served) -> Response:
    """Forget somebody's picture."""
    visit.own_desk()
    if drop_picture(visit.session, visit.holder.ref or 0):
        _note(visit, "drop-picture")
    return back_to(visit, "bewaard")


@router.post("/nota")
def save_note(visit: Served, note: Annotated[str, Form()] = "") -> Response:
    """Write down what only counters read of somebody."""
    visit.own_desk()
    if not change_note(visit.session, visit.holder.ref or 0, note.strip()[:LONGEST_NOTE]):
        return back_to(visit, "hetzelfde")
    _note(visit, "change", fields=["note"])
    return back_to(visit, "bewaard")


@router.post("/school")
def save_school(visit: Served, school: Annotated[int, Form()] = 0) -> Response:
    """Write down which school somebody goes to, 0: to none."""
    desk = visit.own_desk()
    if school and school not in {one.id for one in schools_in(visit.session, [desk.system])}:
        raise ProblemError(404, "There is no such school.", type="zuil:place")
    if not put_school(visit.session, visit.holder.ref or 0, school or None):
        return back_to(visit, "hetzelfde")
    _note(visit, "put-school", counter=school or None)
    return back_to(visit, "bewaard")


@link_router.get("/foto/{link}", dependencies=[Depends(open_to_strangers)])
def show_linked_picture(request: Request, session: RequestSession, link: str) -> Response:
    """Send the picture behind a link of the JSON API, for as long as the link works."""
    return _picture(picture_behind(session, request.app.state.settings.secret_key, link))


def read_sent(*files: UploadFile | None) -> tuple[bytes | None, dict[str, Fault]]:
    """Return the first picture that was sent as it is kept, None without one, and what is wrong with it."""
    sent = next((one for one in files if one is not None and one.size), None)
    if sent is None:
        return None, {}
    try:
        return read_picture(sent.file.read(MOST_BYTES + 1)), {}
    except PictureError:
        return None, {"picture": Fault.PICTURE}


def _picture(jpeg: bytes | None) -> Response:
    if jpeg is None:
        raise ProblemError(404, "There is no such picture.", type="zuil:place")
    headers = {"cache-control": _FOR_A_MOMENT, "cross-origin-resource-policy": "cross-origin"}
    return Response(jpeg, headers=headers, media_type="image/jpeg")


def _note(visit: Visit, action: str, **detail: object) -> None:
    acting, ref = visit.acting, visit.holder.ref
    record(
        visit.session,
        action,
        "passholder",
        ref,
        staff_id=acting.staff_id,
        counter_id=acting.counter_id,
        detail=detail,
    )
