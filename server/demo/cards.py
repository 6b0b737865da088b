"""The public test set of UiTPAS cards (`api/json-api.md` §9), and what is special about each.

Names are invented; birth dates are those the set's numbers carry. Nothing else of a national
number is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from server.web.i18n import later
from shared.domain.checkin import CardState

DENDER: Final = 1
PASPARTOE: Final = 3
GENT: Final = 5


class Tariff(StrEnum):
    """The kansenstatuut of a demo membership."""

    NONE = "none"
    VALID = "valid"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Person:
    """A pashouder of the test set."""

    first_name: str
    last_name: str
    born: date
    postcode: str


@dataclass(frozen=True)
class DemoCard:
    """A card of the test set. `chip` None: a number without a card to tap, for the QR page.

    story: what a visitor of the demo should expect of it.
    """

    number: str
    chip: str | None
    system: int
    story: str
    person: Person | None = None
    tariff: Tariff = Tariff.NONE
    state: CardState = CardState.ACTIVE
    group_pass: bool = False


CARDS: Final = (
    DemoCard(
        "0900000095902",
        "04784CDAEE3880",
        GENT,
        later("Gewone UiTPAS: spaart meteen."),
        Person("Mira", "Demeester", date(1983, 3, 2), "9000"),
    ),
    DemoCard(
        "0900000067513",
        "04363CDAEE3880",
        GENT,
        later("Kansentarief: spaart precies zoals iedereen."),
        Person("Gust", "Verhaeghe", date(1936, 5, 13), "9090"),
        Tariff.VALID,
    ),
    DemoCard(
        "0900000031618",
        "04CEE7528E6180",
        GENT,
        later("Kansenstatuut verlopen: eerst langs de balie."),
        Person("Rachida", "Amrani", date(1966, 1, 1), "9000"),
        Tariff.EXPIRED,
    ),
    DemoCard(
        "0900010959113",
        "04ED6ACACF6180",
        GENT,
        later("Kansentarief in Gentbrugge: spaart meteen."),
        Person("Noor", "Lammens", date(2008, 9, 18), "9090"),
        Tariff.VALID,
    ),
    DemoCard(
        "0900000002312",
        "04B00412F15284",
        GENT,
        later("Geblokkeerd, bijvoorbeeld na verlies."),
        Person("Stijn", "Baert", date(1971, 3, 3), "9000"),
        Tariff.VALID,
        state=CardState.BLOCKED,
    ),
    DemoCard(
        "0900000058918",
        "045157B2B63780",
        PASPARTOE,
        later("Kansenstatuut verlopen, uit Brussel."),
        Person("Léa", "Dubois", date(2017, 1, 1), "1000"),
        Tariff.EXPIRED,
    ),
    DemoCard(
        "1000000520006",
        "045A4832633680",
        GENT,
        later("Nummer zonder prefix: spaart meteen."),
        Person("Pieter-Jan", "Claes", date(1980, 1, 1), "9000"),
    ),
    DemoCard(
        "0900000093204",
        "045D69DAEE3880",
        DENDER,
        later("Uit een andere regio: de zuil vraagt het na, of noteert het bezoek."),
        Person("Oona", "De Smet", date(2010, 1, 1), "9000"),
        Tariff.VALID,
    ),
    DemoCard(
        "0900004518305",
        None,
        GENT,
        later("Alleen een nummer: spaar met de QR-code."),
        Person("Hilde", "Maes", date(1980, 1, 1), "9000"),
    ),
    DemoCard(
        "0900011902815",
        None,
        GENT,
        later("Alleen een nummer: spaar met de QR-code."),
        Person("Samira", "Okafor", date(1991, 6, 30), "9000"),
        Tariff.VALID,
    ),
    DemoCard(
        "0900011903417",
        None,
        GENT,
        later("Alleen een nummer, van een kind: spaar met de QR-code."),
        Person("Ayo", "Okafor", date(2015, 2, 17), "9000"),
        Tariff.VALID,
    ),
    DemoCard(
        "0900000074519",
        "044AC54A8E6180",
        GENT,
        later("Nog op niemands naam. Registreer iemand met kansentarief als Ann, in de bibliotheek."),
        state=CardState.LOCAL_STOCK,
    ),
    DemoCard(
        "0900000020405",
        "047E2EEA053B80",
        GENT,
        later("Nog op niemands naam. Registreer iemand als Ann, in de bibliotheek."),
        state=CardState.LOCAL_STOCK,
    ),
    DemoCard(
        "0900000045410",
        "04D0AB6AF85C80",
        GENT,
        later("Groepspas met kansentarief: spaart geen punten."),
        group_pass=True,
    ),
    DemoCard(
        "0900000191800",
        "048B25DAEE3880",
        GENT,
        later("Groepspas: spaart geen punten."),
        group_pass=True,
    ),
)


class TapKind(StrEnum):
    """What is held against a virtual zuil."""

    ULTRALIGHT = "ultralight"
    DESFIRE = "desfire"
    PHONE = "phone"
    BANK = "bank"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class DemoObject:
    """Something else than a card of the test set to hold against a zuil."""

    key: str
    kind: TapKind
    chip: str
    name: str
    story: str
    beside: str = ""
    """The chip of a second card that is held at the same time."""


OBJECTS: Final = (
    DemoObject(
        "strange",
        TapKind.ULTRALIGHT,
        "04A1B2C3D4E5F6",
        later("Onbekende kaart"),
        later(
            "Een chip die niemand kent. Met netwerk: onbekend. Zonder netwerk: het bezoek wordt genoteerd."
        ),
    ),
    DemoObject(
        "quick",
        TapKind.UNREADABLE,
        "04784CDAEE3880",
        later("Te snel weg"),
        later("Een UiTPAS die maar half gelezen werd."),
    ),
    DemoObject(
        "two",
        TapKind.ULTRALIGHT,
        "04784CDAEE3880",
        later("Twee kaarten tegelijk"),
        later("De zuil vraagt ze één voor één."),
        beside="04363CDAEE3880",
    ),
    DemoObject(
        "phone", TapKind.PHONE, "08A1B2C3", later("Telefoon"), later("Een telefoon met NFC is geen UiTPAS.")
    ),
    DemoObject("bank", TapKind.BANK, "9A41C2D7", later("Bankkaart"), later("Een bankkaart is geen UiTPAS.")),
)
