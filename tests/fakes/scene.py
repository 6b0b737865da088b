"""A small region: a card system, a counter with an event that is open now, pashouders with cards, a zuil."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from server.cards.models import Card
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.events.models import Event
from server.feed.changes import cards_changed, kiosks_changed
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.setup import create_kiosk
from server.passholders.models import Membership, Passholder
from shared.domain.zones import to_millis
from shared.wire.messages import CalendarMessage, SpanMessage

ORGANIZER = "0ce87cbc-9299-4528-8d35-92225dc9489f"
SYSTEM = 5
EVENT = "5a0967f9-cc06-4c3c-9206-30481a767434"


@dataclass
class Holder:
    """A pashouder of the scene and his card."""

    ref: int
    uitpas_number: str
    chip_number: str


def luhn_number(serial):
    """Return a valid number of 13 digits without kansen flag."""
    body = f"09000{serial:06d}0"
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body))]
    total = sum(value // 10 + value % 10 for value in doubled)
    return body + str(-total % 10)


def chip_of(serial):
    return f"04{serial:012X}"


def add_region(session):
    """Add the card system, the counter and an event of this moment; return the counter's id."""
    create_card_system(session, SYSTEM, "UiTPAS Gent", labels=["uitpas-gent"], prefixes=["09000"])
    counter = create_counter(session, CounterFacts("De Centrale", ORGANIZER, None, frozenset({SYSTEM})))
    add_event(session, EVENT, number=1)
    return counter


def add_event(session, event_id, *, number, limit=None, points=1, start=None, hours=2):
    """Add an event of two hours that began an hour ago."""
    start = start or datetime.now(UTC) - timedelta(hours=1)
    span = SpanMessage(start=to_millis(start), end=to_millis(start + timedelta(hours=hours)))
    calendar = CalendarMessage(kind="single", spans=[span])
    session.add(
        Event(
            id=event_id,
            number=number,
            titles={"nl": f"Activiteit {number}"},
            organizer_id=ORGANIZER,
            calendar=msgspec.to_builtins(calendar),
            calendar_kind="single",
            points=points,
            limit_volume=limit[0] if limit else None,
            limit_period=limit[1] if limit else None,
            imported_at=datetime.now(UTC),
        )
    )


def add_holders(session, count, *, first=1, system=SYSTEM):
    """Add pashouders with an active membership and an active card each."""
    holders = [Holder(ref, luhn_number(ref), chip_of(ref)) for ref in range(first, first + count)]
    session.add_all(
        Passholder(ref=one.ref, first_name="An", last_name=f"Peeters {one.ref}", birth_date=date(1990, 1, 2))
        for one in holders
    )
    session.flush()
    session.add_all(Membership(passholder_ref=one.ref, card_system_id=system) for one in holders)
    session.add_all(
        Card(
            uitpas_number=one.uitpas_number,
            chip_number=one.chip_number,
            card_system_id=system,
            state="ACTIVE",
            passholder_ref=one.ref,
        )
        for one in holders
    )
    cards_changed(session, [one.uitpas_number for one in holders])
    return holders


def add_kiosk(session, counter_id, name="Inkom"):
    """Add a zuil; return its number and an enrolment code."""
    kiosk = create_kiosk(session, name, "Gent", [counter_id])
    kiosks_changed(session, [kiosk.number])
    return kiosk.number, make_enrolment_code(session, kiosk, datetime.now(UTC))
