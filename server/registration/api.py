"""`passholders` and `passes` of the JSON API (json-api 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select
from starlette.responses import Response

from server.api.callers import ByAnyone, ByToken, Caller, limited
from server.api.errors import answer_error
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.api.wire import LIMIT, MOST, Operations, Page, Wire
from server.cards.models import Card
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem
from server.grouppasses.models import GroupPass
from server.grouppasses.tickets import facts_on
from server.kernel.attempts import count_or_refuse
from server.kernel.database import RequestSession, WritingSession, vault_of
from server.kernel.pictures import PictureError
from server.passholders.insz import InvalidInszError, insz_digest, parse_insz
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.registration.changing import change_person
from server.registration.facts import Desk, Fault, RefusedError
from server.registration.finding import find_people, holder_with
from server.registration.giving import cards_of
from server.registration.leaving import delete_person
from server.registration.listing import ANY, Listed, Wanted, list_people
from server.registration.messages import (
    PassholderMessage,
    PassMessage,
    group_pass_as_pass,
    pass_message,
)
from server.registration.pictures import put_picture, read_picture
from server.registration.register import register
from server.registration.schools import find_school
from server.registration.taking import joining_in, person_again, person_in
from server.registration.tariff import renew_tariff
from server.registration.telling import people_messages, person_message
from server.registration.writing import desk_for, desks_of_member, problem_of, systems_of_organizer
from server.uitid.linking import Uitid, holder_of_uitid
from shared.domain.checkin import CardState
from shared.domain.zones import local_day

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_TRIES: Final = 60
_SECONDS: Final = 60
_STRANGERS: Final = 300
_STRANGERS_SECONDS: Final = 600
"""A caller looks up that many people of others' card systems, or nobody, in so long: who counts on has to
wait (json-api 4). His own he may list."""
router = Operations()


class InszState(Wire):
    """Whether somebody with a national number is a pashouder: USED or UNUSED."""

    state: str


@router.get("/passes")
def find_pass(
    session: WritingSession, caller: ByToken, identifier: Annotated[str, Query(min_length=1)]
) -> PassMessage:
    """Return the card with a UiTPAS number or chip number, or that of who has a national number."""
    caller.require(ApiPermission.PASSES_READ)
    found = find_people(session, identifier, ())
    holder = found.people[0] if found.exact and found.people else None
    card = found.card or (_main_card(session, holder) if holder else None)
    if card is None or not (holder or card.group_pass):
        raise ApiError(Prob.PASS_NOT_FOUND)
    if card.state != CardState.ACTIVE.name:
        kind = {"passType": "GROUP" if card.group_pass else "INDIVIDUAL", "groupPass": card.group_pass}
        whose = {"passholderId": str(holder.ref)} if holder else {}
        raise ApiError(Prob.INVALID_CARD_STATUS, more={"cardStatus": card.state, **kind, **whose})
    if holder is None:
        return _group_pass(session, card)
    caller.note(session, "look", "passholder", holder.ref)
    membership = session.get(Membership, (holder.ref, card.card_system_id))
    return pass_message(holder, card, membership, _system(session, card.card_system_id), _today())


class Asked(BaseModel):
    """By what pashouders are looked for, as the address says it."""

    insz_number: str = Field("", alias="inszNumber")
    uitpas_number: str = Field("", alias="uitpasNumber")
    chip_number: str = Field("", alias="chipNumber")
    uitid_id: str = Field("", alias="uitidId")
    name: str = ""
    first_name: str = Field("", alias="firstName")
    email: str = ""
    street: str = Field("", alias="address.street")
    city: str = Field("", alias="address.city")
    born_from: date | None = Field(None, alias="dateOfBirthFrom")
    born_to: date | None = Field(None, alias="dateOfBirthTo")
    school_id: str = Field("", alias="schoolId")
    organizer_id: str = Field("", alias="organizerId")
    association_id: str = Field("", alias="associationId")
    sort: Literal["asc", "desc"] = Field("asc", alias="sort[name]")
    start: int = Field(0, ge=0, le=2**31 - 1)
    limit: int = Field(LIMIT, ge=0, le=MOST)


@router.get("/passholders", response_model=Page[PassholderMessage])
def list_passholders(
    session: WritingSession, caller: ByToken, asked: Annotated[Asked, Query()]
) -> Page[PassholderMessage] | Response:
    """Return pashouders: by a number anyone, by anything else those of the caller's card systems."""
    if asked.insz_number or asked.uitpas_number or asked.chip_number or asked.uitid_id:
        found = _by_number(session, caller, asked)
        if found is None:
            # Answered, not raised: the try counts.
            wrong = Prob.INVALID_INSZ_NUMBER if asked.insz_number else Prob.INVALID_UITPAS_NUMBER
            return answer_error(ApiError(wrong))
        listed = Listed(len(found), found[asked.start : asked.start + asked.limit])
    else:
        wanted = _wanted(session, asked, _searchable(session, caller, by_name=True))
        listed = list_people(session, wanted, start=asked.start, most=asked.limit)
    for one in listed.people:
        caller.note(session, "look", "passholder", one.ref)
    return Page(total_items=listed.total, member=people_messages(session, listed.people))


def _by_number(session: Session, caller: Caller, asked: Asked) -> list[Passholder] | None:
    """Return whose number it is, None for what is no number of anything."""
    systems = _searchable(session, caller, by_name=False)
    if asked.uitid_id:
        holder = holder_of_uitid(session, Uitid(asked.uitid_id))
        people: list[Passholder] | None = [holder] if holder else []
    else:
        found = find_people(session, asked.insz_number or asked.uitpas_number or asked.chip_number, ())
        people = found.people if found.exact else None
    _limit_strangers(session, caller, people or (), systems)
    return people


def _limit_strangers(
    session: Session, caller: Caller, people: Sequence[Passholder], systems: frozenset[int]
) -> None:
    """Let nobody find out by trying who there is in other card systems.

    Raises:
        ProblemError: 429, he tried too often.
    """
    refs = [one.ref for one in people]
    own = select(Membership.passholder_ref).where(
        col(Membership.passholder_ref).in_(refs), col(Membership.card_system_id).in_(systems)
    )
    if not refs or session.exec(own).first() is None:
        subject = f"strangers for {caller.client} {caller.staff_id}"
        count_or_refuse(session, subject, most=_STRANGERS, seconds=_STRANGERS_SECONDS)


def _wanted(session: Session, asked: Asked, systems: frozenset[int]) -> Wanted:
    school = None
    if asked.school_id not in {"", ANY}:
        school = find_school(session, asked.school_id)
        if school is None:
            raise ApiError(Prob.SCHOOL_NOT_FOUND, status=400)
    if asked.association_id:
        raise ApiError(Prob.ASSOCIATION_NOT_FOUND)
    if asked.organizer_id:
        systems &= systems_of_organizer(session, asked.organizer_id)
    return Wanted(
        systems,
        name=f"{asked.first_name} {asked.name}",
        email=asked.email,
        street=asked.street,
        city=asked.city,
        born_from=asked.born_from,
        born_to=asked.born_to,
        at_school=bool(asked.school_id),
        school=school.id if school is not None else None,
        is_backwards=asked.sort == "desc",
    )


@router.get(
    "/passholders/status/insz-numbers/{insz_number}",
    dependencies=[Depends(limited("insz", most=_TRIES, seconds=_SECONDS))],
)
def show_insz_state(session: RequestSession, _caller: ByAnyone, insz_number: str) -> InszState:
    """Say whether a national number is a pashouder's, and nothing more."""
    try:
        digest = insz_digest(vault_of(session), parse_insz(insz_number))
    except InvalidInszError as error:
        raise ApiError(Prob.INVALID_INSZ_NUMBER) from error
    query = select(PassholderDetails.passholder_ref).where(PassholderDetails.insz_digest == digest)
    return InszState(state="USED" if session.exec(query).first() is not None else "UNUSED")


@router.get("/passholders/{passholder_id}", response_model=PassholderMessage)
def show_passholder(
    session: WritingSession, caller: ByToken, passholder_id: str
) -> PassholderMessage | Response:
    """Return one pashouder; the trail says who looked."""
    systems = _searchable(session, caller, by_name=False)
    holder = holder_with(session, passholder_id)
    _limit_strangers(session, caller, [holder] if holder else [], systems)
    if holder is None:
        # Answered, not raised: the try counts.
        return answer_error(ApiError(Prob.PASSHOLDER_NOT_FOUND))
    caller.note(session, "look", "passholder", holder.ref)
    return person_message(session, holder)


@router.post("/passholders")
def register_passholder(
    session: RequestSession, caller: ByToken, message: PassholderMessage
) -> PassholderMessage:
    """Register somebody at the counter of an organiser."""
    organizer = message.registration_organizer.id if message.registration_organizer else ""
    desk = desk_for(session, caller, organizer, message.registration_card_system_id)
    person, joining = person_in(message), joining_in(message, local_day(datetime.now(UTC)))
    picture = message.registration_picture
    try:
        jpeg = read_picture(picture) if picture else None
        holder = register(session, person, joining, desk, datetime.now(UTC))
    except PictureError as error:
        wrong = SchemaError("/registrationPicture", str(error))
        raise ApiError(Prob.BODY_INVALID_DATA, schema_errors=[wrong]) from error
    except RefusedError as refused:
        raise problem_of(refused) from refused
    if jpeg is not None:
        put_picture(session, holder.ref or 0, jpeg)
        caller.note(session, "put-picture", "passholder", holder.ref)
    return person_message(session, holder)


@router.put("/passholders/{passholder_id}", status_code=204)
def change_passholder(
    session: RequestSession, caller: ByToken, passholder_id: str, message: PassholderMessage
) -> Response:
    """Write down all of somebody anew; what the message leaves out is cleared, unless it never goes out."""
    holder, now = _holder(session, passholder_id), datetime.now(UTC)
    ref, until = holder.ref or 0, message.registration_social_tariff_end_date
    details = session.get(PassholderDetails, ref)
    desks = desks_of_member(session, caller, ref)
    person = person_again(message, holder, details)
    try:
        change_person(session, holder, person, max(desks, key=lambda desk: len(desk.rights)), now)
        if until is not None:
            _extend_tariff(session, ref, until, desks, now)
    except RefusedError as refused:
        raise problem_of(refused, named=False) from refused
    return Response(status_code=204)


def _extend_tariff(session: Session, ref: int, until: date, desks: Sequence[Desk], now: datetime) -> None:
    """Let the kansenstatuut last until a day, in every card system of the program where there is one."""
    members = [(session.get_one(Membership, (ref, desk.system)), desk) for desk in desks]
    found = [(member, desk) for member, desk in members if member.social_tariff]
    if not found:
        raise RefusedError({"tariff_until": Fault.NO_TARIFF})
    for member, desk in found:
        if member.social_tariff_end != until:
            renew_tariff(session, member, until, desk, now)


@router.delete("/passholders/{passholder_id}", status_code=204)
def delete_passholder(session: RequestSession, caller: ByToken, passholder_id: str) -> Response:
    """Delete somebody; his cards stop working, his check-ins stay without a name."""
    caller.require(ApiPermission.PASSHOLDERS_DELETE)
    systems = caller.systems(ApiPermission.PASSHOLDERS_DELETE)
    try:
        delete_person(
            session,
            _holder(session, passholder_id),
            systems,
            staff_id=caller.staff_id,
            client=caller.client,
        )
    except RefusedError as refused:
        raise problem_of(refused) from refused
    return Response(status_code=204)


def _holder(session: Session, passholder_id: str) -> Passholder:
    found = holder_with(session, passholder_id)
    if found is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    return found


def _searchable(session: Session, caller: Caller, *, by_name: bool) -> frozenset[int]:
    """Return the card systems in which the caller may find people.

    Raises:
        ApiError: 403, none, or only by a number.
    """
    if caller.may(ApiPermission.PASSHOLDERS_SEARCH_ALL):
        return frozenset(session.exec(select(CardSystem.id)))
    systems = caller.systems(ApiPermission.PASSHOLDERS_SEARCH)
    if caller.may(ApiPermission.PASSHOLDERS_SEARCH):
        return systems
    if by_name or not caller.may(ApiPermission.PASSHOLDERS_SEARCH_BY_ID):
        caller.require(ApiPermission.PASSHOLDERS_SEARCH)
    return systems


def _main_card(session: Session, holder: Passholder) -> Card | None:
    own = cards_of(session, holder.ref or 0)
    return min(own, key=lambda card: card.state != CardState.ACTIVE.name, default=None)


def _group_pass(session: Session, card: Card) -> PassMessage:
    query = select(GroupPass).where(GroupPass.uitpas_number == card.uitpas_number)
    group_pass = session.exec(query).first()
    if group_pass is None:
        raise ApiError(Prob.PASS_NOT_FOUND)
    facts = facts_on(session, group_pass, datetime.now(UTC))
    return group_pass_as_pass(group_pass, facts, _system(session, card.card_system_id), _today())


def _system(session: Session, system: int) -> CardSystemMessage:
    return card_system_message(session.get_one(CardSystem, system))


def _today() -> date:
    return local_day(datetime.now(UTC))
