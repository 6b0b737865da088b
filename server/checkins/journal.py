"""How far a zuil's journal came: nothing is lost unseen (`design/sync.md`, guarantees 1 and 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.checkins.models import GapKind, GapState, KioskGap, KioskJournal
from server.kernel.bulk import Bulk, Call, Statement
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import Upload, UploadItem

_LOCK: Final = Statement(
    "SELECT kiosk, top_seq, through, chain FROM kiosk_journal WHERE kiosk IN (SELECT kiosk FROM {rows})"
    " ORDER BY kiosk {lock}",
    kiosk="int",
)
_FIRST: Final = Statement(
    "INSERT INTO kiosk_journal (kiosk, top_seq, through, chain) VALUES (:kiosk, 0, 0, '')"
    " ON CONFLICT DO NOTHING"
)
_BEGIN: Final = Statement(
    "INSERT INTO kiosk_journal (kiosk, top_seq, through, chain) VALUES (:kiosk, 0, 0, '')"
    " ON CONFLICT (kiosk) DO UPDATE SET top_seq = 0, through = 0, chain = '', received = NULL"
)
_KEEP: Final = Statement(
    "UPDATE kiosk_journal SET top_seq = rows.top, through = rows.through, chain = rows.chain,"
    " received = rows.received FROM {rows} WHERE kiosk_journal.kiosk = rows.kiosk",
    kiosk="int",
    top="bigint",
    through="bigint",
    chain="text",
    received="bigint",
)


class Progress(NamedTuple):
    """`top`: highest number that came; `through`: all up to here came or is lost; `chain`: at `top`."""

    top: int
    through: int
    chain: str

    @property
    def resend_from(self) -> int | None:
        """The first number that is missing and may still come."""
        return self.through + 1 if self.through < self.top else None


class Journal:
    """The journal of one zuil during one upload. `before` comes from `locked_journals`."""

    def __init__(self, session: Session, kiosk: int, now: int, before: Progress) -> None:
        self._session = session
        self._kiosk = kiosk
        self._now = now
        self._before = before

    def follow(self, upload: Upload) -> Progress:
        """Take note of the rows of an upload: their place, what they skip, and whether the chain holds."""
        before, items = self._before, sorted(upload.items, key=lambda item: item.seq)
        if not items:
            return before
        self._note_breaks(items, upload.previous)
        last = items[-1]
        top, chain = (last.seq, last.chain) if last.seq > before.top else (before.top, before.chain)
        is_plain = before.through == before.top and _continues(before.top, items)
        return Progress(top, top if is_plain else self._through(top, upload), chain)

    def _note_breaks(self, items: Sequence[UploadItem], previous: str) -> None:
        """Record each new row that does not follow from the row before it."""
        known = self._before.chain or GENESIS.hex()
        link, expected = previous, items[0].seq
        for item in items:
            follows = item.seq != expected or _link(link, bytes(item.tap)) == item.chain
            if item.seq == self._before.top + 1:
                follows = follows and link == known
            if item.seq > self._before.top and not follows:
                self._session.add(self._gap(item.seq, item.seq, GapKind.CHAIN))
            link, expected = item.chain, item.seq + 1

    def _through(self, top: int, upload: Upload) -> int:
        """Fill the gaps these rows fill, open those they leave; return up to where nothing is missing."""
        open_gaps = self._session.exec(
            select(KioskGap).where(
                KioskGap.kiosk == self._kiosk,
                KioskGap.kind == GapKind.GAP,
                KioskGap.state == GapState.OPEN,
            )
        ).all()
        came = sorted({item.seq for item in upload.items})
        missing = [gap for known in open_gaps for gap in _remainder(self._session, known, came)]
        skipped = [self._gap(first, last) for first, last in _skipped(self._before.top, came)]
        self._session.add_all(skipped)
        still = [gap for gap in missing + skipped if _may_come(self._session, gap, upload.oldest)]
        self._session.flush()
        return min((gap.first for gap in still), default=top + 1) - 1

    def _gap(self, first: int, last: int, kind: GapKind = GapKind.GAP) -> KioskGap:
        return KioskGap(kiosk=self._kiosk, kind=kind, first=first, last=last, noticed=self._now)


def progress_of(session: Session, kiosk: int) -> Progress:
    """Return how far the journal came, without holding anyone up."""
    row = session.get(KioskJournal, kiosk)
    return Progress(0, 0, "") if row is None else Progress(row.top_seq, row.through, row.chain)


def lock_journals(kiosks: Iterable[int]) -> Call:
    """Return the call that reads how far these journals came, and holds other uploads of these zuilen up."""
    return Call(_LOCK, rows=[(kiosk,) for kiosk in sorted(kiosks)])


def locked_journals(
    bulk: Bulk, kiosks: Sequence[int], rows: Iterable[tuple[Any, ...]]
) -> dict[int, Progress]:
    """Return zuil -> how far its journal came, from the rows of `lock_journals`.

    The journal of a zuil that never sent anything begins here, locked like any other.
    """
    found = {kiosk: Progress(*row) for kiosk, *row in rows}
    for kiosk in sorted(set(kiosks) - found.keys()):
        bulk.run(_FIRST, {"kiosk": kiosk})
        ((_, *row),) = bulk.run(*lock_journals([kiosk]))
        found[kiosk] = Progress(*row)
    return found


def keep_journals(reached: Mapping[int, Progress], now: int) -> Call:
    """Return the call that remembers how far the journals of these zuilen came, in an upload of `now`."""
    return Call(_KEEP, rows=[(kiosk, *progress, now) for kiosk, progress in reached.items()])


def begin_journal(session: Session, kiosk: int) -> None:
    """Expect a journal from its start: another device is this zuil now."""
    Bulk(session).run(_BEGIN, {"kiosk": kiosk})
    session.execute(
        update(KioskGap)
        .where(col(KioskGap.kiosk) == kiosk, col(KioskGap.state) == GapState.OPEN)
        .values(state=GapState.LOST)
    )


def _continues(top: int, items: Sequence[UploadItem]) -> bool:
    return items[0].seq <= top + 1 and items[-1].seq - items[0].seq == len(items) - 1


def _link(previous: str, payload: bytes) -> str:
    try:
        return chain_link(bytes.fromhex(previous), payload).hex()
    except ValueError:
        return ""


def _remainder(session: Session, gap: KioskGap, came: Iterable[int]) -> list[KioskGap]:
    """Return what stays missing of a gap; the gap itself becomes the first part of it, or is filled."""
    parts, first = [], gap.first
    for seq in came:
        if gap.first <= seq <= gap.last:
            if seq > first:
                parts.append((first, seq - 1))
            first = seq + 1
    if first <= gap.last:
        parts.append((first, gap.last))
    if not parts:
        gap.state = GapState.FILLED
        return []
    gap.first, gap.last = parts[0]
    others = [
        KioskGap(kiosk=gap.kiosk, kind=GapKind.GAP, first=first, last=last, noticed=gap.noticed)
        for first, last in parts[1:]
    ]
    session.add_all(others)
    return [gap, *others]


def _skipped(top: int, came: Iterable[int]) -> list[tuple[int, int]]:
    spans = []
    for seq in came:
        if seq > top + 1:
            spans.append((top + 1, seq - 1))
        top = max(top, seq)
    return spans


def _may_come(session: Session, gap: KioskGap, oldest: int) -> bool:
    """Tell whether rows of a gap may still come; those the zuil no longer holds are lost."""
    if gap.last < oldest:
        gap.state = GapState.LOST
        return False
    if gap.first < oldest:
        lost = KioskGap(
            kiosk=gap.kiosk,
            kind=GapKind.GAP,
            state=GapState.LOST,
            first=gap.first,
            last=oldest - 1,
            noticed=gap.noticed,
        )
        session.add(lost)
        gap.first = oldest
    return True
