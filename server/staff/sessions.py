"""Who is logged in, and in which function: rows in the database, a random token in a cookie."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import column, delete, table
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.staff.models import Staff, StaffRole, StaffSession
from server.staff.roles import Permission, Role, may

LIFETIME: Final = timedelta(hours=12)

# Only the names, for the menu: counters and card systems stand above staff and are not imported here.
_COUNTER: Final = table("counter", column("id"), column("name"))
_CARD_SYSTEM: Final = table("card_system", column("id"), column("name"))


@dataclass(frozen=True)
class Post:
    """A function someone can choose. `place` names the counter or card system; empty for everywhere."""

    id: int
    role: Role
    counter_id: int | None
    card_system_id: int | None
    place: str


@dataclass(frozen=True)
class Acting:
    """A logged-in person. `post` is the function chosen for now; while it is None nothing is allowed.

    has_terms: he accepted the terms of use.
    """

    staff_id: int
    name: str
    posts: tuple[Post, ...]
    post: Post | None
    has_terms: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether the chosen function carries a permission (rules 2.6)."""
        return self.post is not None and may(self.post.role, permission)

    @property
    def counter_id(self) -> int | None:
        """The counter this person works for now."""
        return self.post.counter_id if self.post else None

    @property
    def card_system_id(self) -> int | None:
        """The card system this person manages now."""
        return self.post.card_system_id if self.post else None

    @property
    def initials(self) -> str:
        """At most two letters for the menu."""
        return "".join(word[0] for word in self.name.split())[:2].upper()


def posts_of(session: Session, staff_id: int) -> tuple[Post, ...]:
    """Return every function of a person, ordered by place."""
    query = (
        select(StaffRole, _COUNTER.c.name, _CARD_SYSTEM.c.name)
        .outerjoin(_COUNTER, _COUNTER.c.id == StaffRole.counter_id)
        .outerjoin(_CARD_SYSTEM, _CARD_SYSTEM.c.id == StaffRole.card_system_id)
        .where(StaffRole.staff_id == staff_id)
    )
    posts = [
        Post(role.id or 0, Role(role.role), role.counter_id, role.card_system_id, counter or system or "")
        for role, counter, system in session.exec(query)
    ]
    return tuple(sorted(posts, key=lambda post: (post.place, post.role)))


def open_session(session: Session, staff_id: int, now: datetime) -> str:
    """Log a person in; return the token for the cookie. Someone with one function has it at once."""
    session.exec(delete(StaffSession).where(col(StaffSession.expires) < now))
    token = secrets.token_urlsafe(32)
    posts = posts_of(session, staff_id)
    only = posts[0].id if len(posts) == 1 else None
    session.add(
        StaffSession(token_hash=_hash(token), staff_id=staff_id, role_id=only, expires=now + LIFETIME)
    )
    return token


def find_session(session: Session, token: str, now: datetime) -> Acting | None:
    """Return who holds this token, None when it is unknown or has expired."""
    query = select(StaffSession, Staff).join(Staff, col(Staff.id) == col(StaffSession.staff_id))
    found = session.exec(query.where(StaffSession.token_hash == _hash(token))).first()
    if found is None or found[0].expires <= now:
        return None
    row, staff = found
    posts = posts_of(session, row.staff_id)
    chosen = next((post for post in posts if post.id == row.role_id), None)
    return Acting(row.staff_id, staff.name, posts, chosen, staff.terms_at is not None)


def accept_terms(session: Session, staff_id: int, now: datetime) -> bool:
    """Write down that somebody accepted the terms of use; False when he had."""
    staff = session.get_one(Staff, staff_id)
    if staff.terms_at is not None:
        return False
    staff.terms_at = now
    record(session, "accept-terms", "staff", staff_id, staff_id=staff_id)
    return True


def choose_post(session: Session, token: str, acting: Acting, post_id: int) -> Post | None:
    """Have a person work in one of his own functions from now on; None when it is not his."""
    post = next((post for post in acting.posts if post.id == post_id), None)
    row = session.get(StaffSession, _hash(token))
    if post is None or row is None:
        return None
    row.role_id = post.id
    return post


def close_session(session: Session, token: str) -> None:
    """Log out; the token is worth nothing afterwards."""
    session.exec(delete(StaffSession).where(col(StaffSession.token_hash) == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
