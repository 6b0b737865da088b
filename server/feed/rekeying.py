"""Another token key for a card system, while zuilen and counters go on.

First every card gets a row under the next key beside the one it has: in chunks that the publisher
takes like any other change, and that no zuil gets. Rows under every key are kept up to date from
then on. Then one short transaction names the next key as the one in use. From that position on
zuilen get rows under the new key; one with an earlier cursor needs a snapshot, and uses what it has
until that is there. Rows under former keys stay, for taps that were made before, until nobody can hand in
any of those any more.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem, CardSystemKey
from server.feed.changes import cards_changed
from server.feed.publisher import hold_publication, publish
from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database, database_of
from shared.domain.checkin import CardState

CHUNK: Final = 500

_WITHOUT: Final = (
    "SELECT DISTINCT f.uitpas_number FROM card_feed f WHERE f.card_system_id = :system"
    " AND f.key_number = :present AND f.uitpas_number > :after {only}"
    " AND NOT EXISTS (SELECT 1 FROM card_feed n WHERE n.uitpas_number = f.uitpas_number"
    " AND n.card_system_id = :system AND n.key_number = :following)"
    " ORDER BY f.uitpas_number LIMIT :most"
)
_NOT_READY: Final = Statement(_WITHOUT.format(only=""))
_GOOD_NOT_READY: Final = Statement(_WITHOUT.format(only=f"AND f.state <> {int(CardState.DELETED)}"))
_UNDER_KEY: Final = Statement(
    "SELECT token FROM card_feed WHERE card_system_id = :system AND key_number = :key AND token >= :after"
    " ORDER BY token LIMIT :most"
)
_FORGET_ROWS: Final = Statement(
    "DELETE FROM card_feed WHERE (card_system_id, token) IN (SELECT rows.system, rows.token FROM {rows})",
    system="bigint",
    token="bigint",  # noqa: S106 - a column's type
)
_FORGET_HEAD: Final = Statement("DELETE FROM feed_head WHERE card_system_id = :system AND key_number = :key")
_FORGET_KEY: Final = Statement("DELETE FROM card_system_key WHERE card_system_id = :system AND number = :key")
_LOWEST: Final = -(1 << 63)
_ADVANCE: Final = Statement("UPDATE feed_epoch SET position = position + 1 WHERE id = 1")
_BEGIN: Final = Statement(
    "INSERT INTO feed_head (card_system_id, key_number, checksum, cards, since)"
    " SELECT CAST(:system AS integer), CAST(:key AS integer), 0, 0, position FROM feed_epoch WHERE id = 1"
    " ON CONFLICT (card_system_id, key_number) DO UPDATE SET since = excluded.since"
)


def next_keys(session: Session) -> list[CardSystemKey]:
    """Return the keys that are on their way to be used, one at most for a card system."""
    found = session.exec(
        select(CardSystemKey)
        .join(CardSystem, col(CardSystem.id) == col(CardSystemKey.card_system_id))
        .where(col(CardSystemKey.number) > col(CardSystem.key_number))
    )
    return list(found)


def prepare_cards(database: Database, system: int) -> None:
    """Give every card of a card system a row under the next key, a chunk at a time; again does no harm."""
    after = ""
    while True:
        with database.writing() as session:
            numbers = _not_ready(session, system, after, _NOT_READY)
            if not numbers:
                return
            cards_changed(session, numbers)
            after = numbers[-1]
        publish(database)


def take_next_key(session: Session, system: CardSystem) -> bool:
    """Use the next key of a card system from now on; False when a card has no row under it yet."""
    hold_publication(Bulk(session), database_of(session))
    following = session.exec(
        select(CardSystemKey).where(
            CardSystemKey.card_system_id == system.id, CardSystemKey.number > system.key_number
        )
    ).first()
    # Whoever is last of two that do this finds it done.
    if following is None or _not_ready(session, system.id, "", _GOOD_NOT_READY):
        return False
    former = CardSystemKey(
        card_system_id=system.id,
        number=system.key_number,
        token_key=bytes(system.token_key),
        retired_at=datetime.now(UTC),
    )
    system.key_number, system.token_key = following.number, following.token_key
    session.add(former)
    session.delete(following)
    session.flush()
    bulk = Bulk(session)
    bulk.touch(_ADVANCE, {})
    bulk.touch(_BEGIN, {"system": system.id, "key": system.key_number})
    return True


def forget_key(database: Database, system: int, number: int) -> None:
    """Forget a former key with the rows under it, a chunk at a time; broken off, it is simply begun anew.

    The key goes last, in the transaction that finds no row under it any more.
    """
    after = _LOWEST
    while True:
        with database.writing() as session:
            bulk = Bulk(session)
            hold_publication(bulk, database)
            asked = {"system": system, "key": number, "after": after, "most": CHUNK * 10}
            tokens = [token for (token,) in bulk.run(_UNDER_KEY, asked)]
            if not tokens and after == _LOWEST:
                bulk.run(_FORGET_HEAD, {"system": system, "key": number})
                bulk.run(_FORGET_KEY, {"system": system, "key": number})
                return
            bulk.run(_FORGET_ROWS, rows=[(system, token) for token in tokens])
        after = tokens[-1] if tokens else _LOWEST


def _not_ready(session: Session, system: int, after: str, statement: Statement) -> list[str]:
    present = session.exec(select(CardSystem.key_number).where(CardSystem.id == system)).one()
    asked = {"system": system, "present": present, "following": present + 1, "after": after, "most": CHUNK}
    return [number for (number,) in Bulk(session).run(statement, asked)]
