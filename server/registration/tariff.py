"""The kansenstatuut of a member afterwards, and blocking a membership (rules 5.8, 5.10, 6.12c)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlmodel import Session

from server.kernel.audit import record
from server.passholders.models import Membership, MembershipStatus
from server.registration.checks import check_tariff
from server.registration.facts import Desk, Fault, RefusedError, refuse
from server.registration.giving import hold_holder, holder_changed
from server.registration.lookups import rules_of
from shared.domain.zones import local_day


def renew_tariff(session: Session, membership: Membership, until: date, desk: Desk, now: datetime) -> None:
    """Let a kansenstatuut last until a later day, also one that has run out (rules 5.8).

    Raises:
        RefusedError: this counter may not, there is none, or the day cannot be.
    """
    hold_holder(session, membership.passholder_ref, membership)
    faults = check_tariff(until, desk, local_day(now))
    if not membership.social_tariff:
        faults["tariff_until"] = Fault.NO_TARIFF
    elif membership.social_tariff_end is None or until <= membership.social_tariff_end:
        faults.setdefault("tariff_until", Fault.TARIFF_NOT_LATER)
    refuse(faults)
    before, membership.social_tariff_end = membership.social_tariff_end, until
    membership.grace_days = rules_of(session, desk.system).grace_days
    detail = {"before": day_text(before), "after": day_text(until)}
    note_of_member(session, "renew-tariff", membership, desk.staff_id, detail, counter_id=desk.counter_id)


def suspend_tariff(session: Session, membership: Membership, until: date | None, *, staff_id: int) -> None:
    """Take the kansentarief away until a day has passed; None gives it back. The KSB does it (rules 5.10).

    Raises:
        RefusedError: there is no kansenstatuut.
    """
    hold_holder(session, membership.passholder_ref, membership)
    if not membership.social_tariff:
        raise RefusedError({"tariff_until": Fault.NO_TARIFF})
    membership.suspended_until = until
    note_of_member(session, "suspend-tariff", membership, staff_id, {"until": day_text(until)})


def block_membership(session: Session, membership: Membership, *, blocked: bool, staff_id: int) -> None:
    """Block a membership, or let it work again; the KSB does it, and cards go on working (rules 6.12c)."""
    membership.status = MembershipStatus.BLOCKED if blocked else MembershipStatus.ACTIVE
    note_of_member(session, "block-membership" if blocked else "unblock-membership", membership, staff_id, {})


def note_of_member(
    session: Session,
    action: str,
    membership: Membership,
    staff_id: int | None,
    detail: Mapping[str, object],
    *,
    counter_id: int | None = None,
) -> None:
    """Write a change of a membership down, and have the zuilen hear of it."""
    session.flush()
    ref = membership.passholder_ref
    holder_changed(session, ref)
    said = {"card_system": membership.card_system_id, **detail}
    record(session, action, "passholder", ref, staff_id=staff_id, counter_id=counter_id, detail=said)


def day_text(day: date | None) -> str | None:
    """Return a day as the audit trail keeps it."""
    return None if day is None else day.isoformat()
