"""A pashouder as a counter sees him: what it needs to know, and what it may do (rules 5, 6.12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter
from server.passholders.models import Membership, MembershipStatus, Passholder, PassholderDetails
from server.passholders.standing import SocialTariff, TariffStatus, is_active, next_end, social_tariff_on
from server.registration.checks import check_residence, check_tariff
from server.registration.desks import registering, system_names
from server.registration.facts import Desk
from server.registration.giving import cards_of
from server.registration.pictures import mark_of
from server.registration.replacing import reasons_for
from server.registration.schools import school_of, schools_in
from server.uitid.inviting import Standing, standing_of
from shared.domain.checkin import CardState
from shared.domain.prices import PriceReason, age_on


@dataclass(frozen=True)
class MemberView:
    """A membership. `desk`: the counter at work there, None when it does not belong to that card system.

    proposed: until when its kansenstatuut could be renewed, None when it cannot last longer.
    """

    membership: Membership
    name: str
    cards: list[Card]
    tariff: SocialTariff | None
    is_active: bool
    desk: Desk | None
    reasons: list[PriceReason]
    proposed: date | None

    @property
    def is_blocked(self) -> bool:
        """Whether the KSB blocked it."""
        return self.membership.status == MembershipStatus.BLOCKED

    @property
    def may_renew(self) -> bool:
        """Whether this counter may let the kansenstatuut last longer."""
        return (
            self.tariff is not None
            and self.desk is not None
            and CounterRight.GRANT_SOCIAL_TARIFF in self.desk.rights
        )


@dataclass(frozen=True)
class BesideView:
    """What is kept beside somebody. `photo`: the mark of his picture, empty without one.

    schools: those he could go to.
    """

    photo: str
    school: Counter | None
    schools: Sequence[Counter]


@dataclass(frozen=True)
class PersonView:
    """Somebody. `details`: None for a counter that only checks people in, and where nothing is known.

    joinable: id -> name of the card systems he can become a member of here. known_tariffs: id -> last day
    of the kansenstatuut he has elsewhere, for those where this counter may grant it to him as well.
    uitid: how far he is with it. beside: None for a counter that does not look after him.
    """

    holder: Passholder
    age: int
    details: PassholderDetails | None
    members: list[MemberView]
    others: list[Card]
    joinable: dict[int, str]
    known_tariffs: dict[int, date]
    may_block: bool
    may_change: bool
    uitid: Standing
    beside: BesideView | None


def view_of(session: Session, holder: Passholder, desks: Mapping[int, Desk], today: date) -> PersonView:
    """Return what the counter sees of somebody today."""
    ref = holder.ref or 0
    memberships = list(
        session.exec(
            select(Membership)
            .where(Membership.passholder_ref == ref)
            .order_by(col(Membership.card_system_id))
        )
    )
    cards = cards_of(session, ref)
    at_work = registering(desks)
    systems = [one.card_system_id for one in memberships]
    names = system_names(session, [*systems, *at_work])
    members = [_member(one, names, cards, desks, today) for one in memberships]
    joinable = {system: names[system] for system in at_work if system not in systems}
    is_own = any(system in at_work for system in systems)
    return PersonView(
        holder,
        age_on(holder.birth_date, today),
        session.get(PassholderDetails, ref) if is_own else None,
        members,
        [card for card in cards if card.card_system_id not in systems],
        joinable,
        _known_tariffs(session, ref, members, [at_work[system] for system in joinable], today),
        any(system in desks for system in systems),
        is_own,
        standing_of(session, ref),
        BesideView(mark_of(session, ref), school_of(session, ref), schools_in(session, at_work))
        if is_own
        else None,
    )


def _known_tariffs(
    session: Session, ref: int, members: Sequence[MemberView], desks: Sequence[Desk], today: date
) -> dict[int, date]:
    """Return system -> last day of the kansenstatuut somebody has elsewhere, if it may hold there too.

    Each card system grants its own (rules 5.1): this is what a counter begins with, not what it must do.
    """
    ends = [
        one.tariff.end
        for one in members
        if one.tariff and one.tariff.end and one.tariff.status == TariffStatus.ACTIVE and one.is_active
    ]
    if not ends:
        return {}
    until = max(ends)
    return {
        desk.system: until
        for desk in desks
        if not check_tariff(until, desk, today) and not check_residence(session, ref, desk, tariff=True)
    }


def _member(
    membership: Membership,
    names: Mapping[int, str],
    cards: list[Card],
    desks: Mapping[int, Desk],
    today: date,
) -> MemberView:
    system = membership.card_system_id
    own = sorted(
        (card for card in cards if card.card_system_id == system),
        key=lambda card: card.state != CardState.ACTIVE.name,
    )
    desk = desks.get(system)
    return MemberView(
        membership,
        names[system],
        own,
        social_tariff_on(membership, today),
        is_active(membership, today),
        desk,
        reasons_for(membership, own, desk) if desk else [],
        next_end(membership.social_tariff_end, today),
    )
