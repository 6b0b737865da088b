"""The files of a Belgian eID: what they say of the holder, as the registration form asks it.

Fields are a tag, a length (a byte; 255 goes on in the next) and UTF-8 text.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final

from device.ports import IdentityError
from shared.wire.bridge import Identity, IdentityFault

IDENTITY_FILE: Final = bytes.fromhex("3F00DF014031")
ADDRESS_FILE: Final = bytes.fromhex("3F00DF014033")
PHOTO_FILE: Final = bytes.fromhex("3F00DF014035")
_INSZ, _SURNAME, _GIVEN_NAMES, _NATIONALITY, _BORN, _GENDER = 6, 7, 8, 10, 12, 13
_STREET, _POSTCODE, _MUNICIPALITY = 1, 2, 3
_LONG: Final = 0xFF
_BORN_AS: Final = re.compile(r"(\d{1,2})[ .]+([A-Z]{3,4})[ .]+(\d{4})")
_MONTHS: Final = (
    *(("JAN",), ("FEB", "FEV"), ("MAR", "MAA"), ("APR", "AVR"), ("MEI", "MAI"), ("JUN", "JUI")),
    *(("JUL", "JUIL"), ("AUG", "AOU"), ("SEP",), ("OKT", "OCT"), ("NOV",), ("DEC", "DEZ")),
)
"""How a month begins, in the language of the card."""
_GENDERS: Final = {"M": "MALE", "F": "FEMALE", "V": "FEMALE", "W": "FEMALE"}
_ADDRESS: Final = re.compile(
    r"(?P<street>\D.*?)[ ,]+(?P<number>\d+\s?[A-Za-z]?)"
    r"(?:\s*(?:/|\bbus\b|\bbte\b|\bboite\b|\bboîte\b|\bb\b)\.?\s*(?P<box>\S+))?",
    re.IGNORECASE,
)


def identity_of(identity_file: bytes, address_file: bytes) -> Identity:
    """Return what the two files say.

    Raises:
        IdentityError: a file is damaged, or says no name, number or day of birth.
    """
    person, home = _fields(identity_file), _fields(address_file)
    born, names = _day(person.get(_BORN, "")), person.get(_GIVEN_NAMES, "").split()
    insz, surname = person.get(_INSZ, ""), person.get(_SURNAME, "")
    if born is None or not (insz and surname):
        raise IdentityError(IdentityFault.UNREADABLE)
    street, number, box = split_address(home.get(_STREET, ""))
    return Identity(
        first_name=names[0] if names else "",
        last_name=surname,
        birth_date=born.isoformat(),
        insz=insz,
        gender=_GENDERS.get(person.get(_GENDER, ""), ""),
        nationality=person.get(_NATIONALITY, ""),
        street=street,
        house_number=number,
        box=box,
        postcode=home.get(_POSTCODE, ""),
        place=home.get(_MUNICIPALITY, ""),
    )


def split_address(text: str) -> tuple[str, str, str]:
    """Return street, number and box of the one line on the card; all in the street when it is another."""
    found = _ADDRESS.fullmatch(" ".join(text.split()))
    if found is None:
        return text, "", ""
    return found["street"], found["number"].replace(" ", ""), found["box"] or ""


def _fields(content: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    at = 0
    # What follows the last field is zeroes; the first field, the version, has tag 0 too.
    while at < len(content) and (content[at] or not at):
        tag, at, length = content[at], at + 1, 0
        while at < len(content) and content[at] == _LONG:
            length, at = length + _LONG, at + 1
        end = at + 1 + length + (content[at] if at < len(content) else 0)
        if end > len(content):
            raise IdentityError(IdentityFault.UNREADABLE)
        found[tag] = content[at + 1 : end].decode("utf-8", "replace").strip()
        at = end
    return found


def _day(text: str) -> date | None:
    """Return a day of birth: `01 DEC 1965`, `01.DEZ.1965`, `1 AOUT 1965` and so on."""
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", text.upper()) if not unicodedata.combining(letter)
    )
    found = _BORN_AS.search(plain)
    if found is None:
        return None
    fits = [number for number, starts in enumerate(_MONTHS, 1) if found[2].startswith(starts)]
    try:
        # JUIL begins as JUIN does, and is the later of the two.
        return date(int(found[3]), fits[-1], int(found[1]))
    except (IndexError, ValueError):
        return None
