"""Link a UiTiD to a pashouder, find him by it, unlink it (rules 14.1, 14.2)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import delete, func, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kernel.database import vault_of
from server.passholders.insz import InvalidInszError, insz_digest, parse_insz
from server.passholders.models import Passholder, PassholderDetails
from server.staff.models import Staff
from server.uitid.models import UitidLink


class Uitid(NamedTuple):
    """Who logged in: the subject, the one of older tokens, the address, a national number after ACM."""

    subject: str
    v1: str | None = None
    email: str | None = None
    insz: str | None = None


class Taken(StrEnum):
    """Why a UiTiD cannot be linked."""

    PASSHOLDER = "passholder"
    UITID = "uitid"


class TakenError(Exception):
    """One of the two is linked already; `taken` says which."""

    def __init__(self, taken: Taken) -> None:
        super().__init__(taken.value)
        self.taken = taken


class EmailState(StrEnum):
    """What an address can be used for, as the JSON API says it."""

    UITID_UNREGISTERED = "UITID_UNREGISTERED"
    UITID_REGISTERED = "UITID_REGISTERED"
    UITPAS_ALREADY_LINKED = "UITPAS_ALREADY_LINKED"


def holder_of_uitid(session: Session, who: Uitid) -> Passholder | None:
    """Return the pashouder behind a login: by his national number, else by his UiTiD (json-api 4)."""
    if who.insz:
        try:
            digest = insz_digest(vault_of(session), parse_insz(who.insz))
        except InvalidInszError:
            digest = b""
        known = select(PassholderDetails.passholder_ref).where(PassholderDetails.insz_digest == digest)
        ref = session.exec(known).first()
        if ref is not None:
            return session.get(Passholder, ref)
    link = _link_with(session, who)
    return None if link is None else session.get(Passholder, link.passholder_ref)


def link_uitid(session: Session, holder: Passholder, who: Uitid, now: datetime, *, client: str = "") -> None:
    """Let a UiTiD be a pashouder's.

    Raises:
        TakenError: one of them is linked already; nothing was changed.
    """
    ref = holder.ref or 0
    if session.get(UitidLink, ref) is not None:
        raise TakenError(Taken.PASSHOLDER)
    if _link_with(session, who) is not None:
        raise TakenError(Taken.UITID)
    email = who.email.lower() if who.email else None
    link = UitidLink(passholder_ref=ref, uitid=who.subject, uitid_v1=who.v1, email=email, made_at=now)
    try:
        with session.begin_nested():
            session.add(link)
    except IntegrityError as error:
        # The other half of a double click, or somebody who was quicker.
        raise TakenError(Taken.PASSHOLDER) from error
    record(session, "link-uitid", "passholder", ref, detail={"client": client} if client else {})


def unlink_uitid(session: Session, ref: int, *, staff_id: int) -> bool:
    """Take a wrong UiTiD away from a pashouder, as the KSB does; False when there is none (rules 14.2)."""
    gone = session.execute(delete(UitidLink).where(col(UitidLink.passholder_ref) == ref))
    if not gone.rowcount:  # type: ignore[attr-defined]
        return False
    record(session, "unlink-uitid", "passholder", ref, staff_id=staff_id)
    return True


def linked_among(session: Session, refs: Collection[int]) -> set[int]:
    """Return which of these pashouders have a UiTiD."""
    query = select(UitidLink.passholder_ref).where(col(UitidLink.passholder_ref).in_(refs))
    return set(session.exec(query))


def email_state(session: Session, email: str) -> EmailState:
    """Return what is known here of an address; UiTiDs that never came here are not."""
    address = email.strip().lower()
    if session.exec(select(UitidLink.uitid).where(UitidLink.email == address)).first():
        return EmailState.UITPAS_ALREADY_LINKED
    known = select(Staff.id).where(func.lower(col(Staff.email)) == address, col(Staff.uitid).is_not(None))
    is_known = session.exec(known).first() is not None
    return EmailState.UITID_REGISTERED if is_known else EmailState.UITID_UNREGISTERED


def _link_with(session: Session, who: Uitid) -> UitidLink | None:
    names = [name for name in (who.subject, who.v1) if name]
    query = select(UitidLink).where(or_(col(UitidLink.uitid).in_(names), col(UitidLink.uitid_v1).in_(names)))
    return session.exec(query).first()
