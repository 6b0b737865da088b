"""One tap: read, decide, write down, and only then say what to show.

This is the path that people wait for. It reads the card (once for each card system until it is
found), its check-ins and those of the journal, all by key, and writes one durable row; everything
else was prepared when the configuration came in.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec

from device.core.schedule import ActiveEvent, Schedule
from device.ports import (
    CacheError,
    ClockReading,
    Granted,
    Journal,
    JournalError,
    LinkError,
    OwnCheckin,
    PassCache,
    ServerLink,
    TrustedClock,
)
from shared.domain.checkin import CardFacts, CardState, Decision, decide, facts_from_row
from shared.domain.outcomes import Outcome
from shared.domain.zones import from_millis, to_millis
from shared.wire.cards import CardRow, card_token
from shared.wire.messages import KioskConfig, LookupAnswer, LookupRequest, Tap

LOOKUP_SECONDS: Final = 1.5
_ANYONE: Final = CardFacts(CardState.ACTIVE, passholder=1, active_until=date.max)
_FEED_MILLIS: Final = 600_000
_TOKEN_MODULUS: Final = 1 << 64
log = logging.getLogger(__name__)


class Setup(NamedTuple):
    """What a configuration means for a tap, prepared once."""

    config: KioskConfig
    schedule: Schedule
    keys: tuple[tuple[int, bytes], ...]
    former: Mapping[int, bytes] = {}


def prepare(config: KioskConfig, former: Mapping[int, bytes] | None = None) -> Setup:
    """Prepare a configuration for taps; `former`: see `PassCache.former_keys`."""
    keys = tuple((system.id, system.token_key) for system in config.systems)
    return Setup(config, Schedule(config), keys, former or {})


@dataclass(frozen=True, slots=True)
class TapResult:
    """What to show for a tap.

    total: the balance now; at: when it was; seq: its row in the journal, None when not recorded.
    """

    decision: Decision
    total: int
    at: datetime
    seq: int | None

    @property
    def outcome(self) -> Outcome:
        """What was decided."""
        return self.decision.outcome


class _Holder(NamedTuple):
    """The card and its holder, from the cache or from the server."""

    facts: CardFacts | None
    points: int
    earlier: Sequence[datetime] = ()
    system: int | None = None
    token: int | None = None
    sealed: bytes | None = None


class TapDesk:
    """Decides taps and writes them down. One thread calls it."""

    def __init__(self, cache: PassCache, journal: Journal, link: ServerLink, clock: TrustedClock) -> None:
        self._cache = cache
        self._journal = journal
        self._link = link
        self._clock = clock
        self._encode = msgspec.json.Encoder().encode

    def take(self, chip_number: str, setup: Setup, *, asking: Callable[[], None] | None = None) -> TapResult:
        """Decide one tap of a card and record it.

        asking: called before the server is asked about an unknown card; None while there is no
        network, and then it is not asked. A tap that cannot be written down is a technical failure,
        whatever was decided.
        """
        reading = self._clock.read()
        active = setup.schedule.at(reading.now)
        try:
            holder = self._known(chip_number, setup, active, reading.now)
            if holder is None:
                holder, decision = self._unknown(chip_number, active, reading.now, asking)
            else:
                decision = decide(holder.facts, active.facts, holder.earlier, reading.now)
            seq = self._record(holder, decision, active, reading, setup.config.version)
        except JournalError as error:
            log.error("%s", error)  # noqa: TRY400 - the sentence says it, a trace adds nothing
            return TapResult(Decision(Outcome.TECHNICAL), 0, reading.now, None)
        return TapResult(decision, holder.points + decision.points, reading.now, seq)

    def _known(self, chip_number: str, setup: Setup, active: ActiveEvent, now: datetime) -> _Holder | None:
        """Return what the cache and the own journal know; a cache that cannot be read knows nothing."""
        try:
            for system, key in setup.keys:
                token = card_token(key, chip_number)
                row = self._cache.card(token)
                if row is None and system in setup.former:
                    # The cards under the new key are on their way; the server is told the new token.
                    row = self._cache.card(card_token(setup.former[system], chip_number))
                if row is not None:
                    return self._with_history(row._replace(token=token), system, active, now)
        except CacheError as error:
            log.error("%s", error)  # noqa: TRY400 - the sentence says it, a trace adds nothing
        return None

    def _with_history(self, row: CardRow, system: int, active: ActiveEvent, now: datetime) -> _Holder:
        facts = facts_from_row(row.passholder, row.state, row.active_until)
        if facts.passholder is None:
            return _Holder(facts, row.points, system=system, token=row.token)
        own = [self._timed(checkin) for checkin in self._journal.own_checkins(facts.passholder)]
        points = row.points + sum(checkin.points for checkin in own if self._is_pending(checkin, now))
        if active.event is None:
            return _Holder(facts, points, system=system, token=row.token)
        # By id: a check-in of this zuil comes back through the feed, with the instant the server settled.
        instants = {checkin.id: checkin.at for checkin in own if checkin.event == active.event.id}
        instants.update(self._cache.checkins(facts.passholder, active.event.id))
        earlier = [from_millis(at) for at in instants.values()]
        return _Holder(facts, points, earlier, system, row.token)

    def _timed(self, checkin: OwnCheckin) -> OwnCheckin:
        """Return a check-in with its true instant, also when it was tapped before the time was known."""
        at = self._clock.when(checkin.clock)
        return checkin if at is None else checkin._replace(at=at)

    def _is_pending(self, checkin: OwnCheckin, now: datetime) -> bool:
        """Return whether the balance in the cache does not hold this check-in yet.

        The server has it at the acknowledgement, this zuil only when the feed brings it back; after
        some minutes the feed has, or no longer carries it.
        """
        if checkin.acknowledged and checkin.at < to_millis(now) - _FEED_MILLIS:
            return False
        return not self._cache.has_checkin(checkin.id)

    def _unknown(
        self, chip_number: str, active: ActiveEvent, now: datetime, asking: Callable[[], None] | None
    ) -> tuple[_Holder, Decision]:
        """Ask the server, else note the visit; no promise of a point where nobody could get one."""
        sealed = self._link.seal(chip_number)
        answer = None
        if asking is not None:
            asking()
            answer = self._ask(sealed, active)
        if answer is None:
            decision = decide(_ANYONE, active.facts, (), now)
            if decision.outcome is Outcome.OK:
                decision = Decision(Outcome.QUEUED_UNKNOWN)
            return _Holder(None, 0, sealed=sealed), decision
        holder = self._answered(answer, sealed, active)
        return holder, decide(holder.facts, active.facts, holder.earlier, now)

    def _answered(self, answer: LookupAnswer, sealed: bytes, active: ActiveEvent) -> _Holder:
        """Return what the server knows of a card, and what this zuil has yet to tell it of the holder."""
        if not answer.known:
            return _Holder(None, 0, sealed=sealed)
        facts = facts_from_row(answer.passholder or 0, answer.state, answer.active_until)
        own = [] if facts.passholder is None else self._journal.own_checkins(facts.passholder)
        mine = [self._timed(one) for one in own if not one.acknowledged and one.id not in answer.ids]
        instants = [
            *answer.checkins,
            *(one.at for one in mine if active.event and one.event == active.event.id),
        ]
        points = answer.points + sum(one.points for one in mine)
        return _Holder(facts, points, [from_millis(at) for at in instants], sealed=sealed)

    def _ask(self, sealed: bytes, active: ActiveEvent) -> LookupAnswer | None:
        request = LookupRequest(sealed=sealed, event=active.event.id if active.event else None)
        try:
            return self._link.lookup(request, LOOKUP_SECONDS)
        except LinkError as error:
            log.info("An unknown card was noted: %s", error)
            return None

    def _record(
        self, holder: _Holder, decision: Decision, active: ActiveEvent, reading: ClockReading, config: str
    ) -> int:
        event = active.event.id if active.event else None
        passholder = holder.facts.passholder if holder.facts else None
        tap = Tap(
            id=_new_id(reading.evidence.wall),
            clock=reading.evidence,
            outcome=decision.outcome,
            event=event,
            selection=active.selection.reason,
            system=holder.system,
            card=None if holder.token is None else f"{holder.token % _TOKEN_MODULUS:016x}",
            passholder=passholder,
            sealed=holder.sealed,
            points=decision.points,
            config=config,
        )
        granted = None
        if decision.outcome is Outcome.OK and passholder is not None and event is not None:
            granted = Granted(passholder, event, to_millis(reading.now), decision.points)
        return self._journal.append(tap.id, self._encode(tap), granted)


def _new_id(wall_millis: int) -> str:
    """Return a UUID of version 7 (RFC 9562): ordered by time, unique for ever."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (wall_millis & (1 << 48) - 1) << 80 | 7 << 76 | (random >> 68) << 64
    value |= 2 << 62 | random & (1 << 62) - 1
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
