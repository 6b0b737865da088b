"""What a card costs, and voucher numbers: the rules alone (rules 6.10, 6.11)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.domain.prices import (
    PriceLine,
    PriceQuestion,
    PriceReason,
    age_on,
    find_overlap,
    find_price,
)
from shared.domain.vouchers import (
    ALPHABET,
    RANDOM_VALUES,
    InvalidVoucherError,
    make_voucher_number,
    parse_voucher_number,
    shown_number,
)

AGES = some.none() | some.integers(0, 30)
CARRIERS = ("card", "sticker", "digital")
LINES = some.builds(
    PriceLine,
    reason=some.sampled_from([PriceReason.FIRST_CARD, PriceReason.DEFECT]),
    cents=some.integers(0, 5000),
    age_from=AGES,
    age_to=AGES,
    is_for_unknown_age=some.booleans(),
    social_tariff=some.none() | some.booleans(),
    is_resident=some.none() | some.booleans(),
    carrier=some.sampled_from(["", *CARRIERS]),
)
QUESTIONS = some.builds(
    PriceQuestion,
    reason=some.sampled_from([PriceReason.FIRST_CARD, PriceReason.DEFECT, PriceReason.REMOVAL]),
    age=AGES,
    social_tariff=some.booleans(),
    carrier=some.sampled_from(CARRIERS),
    is_resident=some.none() | some.booleans(),
)


@given(some.lists(LINES, max_size=8), some.lists(QUESTIONS, min_size=20, max_size=40))
def test_of_a_table_without_overlap_one_line_holds_at_most_whatever_their_order(lines, questions):
    overlapping = find_overlap(lines)
    for question in questions:
        holding = [line for line in lines if find_price([line], question)]
        if overlapping is None:
            assert len(holding) <= 1
        if len(holding) > 1:
            assert overlapping is not None
        assert find_price(lines, question) == (holding[0] if holding else None)
        if len(holding) == 1:
            assert find_price(lines[::-1], question) == holding[0]


@given(LINES, LINES)
def test_two_lines_overlap_exactly_when_there_is_somebody_for_whom_both_hold(one, other):
    ages = [None, *range(151)]
    both = any(
        find_price([one], question) and find_price([other], question)
        for age in ages
        for social in (True, False)
        for carrier in CARRIERS
        for resident in (None, True, False)
        if (question := PriceQuestion(one.reason, age, social, carrier, resident))
    )
    assert (find_overlap([one, other]) is not None) == both


def test_the_bounds_of_an_age_belong_to_it_and_an_unknown_age_has_its_own_line():
    child = PriceLine(PriceReason.FIRST_CARD, 0, age_to=17)
    adult = PriceLine(PriceReason.FIRST_CARD, 500, age_from=18, is_for_unknown_age=True)
    for age, line in ((0, child), (17, child), (18, adult), (99, adult), (None, adult)):
        question = PriceQuestion(PriceReason.FIRST_CARD, age, social_tariff=False, carrier="card")
        assert find_price([child, adult], question) is line


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 11, 22), date(2026, 11, 21), 17),
        (date(2008, 11, 22), date(2026, 11, 22), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_someone_is_a_year_older_on_the_birthday(born, day, age):
    assert age_on(born, day) == age


PREFIXES = some.text("ABCDEFGHIJKLMNOPQRSTVWXYZ0123456789", min_size=2, max_size=6)


@given(PREFIXES, some.integers(0, RANDOM_VALUES - 1))
def test_a_voucher_number_is_read_as_people_type_it(prefix, value):
    number = make_voucher_number(prefix, value)
    shown = shown_number(number, prefix)
    for typed in (number, shown, shown.lower(), f" {shown.replace('-', ' ')} "):
        assert parse_voucher_number(typed) == number


@given(PREFIXES, some.integers(0, RANDOM_VALUES - 1), some.data())
def test_one_wrong_character_is_noticed(prefix, value, data):
    number = make_voucher_number(prefix, value)
    place = data.draw(some.integers(len(prefix), len(number) - 1))
    wrong = data.draw(some.sampled_from(ALPHABET.replace(number[place], "")))
    with pytest.raises(InvalidVoucherError):
        parse_voucher_number(number[:place] + wrong + number[place + 1 :])


@given(some.text(max_size=20))
def test_whatever_is_typed_is_a_number_or_said_to_be_none(text):
    try:
        parse_voucher_number(text)
    except InvalidVoucherError:
        return
    assert 12 <= len(parse_voucher_number(text)) <= 16
