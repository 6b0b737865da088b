"""Is this a person the counter may register? All faults at once (rules 4.4-4.10, 5.2, 6.9e)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cardsystems.rights import CounterRight
from server.kernel.addresses import is_email
from server.kernel.database import vault_of
from server.passholders.insz import InvalidInszError, birth_date_of, insz_digest, parse_insz
from server.passholders.models import Cardless, PassholderDetails, RegistrationRules
from server.passholders.names import words_of
from server.passholders.places import ABROAD
from server.passholders.standing import ADULT_AGE, latest_end
from server.registration.facts import Desk, Fault, Joining, Person
from server.registration.lookups import Lookups, rules_of
from shared.domain.prices import age_on

HOME: Final = "BE"
LONGEST_NAME: Final = 80
OLDEST: Final = 130
"""Years; nobody was older."""


class Checked(NamedTuple):
    """What is kept of a person beside what was typed. `digest`: of the national number, None without."""

    digest: bytes | None
    municipality: str


def check_person(
    lookups: Lookups, person: Person, desk: Desk, today: date, *, tariff: bool, ref: int | None = None
) -> tuple[Checked, dict[str, Fault]]:
    """Return what to keep, and a fault for each field that has one.

    tariff: the kansenstatuut is, or is to be, his. ref: who it is, when he is a pashouder already.
    """
    digest, insz_fault = _check_insz(lookups, person, desk, ref, tariff=tariff)
    municipality, place_fault = _check_place(lookups, person, desk, tariff=tariff)
    faults = {
        "first_name": _check_name(person.first_name, Fault.FIRST_NAME),
        "last_name": _check_name(person.last_name, Fault.NAME),
        "birth_date": None if 0 <= age_on(person.birth_date, today) <= OLDEST else Fault.BIRTH_DATE_WRONG,
        "insz": insz_fault,
        "place": place_fault,
    }
    wrong = {field: fault for field, fault in faults.items() if fault}
    return Checked(digest, municipality), wrong | check_contact(person, today)


def check_contact(person: Person, today: date) -> dict[str, Fault]:
    """Return what is wrong with how somebody is reached, and with what he wants to receive."""
    is_too_young = age_on(person.birth_date, today) < ADULT_AGE and any(person.opt_ins)
    faults = {"opt_ins": Fault.TOO_YOUNG} if is_too_young else {}
    if person.email is not None and not is_email(person.email):
        faults["email"] = Fault.EMAIL
    return faults


def check_consent(person: Person, today: date) -> dict[str, Fault]:
    """Return what is missing of who is too young to decide for himself (rules 4.9)."""
    is_child = 0 <= age_on(person.birth_date, today) < ADULT_AGE
    return {"parental_consent": Fault.CONSENT} if is_child and not person.parental_consent else {}


def check_joining(joining: Joining, desk: Desk, today: date) -> dict[str, Fault]:
    """Return what is wrong with what was asked for, before the card itself is looked at."""
    if CounterRight.REGISTER not in desk.rights:
        return {"system": Fault.NOT_ALLOWED}
    return check_tariff(joining.tariff_until, desk, today)


def check_digital(rules: RegistrationRules, joining: Joining) -> dict[str, Fault]:
    """Return what is wrong with a digital card, when one is asked for."""
    tariff = joining.tariff_until is not None
    is_fine = not joining.is_digital or Cardless(rules.cardless).allows(tariff=tariff)
    return {} if is_fine else {"card": Fault.NOT_DIGITAL}


def gives_digital(session: Session, systems: Collection[int]) -> bool:
    """Tell whether any of these card systems gives digital cards."""
    query = select(RegistrationRules.card_system_id).where(
        col(RegistrationRules.card_system_id).in_(systems), RegistrationRules.cardless != Cardless.NONE
    )
    return session.exec(query).first() is not None


def check_tariff(until: date | None, desk: Desk, today: date) -> dict[str, Fault]:
    """Return what is wrong with a kansenstatuut until that day; None: there is none (rules 5.1, 5.2)."""
    if until is None:
        return {}
    if CounterRight.GRANT_SOCIAL_TARIFF not in desk.rights:
        return {"tariff_until": Fault.TARIFF_NOT_ALLOWED}
    return {} if today <= until <= latest_end(today) else {"tariff_until": Fault.TARIFF_DATE}


def check_residence(session: Session, ref: int, desk: Desk, *, tariff: bool) -> dict[str, Fault]:
    """Return what is wrong with a membership for who somebody is already, by where he lives (rules 4.14)."""
    details = session.get(PassholderDetails, ref)
    if details is None or details.municipality == ABROAD:
        return {}
    rules = rules_of(session, desk.system)
    fits = _lives_here(details.municipality, rules, desk, tariff=tariff)
    return {} if fits else {"place": Fault.ELSEWHERE}


def _check_name(name: str, fault: Fault) -> Fault | None:
    return None if 0 < len(name) <= LONGEST_NAME and words_of(name) else fault


def _check_insz(
    lookups: Lookups, person: Person, desk: Desk, ref: int | None, *, tariff: bool
) -> tuple[bytes | None, Fault | None]:
    if not person.insz.strip():
        return None, None if ref or _may_leave_out(person, desk, tariff=tariff) else Fault.INSZ_NEEDED
    try:
        insz = parse_insz(person.insz)
    except InvalidInszError:
        return None, Fault.INSZ_INVALID
    if birth_date_of(insz) not in (None, person.birth_date):
        return None, Fault.INSZ_OTHER_DATE
    digest = insz_digest(vault_of(lookups.session), insz)
    return digest, None if lookups.owner(digest) in (None, ref) else Fault.INSZ_USED


def _may_leave_out(person: Person, desk: Desk, *, tariff: bool) -> bool:
    """Tell whether this counter may register somebody without a national number (rules 4.4)."""
    if CounterRight.REGISTER_WITHOUT_INSZ in desk.rights:
        return True
    if person.country != HOME:
        return CounterRight.REGISTER_ABROAD in desk.rights
    return tariff and CounterRight.GRANT_SOCIAL_TARIFF in desk.rights


def _check_place(lookups: Lookups, person: Person, desk: Desk, *, tariff: bool) -> tuple[str, Fault | None]:
    if person.country != HOME:
        return ABROAD, None if CounterRight.REGISTER_ABROAD in desk.rights else Fault.ABROAD
    place = lookups.place(person.postcode, person.place)
    if place is None:
        return "", Fault.PLACE_UNKNOWN if person.place else Fault.PLACE
    fits = _lives_here(place.municipality, lookups.rules(desk.system), desk, tariff=tariff)
    return place.municipality, None if fits else Fault.ELSEWHERE


def _lives_here(municipality: str, rules: RegistrationRules, desk: Desk, *, tariff: bool) -> bool:
    """Tell whether somebody of that municipality may join here (rules 6.9e-7, 16.2)."""
    if not rules.municipalities or CounterRight.REGISTER_ELSEWHERE in desk.rights:
        return True
    return municipality in rules.municipalities or not (tariff or rules.is_strict)
