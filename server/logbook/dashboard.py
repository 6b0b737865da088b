"""The audit trail: who did what to what and when, for the KSB and the administrator."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.kernel.database import RequestSession
from server.logbook.names import chosen_events, subject_names
from server.logbook.reading import PAGE, SYSTEM, Wanted, people, read_entries
from server.logbook.words import deed_word, details, kind_words
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import page

NEEDS_INPUT: Final = 422

router = APIRouter(prefix="/dashboard/logboek", include_in_schema=False)

Reader = Annotated[Acting, Depends(Requires(Permission.READ_LOGBOOK))]


class Filters(BaseModel):
    """What was asked, as typed."""

    persoon: str = ""
    soort: str = ""
    over: str = ""
    van: str = ""
    tot: str = ""
    voor: str = ""


@router.get("")
def show_logbook(
    request: Request, session: RequestSession, acting: Reader, asked: Annotated[Filters, Query()]
) -> Response:
    """Show a page of deeds, the newest first."""
    _ = speak(request)
    staff = people(session, acting.card_system_id)
    wanted, errors = _wanted(asked, {str(one.id) for one in staff}, _)
    entries = read_entries(session, acting.card_system_id, wanted)
    titles = chosen_events(session, [one.entry for one in entries])
    older = ""
    if len(entries) == PAGE:
        older = urlencode(asked.model_dump() | {"voor": entries[-1].entry.id})
    return page(
        request,
        "logbook/logbook.html",
        status=NEEDS_INPUT if errors else 200,
        entries=[
            (one, deed_word(_, one.entry.action, one.entry.subject_kind), details(_, one.entry, titles))
            for one in entries
        ],
        names=subject_names(session, [one.entry for one in entries]),
        kinds=kind_words(_),
        people=staff,
        system=SYSTEM,
        asked=asked,
        errors=errors,
        older=older,
    )


def _wanted(asked: Filters, staff: set[str], _: Translator) -> tuple[Wanted, dict[str, str]]:
    """Return what to look for; a filter that cannot be understood does not count and has a sentence."""
    errors: dict[str, str] = {}
    first, last = _day(asked.van), _day(asked.tot)
    sentence = _("Dit is geen datum. Schrijf ze als 2026-11-30.")
    if asked.van and first is None:
        errors["van"] = sentence
    if asked.tot and last is None:
        errors["tot"] = sentence
    person = asked.persoon if asked.persoon in staff | {SYSTEM} else ""
    kind = asked.soort if asked.soort in kind_words(_) else ""
    return Wanted(person, kind, asked.over.strip()[:100], first, last, _entry_id(asked.voor)), errors


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _entry_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
