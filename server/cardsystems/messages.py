"""Card systems as the JSON API shows them."""

from __future__ import annotations

from server.api.wire import Wire
from server.cardsystems.models import CardSystem


class CardSystemMessage(Wire):
    """`CardSystem` of the JSON API; in a request only the id counts."""

    id: int
    name: str | None = None
    permanent: bool | None = None


def card_system_message(system: CardSystem) -> CardSystemMessage:
    """Return a card system as it goes over the wire."""
    return CardSystemMessage(id=system.id, name=system.name, permanent=system.permanent)
