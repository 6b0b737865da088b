"""`passholders/me` and `uitid` of the JSON API: a pashouder and his UiTiD (json-api 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from fastapi import Depends, Header
from pydantic import Field
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.api.accounts import basic_credentials
from server.api.callers import ByAnyone, ByIdentification, ByUser, Caller, limited
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire
from server.cardsystems.messages import CardSystemMessage
from server.counters.messages import OrganizerMessage
from server.kernel.attempts import refuse_flood
from server.kernel.database import Database, RequestSession
from server.passholders.models import Passholder, PassholderDetails
from server.registration.facts import Person, RefusedError
from server.registration.messages import PassholderMessage
from server.registration.myself import helping, register_myself
from server.registration.telling import person_message
from server.registration.writing import counter_of, problem_of
from server.uitid.linking import (
    EmailState,
    Taken,
    TakenError,
    Uitid,
    email_state,
    holder_of_uitid,
    link_uitid,
)
from server.uitid.models import UitidLink
from server.uitid.tokens import PER_NUMBER, Proven, counted_as, holder_of_card, make_token, read_token
from server.uitid.words import TAKEN
from server.web.i18n import LANGUAGES, translator

_TRIES: Final = 240
_SECONDS: Final = 600
_PROBS: Final = {
    Taken.PASSHOLDER: Prob.PASSHOLDER_ALREADY_REGISTERED,
    Taken.UITID: Prob.UITID_ALREADY_REGISTERED,
}
_LIMITED: Final = Depends(limited("uitid", most=_TRIES, seconds=_SECONDS))
RegistrationToken = Annotated[str, Header(alias="x-registration-token")]

router = Operations()


class TokenMessage(Wire):
    """A registration token."""

    token: str


class StatusMessage(Wire):
    """Whether a pashouder has a UiTiD. email: of that UiTiD, or what is known of him."""

    uitpas_number: str
    email: str | None = None
    state: Literal["REGISTERED", "UNREGISTERED"]


class EmailMessage(Wire):
    """What an address can be used for."""

    state: EmailState


class SelfRegistration(Wire):
    """`PassholderSelfRegistration`."""

    name: str = Field(min_length=1)
    first_name: str = Field(min_length=1)
    date_of_birth: date
    email: str | None = None
    postal_code: str
    city: str
    card_system: CardSystemMessage
    registration_organizer: OrganizerMessage


@router.get("/passholders/me/uitid/registration-token", dependencies=[_LIMITED])
def give_registration_token(
    request: Request, session: RequestSession, _caller: ByIdentification
) -> TokenMessage:
    """Exchange a UiTPAS number and a date of birth (HTTP Basic) for a registration token."""
    number, born = basic_credentials(request.headers.get("authorization", ""))
    database: Database = request.app.state.database
    refuse_flood(database, f"uitid:{counted_as(number)}", most=PER_NUMBER[0], seconds=PER_NUMBER[1])
    try:
        proven = holder_of_card(session, number, date.fromisoformat(born))
    except ValueError:
        proven = None
    if proven is None:
        raise ApiError(
            Prob.UNAUTHORIZED,
            "There is no pashouder with this UiTPAS number and date of birth.",
            headers={"WWW-Authenticate": "Basic"},
        )
    return TokenMessage(token=make_token(session, proven, datetime.now(UTC)))


@router.get("/passholders/me/uitid/status", dependencies=[_LIMITED])
def show_status(
    session: RequestSession, _caller: ByIdentification, token: RegistrationToken = ""
) -> StatusMessage:
    """Say whether who has a registration token has a UiTiD."""
    proven = proven_by(session, token)
    link = session.get(UitidLink, proven.holder.ref)
    details = session.get(PassholderDetails, proven.holder.ref)
    email = link.email if link is not None and link.email else details.email if details else None
    state: Literal["REGISTERED", "UNREGISTERED"] = "UNREGISTERED" if link is None else "REGISTERED"
    return StatusMessage(uitpas_number=proven.uitpas_number, email=email, state=state)


@router.get("/uitid/emails/{email}", dependencies=[_LIMITED])
def show_email(session: RequestSession, _caller: ByAnyone, email: str) -> EmailMessage:
    """Say what an address can be used for."""
    return EmailMessage(state=email_state(session, email))


@router.put("/passholders/me/uitid", status_code=201)
def put_uitid(session: RequestSession, caller: ByUser, token: RegistrationToken = "") -> Response:
    """Link the UiTiD that calls to the pashouder of a registration token."""
    caller.require(ApiPermission.PASSHOLDERS_REGISTER_UITID)
    try:
        holder = proven_by(session, token).holder
        link_uitid(session, holder, uitid_of(caller), datetime.now(UTC), client=caller.client)
    except TakenError as error:
        raise _taken(error.taken) from error
    return Response(status_code=201)


@router.get("/passholders/me")
def show_me(session: RequestSession, caller: ByUser) -> PassholderMessage:
    """Return the pashouder behind a user: by his national number, else by his UiTiD."""
    caller.require(ApiPermission.PASSHOLDERS_SELF_READ)
    return person_message(session, holder_behind(session, caller))


@router.post("/passholders/me")
def register_me(session: RequestSession, caller: ByUser, message: SelfRegistration) -> PassholderMessage:
    """Register the user himself, once, with the national number of his login."""
    who, organizer = uitid_of(caller), message.registration_organizer.id
    counter, system = counter_of(session, organizer, message.card_system.id)
    caller.require(ApiPermission.PASSHOLDERS_SELF_REGISTRATION, organizer=organizer, system=system)
    if not who.insz:
        raise ApiError(Prob.INSZ_IN_TOKEN_REQUIRED)
    person = Person(
        first_name=message.first_name.strip(),
        last_name=message.name.strip(),
        birth_date=message.date_of_birth,
        postcode=message.postal_code.strip(),
        place=message.city.strip(),
        email=message.email,
        insz=who.insz,
    )
    try:
        holder = register_myself(session, person, who, helping(counter, system), datetime.now(UTC))
    except RefusedError as refused:
        raise problem_of(refused) from refused
    except TakenError as error:
        raise _taken(error.taken) from error
    return person_message(session, holder)


def holder_behind(session: Session, caller: Caller) -> Passholder:
    """Return the pashouder that a user is.

    Raises:
        ApiError: 404, he is none.
    """
    found = holder_of_uitid(session, uitid_of(caller))
    if found is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    return found


def _taken(taken: Taken) -> ApiError:
    said = {language: translator(language)(TAKEN[taken]) for language in LANGUAGES}
    return ApiError(_PROBS[taken], user_message=said)


def uitid_of(caller: Caller) -> Uitid:
    """Return the UiTiD of a user."""
    claims = caller.claims
    if claims is None or claims.user is None:
        raise ApiError(Prob.FORBIDDEN, "This operation takes a user access token.")
    return Uitid(claims.user, claims.uitid_v1, claims.email, claims.insz)


def proven_by(session: Session, token: str) -> Proven:
    """Return whose registration token this is.

    Raises:
        ApiError: 401, it is none, or not good any more.
    """
    proven = read_token(session, token, datetime.now(UTC))
    if proven is None:
        raise ApiError(Prob.UNAUTHORIZED, "Send a registration token in x-registration-token.")
    return proven
