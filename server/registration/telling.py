"""Pashouders as the JSON API shows them, with all that belongs to them, in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.feed.rows import memberships_of
from server.passholders.models import Passholder, PassholderDetails
from server.registration.messages import PassholderMessage, passholder_message
from server.uitid.linking import linked_among
from shared.domain.zones import local_day

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


def person_message(session: Session, holder: Passholder) -> PassholderMessage:
    """Return a pashouder as he goes over the wire."""
    return people_messages(session, [holder])[0]


def people_messages(session: Session, holders: Sequence[Passholder]) -> list[PassholderMessage]:
    """Return pashouders as they go over the wire, in their order."""
    refs = [one.ref for one in holders if one.ref is not None]
    found = session.exec(select(PassholderDetails).where(col(PassholderDetails.passholder_ref).in_(refs)))
    details = {one.passholder_ref: one for one in found}
    memberships, cards = memberships_of(session, refs), defaultdict(list)
    for card in session.exec(select(Card).where(col(Card.passholder_ref).in_(refs))):
        cards[card.passholder_ref].append(card)
    linked, today = linked_among(session, refs), local_day(datetime.now(UTC))
    return [
        passholder_message(
            one,
            details.get(one.ref or 0),
            # Those from before it was kept when somebody joined are the oldest.
            sorted(memberships.get(one.ref or 0, ()), key=lambda own: own.made_at or _LONG_AGO),
            cards[one.ref],
            today,
            is_linked=one.ref in linked,
        )
        for one in holders
    ]
