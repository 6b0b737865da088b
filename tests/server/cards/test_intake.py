"""Lists that are taken in beside the page: by one process, with progress, holding up nobody."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from server.cards import intake
from server.cards.intake import IntakeState, put_list, take_in, take_in_waiting
from server.cards.models import Card, CardIntake, CardIntakeLine
from server.cardsystems.models import CardSystem
from shared.domain.numbers import make_uitpas_number

PREFIX = "09450"


@pytest.fixture
def system(database):
    with database.writing() as session:
        session.add(CardSystem(id=1, name="UiTPAS Dender", prefixes=[PREFIX], token_key=b"1"))
    return database


def lines(count):
    return [
        f'"04{serial:010X}80";"{make_uitpas_number(PREFIX, serial, social_tariff=False)}"'.encode()
        for serial in range(count)
    ]


def put(database, content, **options):
    with database.writing() as session:
        return put_list(session, 1, "lijst.csv", content, **({"only_good": False, "staff_id": 1} | options))


def facts(database, intake_id):
    with database.reading() as session:
        return session.get_one(CardIntake, intake_id)


def cards(database):
    with database.reading() as session:
        return len(session.exec(select(Card.uitpas_number)).all())


def test_a_list_that_nobody_works_at_is_taken_in_once_by_whoever_comes_first(system):
    wanted = put(system, b"\r\n".join(lines(300)))
    threads = [threading.Thread(target=take_in_waiting, args=(system,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = facts(system, wanted)
    assert (found.state, found.lines, found.read) == (IntakeState.DONE, 300, 300)
    assert (found.created, found.known, found.bad) == (300, 0, 0)
    assert cards(system) == 300
    assert not take_in(system, wanted)


def test_a_process_that_died_leaves_nothing_half_done_and_another_takes_over(system, monkeypatch):
    wanted = put(system, b"\n".join(lines(60)))

    class PowerCutError(Exception):
        pass

    def cut(*_, **__):
        raise PowerCutError

    with monkeypatch.context() as cutting:
        cutting.setattr(intake, "_keep_bad", cut)
        with pytest.raises(PowerCutError):
            take_in(system, wanted)
    assert (facts(system, wanted).state, cards(system)) == (IntakeState.STORING, 0)
    take_in_waiting(system)
    assert cards(system) == 0, "the other may still be alive"
    with system.writing() as session:
        session.get_one(CardIntake, wanted).claimed = datetime.now(UTC) - timedelta(seconds=1)
    take_in_waiting(system)
    assert (facts(system, wanted).state, cards(system)) == (IntakeState.DONE, 60)


def test_others_write_while_a_list_is_read(system, monkeypatch):
    wanted = put(system, b"\n".join(lines(12_000)))
    told = []
    tell = intake._note

    def note(database, intake_id, **values):
        tell(database, intake_id, **values)
        with database.writing() as session:
            session.add(CardSystem(id=100 + len(told), name="x", token_key=b"x"))
        told.append(facts(database, intake_id))

    monkeypatch.setattr(intake, "_note", note)
    take_in(system, wanted)
    assert [(one.state, one.read) for one in told] == [
        ("reading", 5_000),
        ("reading", 10_000),
        ("reading", 12_000),
        ("storing", 12_000),
    ]


def test_a_bad_line_holds_back_all_or_is_left_out_and_is_kept_either_way(system):
    content = b"\n".join([*lines(3), b"nonsense\0", lines(1)[0]])
    for only_good, state, stored in ((False, IntakeState.REFUSED, 0), (True, IntakeState.DONE, 3)):
        wanted = put(system, content, only_good=only_good)
        take_in(system, wanted)
        assert (facts(system, wanted).state, facts(system, wanted).bad) == (state, 2)
        assert cards(system) == stored
        with system.reading() as session:
            query = select(CardIntakeLine).where(CardIntakeLine.intake_id == wanted)
            kept = [(one.line, one.fault, one.text) for one in session.exec(query)]
        assert kept[0] == (4, "not_two_columns", "nonsense")
        assert kept[1][:2] == (5, "chip_twice")
