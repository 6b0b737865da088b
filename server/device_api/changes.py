"""GET changes: what is new for one zuil after its cursor."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.reading import checkins_between, running_checkins
from server.device_api.authentication import identified
from server.device_api.bodies import answer
from server.feed.epoch import Cursor, head, parse_cursor
from server.feed.publisher import publish
from server.feed.reading import CardPage, checksums, read_cards
from server.kernel.database import Database
from server.kiosks.configuration import code_host, compose, systems_of
from server.kiosks.models import Kiosk
from shared.wire.cards import encode_block
from shared.wire.messages import Changes, CheckinMessage, KioskConfig


async def read_changes(request: Request) -> Response:
    """Answer with the configuration when it differs, and with cards and check-ins after the cursor."""
    return await run_in_threadpool(_read_changes, request)


def _read_changes(request: Request) -> Response:
    kiosk = identified(request)
    database: Database = request.app.state.database
    # Nobody has to wait for the publisher's next turn.
    publish(database)
    cursor = parse_cursor(request.query_params.get("cursor", ""))
    with database.reading() as session:
        config = current_config(session, request, kiosk)
        is_new = config.version != request.query_params.get("config", "")
        changes = _changes(session, config, cursor, full=is_new)
    return answer(request, changes)


def current_config(session: Session, request: Request, kiosk: int) -> KioskConfig:
    """Return what this zuil should be configured with now."""
    return compose(session, session.get_one(Kiosk, kiosk), code_host(request), datetime.now(UTC))


def _changes(session: Session, config: KioskConfig, cursor: Cursor | None, *, full: bool) -> Changes:
    systems = systems_of(session, config.kiosk)
    page = read_cards(session, systems, cursor) if cursor else None
    if page is None:
        page = CardPage({}, head(session), more=False)
        cursor = None
    return Changes(
        cursor=str(page.upto),
        more=page.more,
        snapshot_needed=cursor is None,
        config=config if full else None,
        cards={str(system): encode_block(rows) for system, rows in page.cards.items()},
        checkins=_checkins(session, config, cursor, page, full=full),
        checksums=None if page.more or cursor is None else checksums(session, systems),
    )


def _checkins(
    session: Session, config: KioskConfig, cursor: Cursor | None, page: CardPage, *, full: bool
) -> list[CheckinMessage]:
    """Return the new check-ins; beside a new configuration all that its events need."""
    if full:
        return running_checkins(session, config.events, datetime.now(UTC))
    if cursor is None:
        return []
    events = (event.id for event in config.events)
    return checkins_between(session, events, cursor.position, page.upto.position)
