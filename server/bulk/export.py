"""Every member of a card system as a table (rules 14.10); of a national number nothing is known to export."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.kernel.database import Database
from server.kernel.spreadsheets import MARK, row_text
from server.passholders.models import Membership, MembershipStatus, Passholder, PassholderDetails
from server.passholders.standing import SocialTariff, TariffStatus, social_tariff_on
from server.web.i18n import Translator
from shared.domain.checkin import CardState
from shared.domain.zones import local_day

_AT_ONCE: Final = 1_000
Member = tuple[Passholder, Membership, PassholderDetails | None]


def export_members(database: Database, system: int, _: Translator, today: date) -> Iterator[str]:
    """Yield a table of the members of a card system, a thousand at a time: few are in memory at once."""
    yield MARK + row_text(_head(_))
    last = -1
    while True:
        with database.reading() as session:
            members = _members_after(session, system, last)
            cards = _cards(session, system, [holder.ref or 0 for holder, _own, _details in members])
        if not members:
            return
        yield "".join(row_text(_row(_, member, cards[member[0].ref or 0], today)) for member in members)
        last = members[-1][0].ref or 0


def _members_after(session: Session, system: int, last: int) -> Sequence[Member]:
    query = (
        select(Passholder, Membership, PassholderDetails)
        .join(Membership, col(Membership.passholder_ref) == col(Passholder.ref))
        .outerjoin(PassholderDetails, col(PassholderDetails.passholder_ref) == col(Passholder.ref))
        .where(
            Membership.card_system_id == system,
            Membership.status != MembershipStatus.DELETED,
            col(Membership.passholder_ref) > last,
        )
        .order_by(col(Membership.passholder_ref))
        .limit(_AT_ONCE)
    )
    return list(session.exec(query))


def _cards(session: Session, system: int, refs: Sequence[int]) -> dict[int, list[str]]:
    query = select(Card.passholder_ref, Card.uitpas_number).where(
        col(Card.passholder_ref).in_(refs),
        Card.card_system_id == system,
        Card.state == CardState.ACTIVE.name,
    )
    found: defaultdict[int, list[str]] = defaultdict(list)
    for ref, number in session.exec(query.order_by(col(Card.uitpas_number))):
        found[ref or 0].append(number)
    return found


def _head(_: Translator) -> list[str]:
    return [
        *(_("UiTPAS-nummer"), _("Naam"), _("Voornaam"), _("Geboortedatum"), _("Straat"), _("Nummer")),
        *(_("Bus"), _("Postcode"), _("Gemeente"), _("Land"), _("E-mailadres"), _("Telefoon")),
        *(_("Lid sinds"), _("Lidmaatschap"), _("Kansenstatuut"), _("Einddatum kansenstatuut"), _("Punten")),
    ]


def _row(_: Translator, member: Member, cards: Sequence[str], today: date) -> list[str]:
    holder, membership, kept = member
    tariff = social_tariff_on(membership, today)
    is_blocked = membership.status == MembershipStatus.BLOCKED
    details = [_text(kept, name) for name in ("street", "house_number", "box")]
    reached = [_text(kept, name) for name in ("municipality", "country", "email", "phone")]
    return [
        *(" ".join(cards), holder.last_name, holder.first_name, holder.birth_date.isoformat()),
        *details,
        holder.postcode,
        *reached,
        local_day(membership.made_at).isoformat() if membership.made_at else "",
        _("geblokkeerd") if is_blocked else _("actief"),
        _tariff_word(_, tariff),
        tariff.end.isoformat() if tariff and tariff.end else "",
        str(holder.points),
    ]


def _text(kept: PassholderDetails | None, name: str) -> str:
    return (getattr(kept, name) or "") if kept else ""


def _tariff_word(_: Translator, tariff: SocialTariff | None) -> str:
    if tariff is None:
        return _("nee")
    words = {
        TariffStatus.ACTIVE: _("ja"),
        TariffStatus.EXPIRED: _("verlopen"),
        TariffStatus.SUSPENDED: _("geschorst"),
    }
    return words[tariff.status]
