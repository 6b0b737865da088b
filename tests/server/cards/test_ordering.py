"""Numbers for cards that are to be printed: each is made once (rules 6.3-6.9)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import func, select

from server.cards.counts import cards_of
from server.cards.models import Card
from server.cards.ordering import PrefixFullError, Wanted, numbers_of, order_cards, supplier_file
from server.cards.stock import StockReport, import_stock
from server.cardsystems.models import CardSystem
from shared.domain.checkin import CardState
from shared.domain.numbers import SERIALS, make_uitpas_number, parse_uitpas_number

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PREFIX = "09450"


@pytest.fixture
def systems(database):
    with database.writing() as session:
        session.add(CardSystem(id=1, name="UiTPAS Dender", prefixes=[PREFIX, "09300"], token_key=b"1"))
    return database


def ordered(database, count, *, prefix=PREFIX, social_tariff=False):
    with database.writing() as session:
        order = order_cards(session, 1, Wanted(prefix, count, social_tariff), NOW, staff_id=1)
        return list(numbers_of(order))


@given(
    some.sampled_from([PREFIX, "00000", "09999"]),
    some.integers(0, SERIALS - 1),
    some.booleans(),
)
def test_every_number_that_is_made_is_a_valid_number(prefix, serial, social_tariff):
    number = parse_uitpas_number(make_uitpas_number(prefix, serial, social_tariff=social_tariff))
    assert (number.prefix, number.social_tariff) == (prefix, social_tariff)
    assert int(number.value[5:11]) == serial


def test_numbers_go_on_where_the_last_order_stopped_whatever_their_kansen_digit(systems):
    first, second = ordered(systems, 3), ordered(systems, 2, social_tariff=True)
    assert [number[5:11] for number in first + second] == [f"{serial:06d}" for serial in range(5)]
    with systems.reading() as session:
        states = session.exec(select(Card.state, func.count()).group_by(Card.state)).all()
    assert states == [("PROVISIONED", 5)]


def test_a_number_that_the_supplier_brought_himself_is_not_made_again(systems):
    brought = make_uitpas_number(PREFIX, 41, social_tariff=False)
    import_stock(systems, 1, [f'"04000000000180";"{brought}"'.encode()])
    assert ordered(systems, 1)[0][5:11] == "000042"


def test_each_prefix_counts_for_itself(systems):
    ordered(systems, 3)
    assert ordered(systems, 1, prefix="09300")[0][5:11] == "000000"


def test_a_prefix_that_is_nearly_full_says_how_many_are_left_and_makes_none(systems):
    with systems.writing() as session:
        last = make_uitpas_number(PREFIX, SERIALS - 3, social_tariff=False)
        session.add(Card(uitpas_number=last, card_system_id=1, state="PROVISIONED"))
    with pytest.raises(PrefixFullError) as full:
        ordered(systems, 3)
    assert full.value.left == 2
    assert len(ordered(systems, 2)) == 2


def test_the_list_of_the_supplier_comes_back_with_chips_and_goes_into_stock(systems):
    with systems.writing() as session:
        order = order_cards(session, 1, Wanted(PREFIX, 60, social_tariff=True), NOW, staff_id=1)
        sent = list(supplier_file(order))
    returned = [f'"04{place:010X}80";'.encode() + line for place, line in enumerate(sent)]
    assert import_stock(systems, 1, returned) == StockReport(completed=60)
    with systems.reading() as session:
        assert cards_of(session, 1) == {(CardState.STOCK, True): 60}
