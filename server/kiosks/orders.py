"""Commands through the JSON API, beside the operations of UiTPAS: who may order on the screens may here.

For people: `kiosks/{id}/commands`. For a device of another make: `kiosk-devices/commands`, where it reads
what it is told and says what became of it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Body
from pydantic import Field
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.api.callers import ByUser, Caller
from server.api.problems import ApiError, Prob
from server.api.wire import Instant, Operations, Page, Wire
from server.kernel.bulk import Bulk
from server.kernel.database import Database, RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.closing import take_report
from server.kiosks.commands import (
    RULES,
    CommandView,
    ask_command,
    ask_open,
    command_of,
    latest_commands,
    note_sent,
    read_open,
    result_of,
)
from server.kiosks.devices import SpeakingDevice
from server.kiosks.functions import permissions_with
from server.kiosks.models import CommandState, Kiosk, KioskState
from server.kiosks.setup import number_of
from server.staff.roles import Permission
from server.web.i18n import LANGUAGES, Translator, later, speak, translator
from server.web.sayings import Sayings
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.sayings import understood
from shared.domain.zones import from_millis, to_millis
from shared.wire.messages import MOST_RESULT

_NUMBER: Final = re.compile("[0-9]{1,7}")
_PNG: Final = b"\x89PNG"
_REFUSALS: Final[Mapping[str, tuple[Prob, str]]] = MappingProxyType(
    {
        "zuil:not-active": (Prob.KIOSK_NOT_IN_USE, later("Deze zuil is nu niet in gebruik.")),
        "zuil:ordered": (
            Prob.KIOSK_ORDER_OPEN,
            later("Dit is al gevraagd en de zuil deed het nog niet."),
        ),
    }
)

router = Operations()


class KioskCommandMessage(Wire):
    """A command and what became of it. status: a `CommandState`.

    message: what the zuil says of it, in the language that is asked for.
    """

    id: str
    type: CommandKind
    status: CommandState
    asked_at: Instant
    ended_at: Instant | None = None
    message: str | None = None
    has_result: bool = False


class KioskCommandRequest(Wire):
    """What to order."""

    type: CommandKind


class DeviceCommand(Wire):
    """A command as a device reads it; `expires`: do not begin after this."""

    id: str
    type: str
    expires: Instant


class DeviceCommandReport(Wire):
    """What became of a command at a device. result: base64."""

    outcome: CommandOutcome
    message: str = Field(default="", max_length=300)
    result: str = Field(default="", max_length=2 * MOST_RESULT)


@router.get("/kiosks/{kiosk_id}/commands")
def list_commands(
    request: Request, session: RequestSession, caller: ByUser, kiosk_id: str
) -> Page[KioskCommandMessage]:
    """Return the last command of each kind that the caller may order."""
    kiosk, permissions = _kiosk(session, caller, kiosk_id)
    latest = latest_commands(session, number_of(kiosk), datetime.now(UTC))
    found = [
        _message(request, view) for kind, view in latest.items() if RULES[kind].permission in permissions
    ]
    return Page(total_items=len(found), member=found)


@router.post("/kiosks/{kiosk_id}/commands", status_code=201)
def order(
    request: Request,
    session: RequestSession,
    caller: ByUser,
    kiosk_id: str,
    sent: Annotated[KioskCommandRequest, Body()],
) -> KioskCommandMessage:
    """Order something; 409 when the zuil is not in use, or this was ordered and is not done yet."""
    kiosk, permissions = _kiosk(session, caller, kiosk_id)
    if RULES[sent.type].permission not in permissions:
        raise ApiError(Prob.FORBIDDEN, f"Your functions do not let you order {sent.type} of this kiosk.")
    now = datetime.now(UTC)
    try:
        ask_command(session, kiosk, sent.type, now, staff_id=caller.staff_id)
    except ProblemError as problem:
        raise _refused(problem) from problem
    return _message(request, latest_commands(session, number_of(kiosk), now)[sent.type])


@router.get("/kiosks/{kiosk_id}/commands/{command_id}")
def show_command(
    request: Request, session: RequestSession, caller: ByUser, kiosk_id: str, command_id: str
) -> KioskCommandMessage:
    """Return what became of one command."""
    kiosk, permissions = _kiosk(session, caller, kiosk_id)
    view = command_of(session, number_of(kiosk), command_id, datetime.now(UTC))
    if RULES[view.kind].permission not in permissions:
        raise ApiError(Prob.FORBIDDEN, "Your functions do not let you read this.")
    return _message(request, view)


@router.get("/kiosks/{kiosk_id}/commands/{command_id}/result")
def show_result(session: RequestSession, caller: ByUser, kiosk_id: str, command_id: str) -> Response:
    """Return what a command brought: the picture of a display, lines of a log, findings of a self-test."""
    kiosk, permissions = _kiosk(session, caller, kiosk_id)
    command, result = result_of(session, number_of(kiosk), command_id)
    if RULES[CommandKind(command.kind)].permission not in permissions:
        raise ApiError(Prob.FORBIDDEN, "Your functions do not let you read this.")
    kind = "image/png" if result.startswith(_PNG) else "text/plain; charset=utf-8"
    return Response(result, media_type=kind)


@router.get("/kiosk-devices/commands")
def list_own_commands(request: Request, device: SpeakingDevice) -> Page[DeviceCommand]:
    """Return what a device is told to do, and note that it knows; it comes until the device reports on it."""
    database: Database = request.app.state.database
    now = datetime.now(UTC)
    with database.reading() as session:
        commands, is_new = read_open(Bulk(session).run_all([ask_open(device, now)])[0])
    if is_new:
        with database.writing() as session:
            Bulk(session).run_all([note_sent(device, now)])
    found = [DeviceCommand(id=one.id, type=one.kind, expires=from_millis(one.expires)) for one in commands]
    return Page(total_items=len(found), member=found)


@router.put("/kiosk-devices/commands/{command_id}", status_code=204)
def report_own_command(
    session: RequestSession,
    device: SpeakingDevice,
    command_id: str,
    sent: Annotated[DeviceCommandReport, Body()],
) -> Response:
    """Keep what became of a command; the first report counts."""
    try:
        result = base64.b64decode(sent.result, validate=True)
    except binascii.Error as error:
        raise ApiError(Prob.BODY_INVALID_DATA, "The result is not base64.") from error
    kiosk, now = session.get_one(Kiosk, device), to_millis(datetime.now(UTC))
    is_known = take_report(
        session,
        kiosk,
        command_id,
        sent.outcome,
        ended=now,
        sentence=sent.message,
        result=result[:MOST_RESULT],
    )
    if not is_known:
        raise ApiError(Prob.NOT_FOUND, f"This kiosk has no command {command_id}.")
    return Response(status_code=204)


def _kiosk(session: Session, caller: Caller, kiosk_id: str) -> tuple[Kiosk, frozenset[Permission]]:
    """Return a zuil, and what the caller's functions permit with it, as on the screens.

    Raises:
        ApiError: 404, there is no such zuil; 403, the caller has nothing to order of it.
    """
    kiosk = session.get(Kiosk, int(kiosk_id) if _NUMBER.fullmatch(kiosk_id) else 0)
    if kiosk is None or kiosk.state == KioskState.REMOVED:
        raise ApiError(Prob.NOT_FOUND, f"There is no kiosk {kiosk_id}.")
    permissions = permissions_with(session, caller, kiosk)
    if Permission.COMMAND_KIOSKS not in permissions:
        raise ApiError(Prob.FORBIDDEN, "None of your functions lets you order something of this kiosk.")
    return kiosk, permissions


def _refused(problem: ProblemError) -> ApiError:
    prob, sentence = _REFUSALS[problem.type]
    said = {language: translator(language)(sentence) for language in LANGUAGES}
    return ApiError(prob, problem.title, user_message=said)


def _message(request: Request, view: CommandView) -> KioskCommandMessage:
    return KioskCommandMessage(
        id=view.id,
        type=view.kind,
        status=view.state,
        asked_at=view.asked_at,
        ended_at=view.ended_at,
        message=_words(speak(request), view.sentence) or None,
        has_result=bool(view.result),
    )


def _words(_: Translator, sentence: str) -> str:
    """Return what a zuil said in a sentence; words of its own, of a device of another make, as they are."""
    is_understood = all(one.code for one in understood(sentence))
    return Sayings(_).sentence((), sentence) if is_understood else sentence
