"""Snapshots: all cards of a card system in one signed file, kept until the feed has moved on far enough.

A file is built under a name of its own and moved into place, so several processes may build at
once and a reader never sees half a file. Its particulars stand beside it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec
from sqlmodel import Session, select

from server.cardsystems.models import CardSystem
from server.feed.epoch import Cursor, head, parse_cursor
from server.feed.reading import begun, checksums, read_rows
from server.kernel.database import Database, vault_of
from server.kernel.ids import new_id
from server.kernel.keys import signing_key
from shared.wire.cards import CardRow, format_checksum, key_mark, write_snapshot
from shared.wire.messages import PREFIX, SnapshotInfo

MOST_BEHIND: Final = 20_000
"""Positions a snapshot may be behind the feed before a zuil gets a fresh one."""
KEPT: Final = 2
"""Files kept per card system: a download may be under way on the one before the newest."""
_PAGE: Final = 32_768
_LOWEST: Final = -(1 << 63)
_HASH_BYTES: Final = 1 << 20


class SnapshotStore:
    """The files in one folder, shared or not between server processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, name: str) -> Path | None:
        """Return the file of this name; None when it is not (or no longer) there."""
        path = self._folder / name
        return path if path.suffix == ".cards" and path.name == name and path.is_file() else None

    def current(self, database: Database, system: int, beside: Collection[int] = ()) -> SnapshotInfo:
        """Return a snapshot that is fresh enough, built now when there is none.

        beside: the other card systems of the zuil that asks; it goes on from the oldest cursor of all
        its snapshots, which must not lie before the token key of any.
        """
        with database.reading() as session:
            newest, since = head(session), begun(session, {system, *beside})
        info = self._newest(system)
        if info is not None and _is_fresh(info, newest, since):
            return info
        return self.build(database, system)

    def build(self, database: Database, system: int) -> SnapshotInfo:
        """Build and sign a snapshot of one card system; 1,000,000 cards pass through in pages."""
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / f"{new_id()}.draft"
        try:
            with database.reading() as session:
                info = _write(session, system, draft)
            name = info.url.rsplit("/", 1)[-1]
            draft.replace(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        _write_aside(self._folder / f"{name}.json", msgspec.json.encode(info))
        self._forget_old(system)
        return info

    def _newest(self, system: int) -> SnapshotInfo | None:
        for particulars in self._particulars(system):
            try:
                info = msgspec.json.decode(particulars.read_bytes(), type=SnapshotInfo)
            except (OSError, msgspec.MsgspecError):
                continue
            if self.file(particulars.name.removesuffix(".json")) is not None:
                return info
        return None

    def _particulars(self, system: int) -> list[Path]:
        found = self._folder.glob(f"{system}-*.cards.json")
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def _forget_old(self, system: int) -> None:
        for particulars in self._particulars(system)[KEPT:]:
            particulars.unlink(missing_ok=True)
            particulars.with_suffix("").unlink(missing_ok=True)


def _is_fresh(info: SnapshotInfo, newest: Cursor, since: int) -> bool:
    cursor = parse_cursor(info.cursor)
    return (
        cursor is not None
        and cursor.epoch == newest.epoch
        and max(since, newest.position - MOST_BEHIND) <= cursor.position <= newest.position
    )


def _write(session: Session, system: int, draft: Path) -> SnapshotInfo:
    cursor = head(session)
    expected = checksums(session, [system])[str(system)]
    with draft.open("wb") as target:
        cards, checksum = write_snapshot(target, system, _rows(session, system))
        target.flush()
        os.fsync(target.fileno())
    if format_checksum(checksum) != expected:
        raise RuntimeError(f"the cards of card system {system} do not add up to the checksum of the feed")
    digest = _sha256(draft)
    return SnapshotInfo(
        system=system,
        cursor=str(cursor),
        cards=cards,
        size=draft.stat().st_size,
        sha256=digest.hex(),
        signature=signing_key(session).sign(digest).signature,
        checksum=expected,
        key=_mark(session, system),
        url=f"{PREFIX}/snapshots/{system}-{cursor.epoch}-{cursor.position}-{digest.hex()[:8]}.cards",
    )


def _mark(session: Session, system: int) -> str:
    sealed = session.exec(select(CardSystem.token_key).where(CardSystem.id == system)).one()
    return key_mark(vault_of(session).open(bytes(sealed)))


def _rows(session: Session, system: int) -> Iterator[CardRow]:
    # A token of exactly -2**63 would be left out; the checksum would show it.
    page = read_rows(session, system, _LOWEST, _PAGE)
    while page:
        yield from page
        page = read_rows(session, system, page[-1].token, _PAGE)


def _sha256(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while part := source.read(_HASH_BYTES):
            digest.update(part)
    return digest.digest()


def _write_aside(file: Path, content: bytes) -> None:
    draft = file.with_suffix(f".{new_id()}")
    draft.write_bytes(content)
    draft.replace(file)
