"""One zuil from afar: buttons for what it can be told, and what came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.commands import RULES, ask_command, result_of
from server.kiosks.dashboard import Follower, kiosk_in_reach
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.templating import page
from shared.domain.commands import CommandKind

router = APIRouter(prefix="/dashboard/zuilen/{number}/opdrachten", include_in_schema=False)

Commander = Annotated[Acting, Depends(Requires(Permission.COMMAND_KIOSKS))]

_PNG = b"\x89PNG\r\n\x1a\n"


@router.post("/{kind}")
def order(
    session: RequestSession, acting: Commander, number: int, kind: str, sure: Annotated[str, Form()] = ""
) -> Response:
    """Order something; to wipe, the box that says so has to be ticked."""
    wanted = _kind(acting, kind)
    view = kiosk_in_reach(session, acting, number)
    if wanted is not CommandKind.WIPE or sure == "yes":
        ask_command(session, view.kiosk, wanted, datetime.now(UTC), staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number}#opdracht-{wanted.value}", 303)


@router.get("/{command_id}/beeld")
def show_picture(session: RequestSession, acting: Follower, number: int, command_id: str) -> Response:
    """Send the picture that was on the display."""
    kiosk_in_reach(session, acting, number)
    command, picture = result_of(session, number, command_id)
    if command.kind != CommandKind.SHOW_SCREEN or not picture.startswith(_PNG):
        raise ProblemError(404, "This is not a picture.", type="zuil:result")
    return Response(picture, media_type="image/png", headers={"Cache-Control": "private, max-age=86400"})


@router.get("/{command_id}/logboek")
def show_log(
    request: Request, session: RequestSession, acting: Follower, number: int, command_id: str
) -> Response:
    """Show the last lines of a zuil's log."""
    view = kiosk_in_reach(session, acting, number)
    command, text = result_of(session, number, command_id)
    if command.kind != CommandKind.SEND_LOGS:
        raise ProblemError(404, "This is not a log.", type="zuil:result")
    asked = datetime.fromtimestamp(command.asked_at / 1000, UTC)
    return page(
        request, "kiosks/log.html", view=view, asked=asked, lines=text.decode(errors="replace").splitlines()
    )


def _kind(acting: Acting, kind: str) -> CommandKind:
    try:
        wanted = CommandKind(kind)
    except ValueError as error:
        raise ProblemError(404, "There is no such command.", type="zuil:command") from error
    if not acting.may(RULES[wanted].permission):
        raise ProblemError(403, "You may not order this.", type="zuil:permission")
    return wanted
