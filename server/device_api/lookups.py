"""POST lookup: who is this card that the zuil does not know?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from nacl.exceptions import CryptoError
from nacl.public import SealedBox
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.facts import cards_by_chip
from server.checkins.reading import checkins_of
from server.device_api.authentication import identified
from server.device_api.bodies import answer, read_body, read_message
from server.events.models import Event
from server.kernel.attempts import refuse_flood
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from server.kernel.keys import sealing_key
from server.kiosks.configuration import event_message
from server.passholders.models import Passholder
from shared.domain.checkin import pack_facts
from shared.domain.numbers import InvalidNumberError, parse_chip_number
from shared.wire import problems
from shared.wire.messages import LookupAnswer, LookupRequest

MOST_A_MINUTE: Final = 60
"""A zuil meets few cards it does not know; a thief with its keys would try many."""


async def look_up(request: Request) -> Response:
    """Answer what a decision needs of a card."""
    return await run_in_threadpool(_look_up, request, await read_body(request))


def _look_up(request: Request, body: bytes) -> Response:
    kiosk = identified(request, body)
    database: Database = request.app.state.database
    refuse_flood(database, f"lookup by zuil {kiosk}", most=MOST_A_MINUTE, seconds=60)
    asked = read_message(request, body, LookupRequest)
    with database.reading() as session:
        found = _answer(session, _chip_number(session, asked.sealed), asked.event)
    return answer(request, found)


def _chip_number(session: Session, sealed: bytes) -> str:
    try:
        return parse_chip_number(SealedBox(sealing_key(session)).decrypt(sealed).decode("ascii"))
    except (CryptoError, InvalidNumberError, UnicodeDecodeError) as error:
        title = "The sealed chip number cannot be opened."
        raise ProblemError(400, title, type=problems.MALFORMED) from error


def _answer(session: Session, chip_number: str, event_id: str | None) -> LookupAnswer:
    card = cards_by_chip(session, [chip_number]).get(chip_number)
    if card is None:
        return LookupAnswer(known=False)
    passholder, state, until = pack_facts(card.facts)
    holder = session.get(Passholder, passholder) if passholder else None
    event = session.get(Event, event_id) if event_id else None
    saved = checkins_of(session, passholder, event_message(event), datetime.now(UTC)) if event else {}
    return LookupAnswer(
        known=True,
        state=state,
        passholder=passholder or None,
        active_until=until,
        points=holder.points if holder else 0,
        checkins=list(saved.values()),
        ids=list(saved),
    )
