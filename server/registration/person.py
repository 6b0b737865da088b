"""One pashouder at the counter: look, change, give and block cards, keep the kansenstatuut.

Every look at a person is in the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.models import Card
from server.kernel.audit import record
from server.kernel.database import RequestSession, WritingSession
from server.kernel.errors import ProblemError
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.standing import default_end, latest_end
from server.registration.changing import change_person, person_of
from server.registration.desks import Desks, Helper, desk_at, registering, system_names
from server.registration.facts import Desk, Fault, RefusedError, refuse
from server.registration.finding import holder_with
from server.registration.form import (
    CardForm,
    JoiningForm,
    PersonForm,
    form_of,
    genders,
    opt_in_words,
    read_day,
    read_joining,
    read_person,
)
from server.registration.giving import block_card
from server.registration.moving import address_of, move_and_join
from server.registration.register import join
from server.registration.replacing import replace_card
from server.registration.scanning import scan_page
from server.registration.sure import Deal, attempt, deal_of_card, deal_of_joining
from server.registration.tariff import renew_tariff
from server.registration.view import view_of
from server.registration.words import fault_words, reason_word
from server.rewards.redeeming import OwnReward, giver_at, rewards_of
from server.rewards.words import verdict_sentence
from server.staff.sessions import Acting
from server.uitid.inviting import invite
from server.web.headers import allow_pictures
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day

HERE: Final = "/balie/pashouders"
NEEDS_INPUT: Final = 422
YES: Final = "yes"
CHANGE: Final = "change"
"""Answers to "is this right?": no answer is to be asked."""

router = APIRouter(prefix=f"{HERE}/{{ref}}", include_in_schema=False)


@dataclass(frozen=True)
class Visit:
    """Somebody at the counter, and the counter at work."""

    request: Request
    session: Session
    acting: Acting
    desks: Mapping[int, Desk]
    holder: Passholder

    def desk(self, system: int) -> Desk:
        """Return the counter at work in a card system it belongs to."""
        return desk_at(self.desks, system)

    def membership(self, system: int) -> Membership:
        """Return the membership of a card system.

        Raises:
            ProblemError: 404, there is none.
        """
        found = self.session.get(Membership, (self.holder.ref, system))
        if found is None:
            raise ProblemError(404, "This person is no member of this card system.", type="zuil:place")
        return found

    def own_desk(self) -> Desk:
        """Return the counter at work in a card system of this person's, in which it registers.

        Raises:
            ProblemError: 403, there is none.
        """
        for system, desk in registering(self.desks).items():
            if self.session.get(Membership, (self.holder.ref, system)) is not None:
                return desk
        raise ProblemError(403, "Your counter does not look after this person.", type="zuil:counter")

    def note_look(self) -> None:
        """Write down who looked at whom."""
        self.note("look")

    def note(self, action: str) -> None:
        """Write down who did what."""
        acting, ref = self.acting, self.holder.ref
        record(
            self.session, action, "passholder", ref, staff_id=acting.staff_id, counter_id=acting.counter_id
        )


def _visit(request: Request, session: RequestSession, acting: Helper, desks: Desks, ref: str) -> Visit:
    found = holder_with(session, ref)
    if found is None:
        raise ProblemError(404, "There is no such pashouder.", type="zuil:place")
    return Visit(request, session, acting, desks, found)


def _look(request: Request, session: WritingSession, acting: Helper, desks: Desks, ref: str) -> Visit:
    return _visit(request, session, acting, desks, ref)


Served = Annotated[Visit, Depends(_visit)]
Looked = Annotated[Visit, Depends(_look)]
"""For a GET: it writes the look down."""
Filled = Annotated[CardForm, Form()]


@router.get("")
def show_person(visit: Looked, gelukt: str = "") -> Response:
    """Show somebody."""
    visit.note_look()
    return person_page(visit, done=gelukt)


@router.post("/lid")
def join_system(visit: Served, form: Annotated[JoiningForm, Form()]) -> Response:
    """Make somebody a member of one of the counter's card systems too; he may have moved there."""
    desk, now = visit.desk(form.system), datetime.now(UTC)
    joining, faults = read_joining(form)
    to = None
    if form.postcode.strip():
        to = address_of(form.street.strip(), form.postcode.strip(), form.place.strip())

    def deed() -> object:
        if to is None:
            return join(visit.session, visit.holder, joining, desk, now)
        return move_and_join(visit.session, visit.holder, to, joining, desk=desk, now=now)

    def deal() -> Deal:
        return deal_of_joining(visit.session, visit.holder, joining, to, desk=desk, now=now)

    return _surely(visit, form, faults, deed, deal)


@router.post("/kaart")
def give_card(visit: Served, form: Filled) -> Response:
    """Give a member another card."""
    desk, membership, now = visit.desk(form.system), visit.membership(form.system), datetime.now(UTC)
    obtains = form.reason == PriceReason.OBTAIN_KANSENSTATUUT
    joining, faults = read_joining(form.model_copy(update={"tariff": "yes" if obtains else ""}))
    if form.reason not in list(PriceReason):
        faults["reason"] = Fault.REASON

    def deed() -> object:
        reason = PriceReason(form.reason)
        return replace_card(visit.session, membership, reason, joining, desk=desk, now=now)

    def deal() -> Deal:
        reason = PriceReason(form.reason)
        return deal_of_card(visit.session, membership, reason, joining, desk=desk, today=local_day(now))

    return _surely(visit, form, faults, deed, deal)


@router.post("/kansentarief")
def renew(visit: Served, form: Filled) -> Response:
    """Let the kansenstatuut of a member last longer."""
    desk, membership = visit.desk(form.system), visit.membership(form.system)
    until = read_day(form.tariff_until) or date.min
    return _do(
        visit,
        form,
        {},
        lambda: renew_tariff(visit.session, membership, until, desk, datetime.now(UTC)),
        "verlengd",
    )


@router.post("/blokkeren")
def block(visit: Served, form: Filled) -> Response:
    """Block a card of somebody who is a member of one of the counter's card systems."""
    card = visit.session.get(Card, form.card)
    if card is None or card.passholder_ref != visit.holder.ref:
        raise ProblemError(404, "This is not a card of this pashouder.", type="zuil:place")
    mine = [
        desk
        for system, desk in visit.desks.items()
        if visit.session.get(Membership, (visit.holder.ref, system)) is not None
    ]
    if not mine:
        raise ProblemError(403, "This person is no member of your card systems.", type="zuil:counter")
    return _do(visit, form, {}, lambda: block_card(visit.session, card, mine[0]), "geblokkeerd")


@router.post("/uitid")
def mail_again(visit: Served, form: Filled) -> Response:
    """Have the mail with the link to a UiTiD written once more."""
    desk = visit.own_desk()
    is_coming = invite(visit.session, visit.holder.ref or 0, desk.system, datetime.now(UTC))
    if not is_coming:
        return person_page(
            visit, form=form, errors=fault_words(speak(visit.request), {"system": Fault.NO_MAIL})
        )
    visit.note("mail-uitid")
    return back_to(visit, "gemaild")


@router.get("/gegevens")
def show_details(visit: Looked) -> Response:
    """Show what is written down of somebody, to change it."""
    visit.own_desk()
    visit.note_look()
    details = visit.session.get(PassholderDetails, visit.holder.ref)
    return _details_page(visit, form_of(person_of(visit.holder, details)))


@router.post("/gegevens")
def change_details(visit: Served, form: Annotated[PersonForm, Form()]) -> Response:
    """Write down what changed of somebody."""
    desk = visit.own_desk()
    person, faults = read_person(form)
    details = visit.session.get(PassholderDetails, visit.holder.ref)
    person = replace(person, legal_terms=person_of(visit.holder, details).legal_terms)
    try:
        refuse(faults)
        changed = change_person(visit.session, visit.holder, person, desk, datetime.now(UTC))
    except RefusedError as refused:
        return _details_page(visit, form, fault_words(speak(visit.request), refused.faults))
    return back_to(visit, "bewaard" if changed else "hetzelfde")


def _surely(
    visit: Visit,
    form: CardForm,
    faults: Mapping[str, Fault],
    deed: Callable[[], object],
    deal: Callable[[], Deal],
) -> Response:
    """Show what a deed will do and what it costs, and do it when that was seen."""
    _, doing = speak(visit.request), visit.request.url.path.rpartition("/")[2]
    if form.sure == CHANGE:
        return person_page(visit, doing=doing, form=form)
    if form.sure == YES:
        return _do(visit, form, faults, deed, doing)
    try:
        refuse(faults)
        attempt(visit.session, deed)
        seen = deal()
    except RefusedError as refused:
        return person_page(visit, doing=doing, form=form, errors=fault_words(_, refused.faults))
    return page(
        visit.request,
        "registration/sure-card.html",
        holder=visit.holder,
        deal=seen,
        reason=reason_word(_, seen.reason),
        system=system_names(visit.session, [seen.system])[seen.system],
        form=form,
        doing=doing,
    )


def _do(
    visit: Visit, form: CardForm, faults: Mapping[str, Fault], deed: Callable[[], object], done: str
) -> Response:
    """Do something for somebody; when it cannot be, show him again with what is wrong at its field."""
    try:
        refuse(faults)
        deed()
    except RefusedError as refused:
        errors = fault_words(speak(visit.request), refused.faults)
        return person_page(visit, doing=visit.request.url.path.rpartition("/")[2], form=form, errors=errors)
    return back_to(visit, done)


def back_to(visit: Visit, done: str) -> Response:
    """Go back to somebody's page, which says what was done."""
    return RedirectResponse(f"{HERE}/{visit.holder.ref}?gelukt={done}", 303)


def person_page(
    visit: Visit,
    *,
    done: str = "",
    doing: str = "",
    form: CardForm | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Show somebody. doing: the last step of the address of the form that `errors` are about."""
    today = local_day(datetime.now(UTC))
    _ = speak(visit.request)
    view = view_of(visit.session, visit.holder, visit.desks, today)
    rewards = _rewards(visit, is_own=view.may_change)
    response = scan_page(
        visit.request,
        "registration/person.html",
        status=NEEDS_INPUT if errors else 200,
        view=view,
        rewards=rewards,
        reasons={reason: reason_word(_, reason) for reason in PriceReason},
        form=form or JoiningForm(),
        default_end=default_end(today),
        latest_end=latest_end(today),
        doing=doing,
        errors=errors,
        done=done,
    )
    allow_pictures(response.headers, (one.picture for one, _sentence in rewards))
    return response


def _rewards(visit: Visit, *, is_own: bool) -> list[tuple[OwnReward, str]]:
    """Return somebody's welcome rewards, each with what the counter reads about it.

    None for a counter that neither hands rewards out nor looks after him.
    """
    session, acting = visit.session, visit.acting
    giver = giver_at(session, acting.counter_id or 0, acting.staff_id)
    if not (giver.systems or is_own):
        return []
    found = rewards_of(session, visit.holder.ref or 0, datetime.now(UTC), giver=giver)
    return [(own, verdict_sentence(speak(visit.request), own)) for own in found]


def _details_page(
    visit: Visit, form: PersonForm, errors: Mapping[str, str] = MappingProxyType({})
) -> Response:
    _ = speak(visit.request)
    details = visit.session.get(PassholderDetails, visit.holder.ref)
    return scan_page(
        visit.request,
        "registration/details.html",
        status=NEEDS_INPUT if errors else 200,
        holder=visit.holder,
        knows_insz=details is not None and details.insz_digest is not None,
        form=form,
        errors=errors,
        genders=genders(_),
        opt_ins=opt_in_words(_),
    )
