"""Another token key for a card system, asked for by people (`server.feed.rekeying` does it)."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem, CardSystemKey
from server.cardsystems.setup import TOKEN_KEY_BYTES
from server.feed.models import FeedHead
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError

WHOLE: Final = 100


class Rotation(NamedTuple):
    """How far the cards of a card system are on their way to another token key."""

    ready: int
    cards: int

    @property
    def percent(self) -> int:
        """How much is done; 100 only when it is all of it."""
        return min(WHOLE, self.ready * WHOLE // self.cards) if self.cards else WHOLE


def begin_rotation(session: Session, system: CardSystem, *, staff_id: int | None = None) -> None:
    """Make the next token key; from now on every card that changes has a row under it too.

    Raises:
        ProblemError: 409, one is on its way already.
    """
    if rotation_of(session, system) is not None:
        raise ProblemError(409, "This card system is getting another key already.", type="zuil:rotating")
    sealed = vault_of(session).seal(secrets.token_bytes(TOKEN_KEY_BYTES))
    session.add(CardSystemKey(card_system_id=system.id, number=system.key_number + 1, token_key=sealed))
    record(session, "renew-token-key", "card_system", system.id, staff_id=staff_id)


def rotation_of(session: Session, system: CardSystem) -> Rotation | None:
    """Return how far a rotation is; None when there is none."""
    following = session.exec(
        select(CardSystemKey.number).where(
            CardSystemKey.card_system_id == system.id, col(CardSystemKey.number) > system.key_number
        )
    ).first()
    if following is None:
        return None
    heads = [session.get(FeedHead, (system.id, number)) for number in (following, system.key_number)]
    ready, cards = (head.cards if head else 0 for head in heads)
    return Rotation(ready, cards)
