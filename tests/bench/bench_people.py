"""A million pashouders on PostgreSQL: find one by a number, find some by a part of a name, open their pages.

The server runs as it does in production, as processes of its own behind a socket, and is asked what a
browser asks; the baseline is the one statement that fetches the same rows, on a connection of its own.
`BENCH_PEOPLE=50000` makes a smaller country.
"""

import json
import os
import random
import re
import sys
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

import httpx
import psycopg
from sqlalchemy import make_url
from sqlmodel import SQLModel

from server.cards.models import Card
from server.cardsystems.groups import groups_of
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.passholders.insz import insz_digest
from server.passholders.models import Membership, NamePart, NameWord, Passholder, PassholderDetails
from server.passholders.names import parts_of, words_of
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from shared.domain.numbers import make_uitpas_number
from tests.bench.bench_upload import KEY, postgresql, server
from tests.bench.cpu import milliseconds, serving
from tests.bench.report import Figure, percentile, show

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "1000000"))
CARDS = PEOPLE * 6 // 5
LARGE, SMALL = 5, 7
SMALL_PART = 0.002
"""Of the people are members of a small card system: where a common name is hard to find."""
LOOKS = 400
WARM_UP = 40
"""Of the looks: each of the server's processes reads its templates once."""
IDENTIFY_TARGET, SEARCH_TARGET, PAGE_TARGET = 20, 100, 300
BORN = date(1930, 1, 1)
MADE = datetime(2026, 1, 5, 9, tzinfo=UTC)
FIRST = (  # noqa: SIM905 - a list of names reads better so
    "Marie Jan Luc Anna Maria Emma Louis Lucas Nicole Rita Noor Liam Mohamed Céline Zoë Loïc Anaïs Jozef"
    " Renée Chloé Inès Jean-Pierre Noël Gaëlle Mia Fatima Thomas Elise Tuur Desirée Björn Özlem Françoise"
    " Karel Wout Nathalie Andrée Hélène Sofie Els Ward Yasmina Amélie Rémi Bart Ann-Sophie Jeroen Lotte"
).split()
LAST = (  # noqa: SIM905 - idem
    "Peeters,Janssens,Maes,Jacobs,Mertens,Willems,Claes,Goossens,Wouters,De Smet,Dubois,Lambert,Pauwels,"
    "Vermeulen,Hermans,Aerts,Michiels,Van den Bossche,De Clercq,D'Hondt,Van de Velde,Desmet,Diallo,Yildiz,"
    "Bogaert,Van Damme,El Idrissi,Cools,Segers,De Backer,Baert,Thys,Müller,Gérard,Lefèvre,Van den Berghe"
).split(",")
PIECES = re.findall("..", "babebocadadeendoelgehahojakelalelimamonanenorarosasetatovevawawizi")


Row = dict[str, Any]


class Names:
    """Names as a country has them: a few that everybody has, and a long tail."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        tail = {"".join(draw.choices(PIECES, k=draw.randrange(2, 5))).capitalize() for _ in range(120_000)}
        self._last = [*LAST, *sorted(tail)]
        self._weights = list(accumulate(1 / (place + 3) for place in range(len(self._last))))

    def one(self) -> tuple[str, str]:
        """Return a first and a last name."""
        first = FIRST[min(int(self._draw.expovariate(1 / 12)), len(FIRST) - 1)]
        return first, self._last[bisect(self._weights, self._draw.random() * self._weights[-1])]


class Someone(NamedTuple):
    """A pashouder of the country."""

    ref: int
    first: str
    last: str
    born: date
    systems: tuple[int, ...]


def country() -> list[Someone]:
    draw = random.Random(7)
    names = Names(draw)
    return [
        Someone(
            ref,
            *names.one(),
            BORN + timedelta(days=draw.randrange(33_000)),
            (LARGE,) if draw.random() >= SMALL_PART else (LARGE, SMALL),
        )
        for ref in range(1, PEOPLE + 1)
    ]


def holder(one: Someone) -> list[Row]:
    return [
        {"ref": one.ref, "first_name": one.first, "last_name": one.last, "birth_date": one.born, "points": 7}
    ]


def details(one: Someone, vault: Vault) -> list[Row]:
    digest = insz_digest(vault, insz_of(one.ref))
    return [{"passholder_ref": one.ref, "insz_digest": digest, "municipality": "Gent", "made_at": MADE}]


def memberships(one: Someone) -> list[Row]:
    return [{"passholder_ref": one.ref, "card_system_id": system, "made_at": MADE} for system in one.systems]


def name_words(one: Someone) -> list[Row]:
    words = words_of(f"{one.first} {one.last}")
    return [
        {"card_system_id": system, "word": word, "passholder_ref": one.ref}
        for system in one.systems
        for word in words
    ]


class NameParts:
    """The endings of names, once for each name in a card system."""

    def __init__(self) -> None:
        self._known: set[tuple[int, str]] = set()

    def __call__(self, one: Someone) -> list[Row]:
        here = {(row["card_system_id"], row["word"]) for row in name_words(one)} - self._known
        self._known |= here
        return [
            {"card_system_id": system, "part": part, "word": word}
            for system, word in here
            for part in parts_of(word)
        ]


def cards(one: Someone) -> list[Row]:
    """Return the card that somebody has, and for one in five the one he lost."""
    found = [card(one.ref, one.ref, "ACTIVE")]
    return [*found, card(PEOPLE + one.ref, one.ref, "BLOCKED")] if one.ref <= CARDS - PEOPLE else found


def card(serial: int, ref: int, state: str) -> Row:
    return {
        "uitpas_number": number_of(serial),
        "chip_number": f"04{serial:010X}80",
        "card_system_id": LARGE,
        "state": state,
        "passholder_ref": ref,
        "counter_id": 1,
    }


def number_of(serial: int) -> str:
    return make_uitpas_number(f"0{9000 + serial // 1_000_000}", serial % 1_000_000, social_tariff=False)


def insz_of(ref: int) -> str:
    """Return a national number of somebody whose date of birth is not known."""
    days, place = divmod(ref, 998)
    body = f"{days // 28:02}00{days % 28:02}{place + 1:03}"
    return f"{body}{97 - int(body) % 97:02}"


def fill(url: str, vault: Vault) -> None:
    """Put the country in the database, by COPY."""
    people = country()
    tables: dict[type[SQLModel], Callable[[Someone], list[Row]]] = {
        Passholder: holder,
        PassholderDetails: partial(details, vault=vault),
        Membership: memberships,
        NameWord: name_words,
        NamePart: NameParts(),
        Card: cards,
    }
    with psycopg.connect(bare_address(url), autocommit=True) as connection:
        for table, rows_of in tables.items():
            usual = {column.name: usual_value(table, column.name) for column in table.__table__.columns}
            statement = f"COPY {table.__tablename__} ({', '.join(usual)}) FROM STDIN"
            with connection.transaction(), connection.cursor().copy(statement) as copy:
                for one in people:
                    for row in rows_of(one):
                        copy.write_row([*(usual | row).values()])
        connection.execute("SELECT setval(pg_get_serial_sequence('passholder', 'ref'), %s)", (PEOPLE,))
        connection.execute("VACUUM ANALYZE")


def usual_value(table: type[SQLModel], column: str) -> Any:
    """Return what a column holds when nothing is said."""
    field = table.model_fields[column]
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    return json.dumps(value) if isinstance(value, list) else value


def bare_address(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(False)


def prepare(database: Database) -> None:
    """Make the card systems, a counter that registers, and who works there: Ann at the counter, Karima."""
    with database.writing() as session:
        for system, name in ((LARGE, "UiTPAS Groot"), (SMALL, "UiTPAS Klein")):
            create_card_system(session, system, name)
        groups = [group.id or 0 for group in groups_of(session, [LARGE, SMALL]) if "Geauth" in group.name]
        places = [
            create_counter(session, CounterFacts(name, None, None, systems, frozenset(groups)))
            for name, systems in (("Bib", frozenset({LARGE, SMALL})), ("Klein", frozenset({SMALL})))
        ]
        session.add_all(
            Staff(id=id_, name=f"{id_}", uitid=f"{id_}", terms_at=datetime.now(UTC)) for id_ in (1, 2, 3)
        )
        session.flush()
        session.add(StaffRole(staff_id=1, role=Role.BALIE, counter_id=places[0]))
        session.add(StaffRole(staff_id=2, role=Role.KSB, card_system_id=LARGE))
        session.add(StaffRole(staff_id=3, role=Role.BALIE, counter_id=places[1]))


@contextmanager
def browser(address: str, staff: int) -> Iterator[httpx.Client]:
    """Be a member of staff."""
    headers = {"accept": "text/html", "origin": address}
    with httpx.Client(base_url=address, headers=headers, trust_env=False, timeout=60) as client:
        assert client.post("/login/demo", data={"staff_id": staff}).status_code == 303
        yield client


class Times(list[float]):
    """Milliseconds of each request. cpu: what one of them costs all processors, on average."""

    cpu: float | None = None


SERVING: list[int] = []
"""The roots of the processes that serve, once they run."""


def timed(ask: Callable[[Any], object], asked: Iterable[Any], expected: object) -> Times:
    """Return the milliseconds of each; the first ones warm up."""
    found, before = Times(), 0.0
    for place, one in enumerate(asked):
        if place == WARM_UP:
            before = milliseconds(SERVING)
        begin = time.perf_counter()
        assert ask(one) == expected, one
        found.append(1000 * (time.perf_counter() - begin))
    found.cpu = (milliseconds(SERVING) - before) / (len(found) - WARM_UP)
    del found[:WARM_UP]
    return found


def parts_of_names(draw: random.Random, wanted: int) -> list[str]:
    """Return what people type: a beginning of a name, of two, a piece, with and without its accents."""
    names, found = Names(random.Random(7)), []
    while len(found) < wanted:
        first, last = names.one()
        long, short = draw.choice((first, last)), draw.choice((first, last))
        beginning = long[: draw.randrange(2, len(long) + 1)]
        piece = long[(start := draw.randrange(1, max(2, len(long) - 3))) : start + draw.randrange(3, 6)]
        typed = (beginning, beginning.upper(), long, f"{first} {last[:3]}", f"{short} {long}", piece)
        found.append(draw.choice((*typed, f"{piece} {short[:3]}")))
    return found


BY_NUMBER = "SELECT * FROM card JOIN passholder ON ref = passholder_ref WHERE uitpas_number = %s"
BY_WORD = (
    f"SELECT passholder_ref FROM name_word WHERE card_system_id = {LARGE} AND word >= %s AND word < %s"
    " ORDER BY word LIMIT 20"
)
BY_REF = (
    "SELECT * FROM passholder NATURAL JOIN (SELECT passholder_ref AS ref FROM membership) m WHERE ref = %s"
)


def bare(url: str, statement: str, asked: Sequence[Sequence[Any]]) -> list[float]:
    """Return the milliseconds of a statement alone."""
    found = []
    with psycopg.connect(bare_address(url), autocommit=True, prepare_threshold=0) as connection:
        for one in asked:
            begin = time.perf_counter()
            connection.execute(statement, one).fetchall()
            found.append(1000 * (time.perf_counter() - begin))
    return found[WARM_UP:]


def figure(what: str, here: Times, baseline: Sequence[float], target: float) -> Figure:
    mine, other = percentile(here, 0.95), percentile(baseline, 0.95)
    said, slowest = f"{mine:.1f}", f"{max(here):.0f} at most, {here.cpu:.1f} of CPU"
    return Figure(
        f"{what}, p95, ms ({slowest})",
        said,
        f"{other:.2f} bare",
        f"{mine / other:.0f}",
        f"<= {target}",
        mine <= target,
    )


def look_up(client: httpx.Client, url: str, draw: random.Random) -> list[Figure]:
    """Identify at the counter, by each kind of number."""

    def identify(asked: tuple[str, int]) -> bool:
        text, ref = asked
        answer = client.post("/balie/pashouders/zoek", data={"text": text})
        return answer.headers.get("location") == f"/balie/pashouders/{ref}"

    serials = [draw.randrange(1, PEOPLE) for _ in range(LOOKS)]
    numbers = bare(url, BY_NUMBER, [(number_of(one),) for one in serials])
    kinds: dict[str, Callable[[int], str]] = {
        "card number": number_of,
        "chip number": lambda serial: f"04{serial:010x}80",
        "national number": insz_of,
    }
    return [
        figure(
            f"identify by {kind}",
            timed(identify, [(say(one), one) for one in serials], expected=True),
            numbers,
            IDENTIFY_TARGET,
        )
        for kind, say in kinds.items()
    ]


def search(client: httpx.Client, url: str, draw: random.Random, where: str) -> Figure:
    """Search by parts of names."""
    typed = parts_of_names(draw, LOOKS)
    words = [words_of(text)[0] if words_of(text) else "" for text in typed]
    answers = timed(lambda text: client.post(f"{where}/zoek", data={"text": text}).status_code, typed, 200)
    return figure(
        f"search by name, {where}",
        answers,
        bare(url, BY_WORD, [(one, one + "{") for one in words]),
        SEARCH_TARGET,
    )


def pages(client: httpx.Client, url: str, draw: random.Random, paths: Sequence[str]) -> Figure:
    """Open the pages of a person."""
    refs = [draw.randrange(1, PEOPLE) for _ in range(LOOKS)]
    addresses = [paths[place % len(paths)].format(ref) for place, ref in enumerate(refs)]
    answers = timed(lambda address: client.get(address).status_code, addresses, 200)
    return figure(
        f"pages such as {paths[0].format('N')}",
        answers,
        bare(url, BY_REF, [(ref,) for ref in refs]),
        PAGE_TARGET,
    )


def measure(address: str, url: str) -> list[Figure]:
    draw, here, ksb = random.Random(11), "/balie/pashouders", f"/dashboard/pashouders/{LARGE}"
    with browser(address, 1) as counter:
        figures = look_up(counter, url, draw)
        figures.append(search(counter, url, draw, here))
        figures.append(pages(counter, url, draw, (f"{here}/{{}}", f"{here}/{{}}/gegevens")))
    with browser(address, 2) as keeper:
        figures.append(search(keeper, url, draw, ksb))
        figures.append(pages(keeper, url, draw, (f"{ksb}/{{}}", ksb, f"{ksb}/regels")))
    with browser(address, 3) as small:
        found = search(small, url, draw, here)
    return [*figures, replace(found, what=found.what.replace("name", "name in a small card system"))]


def main() -> int:
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        database = Database(url, Vault(KEY))
        migrate(database)
        prepare(database)
        database.dispose()
        begin = time.perf_counter()
        fill(url, Vault(KEY))
        print(f"  {PEOPLE:,} people made in {time.perf_counter() - begin:.0f} s", file=sys.stderr)
        with server(url, folder, demo=True) as address:
            SERVING.extend(serving(bare_address(url)))
            figures = measure(address, url)
    return show(f"{PEOPLE:,} pashouders with {CARDS:,} cards on PostgreSQL", figures)


if __name__ == "__main__":
    sys.exit(main())
