"""The publisher: gives committed changes their place in the feed.

One at a time, whoever it is: PostgreSQL holds an advisory lock until the commit, SQLite has one
writer. So positions become visible in their order, a cursor never passes a change that commits
later, and no writer waits for another.

In a flood of check-ins the zuilen at the doors come first, and what they hear of each other a little
later: balances rest some seconds between two publications, whoever asks. What people wait for (an event,
an order, a card) never rests with them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from server.feed.models import ChangeKind
from server.feed.rows import FeedRow, current_rows, feed_row, signed
from server.feed.wakeup import FEED_CHANNEL, Touched
from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database
from shared.domain.checkin import CardState
from shared.wire.cards import CardRow

MOST_CHANGES: Final = 2_000
MOST_KEYS: Final = 20_000
FLOOD: Final = 500
"""Balances in one publication after which the next ones rest."""
REST_SHARE: Final = 9.0
"""They rest this many times as long as their publication took, within these bounds."""
LEAST_REST_MILLIS: Final = 2_000
MOST_REST_MILLIS: Final = 5_000
_LOCK_KEY: Final = 0x7A75696C  # "zuil"

_LOCK: Final = Statement("SELECT pg_advisory_xact_lock(:key)")
_TRY_LOCK: Final = Statement("SELECT pg_try_advisory_xact_lock(:key)")
# A rest that lies further away was noted by a clock that was wrong.
_DUE: Final = (
    "position IS NULL AND (kind <> 'checkins' OR NOT EXISTS"
    " (SELECT 1 FROM feed_epoch WHERE id = 1 AND rest_until > :now AND rest_until <= :latest))"
)
_ANY: Final = Statement(f"SELECT 1 FROM change WHERE {_DUE} LIMIT 1")  # noqa: S608 - words of our own
_PENDING: Final = Statement(
    f"SELECT id, kind, CAST(keys AS text) FROM change WHERE {_DUE} ORDER BY id LIMIT :most"  # noqa: S608
)
_ORDERED: Final = Statement(
    "SELECT CAST(keys AS text) FROM change WHERE position > :after AND position <= :upto AND kind = :kind"
)
_NUMBER: Final = Statement(
    "UPDATE change SET position = rows.position FROM {rows} WHERE change.id = rows.id",
    id="bigint",
    position="bigint",
)
_POSITION: Final = Statement("SELECT position FROM feed_epoch WHERE id = 1")
_ADVANCE: Final = Statement("UPDATE feed_epoch SET position = :position WHERE id = 1")
_REST: Final = Statement("UPDATE feed_epoch SET rest_until = :until WHERE id = 1")
_MOVED_BALANCES: Final = Statement(
    "SELECT f.card_system_id, f.token, f.uitpas_number, f.passholder_ref, f.state, f.active_until, p.points,"
    " f.row_hash, f.key_number FROM {rows} JOIN card_feed f ON f.passholder_ref = rows.ref"
    " JOIN passholder p ON p.ref = rows.ref WHERE f.points <> p.points",
    ref="bigint",
)
_HELD_NUMBERS: Final = Statement(
    "SELECT card_system_id, token, f.uitpas_number, passholder_ref, state, active_until, points, row_hash,"
    " key_number FROM {rows} JOIN card_feed f ON f.uitpas_number = rows.uitpas_number",
    uitpas_number="text",
)
_HELD_KEYS: Final = Statement(
    "SELECT card_system_id, f.token, uitpas_number, passholder_ref, state, active_until, points, row_hash,"
    " key_number FROM {rows} JOIN card_feed f ON f.card_system_id = rows.system AND f.token = rows.token",
    system="bigint",
    token="bigint",  # noqa: S106 - a column's type
)
_KEEP: Final = Statement(
    "INSERT INTO card_feed (card_system_id, token, uitpas_number, passholder_ref, state, active_until,"
    " points, row_hash, key_number, position)"
    " SELECT system, token, uitpas_number, passholder, state, active_until, points, hash, key, position"
    " FROM {rows} WHERE true ON CONFLICT (card_system_id, token) DO UPDATE SET"
    " uitpas_number = excluded.uitpas_number, passholder_ref = excluded.passholder_ref,"
    " state = excluded.state, active_until = excluded.active_until, points = excluded.points,"
    " row_hash = excluded.row_hash, key_number = excluded.key_number, position = excluded.position",
    system="bigint",
    token="bigint",  # noqa: S106 - a column's type
    uitpas_number="text",
    passholder="bigint",
    state="bigint",
    active_until="bigint",
    points="bigint",
    hash="bigint",
    key="bigint",
    position="bigint",
)
_SUMS: Final = Statement(
    "SELECT h.card_system_id, h.key_number, h.checksum, h.cards FROM {rows}"
    " JOIN feed_head h ON h.card_system_id = rows.system AND h.key_number = rows.key",
    system="bigint",
    key="bigint",
)
_KEEP_SUMS: Final = Statement(
    "INSERT INTO feed_head (card_system_id, key_number, checksum, cards, since)"
    " SELECT system, key, checksum, cards, 0 FROM {rows} WHERE true ON CONFLICT (card_system_id, key_number)"
    " DO UPDATE SET checksum = excluded.checksum, cards = excluded.cards",
    system="bigint",
    key="bigint",
    checksum="bigint",
    cards="bigint",
)
# Which zuilen a publication concerns: here the capabilities meet, so these read the tables of several.
_OF_SYSTEMS: Final = Statement(
    "SELECT DISTINCT kc.kiosk FROM {rows}"
    " JOIN card_system c ON c.id = rows.system AND c.key_number = rows.key"
    " JOIN counter_card_system s ON s.card_system_id = c.id"
    " JOIN kiosk_counter kc ON kc.counter_id = s.counter_id",
    system="bigint",
    key="bigint",
)
_OF_CHECKINS: Final = Statement(
    "SELECT DISTINCT kc.kiosk FROM"
    " (SELECT DISTINCT c.event_id FROM {rows} JOIN checkin c ON c.change_id = rows.id) seen"
    " JOIN event e ON e.id = seen.event_id"
    " JOIN counter b ON b.organizer_id = e.organizer_id OR b.place_id = e.place_id"
    " JOIN kiosk_counter kc ON kc.counter_id = b.id",
    id="bigint",
)
_NOTIFY: Final = Statement("SELECT pg_notify(:channel, :payload)")


@dataclass
class _Pending:
    """The keys of the changes that are about to get a position. is_part: more are waiting."""

    ids: list[int] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    refs: set[int] = field(default_factory=set)
    kiosks: set[int] = field(default_factory=set)
    ordered: set[int] = field(default_factory=set)
    every_kiosk: bool = False
    is_part: bool = False


def publish(database: Database, *, yielding: bool = False) -> Touched | None:
    """Publish what is committed by now and need not rest; return what was touched, None if nothing was.

    yielding: leave it to another process that is publishing already.
    """
    with database.reading() as session:
        if not Bulk(session).run(_ANY, _moment()):
            return None
    touched: Touched | None = None
    begin, balances, is_part = time.monotonic(), 0, True
    # What is committed meanwhile waits for the next time: in a flood of taps this would never end.
    while is_part:
        part, moved, is_part = _publish_some(database, yielding=yielding)
        touched = touched.with_(part) if touched and part else touched or part
        balances += moved
    if balances >= FLOOD:
        with database.writing() as session:
            Bulk(session).run(_REST, {"until": _rest_after(time.monotonic() - begin)})
    return touched


def ordered_between(session: Session, after: int, upto: int) -> frozenset[int]:
    """Return the zuilen that were told to do something, as published in (after, upto]."""
    found = Bulk(session).run(_ORDERED, {"after": after, "upto": upto, "kind": ChangeKind.COMMANDS})
    return frozenset(int(number) for (keys,) in found for number in json.loads(keys))


def hold_publication(bulk: Bulk, database: Database) -> None:
    """Wait until nobody publishes, and have the others wait until this transaction ends."""
    if database.is_postgresql:
        bulk.run(_LOCK, {"key": _LOCK_KEY})


def _publish_some(database: Database, *, yielding: bool) -> tuple[Touched | None, int, bool]:
    """Return what was touched, how many balances may have moved, and whether more was waiting."""
    with database.writing() as session:
        bulk = Bulk(session)
        if not yielding or not database.is_postgresql:
            hold_publication(bulk, database)
        elif not bulk.run(_TRY_LOCK, {"key": _LOCK_KEY})[0][0]:
            return None, 0, False
        pending = _read(bulk)
        if not pending.ids:
            return None, 0, False
        start = int(bulk.run(_POSITION)[0][0])
        # First the changes, in the order they were noted; then the rows that follow from them.
        bulk.run(_NUMBER, rows=[(id_, start + place) for place, id_ in enumerate(pending.ids, 1)])
        rows, before = _changed_rows(session, bulk, pending)
        position = start + len(pending.ids)
        bulk.run(_KEEP, rows=[(*row, position + place) for place, row in enumerate(rows, 1)])
        _add_up(bulk, rows, before)
        position += len(rows)
        bulk.run(_ADVANCE, {"position": position})
        touched = _touched(bulk, pending, rows, start, position)
        if database.is_postgresql:
            bulk.run(_NOTIFY, {"channel": FEED_CHANNEL, "payload": touched.encode()})
        return touched, len(pending.refs), pending.is_part


def _moment() -> dict[str, int]:
    """Return the present and the latest end that a rest can have, in milliseconds UTC."""
    now = time.time_ns() // 1_000_000
    return {"now": now, "latest": now + MOST_REST_MILLIS}


def _rest_after(seconds: float) -> int:
    """Return until when balances rest (milliseconds UTC) after a publication that took `seconds`."""
    rest = round(seconds * REST_SHARE * 1000)
    return _moment()["now"] + min(max(rest, LEAST_REST_MILLIS), MOST_REST_MILLIS)


def _read(bulk: Bulk) -> _Pending:
    found = bulk.run(_PENDING, {"most": MOST_CHANGES, **_moment()})
    pending = _Pending(is_part=len(found) == MOST_CHANGES)
    for id_, kind, raw in found:
        if len(pending.numbers) + len(pending.refs) > MOST_KEYS:
            pending.is_part = True
            break
        keys: list[str] = json.loads(raw)
        pending.ids.append(id_)
        if kind == ChangeKind.CARDS:
            pending.numbers.update(keys)
        elif kind == ChangeKind.CHECKINS:
            pending.refs.update(map(int, keys))
        elif kind == ChangeKind.COMMANDS:
            pending.ordered.update(map(int, keys))
        else:
            pending.kiosks.update(map(int, keys))
            pending.every_kiosk |= not keys
    return pending


def _changed_rows(session: Session, bulk: Bulk, pending: _Pending) -> tuple[list[FeedRow], list[FeedRow]]:
    """Return the rows that differ from what the feed holds, and what it holds under their keys."""
    rows, before = _moved_balances(bulk, pending.refs)
    if not pending.numbers:
        return rows, before
    changed, changed_before = _moved_cards(session, bulk, sorted(pending.numbers))
    keys = {row.key for row in changed}
    return (
        changed + [row for row in rows if row.key not in keys],
        changed_before + [row for row in before if row.key not in keys],
    )


def _moved_cards(session: Session, bulk: Bulk, numbers: Sequence[str]) -> tuple[list[FeedRow], list[FeedRow]]:
    held = [FeedRow(*row) for row in bulk.run(_HELD_NUMBERS, rows=[(number,) for number in numbers])]
    due = _due(session, numbers, held)
    # A chip may have gone from one number to another: its row is found by its key.
    by_key = {row.key: row for row in held}
    by_key.update((row.key, row) for row in _held_keys(bulk, due))
    differing = [row for row in due if by_key.get(row.key) != row]
    return differing, [by_key[row.key] for row in differing if row.key in by_key]


def _moved_balances(bulk: Bulk, refs: Iterable[int]) -> tuple[list[FeedRow], list[FeedRow]]:
    """Return the rows of these pashouders with their new balance, and the same as the feed holds them."""
    ordered = [(ref,) for ref in sorted(refs)]
    rows, before = [], []
    for system, token, number, ref, state, until, points, *old in bulk.run(_MOVED_BALANCES, rows=ordered):
        rows.append(feed_row(system, number, CardRow(token, ref, state, until, points), old[-1]))
        before.append(FeedRow(system, token, number, ref, state, until, points, *old))
    return rows, before


def _held_keys(bulk: Bulk, rows: Iterable[FeedRow]) -> list[FeedRow]:
    return [FeedRow(*row) for row in bulk.run(_HELD_KEYS, rows=[row.key for row in rows])]


def _due(session: Session, numbers: Sequence[str], held: Iterable[FeedRow]) -> list[FeedRow]:
    """Return what the feed should hold of these cards.

    A row never disappears within an epoch. In a card system that a card left it stays, with the
    card's present facts; under a chip that the number left it says that the card is deleted.
    A card has a row under each key of its card systems (`server.feed.rekeying`).
    """
    held = list(held)
    known: dict[str, set[int]] = {}
    for old in held:
        known.setdefault(old.uitpas_number, set()).add(old.system)
    rows = current_rows(session, numbers, known)
    keys = {row.key for row in rows}
    for old in held:
        if old.key not in keys:
            gone = CardRow(old.token, 0, int(CardState.DELETED), 0, 0)
            rows.append(feed_row(old.system, old.uitpas_number, gone, old.key_number))
    return rows


def _add_up(bulk: Bulk, rows: Sequence[FeedRow], before: Sequence[FeedRow]) -> None:
    sets = sorted({(row.system, row.key_number) for row in rows})
    if not sets:
        return
    sums: dict[tuple[int, int], list[int]] = {one: [0, 0] for one in sets}
    for system, key, checksum, cards in bulk.run(_SUMS, rows=sets):
        sums[system, key] = [checksum, cards]
    for row in rows:
        sums[row.system, row.key_number][0] += row.hash
        sums[row.system, row.key_number][1] += 1
    for row in before:
        sums[row.system, row.key_number][0] -= row.hash
        sums[row.system, row.key_number][1] -= 1
    bulk.run(_KEEP_SUMS, rows=[(*one, signed(total), cards) for one, (total, cards) in sums.items()])


def _touched(bulk: Bulk, pending: _Pending, rows: Sequence[FeedRow], start: int, position: int) -> Touched:
    kiosks = set(pending.kiosks)
    # A balance that moved wakes nobody by itself: it is read with the next change that matters.
    sets = {(row.system, row.key_number) for row in rows if row.uitpas_number in pending.numbers}
    if sets:
        kiosks.update(kiosk for (kiosk,) in bulk.run(_OF_SYSTEMS, rows=sorted(sets)))
    if pending.refs:
        kiosks.update(kiosk for (kiosk,) in bulk.run(_OF_CHECKINS, rows=[(id_,) for id_ in pending.ids]))
    return Touched(position, frozenset(kiosks), pending.every_kiosk, frozenset(pending.ordered), start)
