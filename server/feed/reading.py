"""What a zuil reads of the feed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlmodel import Session

from server.feed.epoch import Cursor, head
from server.kernel.bulk import Bulk, Statement
from shared.wire.cards import CardRow, format_checksum

MOST_CARDS: Final = 5_000
_MODULUS: Final = 1 << 64

_CARDS: Final = Statement(
    "SELECT f.position, f.card_system_id, f.token, f.passholder_ref, f.state, f.active_until, f.points"
    " FROM {rows} JOIN card_system s ON s.id = rows.system"
    " JOIN card_feed f ON f.card_system_id = s.id AND f.key_number = s.key_number"
    " WHERE f.position > :after ORDER BY f.position LIMIT :most",
    system="bigint",
)
_CHECKSUMS: Final = Statement(
    "SELECT h.card_system_id, h.checksum, h.since FROM {rows} JOIN card_system s ON s.id = rows.system"
    " JOIN feed_head h ON h.card_system_id = s.id AND h.key_number = s.key_number",
    system="bigint",
)
_ROWS: Final = Statement(
    "SELECT token, passholder_ref, state, active_until, points FROM card_feed"
    " WHERE card_system_id = :system AND token > :after AND key_number ="
    " (SELECT s.key_number FROM card_system s WHERE s.id = :system) ORDER BY token LIMIT :most"
)


class CardPage(NamedTuple):
    """Changed cards by card system, up to and including position `upto`; `more` when that is not the head."""

    cards: dict[int, list[CardRow]]
    upto: Cursor
    more: bool


def read_cards(session: Session, systems: Collection[int], after: Cursor) -> CardPage | None:
    """Read the cards that changed after a cursor, in one view of the database.

    None when the cursor is of another epoch, beyond the head, or from before a card system's present
    token key: the zuil needs a snapshot.
    """
    newest = head(session)
    if after.epoch != newest.epoch or not begun(session, systems) <= after.position <= newest.position:
        return None
    found = Bulk(session).run(
        _CARDS,
        {"after": after.position, "most": MOST_CARDS + 1},
        [(system,) for system in sorted(systems)],
    )
    more = len(found) > MOST_CARDS
    found = found[:MOST_CARDS]
    upto = Cursor(newest.epoch, found[-1][0]) if more else newest
    cards: dict[int, list[CardRow]] = {}
    for _, system, *row in found:
        cards.setdefault(system, []).append(CardRow(*row))
    return CardPage(cards, upto, more)


def checksums(session: Session, systems: Collection[int]) -> dict[str, str]:
    """Return card system -> checksum of all its cards, as they travel."""
    sums = dict.fromkeys(map(str, sorted(systems)), format_checksum(0))
    for system, checksum, _ in Bulk(session).run(_CHECKSUMS, rows=[(system,) for system in sorted(systems)]):
        sums[str(system)] = format_checksum(checksum % _MODULUS)
    return sums


def begun(session: Session, systems: Collection[int]) -> int:
    """Return the position from which all of these card systems have had their present token key."""
    heads = Bulk(session).run(_CHECKSUMS, rows=[(system,) for system in sorted(systems)])
    return max((since for _, _, since in heads), default=0)


def read_rows(session: Session, system: int, after: int, most: int) -> Sequence[CardRow]:
    """Return up to `most` cards of a card system with a token above `after`, ordered by token."""
    found = Bulk(session).run(_ROWS, {"system": system, "after": after, "most": most})
    return [CardRow(*row) for row in found]
