"""Group passes, for the KSB: made, changed, blocked, and what they used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.keeping import HERE as CARDS
from server.cards.keeping import NEEDS_INPUT
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.counters.reach import own_system
from server.grouppasses.form import PassForm, card_fault_words, form_of, read_form
from server.grouppasses.making import (
    PAGE,
    CardRefusedError,
    block_group_pass,
    change_group_pass,
    facts_of,
    group_pass_with_id,
    make_group_pass,
    passes_of,
    replace_card,
)
from server.grouppasses.models import GroupPass, GroupPassUse
from server.grouppasses.tickets import PAGE as USES
from server.grouppasses.tickets import Seller, all_facts, facts_on, give_back, uses_of
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.checkin import CardState
from shared.domain.grouppasses import available_tickets, has_tariff
from shared.domain.zones import local_day

HERE: Final = f"{CARDS}/{{system_id}}/groepspassen"

router = APIRouter(prefix=HERE, include_in_schema=False)

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_GROUP_PASSES))]
Filled = Annotated[PassForm, Form()]


OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_GROUP_PASSES))]


def _own_pass(session: RequestSession, system: OwnSystem, pass_id: str) -> GroupPass:
    found = group_pass_with_id(session, pass_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "This card system has no such group pass.", type="zuil:place")
    return found


@router.get("")
def show_passes(
    request: Request, session: RequestSession, system: OwnSystem, zoek: str = "", na: str = ""
) -> Response:
    """Show the group passes by name, or those whose name begins with a word."""
    last = group_pass_with_id(session, na)
    passes = passes_of(session, system.id, word=zoek.strip(), after=(last.name, last.id) if last else None)
    facts = all_facts(session, passes, datetime.now(UTC))
    return page(
        request,
        "grouppasses/list.html",
        system=system,
        search=zoek,
        passes=[(one, facts[one.id], available_tickets(facts[one.id])) for one in passes],
        further=passes[-1].id if len(passes) == PAGE else None,
        blocked=CardState.BLOCKED,
    )


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, system: OwnSystem) -> Response:
    """Show an empty form."""
    return _page(request, session, system, PassForm(kind="tariff"))


@router.post("/nieuw")
def add_pass(
    request: Request, session: RequestSession, acting: Keeper, *, system: OwnSystem, form: Filled
) -> Response:
    """Make a group pass and go to its page."""
    _ = speak(request)
    facts, errors = read_form(form, _)
    if facts is None:
        return _page(request, session, system, form, errors=errors)
    try:
        made = make_group_pass(
            session, system.id, form.number, facts, datetime.now(UTC), staff_id=acting.staff_id
        )
    except CardRefusedError as refused:
        sentence = card_fault_words(_)[refused.reason]
        return _page(request, session, system, form, errors={"number": sentence})
    return RedirectResponse(f"{CARDS}/{system.id}/groepspassen/{made.id}?gelukt=gemaakt", 303)


@router.get("/{pass_id}")
def show_pass(
    request: Request,
    session: RequestSession,
    *,
    system: OwnSystem,
    group_pass: Annotated[GroupPass, Depends(_own_pass)],
    voor: int = 0,
    gelukt: str = "",
) -> Response:
    """Show a group pass, what it used and its form."""
    form = form_of(facts_of(group_pass), group_pass.uitpas_number)
    return _page(request, session, system, form, group_pass=group_pass, older_than=voor, done=gelukt)


@router.post("/{pass_id}")
def save_pass(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group_pass: Annotated[GroupPass, Depends(_own_pass)],
    form: Filled,
) -> Response:
    """Change a group pass; the kansentarief stays with its card."""
    form.kind = "" if group_pass.tickets_per_year is None else "tariff"
    facts, errors = read_form(form, speak(request))
    if facts is None:
        form.number = group_pass.uitpas_number
        return _page(request, session, system, form, group_pass=group_pass, errors=errors)
    changed = change_group_pass(session, group_pass, facts, staff_id=acting.staff_id)
    done = "bewaard" if changed else "hetzelfde"
    return RedirectResponse(f"{CARDS}/{system.id}/groepspassen/{group_pass.id}?gelukt={done}", 303)


@router.post("/{pass_id}/blokkeren")
def block(
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group_pass: Annotated[GroupPass, Depends(_own_pass)],
    blocked: Annotated[str, Form()] = "",
) -> Response:
    """Block a group pass, or bring it back."""
    block_group_pass(session, group_pass, blocked=blocked == "yes", staff_id=acting.staff_id)
    return RedirectResponse(f"{CARDS}/{system.id}/groepspassen/{group_pass.id}?gelukt=bewaard", 303)


@router.post("/{pass_id}/kaart")
def give_another_card(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group_pass: Annotated[GroupPass, Depends(_own_pass)],
    card: Annotated[str, Form()] = "",
) -> Response:
    """Give the group another card for the one it lost."""
    try:
        replace_card(session, group_pass, card, staff_id=acting.staff_id)
    except CardRefusedError as refused:
        errors = {"card": card_fault_words(speak(request))[refused.reason]}
        form = form_of(facts_of(group_pass), group_pass.uitpas_number)
        return _page(request, session, system, form, group_pass=group_pass, errors=errors, card=card)
    return RedirectResponse(f"{CARDS}/{system.id}/groepspassen/{group_pass.id}?gelukt=kaart", 303)


@router.post("/{pass_id}/terug")
def cancel_use(
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group_pass: Annotated[GroupPass, Depends(_own_pass)],
    use: Annotated[int, Form()],
) -> Response:
    """Give the tickets of a use back."""
    found = session.get(GroupPassUse, use)
    if found is not None and found.pass_id == group_pass.id:
        give_back(session, found, datetime.now(UTC), Seller(staff_id=acting.staff_id))
    return RedirectResponse(f"{CARDS}/{system.id}/groepspassen/{group_pass.id}", 303)


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: PassForm,
    *,
    group_pass: GroupPass | None = None,
    older_than: int = 0,
    errors: Mapping[str, str] = MappingProxyType({}),
    card: str = "",
    done: str = "",
) -> Response:
    """Show a group pass and its form. card: what was typed of another card for it."""
    now = datetime.now(UTC)
    uses = uses_of(session, group_pass.id, older_than=older_than or None) if group_pass else []
    facts = facts_on(session, group_pass, now) if group_pass else None
    return page(
        request,
        "grouppasses/pass.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        group_pass=group_pass,
        facts=facts,
        available=available_tickets(facts) if facts else 0,
        has_tariff=has_tariff(facts, local_day(now)) if facts else False,
        blocked=facts is not None and facts.state is CardState.BLOCKED,
        year=local_day(now).year,
        uses=uses,
        older=uses[-1].id if len(uses) == USES else None,
        counters={one: session.get_one(Counter, one).name for one in {use.counter_id for use in uses} if one},
        form=form,
        card=card,
        errors=errors,
        done=done,
    )
