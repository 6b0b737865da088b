"""The forms at the balie: what was typed, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from fastapi import UploadFile
from pydantic import BaseModel, Field

from server.passholders.models import Gender, OptIn
from server.registration.facts import Fault, Joining, Person
from server.web.i18n import Translator, later

_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
OPT_INS: Final[Mapping[OptIn, str]] = MappingProxyType(
    {
        OptIn.SERVICE_MAILS: later("mails over de eigen UiTPAS"),
        OptIn.MILESTONE_MAILS: later("mails bij een mijlpaal, zoals 100 punten"),
        OptIn.INFO_MAILS: later("mails met activiteiten en voordelen"),
        OptIn.SMS: later("sms"),
        OptIn.POST: later("post"),
    }
)
_GENDERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "": later("niet gezegd"),
        Gender.FEMALE: later("vrouw"),
        Gender.MALE: later("man"),
        Gender.X: later("X"),
    }
)


class PersonForm(BaseModel):
    """What was typed of a person. no_email: it is left out on purpose (rules 4.7)."""

    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    insz: str = ""
    gender: str = ""
    nationality: str = ""
    street: str = ""
    house_number: str = ""
    box: str = ""
    postcode: str = ""
    place: str = ""
    country: str = "BE"
    email: str = ""
    no_email: str = ""
    phone: str = ""
    opt_in: list[str] = []
    parental_consent: str = ""
    language: str = "nl"
    note: str = ""


class CardForm(BaseModel):
    """What was typed of the card that is handed over.

    tariff: `yes` with the kansenstatuut. digital: `yes` when there is nothing to hand over.
    """

    system: int = 0
    card: str = ""
    digital: str = ""
    tariff: str = ""
    tariff_until: str = ""
    voucher: str = ""
    reason: str = ""
    sure: str = ""


class JoiningForm(CardForm):
    """A membership more, and where somebody lives from now on: all empty when he did not move."""

    street: str = ""
    postcode: str = ""
    place: str = ""


class RegistrationForm(PersonForm, CardForm):
    """Somebody new and the card he gets. taken, chosen: a picture of him, two ways to send one.

    form: the mark of `server.web.kept` under which what is typed here is kept.
    """

    form: str = Field("", max_length=40)
    taken: UploadFile | None = None
    chosen: UploadFile | None = None


def read_person(form: PersonForm) -> tuple[Person, dict[str, Fault]]:
    """Return the person, and what cannot be read of him."""
    born, email = read_day(form.birth_date), form.email.strip()
    faults = birth_fault(form.birth_date)
    if bool(email) == bool(form.no_email):
        faults["email"] = Fault.EMAIL_BOTH if email else Fault.EMAIL_CHOICE
    person = Person(
        first_name=_line(form.first_name),
        last_name=_line(form.last_name),
        birth_date=born or date.min,
        insz=form.insz.strip(),
        gender=Gender(form.gender) if form.gender in list(Gender) else None,
        nationality=_line(form.nationality),
        street=_line(form.street),
        house_number=_line(form.house_number),
        box=_line(form.box),
        postcode=_line(form.postcode),
        place=_line(form.place),
        country=form.country.strip().upper()[:2] or "BE",
        email=email or None,
        phone=_line(form.phone),
        opt_ins=frozenset(OptIn(one) for one in form.opt_in if one in list(OptIn)),
        parental_consent=form.parental_consent == "yes",
        language=form.language if form.language in ("nl", "fr", "en") else "nl",
        note=form.note.strip(),
    )
    return person, faults


def read_joining(form: CardForm) -> tuple[Joining, dict[str, Fault]]:
    """Return the membership that is asked for, and what cannot be read of it."""
    until = read_day(form.tariff_until) if form.tariff == "yes" else None
    faults = {"tariff_until": Fault.TARIFF_DATE} if form.tariff == "yes" and until is None else {}
    is_digital = form.digital == "yes"
    return Joining(form.card.strip(), until, form.voucher.strip(), is_digital=is_digital), faults


def form_of(person: Person) -> PersonForm:
    """Return the form filled in with what is written down of a person."""
    return PersonForm(
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date.isoformat(),
        gender=person.gender or "",
        nationality=person.nationality,
        street=person.street,
        house_number=person.house_number,
        box=person.box,
        postcode=person.postcode,
        place=person.place,
        country=person.country,
        email=person.email or "",
        no_email="" if person.email else "yes",
        phone=person.phone,
        opt_in=sorted(person.opt_ins),
        parental_consent="yes" if person.parental_consent else "",
        language=person.language,
        note=person.note,
    )


def genders(_: Translator) -> list[tuple[str, str]]:
    """Return what can be chosen, with its word."""
    return [(value, _(word)) for value, word in _GENDERS.items()]


def opt_in_words(_: Translator) -> list[tuple[str, str]]:
    """Return what can be sent to a pashouder, with its word."""
    return [(value, _(word)) for value, word in OPT_INS.items()]


def birth_fault(typed: str) -> dict[str, Fault]:
    """Return what is wrong with a day of birth as it was typed: there is none, or it is no day."""
    if read_day(typed):
        return {}
    return {"birth_date": Fault.BIRTH_DATE_WRONG if typed.strip() else Fault.BIRTH_DATE}


def read_day(text: str) -> date | None:
    """Return a day as people and browsers write it, None when it is none."""
    for pattern in _DAYS:
        try:
            return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _line(text: str) -> str:
    return " ".join(text.split())[:200]
