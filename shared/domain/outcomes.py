"""Every outcome of a tap or a scan that a person can see (`domain/messages.md` §1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Tone(StrEnum):
    """How an outcome looks and sounds: a point gained, nothing wrong but no point, or come to the desk."""

    GOOD = "good"
    CALM = "calm"
    BAD = "bad"


class Outcome(StrEnum):
    """What was decided. The value goes over the wire and into the database."""

    OK = "ok"
    MAXIMUM_REACHED = "maximum_reached"
    TOO_EARLY = "too_early"
    ENDED = "ended"
    CARD_DELETED = "card_deleted"
    CARD_BLOCKED = "card_blocked"
    CARD_NOT_IN_USE = "card_not_in_use"
    UNKNOWN_CARD = "unknown_card"
    MALFORMED_NUMBER = "malformed_number"
    SOCIAL_TARIFF_EXPIRED = "social_tariff_expired"
    NO_MEMBERSHIP = "no_membership"
    GROUP_PASS = "group_pass"  # noqa: S105 - a card, not a password
    COUNTER_NOT_ALLOWED = "counter_not_allowed"
    NO_EVENT = "no_event"
    CODE_INVALID = "code_invalid"
    CODE_EXPIRED = "code_expired"
    RATE_LIMITED = "rate_limited"
    TECHNICAL = "technical"
    QUEUED_UNKNOWN = "queued_unknown"
    UNREADABLE_CARD = "unreadable_card"
    FOREIGN_CARD = "foreign_card"
    TWO_CARDS = "two_cards"

    @property
    def grants_points(self) -> bool:
        """Whether the pashouder's balance grows."""
        return self is Outcome.OK

    @property
    def offline(self) -> bool:
        """Whether a zuil without a network may decide it."""
        return self not in _ONLINE_ONLY

    @property
    def tone(self) -> Tone:
        """How the zuil shows it."""
        if self in _GOOD:
            return Tone.GOOD
        return Tone.CALM if self in _CALM else Tone.BAD


_ONLINE_ONLY: Final = {
    Outcome.UNKNOWN_CARD,
    Outcome.MALFORMED_NUMBER,
    Outcome.COUNTER_NOT_ALLOWED,
    Outcome.CODE_INVALID,
    Outcome.CODE_EXPIRED,
    Outcome.RATE_LIMITED,
}
_GOOD: Final = {Outcome.OK, Outcome.QUEUED_UNKNOWN}
_CALM: Final = {
    Outcome.MAXIMUM_REACHED,
    Outcome.TOO_EARLY,
    Outcome.ENDED,
    Outcome.NO_EVENT,
    Outcome.GROUP_PASS,
    Outcome.UNREADABLE_CARD,
    Outcome.TWO_CARDS,
    Outcome.RATE_LIMITED,
    Outcome.CODE_EXPIRED,
}
