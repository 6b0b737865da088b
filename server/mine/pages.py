"""A pashouder's own page: points, memberships, cards to block, how he is reached (rules 1.2, 4.16, 6.12a)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.mine.history import history_of
from server.passholders.models import Membership, MembershipStatus, OptIn, Passholder, PassholderDetails
from server.passholders.standing import ADULT_AGE, is_active, social_tariff_on
from server.registration.changing import change_contact, person_of
from server.registration.facts import RefusedError
from server.registration.form import opt_in_words
from server.registration.giving import block_card_of, cards_of
from server.registration.words import fault_words
from server.rewards.redeeming import rewards_of
from server.rewards.words import verdict_sentence
from server.staff.access import open_to_strangers
from server.uitid.login import OWN_COOKIE, who_stays
from server.uitid.pages import HERE, NEEDS_INPUT, OWN
from server.web.headers import allow_pictures
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.checkin import CardState
from shared.domain.prices import age_on
from shared.domain.zones import local_day

LINES: Final = 10
"""Of the ledger, on the page."""


class ContactForm(BaseModel):
    """How somebody wants to be reached."""

    email: str = ""
    phone: str = ""
    opt_in: list[str] = []


router = APIRouter(prefix=OWN, dependencies=[Depends(open_to_strangers)], include_in_schema=False)


@router.get("")
def show_own(request: Request, session: RequestSession, gelukt: str = "") -> Response:
    """Show somebody what is his."""
    holder = who_stays(request, session)
    return _own_page(request, session, holder, done=gelukt) if holder is not None else _login()


@router.post("/blokkeren")
def block_own_card(request: Request, session: RequestSession, card: Annotated[str, Form()] = "") -> Response:
    """Block a card that somebody lost; only a KSB lets it work again."""
    holder = who_stays(request, session)
    if holder is None:
        return _login()
    found = session.get(Card, card)
    if found is None or found.passholder_ref != holder.ref:
        raise ProblemError(404, "This is not a card of yours.")
    try:
        block_card_of(session, found, staff_id=None)
    except RefusedError as refused:
        errors = fault_words(speak(request), refused.faults)
        return _own_page(request, session, holder, errors=errors)
    return RedirectResponse(f"{OWN}?gelukt=geblokkeerd", 303)


@router.post("/gegevens")
def change_own(request: Request, session: RequestSession, form: Annotated[ContactForm, Form()]) -> Response:
    """Write down how somebody wants to be reached."""
    holder = who_stays(request, session)
    if holder is None:
        return _login()
    person = replace(
        person_of(holder, session.get(PassholderDetails, holder.ref)),
        email=form.email.strip() or None,
        phone=" ".join(form.phone.split())[:40],
        opt_ins=frozenset(OptIn(one) for one in form.opt_in if one in list(OptIn)),
    )
    try:
        changed = change_contact(session, holder, person, datetime.now(UTC))
    except RefusedError as refused:
        errors = fault_words(speak(request), refused.faults)
        return _own_page(request, session, holder, errors=errors, form=form)
    return RedirectResponse(f"{OWN}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


@router.post("/weg")
def leave() -> Response:
    """Forget on this phone who logged in."""
    response = RedirectResponse(HERE, 303)
    response.delete_cookie(OWN_COOKIE)
    return response


def _login() -> Response:
    return RedirectResponse(f"{HERE}/aanmelden", 303)


def _own_page(
    request: Request,
    session: Session,
    holder: Passholder,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
    form: ContactForm | None = None,
) -> Response:
    today, ref = local_day(datetime.now(UTC)), holder.ref or 0
    details = session.get(PassholderDetails, ref)
    query = (
        select(Membership, CardSystem.name)
        .join(CardSystem, col(CardSystem.id) == col(Membership.card_system_id))
        .where(Membership.passholder_ref == ref)
        .order_by(col(CardSystem.name))
    )
    rewards = rewards_of(session, ref, datetime.now(UTC))
    response = page(
        request,
        "mine/own.html",
        status=NEEDS_INPUT if errors else 200,
        holder=holder,
        members=[
            (
                name,
                one.status == MembershipStatus.BLOCKED,
                is_active(one, today),
                social_tariff_on(one, today),
            )
            for one, name in session.exec(query)
        ],
        rewards=[(one, verdict_sentence(speak(request), one)) for one in rewards],
        history=history_of(session, ref, speak(request), most=LINES).lines,
        cards=sorted(cards_of(session, ref), key=lambda card: card.state != CardState.ACTIVE.name),
        form=form or _contact(details),
        opt_ins=opt_in_words(speak(request)) if age_on(holder.birth_date, today) >= ADULT_AGE else [],
        errors=errors,
        done=done,
    )
    allow_pictures(response.headers, (one.picture for one in rewards))
    return response


def _contact(details: PassholderDetails | None) -> ContactForm:
    if details is None:
        return ContactForm()
    return ContactForm(email=details.email or "", phone=details.phone, opt_in=details.opt_ins)
