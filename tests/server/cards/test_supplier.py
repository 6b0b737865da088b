"""The supplier's list, line by line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cards.supplier import BadLine, Fault, ListedCard, SupplierList
from shared.domain.numbers import luhn_check_digit

GOOD = ListedCard(1, "044D71DA862680", "0945000057915", 9450000550)


def read(*lines, system=1, prefixes=None):
    return list(SupplierList(system, prefixes or {}).read(lines))


def fault_of(line, **more):
    (outcome,) = read(line, **more)
    assert isinstance(outcome, BadLine), outcome
    return outcome.fault


@pytest.mark.parametrize(
    "line",
    [
        b'"044D71DA862680";"0945000057915"',
        b"044D71DA862680;0945000057915",
        b'\xef\xbb\xbf"044D71DA862680";"0945000057915"\r\n',
        b'  "044d71da862680" ; "0945000057915"  \n',
        b'"04:4D:71:DA:86:26:80";"09450 000579 15"\n',
    ],
)
def test_quotes_order_marks_and_line_ends_do_not_matter(line):
    assert read(line) == [GOOD]


def test_blank_lines_are_passed_over_but_counted():
    assert read(b"\r\n", b"   \n", b'"044D71DA862680";"0945000057915"\n', b"\x1a") == [GOOD._replace(line=3)]


def test_a_heading_on_the_first_line_is_passed_over():
    assert read(b'"chipnummer";"UiTPAS-nummer"\n', b'"044D71DA862680";"0945000057915"\n') == [
        GOOD._replace(line=2)
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"044D71DA862680", Fault.NOT_TWO_COLUMNS),
        (b"044D71DA862680;0945000057915;1", Fault.NOT_TWO_COLUMNS),
        (b"044D71DA862680,0945000057915", Fault.NOT_TWO_COLUMNS),
        (b"044D71DA8626;0945000057915", Fault.BAD_CHIP),
        (b"044D71DA86268G;0945000057915", Fault.BAD_CHIP),
        (b";0945000057915", Fault.BAD_CHIP),
        (b"0945000057915;044D71DA862680", Fault.BAD_CHIP),
        (b"044D71DA862680;094500005791", Fault.BAD_NUMBER),
        (b"044D71DA862680;0945000057914", Fault.BAD_CHECK_DIGIT),
        (b"044D71DA862680;0987654321113", Fault.BAD_CHECK_DIGIT),
        (b"044D71DA862680;0945000057923", Fault.BAD_KANSEN_DIGIT),
        (b"044D71DA862680;", Fault.BAD_NUMBER),
        (b"\xff\xfe\x00;\x00", Fault.BAD_CHIP),
    ],
)
def test_each_fault_has_its_name(line, fault):
    assert fault_of(line) is fault


def test_a_bad_line_says_where_it_stands_and_why():
    (bad,) = read(b'"044D71DA862680";"0945000057914"\n')
    assert (bad.line, bad.text) == (1, '"044D71DA862680";"0945000057914"')
    assert bad.sentence.endswith(".")


def test_the_second_of_two_equal_chips_or_numbers_names_the_first():
    lines = [
        b"044D71DA862680;0945000057915",
        b"044D71DA862680;0900000095902",
        b"04784CDAEE3880;0945000057915",
    ]
    _, chip, number = read(*lines)
    assert (chip.fault, number.fault) == (Fault.CHIP_TWICE, Fault.NUMBER_TWICE)
    assert "line 1" in chip.sentence
    assert "line 1" in number.sentence


class TestPrefixes:
    LINE = b"044D71DA862680;0945000057915"

    def test_an_own_prefix_is_right(self):
        assert read(self.LINE, prefixes={"09450": 1, "09300": 1}) == [GOOD]

    def test_the_prefix_of_another_system_is_wrong(self):
        assert fault_of(self.LINE, prefixes={"09450": 2}) is Fault.WRONG_PREFIX

    def test_an_unregistered_prefix_is_wrong_for_a_system_that_registers_them(self):
        assert fault_of(self.LINE, prefixes={"09300": 1}) is Fault.WRONG_PREFIX

    def test_an_unregistered_prefix_is_right_for_a_system_that_does_not(self):
        assert read(self.LINE, prefixes={"09300": 2}) == [GOOD]

    def test_a_number_without_prefix_belongs_to_nobody(self):
        line = b"045A4832633680;1000000520006"
        assert read(line, prefixes={"09450": 1}) == [
            ListedCard(1, "045A4832633680", "1000000520006", 10000005200)
        ]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_line_makes_the_reading_fail(lines):
    assert len(read(*lines)) <= len(lines)


@given(st.binary(min_size=7, max_size=7), st.integers(0, 10**11 - 1), st.booleans())
def test_every_valid_pair_is_read_back(chip, serial, social_tariff):
    body = f"{serial:011d}{int(social_tariff)}"
    number = body + luhn_check_digit(body)
    assert read(f'"{chip.hex()}";"{number}"'.encode()) == [
        ListedCard(1, chip.hex().upper(), number, serial // 50 * 50)
    ]
