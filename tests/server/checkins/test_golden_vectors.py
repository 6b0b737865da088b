"""A tap that the server judges gets the outcome of the golden vectors, like on the zuil."""

import msgspec
import pytest
from sqlmodel import select

from fakes.golden import golden_cases
from fakes.scene import ORGANIZER, SYSTEM, add_kiosk, add_region
from fakes.station import clock
from server.checkins.models import Checkin
from server.checkins.upload import Delivery, take_uploads
from server.events.models import Event
from server.feed.models import CardFeed
from server.kernel.ids import new_id
from server.passholders.models import Passholder
from shared.domain.zones import to_millis
from shared.wire import messages
from shared.wire.chain import GENESIS, chain_link

TOKEN = 77


def furnish(session, case):
    """Fill the database with what a case says; return the number of a zuil."""
    counter = add_region(session)
    number, _ = add_kiosk(session, counter)
    for event in case.events:
        session.add(
            Event(
                id=event.id,
                number=event.number + 100,
                titles=event.titles,
                organizer_id=ORGANIZER,
                calendar=msgspec.to_builtins(event.calendar),
                calendar_kind=event.calendar.kind,
                points=event.points,
                limit_volume=event.limit[0] if event.limit else 0,
                limit_period=event.limit[1] if event.limit else None,
                imported_at=case.now,
            )
        )
    if case.row:
        add_card(session, case)
    return number


def add_card(session, case):
    passholder, state, until = case.row
    session.add(
        CardFeed(
            card_system_id=SYSTEM, token=TOKEN, uitpas_number="0900000095902", passholder_ref=passholder,
            state=state, active_until=until, points=0, row_hash=0, position=1,
        )
    )  # fmt: skip
    if passholder:
        session.add(
            Passholder(ref=passholder, first_name="An", last_name="Peeters", birth_date=case.now.date())
        )
        for at in case.earlier:
            session.add(earlier(passholder, case.on, to_millis(at)))


def earlier(passholder, event, at):
    return Checkin(
        id=new_id(), source="kiosk", passholder_ref=passholder, event_id=event, at=at, wall=at, received=at,
        outcome="ok", shown="ok", verdict="granted", points=1,
    )  # fmt: skip


def upload_of(case):
    tap = messages.Tap(
        id=new_id(),
        clock=msgspec.structs.replace(clock(to_millis(case.now)), boot="before"),
        outcome=case.expect["outcome"],
        event=case.expect["event"],
        system=SYSTEM,
        card=f"{TOKEN:016x}",
    )
    payload = msgspec.json.encode(tap)
    chain = chain_link(GENESIS, payload).hex()
    item = messages.UploadItem(seq=1, chain=chain, tap=msgspec.Raw(payload))
    return messages.Upload(items=[item], previous=GENESIS.hex(), clock=clock(to_millis(case.now)))


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_the_server_decides_as_written(database, case):
    with database.writing() as session:
        kiosk = furnish(session, case)
    with database.writing() as session:
        (answer,) = take_uploads(session, [Delivery(kiosk, upload_of(case))], to_millis(case.now) + 60_000)
    (verdict,) = answer.verdicts
    assert verdict.outcome == case.expect["outcome"]
    assert verdict.points == case.expect.get("points", 0)
    with database.reading() as session:
        kept = [row for row in session.exec(select(Checkin)) if row.kiosk == kiosk]
    assert [(row.shown, row.outcome) for row in kept] == [(case.expect["outcome"],) * 2]
