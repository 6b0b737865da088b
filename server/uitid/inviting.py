"""Mails to pashouders about their UiTPAS and their UiTiD (rules 14.3, 14.4, 14.6).

Whoever makes somebody a member says here that there is something to tell; a job writes the mail, because
only the server knows at which address it is to be found.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.kernel.outbox import put_mail
from server.passholders.models import Membership, Passholder, PassholderDetails, RegistrationRules
from server.uitid.models import Invitation, UitidLink
from server.uitid.tokens import MAILED, Proven, make_token
from server.web.i18n import Translator, translator
from shared.domain.checkin import CardState
from shared.domain.zones import to_millis

TOO_LATE: Final = timedelta(days=7)
"""After so long without a mail server nobody expects the mail any more."""
MOST: Final = 200
"""Mails written at a time."""


def invite(session: Session, ref: int, system: int, now: datetime) -> bool:
    """Have a mail written to who just joined a card system; False when none is to come."""
    details = session.get(PassholderDetails, ref)
    if details is None or not details.email:
        return False
    rules = session.get(RegistrationRules, system)
    if rules is not None and not rules.sends_mails:
        return False
    found = session.get(Invitation, ref)
    if found is None:
        session.add(Invitation(passholder_ref=ref, card_system_id=system, wanted_at=now))
    else:
        found.card_system_id, found.is_due, found.wanted_at = system, True, now
    return True


class Standing(NamedTuple):
    """How far somebody is with his UiTiD. mails: how many went out, also those that are about to."""

    is_linked: bool
    mails: int


def standing_of(session: Session, ref: int) -> Standing:
    """Return how far somebody is with his UiTiD."""
    found = session.get(Invitation, ref)
    mails = found.mails + found.is_due if found is not None else 0
    return Standing(session.get(UitidLink, ref) is not None, mails)


def write_invitations(session: Session, now: datetime, address: str) -> int:
    """Write the mails that are due; return how many. address: scheme and host of the links."""
    due = select(Invitation).where(col(Invitation.is_due)).order_by(col(Invitation.wanted_at)).limit(MOST)
    written = 0
    for one in session.exec(due.with_for_update(skip_locked=True)).all():
        one.is_due = False
        if now - one.wanted_at <= TOO_LATE and _write(session, one, now, address):
            one.mails += 1
            written += 1
    return written


def _write(session: Session, invitation: Invitation, now: datetime, address: str) -> bool:
    ref = invitation.passholder_ref
    holder, details = session.get_one(Passholder, ref), session.get(PassholderDetails, ref)
    if details is None or not details.email:
        return False
    system = session.get_one(CardSystem, invitation.card_system_id)
    _ = translator(holder.language)
    if session.get(UitidLink, ref) is not None:
        own = select(Membership.card_system_id).where(Membership.passholder_ref == ref)
        if len(session.exec(own).all()) == 1:
            return False  # he registered himself, and knows
        subject, body = _upgrade(_, holder, system.name, address)
    else:
        token = make_token(session, Proven(holder, _number(session, ref)), now, MAILED)
        subject, body = _activation(_, holder, system.name, f"{address}/mijn-uitpas/koppelen/{token}")
    put_mail(session, details.email, subject, body, kind="uitpas", now=to_millis(now))
    return True


def _activation(_: Translator, holder: Passholder, system: str, link: str) -> tuple[str, str]:
    lines = (
        _("Dag {name},", name=holder.first_name),
        _("Welkom bij {system}. Je UiTPAS werkt: je kan er meteen punten mee sparen.", system=system),
        _("Koppel je UiTPAS aan een UiTiD, dan zie je je punten en voordelen op je telefoon:"),
        link,
        _("De link werkt {n} dagen. Daarna kan het met je UiTPAS-nummer en je geboortedatum.", n=MAILED.days),
        _("Heb je geen UiTPAS gevraagd? Laat het dan weten aan je UiTPAS-balie."),
    )
    return _("Je UiTPAS is klaar"), "\n\n".join(lines) + "\n"


def _upgrade(_: Translator, holder: Passholder, system: str, address: str) -> tuple[str, str]:
    lines = (
        _("Dag {name},", name=holder.first_name),
        _("Je UiTPAS geldt nu ook bij {system}. Je houdt al je punten.", system=system),
        _("Meer over je UiTPAS: {address}", address=f"{address}/mijn-uitpas"),
    )
    return _("Je UiTPAS geldt nu ook bij {system}", system=system), "\n\n".join(lines) + "\n"


def _number(session: Session, ref: int) -> str:
    """Return the number of a card that works, the empty text when there is none."""
    own = select(Card.uitpas_number).where(Card.passholder_ref == ref, Card.state == CardState.ACTIVE.name)
    return session.exec(own.order_by(col(Card.uitpas_number))).first() or ""
