"""A supplier's list on PostgreSQL: read, checked and stored, against a bare COPY; first the pages.

The list comes into a card system that has many cards; rounds of both kinds alternate, medians count.
"""

import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg
from sqlalchemy import make_url
from starlette.testclient import TestClient

from server.app import create_app
from server.cards.intake import put_list, take_in
from server.cards.models import CardIntake
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.settings import Settings
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from shared.domain.numbers import luhn_check_digit
from tests.bench.bench_upload import postgresql
from tests.bench.report import Figure, percentile, show

LINES = 100_000
ROUNDS = 3
PAST = 1_000_000
"""Cards that are there already."""
TARGET = 20_000
PAGE_TARGET = 0.3
SECRET = secrets.token_bytes(32)
BROWSER = {"accept": "text/html", "origin": "http://bench"}
SYSTEM = 5
PREFIXES = ("09000", "09001", "09002", "09003")
COLUMNS = "uitpas_number, chip_number, card_system_id, state, group_pass, kind, package_id"
HISTORY = (
    f"""INSERT INTO card_package (card_system_id, social_tariff, first, state, counter_id, moved_at)
        SELECT {SYSTEM}, false, 50 * n, 'LOCAL_STOCK', 1, now() FROM generate_series(1, {PAST} / 50) n""",
    f"""INSERT INTO card (uitpas_number, chip_number, card_system_id, state, group_pass, kind, package_id,
            counter_id)
        SELECT '1' || lpad(n::text, 12, '0'), '05' || lpad(to_hex(n), 12, '0'), {SYSTEM},
            CASE WHEN mod(n, 3) = 0 THEN 'LOCAL_STOCK' ELSE 'ACTIVE' END, false, 'card', 1 + n / 50, 1
        FROM generate_series(0, {PAST} - 1) n""",
    "CREATE TABLE card_bare (LIKE card INCLUDING ALL)",
    "INSERT INTO card_bare SELECT * FROM card",
    "VACUUM ANALYZE",
)


def lines_of(round_: int) -> list[tuple[str, str]]:
    """Return chips and numbers of one list."""
    found = []
    for serial in range(LINES):
        body = f"{PREFIXES[round_]}{serial:06d}0"
        found.append((f"04{round_:02X}{serial:08X}80", body + luhn_check_digit(body)))
    return found


def take(database: Database, pairs: Sequence[tuple[str, str]]) -> float:
    """Take a list in as a page does; return the seconds it took."""
    content = "".join(f'"{chip}";"{number}"\r\n' for chip, number in pairs).encode()
    with database.writing() as session:
        intake = put_list(session, SYSTEM, "bench.csv", content, only_good=False, staff_id=1)
    begin = time.perf_counter()
    take_in(database, intake)
    seconds = time.perf_counter() - begin
    with database.reading() as session:
        found = session.get_one(CardIntake, intake)
        assert (found.state, found.created, found.bad) == ("done", LINES, 0)
    return seconds


def copy_bare(url: str, pairs: Sequence[tuple[str, str]]) -> float:
    """Copy the same rows into a table with the same indexes; return the seconds it took."""
    address = make_url(url).set(drivername="postgresql").render_as_string(False)
    begin = time.perf_counter()
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY card_bare ({COLUMNS}) FROM STDIN") as copy:
            for place, (chip, number) in enumerate(pairs):
                copy.write_row((number, chip, SYSTEM, "STOCK", False, "card", PAST + place // 50))
        connection.commit()
    return time.perf_counter() - begin


PAGES = ("", "/pakken", "/pakken?waar=balie", "/balies", "/lijsten", "/bestellingen")


def look(url: str, folder: str) -> tuple[list[float], list[float]]:
    """Open the pages about cards, and count the cards without kept counts; return seconds of both."""
    settings = Settings(url, SECRET, Path(folder), demo=True)
    pages, counts = [], []
    with TestClient(create_app(settings), base_url="http://bench", headers=BROWSER) as browser:
        assert browser.post("/login/demo", data={"staff_id": 1}).is_success
        for path in PAGES * 10:
            begin = time.perf_counter()
            answer = browser.get(f"/dashboard/kaarten/{SYSTEM}{path}")
            pages.append(time.perf_counter() - begin)
            assert answer.status_code == 200, path
    with psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False)) as connection:
        for _ in range(5):
            begin = time.perf_counter()
            connection.execute(
                "SELECT state, substr(uitpas_number, 12, 1), count(*) FROM card GROUP BY 1, 2"
            ).fetchall()
            counts.append(time.perf_counter() - begin)
    return pages, counts


def main() -> int:
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        database = Database(url, Vault(SECRET))
        migrate(database)
        with database.writing() as session:
            create_card_system(session, SYSTEM, "UiTPAS Gent", prefixes=PREFIXES)
            create_counter(session, CounterFacts("Bib", None, None, frozenset({SYSTEM})))
            session.add(Staff(id=1, name="Karima", uitid="karima"))
            session.flush()
            session.add(StaffRole(staff_id=1, role=Role.KSB, card_system_id=SYSTEM))
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in HISTORY:
                connection.exec_driver_sql(statement)
        pages, counts = look(url, folder)
        taken, bare = [], []
        for round_ in range(ROUNDS + 1):
            pairs = lines_of(round_)
            taken.append(take(database, pairs))
            bare.append(copy_bare(url, pairs))
        database.dispose()
    page, count = percentile(pages, 0.95), statistics.median(counts)
    # The first round warms up.
    rate = LINES / statistics.median(taken[1:])
    base = LINES / statistics.median(bare[1:])
    ratio = statistics.median(one / other for one, other in zip(bare[1:], taken[1:], strict=True))
    return show(
        f"A supplier's list of {LINES:,} cards on PostgreSQL, {PAST:,} there already",
        [
            Figure(
                "read, checked and stored, lines/s",
                f"{rate:,.0f}",
                f"{base:,.0f} bare COPY",
                f"{ratio:.2f}",
                f">= {TARGET:,}",
                rate >= TARGET,
            ),
            Figure(
                "pages about cards, p95, ms",
                f"{page * 1e3:.0f}",
                f"{count * 1e3:.0f} bare count of all cards",
                f"{page / count:.2f}",
                f"<= {PAGE_TARGET * 1e3:.0f}",
                page <= PAGE_TARGET,
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
