"""Cursors: a place in the feed, `<epoch>.<position>`."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col

from server.feed.models import FeedEpoch


class Cursor(NamedTuple):
    """A place in the feed. Positions of different epochs cannot be compared."""

    epoch: str
    position: int

    def __str__(self) -> str:
        """Return it as it travels."""
        return f"{self.epoch}.{self.position}"


def parse_cursor(text: str) -> Cursor | None:
    """Read a cursor as a zuil sends it; None when it is not one."""
    epoch, dot, position = text.partition(".")
    if not dot or not position.isascii() or not position.isdigit():
        return None
    return Cursor(epoch, int(position))


def head(session: Session) -> Cursor:
    """Return the newest place in the feed."""
    row = session.get_one(FeedEpoch, 1)
    return Cursor(row.epoch, row.position)


def ensure_epoch(session: Session) -> None:
    """Name the first epoch of an empty database."""
    if session.get(FeedEpoch, 1) is None:
        session.add(FeedEpoch(epoch=_name()))


def new_epoch(session: Session) -> Cursor:
    """Begin another epoch: every zuil will fetch a snapshot. For after a restored backup."""
    session.execute(update(FeedEpoch).where(col(FeedEpoch.id) == 1).values(epoch=_name()))
    return head(session)


def _name() -> str:
    return secrets.token_hex(4)
