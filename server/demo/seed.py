"""Fill a database with the demo's example data. Run again, it completes and renews, and doubles nothing."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlmodel import Session, select

from server.cards.models import Card, StockLevel
from server.cardsystems.groups import groups_of
from server.cardsystems.labels import KNOWN_SYSTEMS
from server.cardsystems.models import CardSystem
from server.cardsystems.setup import create_card_system
from server.checkins.models import PointsEntry
from server.counters.models import Counter
from server.counters.setup import CounterFacts, create_counter
from server.demo.cards import CARDS, DENDER, GENT, PASPARTOE, DemoCard, Person, Tariff
from server.demo.documents import HALL, LIBRARY, TEST_ORGANISER, THEATRE, Site, documents
from server.demo.welcome import add_rewards
from server.events.importing import EventImport
from server.events.sources import Document, read_path
from server.feed.changes import cards_changed
from server.grouppasses.models import GroupPass
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import Kiosk, KioskState
from server.kiosks.setup import create_kiosk
from server.passholders.models import Cardless, Membership, Passholder, RegistrationRules
from server.passholders.names import index_name
from server.prices.tables import make_table
from server.registration.register import WELCOME
from server.settings import Settings
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from shared.domain.checkin import CardState
from shared.domain.numbers import make_uitpas_number, parse_uitpas_number
from shared.domain.prices import PriceLine, PriceReason
from shared.domain.zones import local_day, to_millis

START_POINTS: Final = 10
GROUP_TICKETS: Final = 50
"""A year, for the group pass with kansentarief."""
PREFIXES: Final = {GENT: ("09000",)}
"""So that cards can be ordered in the demo too."""
LEVELS: Final = {False: (5, 2), True: (3, 1)}
"""Cards in that drawer at which the KSB gets a mail and another one: within reach of who tries it."""
CARD_PRICES: Final = {
    PriceReason.FIRST_CARD: 300,
    PriceReason.CARD_UPGRADE: 0,
    PriceReason.EXTRA_CARD: 300,
    PriceReason.LOSS_THEFT: 300,
    PriceReason.DEFECT: 0,
    PriceReason.REMOVAL: 0,
    PriceReason.LOSS_KANSENSTATUUT: 0,
    PriceReason.OBTAIN_KANSENSTATUUT: 0,
}
"""What a card costs in the demo, in cents; with the kansenstatuut nothing."""
FIRST_IN_DRAWER: Final = {False: 800_000, True: 810_000}
"""Serials of cards that lie at a counter, without and with the kansentarief."""
EXPIRED_FOR: Final = timedelta(days=200)


@dataclass(frozen=True)
class DemoCounter:
    """A counter of the demo: where its events are, its card systems, and its groups in Gent.

    drawer: how many cards without and with the kansentarief lie there for who comes to register.
    """

    name: str
    organizer: Site | None
    place: Site | None
    systems: tuple[int, ...]
    groups: tuple[str, ...] = ()
    drawer: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class DemoStaff:
    """A member of staff and the functions: role with the name of a counter or the id of a card system."""

    uitid: str
    name: str
    functions: tuple[tuple[Role, str | int | None], ...]


@dataclass(frozen=True)
class DemoKiosk:
    """A zuil of the demo."""

    name: str
    place: str
    counters: tuple[str, ...]


TEST_COUNTER: Final = DemoCounter(TEST_ORGANISER.name, TEST_ORGANISER, HALL, (GENT, PASPARTOE))
LIBRARY_COUNTER: Final = DemoCounter(
    LIBRARY.name,
    LIBRARY,
    LIBRARY,
    (GENT,),
    ("Checkin and Ticket balies", "Geauthorizeerde registratie balies"),
    (6, 4),
)
THEATRE_COUNTER: Final = DemoCounter(THEATRE.name, THEATRE, THEATRE, (GENT,))
COUNTERS: Final = (TEST_COUNTER, LIBRARY_COUNTER, THEATRE_COUNTER)

STAFF: Final = (
    DemoStaff("demo-bram", "Bram Wouters", ((Role.BALIE, TEST_COUNTER.name),)),
    DemoStaff(
        "demo-ann", "Ann Peeters", ((Role.BALIE, LIBRARY_COUNTER.name), (Role.BALIE, THEATRE_COUNTER.name))
    ),
    DemoStaff("demo-karima", "Karima El Idrissi", ((Role.KSB, GENT),)),
    DemoStaff("demo-tom", "Tom Goossens", ((Role.TECHNICIAN, GENT),)),
    DemoStaff("demo-ada", "Ada Janssens", ((Role.ADMIN, None),)),
)
KIOSKS: Final = (
    DemoKiosk("Zuil inkomhal", "De Grote Zaal, hoofdingang", (TEST_COUNTER.name,)),
    DemoKiosk("Zuil zijdeur", "De Grote Zaal, kant van de bib", (TEST_COUNTER.name, LIBRARY_COUNTER.name)),
)


def seed(database: Database, now: datetime, reference: Path | None = None) -> dict[str, str]:
    """Fill the database; return one enrolment code for each demo zuil that no device is yet, by its name.

    reference: a folder with more UiTdatabank documents to import, when there is one.
    """
    with database.writing() as session:
        _card_systems(session, date(local_day(now).year - 1, 1, 1))
    with database.writing() as session:
        _counters(session)
        _staff(session)
        for card in CARDS:
            _card(session, card, now)
        add_rewards(session, now)
    _import_events(database, now, reference)
    with database.writing() as session:
        return _kiosks(session, now)


def _card_systems(session: Session, valid_from: date) -> None:
    for system in KNOWN_SYSTEMS:
        if system.id in (DENDER, PASPARTOE, GENT) and session.get(CardSystem, system.id) is None:
            create_card_system(
                session, system.id, system.name, labels=system.labels, prefixes=PREFIXES.get(system.id, ())
            )
            make_table(session, system.id, valid_from, lines=_price_lines())
            if system.id == GENT:
                session.add(RegistrationRules(card_system_id=GENT, cardless=Cardless.REGULAR))


def _price_lines() -> list[PriceLine]:
    return [
        PriceLine(reason, cents if not tariff else 0, is_for_unknown_age=True, social_tariff=tariff)
        for reason, cents in CARD_PRICES.items()
        for tariff in (False, True)
    ]


def _counters(session: Session) -> None:
    for wanted in COUNTERS:
        if _counter(session, wanted.name) is not None:
            continue
        facts = CounterFacts(
            name=wanted.name,
            organizer_id=wanted.organizer.id if wanted.organizer else None,
            place_id=wanted.place.id if wanted.place else None,
            systems=frozenset(wanted.systems),
            groups=frozenset(
                group.id or 0 for group in groups_of(session, [GENT]) if group.name in wanted.groups
            ),
        )
        counter_id = create_counter(session, facts)
        _fill_drawer(session, counter_id, wanted.drawer)
        if any(wanted.drawer):
            _watch_drawer(session, counter_id)


def _fill_drawer(session: Session, counter_id: int, drawer: tuple[int, int]) -> None:
    """Put cards of Gent at a counter."""
    (prefix,) = PREFIXES[GENT]
    numbers = [
        (serial, make_uitpas_number(prefix, serial, social_tariff=tariff))
        for tariff, count in zip((False, True), drawer, strict=True)
        for serial in range(FIRST_IN_DRAWER[tariff], FIRST_IN_DRAWER[tariff] + count)
    ]
    session.add_all(
        Card(
            uitpas_number=number,
            chip_number=f"04{serial:010X}80",
            card_system_id=GENT,
            state=CardState.LOCAL_STOCK.name,
            counter_id=counter_id,
        )
        for serial, number in numbers
    )
    session.flush()
    cards_changed(session, [number for _, number in numbers])


def _watch_drawer(session: Session, counter_id: int) -> None:
    session.add_all(
        StockLevel(card_system_id=GENT, counter_id=counter_id, social_tariff=tariff, low=low, lowest=lowest)
        for tariff, (low, lowest) in LEVELS.items()
    )


def _staff(session: Session) -> None:
    for wanted in STAFF:
        if session.exec(select(Staff).where(Staff.uitid == wanted.uitid)).first() is not None:
            continue
        email = f"{wanted.uitid.removeprefix('demo-')}@uitpas.example"
        staff = Staff(uitid=wanted.uitid, name=wanted.name, email=email, terms_at=datetime.now(UTC))
        session.add(staff)
        session.flush()
        for role, where in wanted.functions:
            counter = _counter(session, where) if isinstance(where, str) else None
            session.add(
                StaffRole(
                    staff_id=_id(staff.id),
                    role=role,
                    counter_id=counter.id if counter else None,
                    card_system_id=where if isinstance(where, int) else None,
                )
            )


def _card(session: Session, card: DemoCard, now: datetime) -> None:
    if session.get(Card, card.number) is not None:
        return
    holder = _passholder(session, card, card.person, now) if card.person else None
    session.add(
        Card(
            uitpas_number=card.number,
            chip_number=card.chip,
            card_system_id=card.system,
            state=card.state.name,
            passholder_ref=holder,
            group_pass=card.group_pass,
            counter_id=_drawer(session) if card.state is CardState.LOCAL_STOCK else None,
        )
    )
    if card.group_pass:
        session.flush()
        session.add(_group_pass(card, now))
    cards_changed(session, [card.number])


def _drawer(session: Session) -> int | None:
    """Return where the cards of the tray that are in nobody's name can be given to somebody."""
    counter = _counter(session, LIBRARY_COUNTER.name)
    return counter.id if counter else None


def _group_pass(card: DemoCard, now: datetime) -> GroupPass:
    has_tariff = parse_uitpas_number(card.number).social_tariff
    return GroupPass(
        uitpas_number=card.number,
        card_system_id=card.system,
        name="Jeugdhuis De Kaai" if has_tariff else "Buurtwerk Brugse Poort",
        postcode="9000",
        city="Gent",
        made_at=now,
        tickets_per_year=GROUP_TICKETS if has_tariff else None,
    )


def _passholder(session: Session, card: DemoCard, person: Person, now: datetime) -> int:
    holder = Passholder(
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.born,
        postcode=person.postcode,
        points=START_POINTS,
        language="fr" if card.system == PASPARTOE else "nl",
    )
    session.add(holder)
    session.flush()
    ref = _id(holder.ref)
    session.add(PointsEntry(passholder_ref=ref, at=to_millis(now), points=START_POINTS, reason=WELCOME))
    session.add(
        Membership(
            passholder_ref=ref,
            card_system_id=card.system,
            social_tariff=card.tariff is not Tariff.NONE,
            social_tariff_end=_tariff_end(card.tariff, local_day(now)),
        )
    )
    index_name(session, holder)
    return ref


def _tariff_end(tariff: Tariff, today: date) -> date | None:
    if tariff is Tariff.NONE:
        return None
    if tariff is Tariff.EXPIRED:
        return today - EXPIRED_FOR
    return date(today.year + 1, 12, 31)  # the furthest a counter may go (rules 5.2)


def _import_events(database: Database, now: datetime, reference: Path | None) -> None:
    ours = [Document(str(document["@id"]), document) for document in documents(now)]
    _run(EventImport(database, "demo", now), ours)
    if reference is not None and reference.is_dir():
        _run(EventImport(database, str(reference), now), read_path(reference))


def _run(running: EventImport, found: Iterable[Any]) -> None:
    for _line in running.run(found):
        pass  # what could not be used is the import command's to report


def _kiosks(session: Session, now: datetime) -> dict[str, str]:
    codes = {}
    for wanted in KIOSKS:
        kiosk = session.exec(select(Kiosk).where(Kiosk.name == wanted.name)).first()
        if kiosk is None:
            ids = [_id(counter.id) for name in wanted.counters if (counter := _counter(session, name))]
            kiosk = create_kiosk(session, wanted.name, wanted.place, ids)
        if kiosk.state == KioskState.NEW:
            codes[wanted.name] = make_enrolment_code(session, kiosk, now)
    return codes


def _counter(session: Session, name: str) -> Counter | None:
    return session.exec(select(Counter).where(Counter.name == name)).first()


def _id(value: int | None) -> int:
    assert value is not None  # noqa: S101 - flushed just before
    return value


def main() -> int:
    """`python -m server.demo.seed`: fill the database of the settings; print the codes as JSON."""
    parser = argparse.ArgumentParser(prog="server.demo.seed", description=__doc__)
    parser.add_argument("--reference", type=Path, help="a folder with more UiTdatabank documents")
    arguments = parser.parse_args()
    settings = Settings.from_environment(os.environ)
    database = Database(settings.database_url, Vault(settings.secret_key))
    codes = seed(database, datetime.now(UTC), arguments.reference)
    database.dispose()
    sys.stdout.write(json.dumps(codes) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
