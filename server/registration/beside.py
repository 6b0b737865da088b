"""What is kept beside a pashouder: `passholders/…/private`, `/picture` and `/school` (json-api 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import File, UploadFile
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.api.callers import ByToken, Caller
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire, address_of
from server.counters.messages import OrganizerMessage, organizer_message
from server.kernel.database import RequestSession, WritingSession
from server.kernel.pictures import PictureError
from server.passholders.models import PassholderDetails
from server.registration.changing import change_note
from server.registration.finding import holder_with
from server.registration.pictures import (
    MOST_BYTES,
    drop_picture,
    make_link,
    mark_of,
    put_picture,
    read_picture,
)
from server.registration.schools import find_school, put_school, school_of
from server.registration.writing import require_member

router = Operations()


class PrivateProperties(Wire):
    """`PrivateProperties`: what only counters read of somebody."""

    id: str | None = None
    note: str | None = None


class PassholderPictureMessage(Wire):
    """`PassholderPicture`. picture_url: works for five minutes, for whoever has it."""

    picture_url: str


@router.get("/passholders/{passholder_id}/private")
def show_private(session: WritingSession, caller: ByToken, passholder_id: str) -> PrivateProperties:
    """Return what counters wrote down of somebody."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_PRIVATE_READ)
    caller.note(session, "look", "passholder", ref)
    details = session.get(PassholderDetails, ref)
    return PrivateProperties(id=str(ref), note=details.note if details else "")


@router.put("/passholders/{passholder_id}/private", status_code=204)
def put_private(
    session: RequestSession, caller: ByToken, passholder_id: str, message: PrivateProperties
) -> Response:
    """Write down what only counters read of somebody."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_PRIVATE_WRITE, status=400)
    if change_note(session, ref, (message.note or "").strip()):
        caller.note(session, "change", "passholder", ref, detail={"fields": ["note"]})
    return Response(status_code=204)


@router.get("/passholders/{passholder_id}/picture")
def show_picture(
    request: Request, session: WritingSession, caller: ByToken, passholder_id: str
) -> PassholderPictureMessage:
    """Return where somebody's picture can be seen for a moment."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_PICTURE_READ)
    mark = mark_of(session, ref)
    if not mark:
        raise ApiError(Prob.NOT_FOUND, "There is no picture of this passholder.")
    caller.note(session, "look-picture", "passholder", ref)
    link = make_link(request.app.state.settings.secret_key, ref, mark)
    return PassholderPictureMessage(picture_url=f"{address_of(request)}/foto/{link}")


@router.put("/passholders/{passholder_id}/picture", status_code=204)
def save_picture(
    session: RequestSession,
    caller: ByToken,
    passholder_id: str,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep a picture of somebody."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_PICTURE_WRITE, status=400)
    content = file.file.read(MOST_BYTES + 1) if file is not None else b""
    if not content:
        raise ApiError(Prob.FILE_MISSING, "Send the picture as the file `file` of a multipart body.")
    try:
        jpeg = read_picture(content)
    except PictureError as error:
        prob = Prob.FILE_INVALID_SIZE if error.is_too_large else Prob.FILE_INVALID_TYPE
        raise ApiError(prob, "A picture is a JPEG, PNG, WebP or GIF of at most 12 MB.") from error
    put_picture(session, ref, jpeg)
    caller.note(session, "put-picture", "passholder", ref)
    return Response(status_code=204)


@router.delete("/passholders/{passholder_id}/picture", status_code=204)
def delete_picture(session: RequestSession, caller: ByToken, passholder_id: str) -> Response:
    """Forget somebody's picture."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_PICTURE_WRITE)
    if not drop_picture(session, ref):
        raise ApiError(Prob.NOT_FOUND, "There is no picture of this passholder.")
    caller.note(session, "drop-picture", "passholder", ref)
    return Response(status_code=204)


@router.get("/passholders/{passholder_id}/school")
def show_school(session: RequestSession, caller: ByToken, passholder_id: str) -> OrganizerMessage:
    """Return the school somebody goes to."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_SEARCH)
    school = school_of(session, ref)
    if school is None:
        raise ApiError(Prob.SCHOOL_NOT_FOUND)
    return organizer_message(school)


@router.put("/passholders/{passholder_id}/school", status_code=204)
def save_school(
    session: RequestSession, caller: ByToken, passholder_id: str, message: OrganizerMessage
) -> Response:
    """Write down which school somebody goes to."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_UPDATE)
    school = find_school(session, message.id)
    if school is None:
        raise ApiError(Prob.SCHOOL_NOT_FOUND, status=400)
    if put_school(session, ref, school.id):
        caller.note(session, "put-school", "passholder", ref, detail={"counter": school.id})
    return Response(status_code=204)


@router.delete("/passholders/{passholder_id}/school", status_code=204)
def delete_school(session: RequestSession, caller: ByToken, passholder_id: str) -> Response:
    """Write down that somebody goes to no school (any more)."""
    ref = _member(session, caller, passholder_id, ApiPermission.PASSHOLDERS_UPDATE)
    if put_school(session, ref, None):
        caller.note(session, "put-school", "passholder", ref, detail={"counter": None})
    return Response(status_code=204)


def _member(
    session: Session, caller: Caller, passholder_id: str, permission: ApiPermission, *, status: int = 404
) -> int:
    """Return the reference of somebody in a card system where the caller has a permission.

    Raises:
        ApiError: `status`, there is nobody; 403, he has not.
    """
    holder = holder_with(session, passholder_id)
    if holder is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND, status=status)
    ref = holder.ref or 0
    require_member(session, caller, permission, ref)
    return ref
