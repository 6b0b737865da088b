"""The rows of the card feed, computed from cards, holders and memberships as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from server.cards.models import Card
from server.cardsystems.models import CardSystem, CardSystemKey
from server.kernel.database import vault_of
from server.passholders.models import Membership, MembershipStatus, Passholder
from shared.domain.checkin import CardFacts, CardState, pack_facts
from shared.wire.cards import CardRow, card_token, row_hash

_SIGN: Final = 1 << 63
_MODULUS: Final = 1 << 64
_CHUNK: Final = 1_000
_NOWHERE: Final[Mapping[str, Collection[int]]] = MappingProxyType({})


class FeedRow(NamedTuple):
    """A row of `card_feed` without its position; the first two are its key. `hash` is signed."""

    system: int
    token: int
    uitpas_number: str
    passholder: int
    state: int
    active_until: int
    points: int
    hash: int
    key_number: int

    @property
    def key(self) -> tuple[int, int]:
        """The card system and the token."""
        return self.system, self.token


def signed(value: int) -> int:
    """Return an unsigned 64-bit value as databases store it."""
    return (value + _SIGN) % _MODULUS - _SIGN


def feed_row(system: int, uitpas_number: str, row: CardRow, key_number: int) -> FeedRow:
    """Return a wire row with its hash."""
    return FeedRow(system, row.token, uitpas_number, *row[1:], signed(row_hash(row)), key_number)


def token_keys(session: Session) -> dict[int, dict[int, bytes]]:
    """Return card system -> key number -> open token key: the one in use, the next and former ones."""
    vault = vault_of(session)
    in_use = session.execute(
        select(col(CardSystem.id), col(CardSystem.key_number), col(CardSystem.token_key))
    )
    others = session.execute(
        select(col(CardSystemKey.card_system_id), col(CardSystemKey.number), col(CardSystemKey.token_key))
    )
    keys: dict[int, dict[int, bytes]] = {}
    for system, number, sealed in [*in_use, *others]:
        keys.setdefault(system, {})[number] = vault.open(sealed)
    return keys


def active_until(memberships: Iterable[Membership]) -> date | None:
    """Return the last day on which any membership is active: date.max for ever, None when there is none.

    A membership with kansenstatuut ends with its grace period (rules 5.4, 5.5); others stay (5.6).
    """
    return max(map(_last_day, filter(_counts, memberships)), default=None)


def has_social_tariff(memberships: Iterable[Membership], day: date) -> bool:
    """Tell whether any membership gives the kansentarief on a day, grace included (rules 5.4, 7.5)."""
    return any(_counts(one) and one.social_tariff and _last_day(one) >= day for one in memberships)


def current_rows(
    session: Session, uitpas_numbers: Sequence[str], also: Mapping[str, Collection[int]] = _NOWHERE
) -> list[FeedRow]:
    """Return the rows that these cards should have now, under each key of every card system that knows them.

    also: UiTPAS number -> card systems that knew it before.
    """
    keys = token_keys(session)
    rows: list[FeedRow] = []
    for start in range(0, len(uitpas_numbers), _CHUNK):
        rows += _current_rows(session, uitpas_numbers[start : start + _CHUNK], keys, also)
    return rows


def _current_rows(
    session: Session,
    numbers: Sequence[str],
    keys: Mapping[int, Mapping[int, bytes]],
    also: Mapping[str, Collection[int]],
) -> Iterable[FeedRow]:
    found = session.execute(
        select(Card, col(Passholder.points))
        .outerjoin(Passholder, col(Passholder.ref) == col(Card.passholder_ref))
        .where(col(Card.uitpas_number).in_(numbers), col(Card.chip_number).is_not(None))
    ).all()
    memberships = memberships_of(session, {card.passholder_ref for card, _ in found if card.passholder_ref})
    for card, points in found:
        own = memberships.get(card.passholder_ref or 0, ())
        systems = {card.card_system_id, *(one.card_system_id for one in filter(_counts, own))}
        under = {system: keys[system] for system in systems.union(also.get(card.uitpas_number, ()))}
        yield from _rows_of(card, points or 0, own, under)


def memberships_of(session: Session, refs: Iterable[int]) -> Mapping[int, list[Membership]]:
    """Return passholder reference -> memberships."""
    found: dict[int, list[Membership]] = {}
    for membership in session.scalars(select(Membership).where(col(Membership.passholder_ref).in_(refs))):
        found.setdefault(membership.passholder_ref, []).append(membership)
    return found


def card_facts(card: Card, memberships: Iterable[Membership]) -> CardFacts:
    """Return what a decision needs of a card."""
    return CardFacts(
        state=CardState[card.state],
        passholder=card.passholder_ref,
        group_pass=card.group_pass,
        active_until=active_until(memberships),
    )


def _rows_of(
    card: Card, points: int, memberships: Iterable[Membership], keys: Mapping[int, Mapping[int, bytes]]
) -> Iterable[FeedRow]:
    passholder, state, until = pack_facts(card_facts(card, memberships))
    for system, numbered in keys.items():
        for number, key in numbered.items():
            row = CardRow(card_token(key, str(card.chip_number)), passholder, state, until, points)
            yield feed_row(system, card.uitpas_number, row, number)


def _counts(membership: Membership) -> bool:
    return membership.status == MembershipStatus.ACTIVE


def _last_day(membership: Membership) -> date:
    if not membership.social_tariff or membership.social_tariff_end is None:
        return date.max
    return membership.social_tariff_end + timedelta(days=membership.grace_days)
