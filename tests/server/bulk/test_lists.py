"""Lists of people: looked at before anything happens, carried out piece by piece, never half."""

import io
import threading
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, text
from sqlmodel import func, select

from fakes.town import ABROAD, AN, AUTHORISED, GENT, PLAIN
from server.bulk import reading, working
from server.bulk.models import BulkList, BulkPart, BulkRow
from server.bulk.reading import ListError, ListKind
from server.bulk.report import report_file
from server.bulk.words import left_sentence
from server.bulk.working import (
    ListState,
    Target,
    drop_list,
    forget_lists,
    order_list,
    put_list,
    time_left,
    work_at,
    work_at_open,
)
from server.cards.models import Card
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.registration.facts import Joining
from server.registration.register import register
from server.web.i18n import translator

UNTIL = date(datetime.now(UTC).year + 1, 4, 30)
one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database decides."""


def insz(serial):
    """Return the national number of somebody born on 2 March 1983."""
    nine = 830302000 + serial
    return f"{nine:09d}{97 - nine % 97:02d}"


def row(serial, card, **changed):
    cells = {
        "insz": insz(serial),
        "naam": "Peeters",
        "voornaam": f"An {'abcdefghij'[serial % 10]}",
        "dob": "02/03/1983",
        "street": "Dorpsstraat 12 bus 3",
        "postcode": "9040",
        "city": "Sint-Amandsberg",
        "card": card,
        "tariff": "0",
        "until": "",
    } | changed
    return ";".join(cells.values())


class Office:
    """The KSB at his lists, for one counter."""

    def __init__(self, database, desk):
        self.database, self.desk = database, desk

    def put(self, *rows, kind=ListKind.REGISTER, encoding="utf-8"):
        content = io.BytesIO("\r\n".join(rows).encode(encoding))
        with self.database.writing() as session:
            target = Target(GENT, self.desk.counter_id, kind)
            return put_list(session, target, "lijst.csv", content, staff_id=1)

    def look(self, *rows, **options):
        list_id = self.put(*rows, **options)
        assert work_at(self.database, list_id)
        return list_id

    def order(self, list_id):
        with self.database.writing() as session:
            return order_list(session, session.get_one(BulkList, list_id), staff_id=1)

    def carry_out(self, list_id):
        assert self.order(list_id)
        assert work_at(self.database, list_id)

    def counts(self, list_id):
        with self.database.reading() as session:
            found = session.get_one(BulkList, list_id)
            return found.state, found.rows, found.good, found.bad, found.done, found.refused

    def rows(self, list_id):
        with self.database.reading() as session:
            found = session.exec(select(BulkRow).where(BulkRow.list_id == list_id).order_by(BulkRow.line))
            return {one.line: (one.state, one.faults) for one in found}

    def number_of(self, table):
        with self.database.reading() as session:
            return session.exec(select(func.count()).select_from(table)).one()


@one_database
def test_who_lives_abroad_needs_no_national_number_where_the_counter_may_register_him(database, town):
    for groups, state in (((AUTHORISED, ABROAD), "good"), ((AUTHORISED,), "bad")):
        desk = town.desk(*groups)
        office = Office(database, desk)
        abroad = row(1, town.card(desk), insz="", postcode="59000", city="BUITENLAND")
        assert [found for found, _ in office.rows(office.look(abroad)).values()] == [state]


@pytest.fixture
def desk(town):
    return town.desk(AUTHORISED)


@pytest.fixture
def office(database, desk):
    return Office(database, desk)


def test_a_list_is_looked_at_first_and_registers_when_the_ksb_says_so(office, town, desk, database):
    plain, tariff = town.card(desk), town.card(desk, tariff=True)
    wanted = office.look(
        "INSZ;Naam;Voornaam;Geboortedatum;Straat;Postcode;Gemeente;UiTPAS;Kansenstatuut;Einddatum",
        row(1, plain),
        row(2, tariff, tariff="1", until=UNTIL.isoformat()),
    )
    assert office.counts(wanted) == (ListState.READY, 2, 2, 0, 0, 0)
    assert office.number_of(Passholder) == 0
    office.carry_out(wanted)
    assert office.counts(wanted) == (ListState.DONE, 2, 2, 0, 2, 0)
    with database.reading() as session:
        card = session.get_one(Card, tariff)
        details = session.get_one(PassholderDetails, card.passholder_ref)
        membership = session.get_one(Membership, (card.passholder_ref, GENT))
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "register")).all()
        (order,) = session.exec(select(AuditEntry).where(AuditEntry.action == "bulk-register"))
    assert (card.state, membership.social_tariff_end) == ("ACTIVE", UNTIL)
    assert (details.street, details.house_number, details.box) == ("Dorpsstraat", "12", "3")
    assert (details.municipality, details.email, details.insz_digest is not None) == ("Gent", None, True)
    assert {(one.staff_id, one.counter_id) for one in entries} == {(1, desk.counter_id)}
    assert order.detail == {"list": wanted, "file": "lijst.csv", "rows": 2}


@one_database
def test_each_row_says_all_that_is_wrong_with_it(office, town, desk):
    good, other = town.card(desk), town.card(desk)
    wanted = office.look(
        row(1, good),
        row(1, other),
        row(2, good),
        row(1, good),
        row(3, other, insz="", street="", tariff="ja"),
        row(4, other, dob="31/02/1983", city="Nergens"),
        row(5, other, tariff="1"),
        row(6, "0900000000003"),
        "maar;drie;kolommen 3",
    )
    rows = office.rows(wanted)
    assert [state for state, _ in rows.values()] == ["good", *["bad"] * 8]
    assert [faults for _, faults in rows.values()][1:] == [
        {"insz": "insz-twice"},
        {"card": "card-twice"},
        {"card": "card-twice", "insz": "insz-twice"},
        {"insz": "insz", "street": "street", "tariff": "tariff"},
        {"birth_date": "birth-date-wrong", "place": "place-unknown"},
        {"tariff_until": "tariff-date"},
        {"card": "card-number"},
        {"": "columns"},
    ]


@one_database
def test_what_changed_since_the_look_is_refused_and_the_rest_goes_on(office, town, desk, database):
    first, second = town.card(desk), town.card(desk)
    wanted = office.look(row(1, first), row(2, second))
    with database.writing() as session:
        session.get_one(Card, first).state = "BLOCKED"
    office.carry_out(wanted)
    assert office.counts(wanted) == (ListState.DONE, 2, 2, 0, 1, 1)
    assert office.rows(wanted)[1] == ("refused", {"card": "card-not-here"})
    assert office.number_of(Passholder) == 1


@one_database
def test_a_counter_does_for_a_list_only_what_it_may(database, town):
    desk = town.desk(PLAIN)
    wanted = Office(database, desk).look(
        row(1, town.card(desk, tariff=True), tariff="1", until=UNTIL.isoformat())
    )
    assert Office(database, desk).rows(wanted)[1] == ("bad", {"tariff_until": "tariff-not-allowed"})


def test_a_process_that_dies_leaves_whole_pieces_and_another_goes_on(office, town, desk, monkeypatch):
    monkeypatch.setattr(reading, "PART", 4)
    count = 10
    wanted = office.look(*(row(n, town.card(desk)) for n in range(1, count + 1)))
    assert office.order(wanted)

    class PowerCutError(Exception):
        pass

    done = []
    register = working.worker_at

    def until_dark(session, bulk, now):
        done.append(now)
        worker = register(session, bulk, now)
        if len(done) == 2:
            carry_out = worker.carry_out

            def cut(rows):
                carry_out(rows[:2])
                raise PowerCutError

            object.__setattr__(worker, "carry_out", cut)
        return worker

    with monkeypatch.context() as cutting:
        cutting.setattr(working, "worker_at", until_dark)
        with pytest.raises(PowerCutError):
            work_at(office.database, wanted)
    assert office.number_of(Passholder) == office.counts(wanted)[4] == 4
    assert not work_at(office.database, wanted), "the other may still be alive"
    with office.database.writing() as session:
        session.get_one(BulkList, wanted).claimed = datetime.now(UTC) - timedelta(seconds=1)
    threads = [threading.Thread(target=work_at_open, args=(office.database,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert office.counts(wanted) == (ListState.DONE, count, count, 0, count, 0)
    assert office.number_of(Passholder) == count


@one_database
def test_a_process_that_stops_leaves_the_rest_to_another_at_once(office, town, desk, database, monkeypatch):
    monkeypatch.setattr(reading, "PART", 2)
    wanted = office.look(*(row(n, town.card(desk)) for n in range(1, 6)))
    assert office.order(wanted)
    database.is_closing = True
    assert work_at(database, wanted)
    work_at_open(database)
    assert office.counts(wanted) == (ListState.CARRYING, 5, 5, 0, 2, 0)
    database.is_closing = False  # the other process
    work_at_open(database)
    assert office.counts(wanted) == (ListState.DONE, 5, 5, 0, 5, 0)


@one_database
def test_a_list_is_carried_out_once_and_can_be_thrown_away_only_before(office, town, desk, database):
    wanted, unwanted = office.look(row(1, town.card(desk))), office.look(row(2, town.card(desk)))
    office.carry_out(wanted)
    assert not office.order(wanted)
    with database.writing() as session:
        assert not drop_list(session, session.get_one(BulkList, wanted))
        assert drop_list(session, session.get_one(BulkList, unwanted))
    assert office.number_of(BulkPart) == 0


@one_database
def test_a_list_keeps_no_readable_national_number_and_is_forgotten(office, town, desk, database):
    wanted = office.look(row(1, town.card(desk)), row(2, town.card(desk), voornaam=insz(2)))
    with database.writing() as session:
        part = session.exec(select(BulkPart)).one()
        rows = session.exec(select(BulkRow)).all()
        assert insz(1).encode() not in part.sealed
        assert insz(2) not in str([one.model_dump() for one in rows])
        forget_lists(session, datetime.now(UTC) + timedelta(days=13))
        assert session.get(BulkList, wanted) is not None
        forget_lists(session, datetime.now(UTC) + timedelta(days=15))
    assert office.number_of(BulkRow) == office.number_of(BulkPart) == 0


def test_addresses_change_of_members_only_and_nothing_else_does(office, town, desk, database):
    first, second, free = town.card(desk), town.card(desk), town.card(desk)
    office.carry_out(office.look(row(1, first), row(2, second)))
    wanted = office.look(
        f"{first};Kouter 5A;9000;Gent",
        f"{second};Dorpsstraat 12 bus 3;9040;Sint-Amandsberg",
        f"{free};Kouter 5;9000;Gent",
        f"{first};Kouter 5;9000;Oostende",
        kind=ListKind.MOVE,
    )
    assert [state for state, _ in office.rows(wanted).values()] == ["good", "good", "bad", "bad"]
    office.carry_out(wanted)
    assert [state for state, _ in office.rows(wanted).values()] == ["done", "same", "bad", "bad"]
    with database.reading() as session:
        ref = session.get_one(Card, first).passholder_ref
        details = session.get_one(PassholderDetails, ref)
        assert (details.street, details.house_number, details.municipality) == ("Kouter", "5A", "Gent")
        assert session.get_one(Passholder, ref).postcode == "9000"
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "change"))
        assert entry.detail == {"fields": ["box", "house_number", "postcode", "street"]}


@one_database
def test_letters_are_read_as_whatever_spreadsheet_wrote_them(office, town, desk, database):
    number = town.card(desk).lstrip("0")
    for encoding in ("utf-8-sig", "cp1252", "utf-16"):
        office.look(row(1, number, naam="Désiré-Müller"), encoding=encoding)
    with database.reading() as session:
        assert session.exec(select(BulkRow.name)).all() == ["An b Désiré-Müller"] * 3
        assert session.exec(select(BulkRow.state)).all() == ["good"] * 3, "the zeros are there again"


@one_database
def test_a_file_without_rows_is_refused_whole(office):
    for content in ("", "INSZ;Naam", "\n\n"):
        with pytest.raises(ListError):
            office.put(content)


@one_database
def test_the_report_has_a_line_for_each_row_and_no_formulas(office, town, desk, database):
    number = town.card(desk)
    wanted = office.look(row(1, number), row(2, number, naam="=1+1"))
    lines = "".join(report_file(database, wanted, ListKind.REGISTER, translator("nl"))).splitlines()
    assert lines[0] == "\ufeffLijn;Naam;UiTPAS-nummer;Wat ermee gebeurt"
    assert lines[1] == f"1;An b Peeters;{number};Wordt geregistreerd."
    assert lines[2].endswith("Deze kaart stond al op een vorige lijn.")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_another_counter_registers_in_that_very_moment_is_refused_alone(office, town, desk, database):
    cards = [town.card(desk) for _ in range(4)]
    wanted = office.look(*(row(n, card) for n, card in enumerate(cards[:3], 1)))
    assert office.order(wanted)
    working_at_it = threading.Thread(target=work_at, args=(database, wanted))
    with database.writing() as session:
        someone = replace(AN, insz=insz(2), birth_date=date(1983, 3, 2))
        register(session, someone, Joining(cards[3]), desk, datetime.now(UTC))
        session.flush()
        working_at_it.start()
        wait_for(lambda: waits_for_a_lock(database))
    working_at_it.join()
    assert office.counts(wanted) == (ListState.DONE, 3, 3, 0, 2, 1)
    assert office.rows(wanted)[2] == ("refused", {"insz": "insz-used"})
    with database.reading() as session:
        assert [session.get_one(Card, card).state for card in cards] == [
            "ACTIVE",
            "LOCAL_STOCK",
            "ACTIVE",
            "ACTIVE",
        ]


def waits_for_a_lock(database):
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with database.engine.connect() as connection:
        return connection.execute(asked).scalar()


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.01)


@one_database
def test_a_piece_costs_few_statements_however_many_rows_it_has(office, town, desk, database):
    cards = [town.card(desk) for _ in range(40)]
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    people = (row(n, card) for n, card in enumerate(cards, 1))
    moves = (f"{card};Kouter 5A;9000;Gent" for card in cards)
    for kind, rows in ((ListKind.REGISTER, people), (ListKind.MOVE, moves)):
        wanted = office.put(*rows, kind=kind)
        for step in ("looked at", "carried out"):
            asked.clear()
            assert step == "looked at" or office.order(wanted)
            assert work_at(database, wanted)
            reads = [one for one in asked if one.startswith("SELECT")]
            assert len(reads) < 25, f"{kind}, {step}"
        assert office.counts(wanted)[4] == 40


@one_database
def test_a_list_says_how_long_it_still_takes_once_it_has_a_pace(office, town, desk, database, monkeypatch):
    monkeypatch.setattr(reading, "PART", 2)
    wanted = office.put(*(row(n, town.card(desk)) for n in range(1, 13)))
    with database.reading() as session:
        bulk = session.get_one(BulkList, wanted)
    began = datetime.now(UTC)
    assert time_left(bulk, began) is None
    # Taken up by another process after two of six pieces; since then it did two more in a minute.
    bulk.began, bulk.began_part, bulk.next_part = began, 2, 4
    left = time_left(bulk, began + timedelta(minutes=1))
    assert left == timedelta(minutes=1)
    say = translator("nl")
    assert left_sentence(say, left) == "Nog ongeveer 60 seconden."
    assert left_sentence(say, timedelta(minutes=2.5)) == "Nog ongeveer 3 minuten."
    assert left_sentence(say, timedelta(seconds=4)) == "Nog enkele seconden."
    assert left_sentence(say, None) == ""


@one_database
def test_two_lines_about_one_person_with_two_cards_are_both_carried_out(office, town, desk, database):
    first, second = town.card(desk), town.card(desk)
    office.carry_out(office.look(row(1, first)))
    with database.writing() as session:
        extra = session.get_one(Card, second)
        extra.state, extra.passholder_ref = "ACTIVE", session.get_one(Card, first).passholder_ref
    moves = (f"{first};Kouter 5;9000;Gent", f"{second};Veldstraat 7;9000;Gent")
    wanted = office.look(*moves, kind=ListKind.MOVE)
    office.carry_out(wanted)
    assert [state for state, _ in office.rows(wanted).values()] == ["done", "done"]
    with database.reading() as session:
        (details,) = session.exec(select(PassholderDetails))
        assert (details.street, details.house_number) == ("Veldstraat", "7")
