"""The mail to who is invited: where he works now, and how he gets in (rules 2.6)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlmodel import Session

from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.kernel.outbox import put_mail
from server.organisation.membership import Place
from server.settings import Settings
from server.staff.roles import Role
from server.web.i18n import LANGUAGES, Translator, translator
from server.web.words import role_word
from shared.domain.zones import to_millis

_APART: Final = "\n\n----\n\n"


def tell_invited(
    session: Session,
    settings: Settings,
    place: Place,
    role: Role,
    email: str,
    *,
    now: datetime,
    language: str,
) -> bool:
    """Write to somebody that he has a function; False when mails go nowhere here.

    Nobody knows which language he speaks: that of who invites him comes first, the others below.
    """
    if not settings.has_mail:
        return False
    name = _name(session, place)
    spoken = [translator(one) for one in sorted(LANGUAGES, key=lambda one: one != language)]
    _ = spoken[0]
    subject = _("Je kan aan de slag: {place}", place=name) if name else _("Je kan aan de slag bij UiTPAS")
    bodies = (_body(one, name, role, email, settings.address) for one in spoken)
    put_mail(session, email, subject, _APART.join(bodies) + "\n", kind="staff", now=to_millis(now))
    return True


def _body(_: Translator, place: str, role: Role, email: str, address: str) -> str:
    word = role_word(_, role)
    lines = (
        _("Dag,"),
        _("Je kreeg een functie bij UiTPAS: {role}, {place}.", role=word, place=place)
        if place
        else _("Je kreeg een functie bij UiTPAS: {role}.", role=word),
        _("Meld je aan met je UiTiD met dit e-mailadres, {email}:", email=email),
        f"{address}/login",
        _("Zegt dit je niets? Dan heeft iemand zich vergist, en hoef je niets te doen."),
    )
    return "\n\n".join(lines)


def _name(session: Session, place: Place) -> str:
    """Return what a place is called; everywhere has no name."""
    if place.counter_id is not None:
        return session.get_one(Counter, place.counter_id).name
    return session.get_one(CardSystem, place.card_system_id).name if place.card_system_id is not None else ""
