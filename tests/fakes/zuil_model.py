"""What a zuil and its server should do, in a page: written from the rules, not from the code."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")
LIBRARY, FILM, YESTERDAY = "library", "film", "yesterday"
POINTS = {LIBRARY: 1, FILM: 2, YESTERDAY: 1}


class Who(NamedTuple):
    """Somebody with a card. `reference`: the pashouder. `found`: whether the zuil gets this card."""

    name: str
    number: str
    chip: str
    reference: int
    group: bool = False
    found: bool = True

    def __repr__(self):
        """A failing sequence can be pasted into a test."""
        return self.name


class Told(NamedTuple):
    """What people at the counter decided: which event, and how often one may save on the library."""

    event: str = LIBRARY
    volume: int = 1
    period: str = "DAY"


class Cards(NamedTuple):
    """What is known of the cards: the blocked ones, and those that nobody has yet (by number)."""

    blocked: frozenset[str] = frozenset()
    unclaimed: frozenset[str] = frozenset()


class Saved(NamedTuple):
    """A point: whose, for what, when (ms UTC); `seq` of this zuil's own."""

    reference: int
    event: str
    at: int
    seq: int | None = None


@dataclass
class Tap:
    """A tap in the journal: what was shown, when it truly was, and what the zuil believed."""

    who: Who
    event: str
    shown: str
    true: int
    believed: int
    wall: int
    boot: str
    knew_time: bool


def outcome_of(who, told, cards, saved, at):
    """What somebody should read (rules 6.8, 7.1-7.11); `saved` are the points that count."""
    if who.number in cards.unclaimed:
        return "unknown_card"
    if who.number in cards.blocked:
        return "card_blocked"
    if who.group:
        return "group_pass"
    if told.event == YESTERDAY:
        return "ended"
    if told.event == LIBRARY:
        same = [
            one
            for one in saved
            if (one.reference, one.event) == (who.reference, LIBRARY)
            and period(told.period, one.at) == period(told.period, at)
        ]
        if len(same) >= told.volume:
            return "maximum_reached"
    return "ok"


def period(kind, at):
    day = datetime.fromtimestamp(at / 1000, UTC).astimezone(BRUSSELS).date()
    return day if kind == "DAY" else day.isocalendar()[:2]


@dataclass
class Model:
    """The truth at the server as a history, and from where on the zuil may still be behind.

    taps: by number, what this zuil wrote down. undone: those that gave no point at the server, and of
    which the zuil heard so. forgotten: those that a restored server had and lost.
    """

    cards: list[Cards]
    told: list[Told] = field(default_factory=lambda: [Told()])
    saved: list[tuple[Saved, ...]] = field(default_factory=lambda: [()])
    taps: dict[int, Tap] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    noted: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)

    def in_step(self):
        """The zuil proved to have what the server has."""
        del self.cards[:-1], self.told[:-1], self.saved[:-1]

    def decide_cards(self, **changes):
        self.cards.append(self.cards[-1]._replace(**changes))

    def decide(self, **changes):
        self.told.append(self.told[-1]._replace(**changes))

    def arrives(self, one):
        self.saved.append((*self.saved[-1], one))
        self.forgotten.discard(one.seq)

    def goes_back(self, cards, told, saved):
        """The server is as it was, until the zuil hears so and sends again what is missing."""
        kept = {one.seq for one in saved}
        self.forgotten |= {one.seq for one in self.saved[-1] if one.seq is not None and one.seq not in kept}
        self.cards.append(cards)
        self.told.append(told)
        self.saved.append(saved)

    def truth(self, who, event, at):
        """What the server should make of a check-in that arrives now: the first arrival takes the point."""
        return outcome_of(who, self.told[-1]._replace(event=event), self.cards[-1], self.saved[-1], at)

    def own(self, saved, boot, *, knows_time):
        """Points of this zuil that `saved` does not hold: given, and not heard to be undone."""
        there = {one.seq for one in saved}
        return tuple(
            Saved(tap.who.reference, tap.event, self.when(tap, boot, knows_time=knows_time), seq)
            for seq, tap in self.taps.items()
            if tap.shown == "ok" and seq not in there and seq not in self.undone
        )

    @staticmethod
    def when(tap, boot, *, knows_time):
        """When the zuil thinks a tap was: what was tapped before it knew the time is settled afterwards."""
        return tap.true if knows_time and tap.boot == boot else tap.believed

    def may_show(self, who, at, boot, *, knows_time):
        """What the zuil may show for a card that it has, with all that it may or may not have heard yet."""
        found = set()
        for cards in self.cards:
            for told in self.told:
                for saved in self.saved:
                    mine = self.own(saved, boot, knows_time=knows_time)
                    found.add(outcome_of(who, told, cards, (*saved, *mine), at))
        return found

    def knows(self, who):
        """Whether the card is among those of the zuil: True, False, or None while that is on its way."""
        if not who.found:
            return False
        known = {who.number not in cards.unclaimed for cards in self.cards}
        return known.pop() if len(known) == 1 else None

    def balance(self, reference):
        """The points that the server should have given."""
        return sum(POINTS[one.event] for one in self.saved[-1] if one.reference == reference)
