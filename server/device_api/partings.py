"""POST partings: the last word of a zuil that destroyed its keys, so nothing is left to sign it with."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, or_, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.evidence import effective_time
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.attempts import refuse_flood
from server.kernel.database import Database, vault_of
from server.kiosks.blocking import note_wiped
from server.kiosks.models import Kiosk
from shared.domain.zones import from_millis, to_millis
from shared.wire.messages import Parting, Receipt
from shared.wire.parting import parting_proof

MOST_TRIES: Final = 60
TRY_SECONDS: Final = 600


async def take_parting(request: Request) -> Response:
    """Note that keys and cards are gone."""
    return await run_in_threadpool(_take, request, await read_body(request))


def _take(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    address = request.client.host if request.client else "?"
    refuse_flood(database, f"parting from {address}", most=MOST_TRIES, seconds=TRY_SECONDS)
    parting = read_message(request, body, Parting)
    with database.writing() as session:
        kiosk = _who(session, parting)
        if kiosk is not None:
            now = datetime.now(UTC)
            wiped = from_millis(effective_time(parting.wiped, parting.clock, to_millis(now)))
            note_wiped(session, kiosk, wiped, command_id=parting.command)
    return answer(request, Receipt(known=kiosk is not None))


def _who(session: Session, parting: Parting) -> Kiosk | None:
    """Return the zuil that had these credentials, None when nobody has or it cannot prove so."""
    key = parting.consumer_key
    kiosk = session.exec(
        select(Kiosk).where(or_(col(Kiosk.consumer_key) == key, col(Kiosk.next_consumer_key) == key))
    ).first()
    if kiosk is None:
        return None
    sealed = kiosk.consumer_secret if kiosk.consumer_key == key else kiosk.next_consumer_secret
    secret = vault_of(session).open(bytes(sealed or b"")).decode()
    return kiosk if hmac.compare_digest(parting_proof(key, secret), parting.proof) else None
