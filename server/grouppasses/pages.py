"""A group pass at a counter: how many tickets are left, and tickets for the group."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.keeping import NEEDS_INPUT
from server.cardsystems.rights import CounterRight
from server.counters.rights import may
from server.grouppasses.form import refusal_words
from server.grouppasses.making import find_group_pass, is_replaced
from server.grouppasses.models import GroupPass, GroupPassUse
from server.grouppasses.tickets import (
    Seller,
    TicketsRefusedError,
    facts_on,
    give_back,
    use_tickets,
    uses_of,
)
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.registration.scanning import scan_page
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from shared.domain.grouppasses import GroupPassRefusal, available_tickets, ticket_refusal
from shared.domain.zones import local_day

HERE: Final = "/balie/groepspas"
_COUNT: Final = re.compile(r"[0-9]{1,6}")

router = APIRouter(prefix=HERE, include_in_schema=False)

Ticketer = Annotated[Acting, Depends(Requires(Permission.SELL_TO_GROUPS))]


@router.get("")
def show_pass(
    request: Request, session: RequestSession, acting: Ticketer, nummer: str = "", gelukt: str = ""
) -> Response:
    """Show the field for a number, and the group pass with that number."""
    return _page(request, session, acting, nummer, done=gelukt)


@router.post("")
def use(
    request: Request,
    session: RequestSession,
    acting: Ticketer,
    number: Annotated[str, Form()] = "",
    tickets: Annotated[str, Form()] = "",
) -> Response:
    """Give a group tickets at the kansentarief."""
    group_pass = _own_pass(session, acting, number)
    if group_pass is None:
        return _page(request, session, acting, number)
    wanted = int(tickets) if _COUNT.fullmatch(tickets.strip()) else 0
    try:
        use_tickets(session, group_pass, wanted, datetime.now(UTC), _seller(acting))
    except TicketsRefusedError as refused:
        sentence = refusal_words(speak(request))[refused.reason]
        return _page(request, session, acting, number, sentence=sentence, tickets=tickets)
    return RedirectResponse(f"{HERE}?nummer={group_pass.uitpas_number}&gelukt=verkocht", 303)


@router.post("/terug")
def cancel(session: RequestSession, acting: Ticketer, used: Annotated[int, Form()]) -> Response:
    """Give tickets back that this counter gave."""
    found = session.get(GroupPassUse, used)
    if found is None or found.counter_id != acting.counter_id:
        raise ProblemError(404, "This counter gave no such tickets.", type="zuil:place")
    give_back(session, found, datetime.now(UTC), _seller(acting))
    number = session.get_one(GroupPass, found.pass_id).uitpas_number
    return RedirectResponse(f"{HERE}?nummer={number}&gelukt=terug", 303)


def _own_pass(session: Session, acting: Acting, typed: str) -> GroupPass | None:
    """Return the group pass with this number, of a card system where this counter sells tickets."""
    found = find_group_pass(session, typed)
    counter = _seller(acting).counter_id or 0
    if found is None or not may(session, counter, CounterRight.SELL_TICKETS, found.card_system_id):
        return None
    return found


def _seller(acting: Acting) -> Seller:
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    return Seller(acting.counter_id, acting.staff_id)


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    number: str,
    *,
    sentence: str = "",
    tickets: str = "",
    done: str = "",
) -> Response:
    _, now = speak(request), datetime.now(UTC)
    group_pass = _own_pass(session, acting, number) if number else None
    unknown = _("Er is geen groepspas met dit nummer waarvoor jouw balie tickets verkoopt.")
    if number and group_pass is None:
        replaced = _("Deze groep heeft een andere kaart gekregen. Vraag naar de nieuwe.")
        errors = {"nummer": replaced if is_replaced(session, number) else unknown}
    else:
        errors = {}
    if sentence:
        errors = {"tickets": sentence}
    facts = facts_on(session, group_pass, now) if group_pass else None
    refusal = ticket_refusal(facts, 1, local_day(now)) if facts else None
    words = {**refusal_words(_), GroupPassRefusal.TOO_MANY: _("De tickets van dit jaar zijn op.")}
    return scan_page(
        request,
        "grouppasses/balie.html",
        status=NEEDS_INPUT if sentence or (errors and request.method == "POST") else 200,
        number=number,
        group_pass=group_pass,
        available=available_tickets(facts) if facts else 0,
        refusal=words[refusal] if refusal else "",
        uses=uses_of(session, group_pass.id, counter_id=acting.counter_id) if group_pass else [],
        tickets=tickets,
        errors=errors,
        done=done,
    )
