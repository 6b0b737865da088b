"""Delete a pashouder: nothing that says who it was is left (rules 4.2, 6.8)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from server.bulk.models import BulkRow
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.kernel.outbox import OutgoingMail
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.names import forget_parts, named_of
from server.registration.facts import Fault, RefusedError
from server.registration.giving import cards_of
from shared.domain.checkin import CardState


def delete_person(
    session: Session, holder: Passholder, systems: Collection[int], *, staff_id: int | None, client: str = ""
) -> None:
    """Delete somebody who is a member of nothing but `systems`, those of who deletes.

    His cards go out of use, and the zuilen hear of it. All that was kept of him goes with his row;
    check-ins and the ledger stay, under a reference that is never given to another.

    Raises:
        RefusedError: he is a member of another card system too.
    """
    ref = holder.ref or 0
    own = set(session.exec(select(Membership.card_system_id).where(Membership.passholder_ref == ref)))
    if not own <= set(systems):
        raise RefusedError({"system": Fault.MEMBER_ELSEWHERE})
    # A check-in that is adding to the balance is waited for; the next one finds a card out of use.
    session.refresh(holder, with_for_update=True)
    cards = cards_of(session, ref)
    for card in cards:
        card.state, card.passholder_ref = CardState.DELETED.name, None
    numbers = [card.uitpas_number for card in cards]
    cards_changed(session, numbers)
    _forget_mails(session, ref)
    # A list keeps its rows for a while, without what it did for whom.
    session.execute(update(BulkRow).where(col(BulkRow.passholder_ref) == ref).values(name=""))
    session.flush()
    named = named_of(session, ref)
    nobody = Passholder(ref=ref, first_name="", last_name="", birth_date=date.min, points=holder.points)
    session.delete(holder)
    session.flush()
    session.add(nobody)
    detail: dict[str, object] = {"cards": numbers, "card_systems": sorted(own)}
    if client:
        detail["client"] = client
    record(session, "delete", "passholder", ref, staff_id=staff_id, detail=detail)
    session.flush()
    forget_parts(session, named)


def _forget_mails(session: Session, ref: int) -> None:
    """Forget the mails that left for an address; those that wait may be for another who shares it."""
    details = session.get(PassholderDetails, ref)
    if details is not None and details.email:
        left = col(OutgoingMail.sent).is_not(None)
        session.execute(delete(OutgoingMail).where(col(OutgoingMail.recipient) == details.email, left))
