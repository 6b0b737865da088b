"""The supplier's list into the database, on SQLite and on PostgreSQL."""

import pytest
from sqlmodel import select

from server.cards.models import Card
from server.cards.stock import StockReport, UnknownCardSystemError, import_stock
from server.cards.supplier import Fault
from server.cardsystems.models import CardSystem
from server.feed.models import Change, ChangeKind
from server.kernel.audit import AuditEntry
from shared.domain.numbers import luhn_check_digit


def number(serial, prefix="09450"):
    body = f"{prefix}{serial:06d}0"
    return body + luhn_check_digit(body)


def chip(serial):
    return f"04{serial:010X}80"


def line(serial):
    return f'"{chip(serial)}";"{number(serial)}"\r\n'.encode()


@pytest.fixture
def systems(database):
    with database.writing() as session:
        session.add(CardSystem(id=1, name="UiTPAS Dender", prefixes=["09450", "09300"], token_key=b"1"))
        session.add(CardSystem(id=5, name="UiTPAS Gent", prefixes=["09000"], token_key=b"5"))
    return database


def stock(database, system, lines, **options):
    return import_stock(database, system, lines, **options)


def cards(database):
    with database.reading() as session:
        return {card.uitpas_number: card for card in session.exec(select(Card))}


def changed_cards(database):
    with database.reading() as session:
        found = session.exec(select(Change).where(Change.kind == ChangeKind.CARDS))
        return sorted(key for change in found for key in change.keys)


def add_card(database, serial, **columns):
    given = {"card_system_id": 1, "state": "PROVISIONED"} | columns
    with database.writing() as session:
        session.add(Card(uitpas_number=number(serial), **given))


def test_new_cards_are_in_stock_and_the_zuilen_hear_of_them(systems):
    assert stock(systems, 1, [line(1), line(2)]) == StockReport(created=2)
    card = cards(systems)[number(1)]
    assert (card.chip_number, card.card_system_id, card.state) == (chip(1), 1, "STOCK")
    assert (card.passholder_ref, card.group_pass, card.kind) == (None, False, "card")
    assert changed_cards(systems) == [number(1), number(2)]


def test_the_audit_trail_says_what_came_in(systems):
    stock(systems, 1, [line(1), b"nonsense\n"], only_good=True)
    with systems.reading() as session:
        (entry,) = session.exec(select(AuditEntry))
    assert (entry.action, entry.subject_kind, entry.subject_id) == ("import-cards", "card_system", "1")
    assert entry.detail == {"created": 1, "completed": 0, "bad": 1}


def test_a_list_of_more_than_one_batch_arrives_whole(systems):
    report = stock(systems, 1, [line(serial) for serial in range(25_000)])
    assert report == StockReport(created=25_000)
    assert len(cards(systems)) == len(changed_cards(systems)) == 25_000


def test_a_number_that_was_generated_earlier_gets_its_chip(systems):
    add_card(systems, 1)
    assert stock(systems, 1, [line(1)]) == StockReport(completed=1)
    card = cards(systems)[number(1)]
    assert (card.chip_number, card.state) == (chip(1), "STOCK")
    assert changed_cards(systems) == [number(1)]


def test_the_same_list_twice_is_the_list_once(systems):
    lines = [line(1), line(2)]
    stock(systems, 1, lines)
    assert stock(systems, 1, lines) == StockReport(known=2)
    assert len(changed_cards(systems)) == 2


def test_a_card_that_is_in_use_meanwhile_stays_in_use(systems):
    add_card(systems, 1, chip_number=chip(1), state="ACTIVE")
    assert stock(systems, 1, [line(1)]) == StockReport(known=1)
    assert cards(systems)[number(1)].state == "ACTIVE"


def test_one_bad_line_holds_back_the_whole_list(systems):
    report = stock(systems, 1, [line(1), b"nonsense\n"])
    assert not report.written
    assert [(bad.line, bad.fault) for bad in report.bad] == [(2, Fault.NOT_TWO_COLUMNS)]
    assert cards(systems) == {}
    assert changed_cards(systems) == []


def test_only_the_good_lines_when_asked(systems):
    report = stock(systems, 1, [line(1), b"nonsense\n", line(2)], only_good=True)
    assert report.written
    assert (report.created, len(report.bad)) == (2, 1)
    assert set(cards(systems)) == {number(1), number(2)}


@pytest.mark.parametrize(
    ("existing", "fault"),
    [
        ({"serial": 1, "chip_number": chip(9), "state": "STOCK"}, Fault.NUMBER_TAKEN),
        ({"serial": 2, "chip_number": chip(1), "state": "STOCK"}, Fault.CHIP_TAKEN),
        ({"serial": 1, "state": "DELETED"}, Fault.NUMBER_TAKEN),
        ({"serial": 1, "card_system_id": 5}, Fault.OTHER_SYSTEM),
        ({"serial": 1, "chip_number": chip(1), "card_system_id": 5, "state": "STOCK"}, Fault.OTHER_SYSTEM),
    ],
)
def test_what_clashes_with_the_database_is_named_and_left_alone(systems, existing, fault):
    add_card(systems, **existing)
    before = {key: card.model_dump() for key, card in cards(systems).items()}
    report = stock(systems, 1, [line(1)], only_good=True)
    assert [bad.fault for bad in report.bad] == [fault]
    assert {key: card.model_dump() for key, card in cards(systems).items()} == before


def test_a_provisioned_number_does_not_get_the_chip_of_another_card(systems):
    add_card(systems, 1)
    add_card(systems, 2, chip_number=chip(1), state="ACTIVE")
    report = stock(systems, 1, [line(1)])
    assert [bad.fault for bad in report.bad] == [Fault.CHIP_TAKEN]


def test_the_prefix_of_another_card_system_is_refused(systems):
    wrong = f'"{chip(1)}";"{number(1, "09000")}"'.encode()
    report = stock(systems, 1, [wrong])
    assert [bad.fault for bad in report.bad] == [Fault.WRONG_PREFIX]


def test_bad_lines_are_reported_in_the_order_of_the_file(systems):
    add_card(systems, 2, chip_number=chip(9), state="STOCK")
    report = stock(systems, 1, [b"x\n", line(2), b"y\n"])
    assert [bad.line for bad in report.bad] == [1, 2, 3]


def test_an_unknown_card_system_is_said_before_anything_is_read(systems):
    def unread():
        pytest.fail("the list was read")
        yield b""

    with pytest.raises(UnknownCardSystemError, match="no card system 99"):
        stock(systems, 99, unread())
