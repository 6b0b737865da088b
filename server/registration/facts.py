"""What a counter says of a person and of the card he gets, and everything that can be wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from server.cardsystems.rights import CounterRight
from server.passholders.models import Gender, LegalTerms, OptIn
from shared.domain.prices import PriceReason


class Fault(StrEnum):
    """Why something cannot be; each has its words in `words.py` and its problem in the JSON API."""

    NAME = "name"
    FIRST_NAME = "first-name"
    BIRTH_DATE = "birth-date"
    BIRTH_DATE_WRONG = "birth-date-wrong"
    INSZ_NEEDED = "insz-needed"
    INSZ_INVALID = "insz-invalid"
    INSZ_USED = "insz-used"
    INSZ_OTHER_DATE = "insz-other-date"
    INSZ_KNOWN = "insz-known"
    PLACE = "place"
    PLACE_UNKNOWN = "place-unknown"
    ABROAD = "abroad"
    ELSEWHERE = "elsewhere"
    EMAIL = "email"
    EMAIL_CHOICE = "email-choice"
    EMAIL_BOTH = "email-both"
    CONSENT = "consent"
    TOO_YOUNG = "too-young"
    NOT_ALLOWED = "not-allowed"
    TARIFF_NOT_ALLOWED = "tariff-not-allowed"
    TARIFF_DATE = "tariff-date"
    TARIFF_NOT_LATER = "tariff-not-later"
    CARD_NEEDED = "card-needed"
    CARD_NUMBER = "card-number"
    CARD_UNKNOWN = "card-unknown"
    CARD_TAKEN = "card-taken"
    CARD_NOT_HERE = "card-not-here"
    CARD_OTHER_SYSTEM = "card-other-system"
    CARD_FOR_TARIFF = "card-for-tariff"
    CARD_WITHOUT_TARIFF = "card-without-tariff"
    CARD_OUTDATED = "card-outdated"
    CARD_STATE = "card-state"
    NO_TARIFF = "no-tariff"
    REASON = "reason"
    VOUCHER_UNKNOWN = "voucher-unknown"
    VOUCHER_USED = "voucher-used"
    PICTURE = "picture"
    MEMBER_ALREADY = "member-already"
    NOT_A_MEMBER = "not-a-member"
    MEMBER_ELSEWHERE = "member-elsewhere"
    NOT_DIGITAL = "not-digital"
    NO_NUMBERS = "no-numbers"
    UNDERAGE = "underage"
    EMAIL_USED = "email-used"
    NO_MAIL = "no-mail"
    LEAVES_REGION = "leaves-region"


class RefusedError(Exception):
    """Nothing was done. `faults`: field -> what is wrong with it, all of it at once."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        super().__init__(", ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = dict(faults)


def refuse(faults: Mapping[str, Fault]) -> None:
    """Go on only when nothing is wrong.

    Raises:
        RefusedError: something is.
    """
    if faults:
        raise RefusedError(faults)


@dataclass(frozen=True)
class Desk:
    """A counter at work in one card system: what it may do there, and who works there."""

    counter_id: int
    system: int
    rights: frozenset[CounterRight]
    staff_id: int | None = None


@dataclass(frozen=True)
class Person:
    """Somebody as the counter writes him down. `insz`: as typed, empty when there is none.

    place: a municipality or a part of one; anything in another `country` (ISO 3166, two letters).
    email: None when it is left out on purpose.
    """

    first_name: str
    last_name: str
    birth_date: date
    postcode: str = ""
    place: str = ""
    country: str = "BE"
    street: str = ""
    house_number: str = ""
    box: str = ""
    insz: str = ""
    gender: Gender | None = None
    nationality: str = ""
    email: str | None = None
    phone: str = ""
    opt_ins: frozenset[OptIn] = frozenset()
    parental_consent: bool = False
    language: str = "nl"
    note: str = ""
    legal_terms: frozenset[LegalTerms] = frozenset()


@dataclass(frozen=True)
class Joining:
    """A membership to be: the card that is handed over, as typed, and the last day of a kansenstatuut.

    voucher: its number, as typed; it is used up. is_digital: the card is made, nothing is handed over.
    """

    card: str = ""
    tariff_until: date | None = None
    voucher: str = ""
    is_digital: bool = False


REPLACING: Final = frozenset({PriceReason.LOSS_THEFT, PriceReason.DEFECT, PriceReason.REMOVAL})
"""Reasons that leave the kansenstatuut as it is."""
