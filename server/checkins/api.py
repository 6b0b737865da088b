"""Check-ins at `kiosk-devices` of the JSON API (json-api 4): devices that ask the server at each card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import Depends
from pydantic import AfterValidator
from sqlmodel import Session
from starlette.responses import Response

from server.api.callers import limited
from server.api.errors import answer_error
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire
from server.checkins.facts import FoundCard, cards_by_chip, events_by_id
from server.checkins.ledger import Arrival, Claim, judge
from server.checkins.models import Source
from server.checkins.selection import select_for
from server.events.models import Event
from server.kernel.bulk import Bulk
from server.kernel.database import RequestSession
from server.kernel.ids import new_id
from server.kiosks.devices import SpeakingDevice
from server.kiosks.messages import KioskDeviceEvent, event_message
from server.kiosks.models import Kiosk
from server.kiosks.setup import number_of
from server.passholders.models import Passholder
from shared.domain.checkin import CardState, Decision
from shared.domain.messages import LANGUAGES, message
from shared.domain.numbers import InvalidNumberError, parse_chip_number
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis

MOST_LOOKS: Final = 120
LOOK_SECONDS: Final = 60
_OF_OUTCOME: Final[Mapping[Outcome, Prob]] = MappingProxyType(
    {
        Outcome.MAXIMUM_REACHED: Prob.MAXIMUM_REACHED,
        Outcome.CARD_BLOCKED: Prob.CARD_BLOCKED,
        Outcome.CARD_DELETED: Prob.CARD_BLOCKED,
        Outcome.UNKNOWN_CARD: Prob.PASSHOLDER_NOT_FOUND,
        Outcome.CARD_NOT_IN_USE: Prob.PASSHOLDER_NOT_FOUND,
        Outcome.NO_EVENT: Prob.EVENT_NOT_FOUND,
    }
)
"""What a device is told; anything else is `checkin-not-allowed`."""

router = Operations()


class KioskDeviceCheckinRequest(Wire):
    """`KioskDeviceCheckinRequest`."""

    chip_number: Annotated[str, AfterValidator(parse_chip_number)]


class KioskDeviceCheckinResponse(Wire):
    """`KioskDeviceCheckinResponse`."""

    new_points: int
    total_points: int


class KioskPass(Wire):
    """`KioskPass`."""

    total_points: int


@router.get("/kiosk-devices/checkins")
def show_current_event(session: RequestSession, device: SpeakingDevice) -> KioskDeviceEvent:
    """Return what one can save for at this device now."""
    now, kiosk = datetime.now(UTC), session.get_one(Kiosk, device)
    event = _current_event(session, kiosk, now)
    if event is None:
        raise ApiError(Prob.NOT_FOUND, "There is nothing to check in to now.")
    return event_message(session, kiosk, event, now)


@router.post("/kiosk-devices/checkins", response_model=KioskDeviceCheckinResponse)
def check_in(
    session: RequestSession, device: SpeakingDevice, sent: KioskDeviceCheckinRequest
) -> KioskDeviceCheckinResponse | Response:
    """Check in the holder of a card; what was refused is kept as a fact, unless nobody knows the card."""
    now, kiosk = datetime.now(UTC), session.get_one(Kiosk, device)
    card = cards_by_chip(session, [sent.chip_number]).get(sent.chip_number)
    event = _current_event(session, kiosk, now)
    if card is None or event is None:
        raise _refused(Decision(Outcome.UNKNOWN_CARD if card is None else Outcome.NO_EVENT), now)
    claim = _claim(session, number_of(kiosk), card, event, now)
    (judged,) = judge(session, [claim], Arrival(Source.KIOSK, claim.at))
    if judged.decision.outcome is not Outcome.OK:
        return answer_error(_refused(judged.decision, now, judged.total))
    return KioskDeviceCheckinResponse(new_points=judged.decision.points, total_points=judged.total or 0)


@router.get(
    "/kiosk-devices/chip-numbers/{chip_number}",
    dependencies=[Depends(limited("balance at a device", most=MOST_LOOKS, seconds=LOOK_SECONDS))],
)
def show_balance(session: RequestSession, _device: SpeakingDevice, chip_number: str) -> KioskPass:
    """Return how many points the holder of a card has."""
    try:
        chip = parse_chip_number(chip_number)
    except InvalidNumberError as error:
        raise ApiError(Prob.NOT_FOUND, str(error)) from error
    card = cards_by_chip(session, [chip]).get(chip)
    holder = session.get(Passholder, card.facts.passholder) if card and card.facts.passholder else None
    if card is None or holder is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    if card.facts.state in (CardState.BLOCKED, CardState.DELETED):
        raise _refused(Decision(Outcome.CARD_BLOCKED), datetime.now(UTC))
    return KioskPass(total_points=holder.points)


def _current_event(session: Session, kiosk: Kiosk, now: datetime) -> Event | None:
    """Return what a device saves for at `now`: by the rule that every zuil goes by (rules 8.2-8.4)."""
    selection = select_for(session, kiosk, now)
    if selection.event is None or selection.window is None:
        return None
    return session.get_one(Event, selection.event)


def _claim(session: Session, kiosk: int, card: FoundCard, event: Event, now: datetime) -> Claim:
    at = to_millis(now)
    return Claim(
        id=new_id(),
        at=at,
        wall=at,
        shown=None,
        event_id=event.id,
        event=events_by_id(Bulk(session), [event.id], kiosk).get(event.id),
        card=card,
        kiosk=kiosk,
    )


def _refused(decision: Decision, now: datetime, total: int | None = None) -> ApiError:
    """Return what a device is told of a refusal, with the words it may show."""
    prob = _OF_OUTCOME.get(decision.outcome, Prob.CHECKIN_NOT_ALLOWED)
    return ApiError(prob, status=400, user_message=told(decision, now, total))


def told(decision: Decision, now: datetime, total: int | None = None) -> dict[str, str]:
    """Return what a person reads of a decision, by language; total: the balance, where it is known."""
    return {
        language: message(
            decision.outcome,
            language,
            total=total or 0,
            limit=decision.limit,
            opens=decision.opens,
            now=now,
        )
        for language in LANGUAGES
    }
