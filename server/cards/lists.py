"""The supplier's lists: sent in, followed while they are taken in, what became of each line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, UploadFile
from sqlmodel import Session
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.cards.form import fault_words
from server.cards.intake import BUSY, INTAKES, PAGE, bad_lines, intakes_of, put_list, report_file, take_in
from server.cards.keeping import HERE, NEEDS_INPUT, Keeper, OwnSystem
from server.cards.models import CardIntake
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession, database_of
from server.kernel.errors import ProblemError
from server.kernel.spreadsheets import MARK
from server.web.downloads import send_table
from server.web.i18n import speak
from server.web.templating import fragment, page

MOST_BYTES: Final = 16 << 20
"""A list of some 400,000 cards."""

router = APIRouter(prefix=f"{HERE}/{{system_id}}/lijsten", include_in_schema=False)


def _own_intake(session: RequestSession, system: OwnSystem, intake_id: int) -> CardIntake:
    found = session.get(CardIntake, intake_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "There is no such list.", type="zuil:place")
    return found


@router.get("")
def show_lists(request: Request, session: RequestSession, system: OwnSystem, voor: int = 0) -> Response:
    """Show the lists that came in, and the form for another."""
    return _page(request, session, system, older_than=voor)


@router.post("")
def take_list(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    file: Annotated[UploadFile | None, File()] = None,
    only_good: Annotated[str, Form()] = "",
) -> Response:
    """Keep the supplier's list, begin to take it in, and go to the page where that can be followed."""
    content = file.file.read(MOST_BYTES + 1) if file is not None else b""
    if file is None or not 0 < len(content) <= MOST_BYTES:
        _ = speak(request)
        sentence = _("Kies het bestand van de leverancier, van hoogstens {n} MB.", n=MOST_BYTES >> 20)
        return _page(request, session, system, {"file": sentence})
    intake_id = put_list(
        session,
        system.id,
        file.filename or "",
        content,
        only_good=only_good == "yes",
        staff_id=acting.staff_id,
    )
    begin = BackgroundTask(take_in, database_of(session), intake_id)
    return RedirectResponse(f"{HERE}/{system.id}/lijsten/{intake_id}", 303, background=begin)


@router.get("/{intake_id}")
def show_list(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    intake: Annotated[CardIntake, Depends(_own_intake)],
    na: int = 0,
) -> Response:
    """Show how far a list is; once it is done, what became of the lines that could not be used."""
    return page(request, "cards/list.html", system=system, facts=_facts(request, session, system, intake, na))


@router.get("/{intake_id}/stand")
def follow_list(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    intake: Annotated[CardIntake, Depends(_own_intake)],
) -> Response:
    """Return the part of the page that changes."""
    html = fragment(request, "cards/_list.html", facts=_facts(request, session, system, intake, 0))
    return HTMLResponse(html, headers={"cache-control": "no-store"})


@router.get("/{intake_id}/verslag.csv")
def download_report(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    intake: Annotated[CardIntake, Depends(_own_intake)],
) -> Response:
    """Send what became of each line."""
    _ = speak(request)
    lines = list(report_file(session, intake, fault_words(_), _("goed")))
    return send_table([MARK, *lines], f"verslag-{system.id}-{intake.id}.csv")


def _facts(
    request: Request, session: Session, system: CardSystem, intake: CardIntake, after: int
) -> dict[str, object]:
    shown = bad_lines(session, intake.id or 0, after=after)
    return {
        "system": system,
        "intake": intake,
        "is_busy": intake.state in BUSY,
        "shown": shown,
        "further": shown[-1].line if len(shown) == PAGE else None,
        "words": fault_words(speak(request)),
    }


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    errors: Mapping[str, str] = MappingProxyType({}),
    *,
    older_than: int = 0,
) -> Response:
    intakes = intakes_of(session, system.id, older_than=older_than or None)
    return page(
        request,
        "cards/lists.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        errors=errors,
        intakes=intakes,
        busy=BUSY,
        older=intakes[-1].id if len(intakes) == INTAKES else None,
    )
