"""The price of a card now, and vouchers that are used once, on SQLite and on PostgreSQL."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from server.cardsystems.setup import create_card_system
from server.prices.tables import (
    DoubleTableError,
    OverlapError,
    add_line,
    drop_line,
    make_table,
    rows_of,
    table_on,
)
from server.vouchers.making import NoTableError, create_type, make_series, series_file
from server.vouchers.models import Voucher, VoucherSeries, VoucherType
from server.vouchers.pricing import (
    CardAsked,
    NoPriceError,
    VoucherFault,
    VoucherRefusedError,
    VoucherUse,
    price_of_card,
    redeem_voucher,
)
from shared.domain.prices import PriceLine, PriceReason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = date(2026, 11, 22)
FIRST = PriceReason.FIRST_CARD
CHILD = PriceLine(FIRST, 0, "UiTPAS -18 jaar", age_to=17)
ADULT = PriceLine(FIRST, 500, "UiTPAS +18 jaar", age_from=18, is_for_unknown_age=True)
NEW = CardAsked(FIRST, date(1990, 1, 2), social_tariff=False, carrier="card")


@pytest.fixture
def prices(database):
    with database.writing() as session:
        create_card_system(session, 1, "UiTPAS Dender")
        create_card_system(session, 3, "Paspartoe")
        make_table(session, 1, date(2026, 1, 1), lines=[CHILD, ADULT])
        make_table(session, 1, date(2027, 1, 1), lines=[CHILD, ADULT._replace(cents=700)])
    return database


def cents(database, asked=NEW, day=TODAY, voucher="", system=1):
    with database.reading() as session:
        return price_of_card(session, system, asked, day, voucher).cents


def series(database, count=3):
    """Make vouchers; return their numbers."""
    with database.writing() as session:
        type_id = create_type(session, 1, "Welkom", description="", prefix="WELKOM", staff_id=1)
        made = make_series(session, session.get_one(VoucherType, type_id), count, NOW, staff_id=1)
        session.flush()
        return list(session.exec(select(Voucher.number).where(Voucher.series_id == made.id)))


def redeem(database, number, system=1):
    with database.writing() as session:
        return redeem_voucher(session, system, number, VoucherUse(NOW, None, "0900000000000"))


def test_the_price_is_that_of_the_table_that_holds_on_the_day(prices):
    assert [cents(prices, day=day) for day in (date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))] == [
        500,
        500,
        700,
    ]
    assert cents(prices, NEW._replace(birth_date=date(2015, 1, 1))) == 0
    assert cents(prices, NEW._replace(birth_date=None)) == 500


@pytest.mark.parametrize(
    ("asked", "day", "system"),
    [
        (NEW._replace(reason=PriceReason.DEFECT), TODAY, 1),
        (NEW, date(2025, 12, 31), 1),
        (NEW, TODAY, 3),
    ],
)
def test_what_has_no_price_is_said_to_have_none(prices, asked, day, system):
    with pytest.raises(NoPriceError):
        cents(prices, asked, day, system=system)


def test_no_two_prices_hold_for_one_person_and_no_two_tables_begin_on_a_day(prices):
    with prices.writing() as session:
        table = table_on(session, 1, TODAY)
        with pytest.raises(OverlapError) as overlap:
            add_line(session, table, PriceLine(FIRST, 100, age_from=17, age_to=18), staff_id=1)
        assert overlap.value.other == CHILD
        add_line(session, table, PriceLine(PriceReason.DEFECT, 200), staff_id=1)
        drop_line(session, table, rows_of(session, table)[0], staff_id=1)
        session.flush()
        assert len(rows_of(session, table)) == 2
        with pytest.raises(DoubleTableError):
            make_table(session, 1, date(2027, 1, 1))


def test_a_voucher_type_begins_with_the_present_prices_and_has_its_own_from_then_on(prices):
    (number, *_) = series(prices)
    assert cents(prices, voucher=number) == 500
    with prices.writing() as session:
        type_id = session.exec(select(VoucherType.id)).one()
        table = table_on(session, 1, TODAY, voucher_type=type_id)
        adult = next(row for row in rows_of(session, table) if row.age_from == 18)
        adult.cents = 100
    assert (cents(prices, voucher=number), cents(prices)) == (100, 500)
    with prices.writing() as session:
        make_series(session, session.get_one(VoucherType, type_id), 1, NOW + timedelta(1), staff_id=1)
    assert cents(prices, voucher=number) == 100, "more numbers change no price"


def test_what_the_prices_of_a_voucher_leave_out_costs_what_it_always_does(prices):
    (number, *_) = series(prices)
    with prices.writing() as session:
        present = table_on(session, 1, TODAY)
        add_line(session, present, PriceLine(PriceReason.DEFECT, 250), staff_id=1)
    assert cents(prices, NEW._replace(reason=PriceReason.DEFECT), voucher=number) == 250


def test_vouchers_wait_for_prices(prices):
    with prices.writing() as session:
        type_id = create_type(session, 3, "Bon", description="", prefix="BON", staff_id=1)
        with pytest.raises(NoTableError):
            make_series(session, session.get_one(VoucherType, type_id), 1, NOW, staff_id=1)


def test_of_all_who_use_a_voucher_at_once_one_succeeds(prices):
    number, other, _ = series(prices)
    outcomes = []

    def use():
        try:
            outcomes.append(redeem(prices, number))
        except VoucherRefusedError as refused:
            outcomes.append(refused.reason)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == sorted([number] + [VoucherFault.USED] * 7)
    redeem(prices, other)
    with prices.reading() as session:
        made = session.exec(select(VoucherSeries)).one()
        used = session.get_one(Voucher, number)
        lines = list(series_file(session, session.exec(select(VoucherType)).one(), made, "gebruikt"))
    assert (made.count, made.used) == (3, 2)
    assert (used.used_at, used.used_for) == (NOW, "0900000000000")
    assert sorted(line.endswith("gebruikt;2026-11-22\r\n") for line in lines) == [False, True, True]
    assert all(line.startswith("WELKOM-") for line in lines)


def test_a_voucher_that_is_used_when_the_card_fails_is_not_used(prices):
    (number, *_) = series(prices)

    class NoCardError(Exception):
        pass

    def give_no_card():
        with prices.writing() as session:
            redeem_voucher(session, 1, number, VoucherUse(NOW))
            raise NoCardError

    with pytest.raises(NoCardError):
        give_no_card()
    assert redeem(prices, number) == number


@pytest.mark.parametrize("voucher", ["WELKOM", "WELKOM-00000-00001", ""])
def test_what_is_no_voucher_is_refused(prices, voucher):
    series(prices)
    with pytest.raises(VoucherRefusedError) as refused:
        redeem(prices, voucher)
    assert refused.value.reason in {VoucherFault.MALFORMED, VoucherFault.UNKNOWN}


def test_a_voucher_of_another_card_system_is_unknown(prices):
    (number, *_) = series(prices)
    with pytest.raises(VoucherRefusedError) as refused:
        redeem(prices, number, system=3)
    assert refused.value.reason == VoucherFault.UNKNOWN
