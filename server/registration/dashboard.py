"""Pashouders for the KSB: how counters register, and what only he may do (rules 1.5, 4.11, 5.4, 6.12).

What was typed to find somebody travels in a form; every look at a person is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.counters.reach import system_in_reach, systems_in_reach
from server.kernel.audit import record
from server.kernel.database import RequestSession, WritingSession, only_reads
from server.kernel.errors import ProblemError
from server.passholders.models import Cardless, Membership, Passholder, RegistrationRules
from server.passholders.names import words_of
from server.passholders.places import municipalities
from server.passholders.standing import social_tariff_on
from server.registration.facts import Fault, RefusedError, refuse
from server.registration.finding import find_people, holder_with, is_misread
from server.registration.form import read_day
from server.registration.giving import block_card_of, cards_of, fits, unblock_card
from server.registration.keeping import HERE, NEEDS_INPUT, Keeper, OwnSystem
from server.registration.leaving import delete_person
from server.registration.lookups import rules_of
from server.registration.tariff import block_membership, suspend_tariff
from server.registration.words import fault_words
from server.uitid.linking import unlink_uitid
from server.uitid.models import UitidLink
from server.web.i18n import Translator, speak
from server.web.templating import page
from shared.domain.prices import age_on
from shared.domain.zones import local_day

MOST_GRACE: Final = 366
MOST_POINTS: Final = 1_000
LONGEST_INFO: Final = 2_000

router = APIRouter(prefix=HERE, include_in_schema=False)
system_router = APIRouter(prefix=f"{HERE}/{{system_id}}", include_in_schema=False)


class RulesForm(BaseModel):
    """What was typed. municipalities: one on a line."""

    grace_days: str = ""
    welcome_points: str = ""
    municipalities: str = ""
    is_strict: str = ""
    sends_mails: str = ""
    cardless: str = Cardless.NONE
    tariff_info: str = ""


@router.get("")
def show_systems(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the card systems this person looks after; go on when there is one."""
    systems = systems_in_reach(session, acting)
    if len(systems) == 1:
        return RedirectResponse(f"{HERE}/{systems[0].id}", 303)
    return page(request, "registration/systems.html", systems=systems)


@system_router.get("")
def show_search(request: Request, system: OwnSystem, gelukt: str = "") -> Response:
    """Show the field that finds a member."""
    return page(
        request, "registration/ksb-search.html", system=system, text="", found=None, more=False, done=gelukt
    )


@system_router.get("/zoek")
def search_again(system: OwnSystem) -> Response:
    """Lead back to the search: what was looked for is in no address."""
    return RedirectResponse(f"{HERE}/{system.id}", 303)


@system_router.post("/zoek")
@only_reads
def search(
    request: Request, session: RequestSession, system: OwnSystem, text: Annotated[str, Form()] = ""
) -> Response:
    """Find members by number or name; go straight to who is the only one."""
    found = find_people(session, text, [system.id])
    people = found.people
    if found.exact:  # a number finds one person, of any card system
        people = [one for one in people if session.get(Membership, (one.ref, system.id)) is not None]
    if found.exact and people:
        return RedirectResponse(f"{HERE}/{system.id}/{people[0].ref}", 303)
    return page(
        request,
        "registration/ksb-search.html",
        system=system,
        text=text,
        found=people,
        is_misread=is_misread(text),
        more=found.more,
        done="",
    )


@system_router.get("/regels")
def show_rules(request: Request, session: RequestSession, system: OwnSystem, gelukt: str = "") -> Response:
    """Show how a card system registers."""
    rules = rules_of(session, system.id)
    form = RulesForm(
        grace_days=str(rules.grace_days),
        welcome_points=str(rules.welcome_points),
        municipalities="\n".join(rules.municipalities),
        is_strict="yes" if rules.is_strict else "",
        sends_mails="yes" if rules.sends_mails else "",
        cardless=rules.cardless,
        tariff_info=rules.tariff_info,
    )
    return _rules_page(request, system, form, done=gelukt)


@system_router.post("/regels")
def put_rules(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    form: Annotated[RulesForm, Form()],
) -> Response:
    """Keep how a card system registers."""
    rules, errors = _read_rules(session, system.id, form, speak(request))
    if rules is None:
        return _rules_page(request, system, form, errors=errors)
    before, after = rules_of(session, system.id).model_dump(), rules.model_dump()
    if before == after:
        return RedirectResponse(f"{HERE}/{system.id}/regels?gelukt=hetzelfde", 303)
    detail = {"before": before, "after": after}
    session.merge(rules)
    record(session, "change-rules", "card_system", system.id, staff_id=acting.staff_id, detail=detail)
    return RedirectResponse(f"{HERE}/{system.id}/regels?gelukt=bewaard", 303)


@system_router.get("/{ref}")
def show_member(
    request: Request,
    session: WritingSession,
    acting: Keeper,
    *,
    system_id: int,
    ref: str,
    gelukt: str = "",
) -> Response:
    """Show a member; the trail says who looked."""
    system = system_in_reach(session, acting, system_id)
    membership = _membership(session, system, ref)
    record(session, "look", "passholder", ref, staff_id=acting.staff_id)
    return _member_page(request, session, system, membership, done=gelukt)


@system_router.post("/{ref}/verwijderen")
def delete_member(
    request: Request, session: RequestSession, acting: Keeper, *, system: OwnSystem, ref: str
) -> Response:
    """Delete somebody for good, who is a member of this person's card systems only."""
    membership = _membership(session, system, ref)
    systems = [one.id for one in systems_in_reach(session, acting)]
    try:
        holder = session.get_one(Passholder, membership.passholder_ref)
        delete_person(session, holder, systems, staff_id=acting.staff_id)
    except RefusedError as refused:
        errors = fault_words(speak(request), refused.faults)
        return _member_page(request, session, system, membership, errors=errors)
    return RedirectResponse(f"{HERE}/{system.id}?gelukt=verwijderd", 303)


@system_router.post("/{ref}/{deed}")
def do_to_member(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    ref: str,
    deed: str,
    card: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "",
) -> Response:
    """Do what only a KSB may: memberships and cards, a kansenstatuut that is suspended, a wrong UiTiD."""
    membership = _membership(session, system, ref)
    try:
        _do(session, membership, deed, staff_id=acting.staff_id, card=card, until=until)
    except RefusedError as refused:
        errors = fault_words(speak(request), refused.faults)
        return _member_page(request, session, system, membership, errors=errors)
    return RedirectResponse(f"{HERE}/{system.id}/{ref}?gelukt=bewaard", 303)


def _do(session: Session, membership: Membership, deed: str, *, staff_id: int, card: str, until: str) -> None:
    if deed in {"lid-blokkeren", "lid-vrijgeven"}:
        block_membership(session, membership, blocked=deed == "lid-blokkeren", staff_id=staff_id)
    elif deed == "schorsen":
        day = read_day(until)
        refuse({"until": Fault.TARIFF_DATE} if day is None or day < _today() else {})
        suspend_tariff(session, membership, day, staff_id=staff_id)
    elif deed == "schorsing-stoppen":
        suspend_tariff(session, membership, None, staff_id=staff_id)
    elif deed == "uitid-loskoppelen":
        unlink_uitid(session, membership.passholder_ref, staff_id=staff_id)
    elif deed in {"kaart-blokkeren", "kaart-vrijgeven"}:
        found = session.get(Card, card)
        if found is None or found.passholder_ref != membership.passholder_ref:
            raise ProblemError(404, "This is not a card of this pashouder.", type="zuil:place")
        change = block_card_of if deed == "kaart-blokkeren" else unblock_card
        change(session, found, staff_id=staff_id)
    else:
        raise ProblemError(404, "There is nothing at this address.")


def _membership(session: Session, system: CardSystem, ref: str) -> Membership:
    holder = holder_with(session, ref)
    found = session.get(Membership, (holder.ref, system.id)) if holder else None
    if found is None:
        raise ProblemError(404, "This person is no member of this card system.", type="zuil:place")
    return found


def _member_page(
    request: Request,
    session: Session,
    system: CardSystem,
    membership: Membership,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    holder, today = session.get_one(Passholder, membership.passholder_ref), _today()
    return page(
        request,
        "registration/ksb-member.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        holder=holder,
        age=age_on(holder.birth_date, today),
        membership=membership,
        tariff=social_tariff_on(membership, today),
        fits=fits,
        link=session.get(UitidLink, holder.ref),
        cards=[one for one in cards_of(session, holder.ref or 0) if one.card_system_id == system.id],
        errors=errors,
        done=done,
    )


def _rules_page(
    request: Request,
    system: CardSystem,
    form: RulesForm,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    status = NEEDS_INPUT if errors else 200
    return page(
        request, "registration/rules.html", status=status, system=system, form=form, errors=errors, done=done
    )


def _read_rules(
    session: Session, system: int, form: RulesForm, _: Translator
) -> tuple[RegistrationRules | None, dict[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong."""
    grace, points = _number(form.grace_days, MOST_GRACE), _number(form.welcome_points, MOST_POINTS)
    known = {" ".join(words_of(name)): name for name in municipalities(session)}
    lines = [line.strip() for line in form.municipalities.splitlines() if line.strip()]
    unknown = next((line for line in lines if " ".join(words_of(line)) not in known), None)
    errors = {
        "grace_days": "" if grace is not None else _("Vul een aantal dagen in, van 0 tot {n}.", n=MOST_GRACE),
        "welcome_points": ""
        if points is not None
        else _("Vul een aantal punten in, van 0 tot {n}.", n=MOST_POINTS),
        "municipalities": _("“{name}” is geen gemeente die we kennen.", name=unknown) if unknown else "",
    }
    wrong = {field: sentence for field, sentence in errors.items() if sentence}
    if wrong or grace is None or points is None:
        return None, wrong
    rules = RegistrationRules(
        card_system_id=system,
        grace_days=grace,
        welcome_points=points,
        municipalities=sorted({known[" ".join(words_of(line))] for line in lines}),
        is_strict=form.is_strict == "yes",
        sends_mails=form.sends_mails == "yes",
        cardless=form.cardless if form.cardless in list(Cardless) else Cardless.NONE,
        tariff_info=form.tariff_info.strip()[:LONGEST_INFO],
    )
    return rules, {}


def _number(text: str, most: int) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isdecimal() and int(digits[:9]) <= most else None


def _today() -> date:
    return local_day(datetime.now(UTC))
