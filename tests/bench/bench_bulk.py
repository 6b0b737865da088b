"""Lists of people on PostgreSQL, to register and to move: looked over and carried out, against one by one.

The baseline is the same function for one person in a transaction of his own, as a counter does it. The
processor time is that of this process and of PostgreSQL: it says more than rows a second on a busy machine.
`BENCH_LIST=10000` makes a longer list.
"""

import io
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from server.bulk.models import BulkList
from server.bulk.reading import ListKind
from server.bulk.working import Target, order_list, put_list, work_at
from server.cards.models import Card
from server.cardsystems.groups import groups_of
from server.cardsystems.setup import create_card_system
from server.counters.rights import rights_of
from server.counters.setup import CounterFacts, create_counter
from server.feed.changes import cards_changed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.passholders.models import Passholder, PassholderDetails
from server.registration.changing import change_person, person_of
from server.registration.facts import Desk, Joining, Person
from server.registration.register import register
from shared.domain.numbers import make_uitpas_number
from tests.bench.bench_upload import KEY, postgresql
from tests.bench.cpu import milliseconds, serving
from tests.bench.report import Figure, show

ROWS = int(os.environ.get("BENCH_LIST", "2000"))
ALONE = 200
"""People who are registered one after the other."""
RATIO = 3
"""So many times less a list costs at least, for each person."""
SYSTEM = 5
GROUP = "Geauthorizeerde registratie balies"


@dataclass(frozen=True)
class Cost:
    """What something cost for each person, in milliseconds of wall clock and of processors."""

    wall: float
    processors: float

    @property
    def pace(self) -> str:
        """People a second."""
        return f"{1000 / self.wall:,.0f}/s"


def main() -> int:
    with postgresql() as url:
        database = Database(url, Vault(KEY))
        migrate(database)
        desk, numbers = furnish(database)
        roots = serving(url.replace("+psycopg", ""))
        alone = measure(roots, ALONE, lambda: one_by_one(database, desk, numbers[ROWS:]))
        list_id = put(database, desk, numbers[:ROWS])
        looked, done = both(database, roots, list_id)
        moved_alone = measure(roots, ALONE, lambda: move_one_by_one(database, desk, numbers[ROWS:]))
        moves = put(database, desk, numbers[:ROWS], ListKind.MOVE)
        moves_looked, moved = both(database, roots, moves)
        database.dispose()
    return show(
        f"Lists of {ROWS:,} people",
        [
            *lines("looked over", looked, alone),
            *lines("carried out", done, alone),
            *lines("addresses looked over", moves_looked, moved_alone),
            *lines("addresses carried out", moved, moved_alone),
        ],
    )


def both(database: Database, roots: list[int], list_id: int) -> tuple[Cost, Cost]:
    """Return what it costs to look a list over, and to carry it out."""
    looked = measure(roots, ROWS, lambda: work_at(database, list_id))
    with database.writing() as session:
        order_list(session, session.get_one(BulkList, list_id), staff_id=1)
    done = measure(roots, ROWS, lambda: work_at(database, list_id))
    with database.reading() as session:
        found = session.get_one(BulkList, list_id)
        assert (found.done, found.refused, found.bad) == (ROWS, 0, 0)
    return looked, done


def lines(what: str, cost: Cost, alone: Cost) -> list[Figure]:
    ratio = alone.processors / cost.processors
    return [
        Figure(f"{what}, people a second", cost.pace, alone.pace, f"{alone.wall / cost.wall:.1f}x"),
        Figure(
            f"{what}, processor time of one",
            f"{cost.processors:.2f} ms",
            f"{alone.processors:.2f} ms",
            f"{ratio:.1f}x less",
            f">= {RATIO}x less",
            ratio >= RATIO,
        ),
    ]


def measure(roots: list[int], count: int, deed: Callable[[], object]) -> Cost:
    """Return what a deed cost for each of `count` people."""
    wall, own, below = time.perf_counter(), time.process_time(), milliseconds(roots)
    deed()
    own = 1000 * (time.process_time() - own)
    below = milliseconds(roots) - below
    return Cost(1000 * (time.perf_counter() - wall) / count, (own + below) / count)


def furnish(database: Database) -> tuple[Desk, list[str]]:
    """Add a counter that registers, with a card for everybody in its drawer."""
    with database.writing() as session:
        create_card_system(session, SYSTEM, "UiTPAS Gent", prefixes=["09000"])
        groups = frozenset(one.id or 0 for one in groups_of(session, [SYSTEM]) if one.name == GROUP)
        counter = create_counter(session, CounterFacts("Balie", None, None, frozenset({SYSTEM}), groups))
        desk = Desk(counter, SYSTEM, rights_of(session, counter)[SYSTEM])
        numbers = [make_uitpas_number("09000", n, social_tariff=False) for n in range(1, ROWS + ALONE + 1)]
        session.add_all(
            Card(
                uitpas_number=number,
                chip_number=f"04{serial:012X}",
                card_system_id=SYSTEM,
                state="LOCAL_STOCK",
                counter_id=counter,
            )
            for serial, number in enumerate(numbers)
        )
        session.flush()
        cards_changed(session, numbers)
    return desk, numbers


def somebody(serial: int) -> tuple[str, date]:
    """Return a national number and the day of birth it says."""
    day, order = divmod(serial, 998)
    born = date(1980 + day // 28, 3, day % 28 + 1)
    nine = int(f"{born:%y%m%d}{order + 1:03d}")
    return f"{nine:09d}{97 - nine % 97:02d}", born


def one_by_one(database: Database, desk: Desk, numbers: list[str]) -> None:
    now = datetime.now(UTC)
    for serial, number in enumerate(numbers):
        insz, born = somebody(ROWS + serial)
        person = Person("An", f"Peeters {names(serial)}", born, "9000", "Gent", insz=insz, street="Kouter")
        with database.writing() as session:
            register(session, person, Joining(number), desk, now)


def move_one_by_one(database: Database, desk: Desk, numbers: list[str]) -> None:
    now = datetime.now(UTC)
    for number in numbers:
        with database.writing() as session:
            holder = session.get_one(Passholder, session.get_one(Card, number).passholder_ref)
            known = person_of(holder, session.get(PassholderDetails, holder.ref))
            change_person(session, holder, replace(known, street="Veldstraat"), desk, now)


def put(database: Database, desk: Desk, numbers: list[str], kind: ListKind = ListKind.REGISTER) -> int:
    rows = []
    for serial, number in enumerate(numbers):
        insz, born = somebody(serial)
        who = f"{insz};Peeters {names(serial)};An;{born.isoformat()};Kouter 12;9000;Gent;{number};0;"
        rows.append(who if kind is ListKind.REGISTER else f"{number};Veldstraat 7;9000;Gent")
    content = io.BytesIO("\r\n".join(rows).encode())
    with database.writing() as session:
        target = Target(SYSTEM, desk.counter_id, kind)
        return put_list(session, target, "bench.csv", content, staff_id=1)


def names(serial: int) -> str:
    """Return a word for a number, so that names are as different as people's."""
    return "".join(chr(ord("a") + serial // 26**place % 26) for place in range(3))


if __name__ == "__main__":
    sys.exit(main())
