"""What a program says of a person, and of the card he gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from server.passholders.models import LegalTerms, OptIn, Passholder, PassholderDetails
from server.passholders.standing import default_end
from server.registration.checks import HOME
from server.registration.facts import Joining, Person
from server.registration.messages import PassholderMessage
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number


def person_in(message: PassholderMessage) -> Person:
    """Return somebody new."""
    address, chosen = message.address, message.opt_in_preferences
    person = Person(
        first_name=message.first_name.strip(),
        last_name=message.name.strip(),
        birth_date=message.date_of_birth,
        postcode=address.postal_code.strip(),
        place=address.city.strip(),
        country=(address.country or HOME).upper(),
        street=address.street or "",
        house_number=address.number or "",
        box=address.box or "",
        insz=message.insz_number or "",
        gender=message.gender,
        nationality=message.nationality or "",
        email=message.email,
        phone=message.phone_number or "",
        parental_consent=bool(message.parental_consent),
        note=message.registration_note or "",
        legal_terms=_terms(message, frozenset()),
    )
    if chosen is None:
        return person
    opt_ins = frozenset(one for one in OptIn if chosen.model_dump(by_alias=True)[one.value])
    return replace(person, opt_ins=opt_ins)


def person_again(message: PassholderMessage, holder: Passholder, details: PassholderDetails | None) -> Person:
    """Return somebody who is known, as the message says; what never goes out stays when it is not said."""
    person = replace(person_in(message), language=holder.language, note="")
    if details is None:
        return person
    consent = message.parental_consent
    return replace(
        person,
        note=details.note,
        parental_consent=details.parental_consent if consent is None else consent,
        legal_terms=_terms(message, frozenset(map(LegalTerms, details.legal_terms))),
    )


def joining_in(message: PassholderMessage, today: date) -> Joining:
    """Return the membership that is asked for; a card with the kansenstatuut means the default last day."""
    card, until = message.registration_uitpas_number or "", message.registration_social_tariff_end_date
    return Joining(
        card=card,
        tariff_until=until or (default_end(today) if _shows_tariff(card) else None),
        voucher=message.registration_voucher or "",
        is_digital=message.registration_card_type == "DIGITAL",
    )


def _terms(message: PassholderMessage, before: frozenset[LegalTerms]) -> frozenset[LegalTerms]:
    said = {LegalTerms.PAPER: message.legal_terms_paper, LegalTerms.DIGITAL: message.legal_terms_digital}
    return frozenset(one for one, given in said.items() if given or (given is None and one in before))


def _shows_tariff(card: str) -> bool:
    try:
        return parse_uitpas_number(card).social_tariff
    except InvalidNumberError:
        return False
