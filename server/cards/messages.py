"""Cards as the JSON API shows them."""

from __future__ import annotations

from typing import Final

from server.api.wire import Wire
from server.cards.models import Card, CardKind
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem
from shared.domain.checkin import CardState

NFC_CARD: Final = "NFC_CARD"
DIGITAL: Final = "DIGITAL"
_SHOWN: Final = {CardState.STOCK: CardState.PROVISIONED, CardState.SENT_TO_BALIE: CardState.PROVISIONED}
"""States that the API does not have (json-api 5)."""


class CardMessage(Wire):
    """`Card`."""

    uitpas_number: str
    card_system: CardSystemMessage
    card_type: str
    status: str
    social_tariff: bool


def card_message(card: Card, system: CardSystem) -> CardMessage:
    """Return a card as it goes over the wire."""
    return CardMessage(
        uitpas_number=card.uitpas_number,
        card_system=card_system_message(system),
        card_type=card_type(card.kind),
        status=card_status(card.state),
        social_tariff=card.uitpas_number[-2] == "1",
    )


def card_status(state: str) -> str:
    """Return the state of a card in the words of the API."""
    known = CardState[state]
    return _SHOWN.get(known, known).name


def card_type(kind: str) -> str:
    """Return what carries a number: card, sticker and key ring are one to the API (rules 6.6)."""
    return DIGITAL if kind == CardKind.DIGITAL else NFC_CARD
