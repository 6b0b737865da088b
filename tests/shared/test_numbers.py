"""UiTPAS numbers and chip numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.numbers import (
    InvalidNumberError,
    chip_number_from_uid,
    luhn_check_digit,
    parse_chip_number,
    parse_uitpas_number,
)

PUBLIC_TEST_SET = [
    "0900000095902", "0900000067513", "0900000031618", "0900010959113", "0900000002312", "0900000058918",
    "1000000520006", "0900000093204", "0900004518305", "0900011902815", "0900011903417", "0900000074519",
    "0900000020405", "0900000045410", "0900000191800",
]  # fmt: skip
PLACEHOLDERS_IN_THE_DOCS = ["1234567890116", "0987654321113", "0930000390703"]

serials = st.text("0123456789", min_size=11, max_size=11)
kansen_digits = st.sampled_from("01")


def number(serial: str, kansen: str) -> str:
    return serial + kansen + luhn_check_digit(serial + kansen)


@pytest.mark.parametrize("text", PUBLIC_TEST_SET)
def test_every_number_of_the_public_test_set_is_valid(text):
    assert parse_uitpas_number(text).value == text
    assert parse_uitpas_number(text).social_tariff == (text[-2] == "1")


@pytest.mark.parametrize("text", PLACEHOLDERS_IN_THE_DOCS)
def test_placeholders_of_the_documentation_are_refused(text):
    with pytest.raises(InvalidNumberError):
        parse_uitpas_number(text)


@given(serials, kansen_digits)
def test_a_number_with_its_check_digit_is_valid(serial, kansen):
    parsed = parse_uitpas_number(number(serial, kansen))
    assert parsed.social_tariff == (kansen == "1")
    assert parsed.prefix == (serial[:5] if serial[0] == "0" else None)


@given(serials, kansen_digits, st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(serial, kansen, place, shift):
    good = number(serial, kansen)
    wrong = good[:place] + str((int(good[place]) + shift) % 10) + good[place + 1 :]
    with pytest.raises(InvalidNumberError):
        parse_uitpas_number(wrong)


@given(serials, kansen_digits)
def test_people_may_type_spaces_dots_and_dashes(serial, kansen):
    good = number(serial, kansen)
    assert parse_uitpas_number(f" {good[:5]} {good[5:8]}.{good[8:]}-").value == good


@pytest.mark.parametrize("text", ["", "123", "09000000959020", "090000009590x", "٠٩٠٠٠٠٠٠٩٥٩٠٢"])
def test_anything_but_thirteen_digits_gets_one_clear_sentence(text):
    with pytest.raises(InvalidNumberError, match="A UiTPAS number has 13 digits"):
        parse_uitpas_number(text)


def test_the_kansen_digit_is_zero_or_one():
    with pytest.raises(InvalidNumberError, match="0 or 1"):
        parse_uitpas_number(number("09000000095", "2"))


@given(st.binary(min_size=7, max_size=7))
def test_a_chip_number_is_its_seven_bytes_in_upper_case(uid):
    chip = chip_number_from_uid(uid)
    assert parse_chip_number(chip.lower()) == chip
    assert parse_chip_number(uid.hex(":")) == chip


@given(st.binary(max_size=12).filter(lambda uid: len(uid) != 7))
def test_a_chip_of_another_length_is_not_a_uitpas(uid):
    with pytest.raises(InvalidNumberError):
        chip_number_from_uid(uid)


@pytest.mark.parametrize("text", ["", "044D71DA86268", "044D71DA86268G", "044D71DA8626800"])
def test_a_malformed_chip_number_gets_one_clear_sentence(text):
    with pytest.raises(InvalidNumberError, match="14 hexadecimal digits"):
        parse_chip_number(text)
