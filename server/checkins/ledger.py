"""Judge check-ins and write them down: the fact with its point, the new balance, all in one transaction.

Check-ins are judged in the order in which they arrive; the first arrival takes the point. Two
transactions about the same pashouder wait for each other, in the order of the references, so
they never wait in a circle.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec
from sqlmodel import Session

from server.checkins.facts import FoundCard, FoundEvent
from server.checkins.models import Source, Verdict
from server.feed.models import ChangeKind
from server.kernel.bulk import Bulk, Call, Insertion, Statement
from server.kernel.database import mark_changed
from shared.domain.checkin import Decision, EventFacts, decide
from shared.domain.outcomes import Outcome
from shared.domain.periods import Period, period_bounds
from shared.domain.zones import from_millis, to_millis

_CHANGE_BITS: Final = 20
_HOUR: Final = 3_600_000


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A check-in to judge, made at `kiosk` if at any; `seq` and `wall` are the zuil's.

    noted: its outcome, when it can never give a point.
    """

    id: str
    at: int
    wall: int
    shown: Outcome | None
    event_id: str | None
    event: FoundEvent | None
    card: FoundCard | None
    kiosk: int | None = None
    seq: int | None = None
    chip_number: str | None = None
    noted: Outcome | None = None
    counter_id: int | None = None


class Arrival(NamedTuple):
    """How claims came: from where, and when (milliseconds UTC)."""

    source: Source
    received: int


class Judged(msgspec.Struct, frozen=True, gc=False):
    """What became of a claim, and whose it is. `total`: the balance after it, None without a pashouder."""

    id: str
    passholder: int | None
    verdict: Verdict
    decision: Decision
    total: int | None


_BALANCES: Final = Statement(
    "SELECT ref, points FROM passholder WHERE ref IN (SELECT ref FROM {rows}) ORDER BY ref {lock}",
    ref="bigint",
)
_EARLIER: Final = Statement(
    "SELECT c.passholder_ref, c.event_id, c.at FROM {rows} JOIN checkin c"
    " ON c.passholder_ref = rows.ref AND c.event_id = rows.event"
    " AND c.at >= rows.since AND c.at < rows.until WHERE c.verdict = 'granted'",
    ref="bigint",
    event="text",
    since="bigint",
    until="bigint",
)
_CHANGE: Final = Statement("INSERT INTO change (id, kind, keys) VALUES (:id, :kind, :keys)")
_KEEP: Final = Insertion(
    "checkin",
    id="uuid",
    source="text",
    kiosk="int",
    seq="bigint",
    passholder_ref="bigint",
    event_id="text",
    uitpas_number="text",
    at="bigint",
    wall="bigint",
    received="bigint",
    outcome="text",
    shown="text",
    verdict="text",
    points="int",
    social_tariff="boolean",
    counter_id="int",
    chip_number="text",
    change_id="bigint",
)
_SETTLE: Final = Statement(
    "UPDATE checkin SET passholder_ref = rows.passholder, uitpas_number = rows.number,"
    " outcome = rows.outcome, verdict = rows.verdict, points = rows.points, social_tariff = rows.social,"
    " counter_id = rows.counter, chip_number = NULL, change_id = CAST(:change AS bigint)"
    " FROM {rows} WHERE checkin.id = rows.id",
    id="uuid",
    passholder="bigint",
    number="text",
    outcome="text",
    verdict="text",
    points="int",
    social="boolean",
    counter="int",
)
_ADD: Final = Statement(
    "UPDATE passholder SET points = rows.points FROM {rows} WHERE passholder.ref = rows.ref",
    ref="bigint",
    points="int",
)


def judge(
    session: Session, claims: Sequence[Claim], arrival: Arrival, also: Iterable[Call] = ()
) -> list[Judged]:
    """Judge claims with distinct new ids, in their order, and write everything down.

    also: calls that travel with what is written.
    """
    judged, change, calls = _judge(session, claims)
    if claims:
        rows = [_row(claim, one, arrival, change) for claim, one in zip(claims, judged, strict=True)]
        calls.append(Call(_KEEP, rows=rows))
    Bulk(session).run_all([*calls, *also])
    return judged


def settle(session: Session, claims: Sequence[Claim]) -> list[Judged]:
    """Judge check-ins that were written down before their card was known, as of the moment they were made."""
    judged, change, calls = _judge(session, claims)
    calls.append(Call(_SETTLE, {"change": change}, list(map(_settled, claims, judged))))
    Bulk(session).run_all(calls)
    return judged


def _judge(session: Session, claims: Sequence[Claim]) -> tuple[list[Judged], int | None, list[Call]]:
    """Return what was decided, the id of the change (None without points) and the calls that enter it."""
    refs = {claim.card.facts.passholder for claim in claims if claim.card} - {None}
    # The lock comes first: what was saved earlier is read when nobody else can add to it.
    locked, saved = Bulk(session).run_all(
        [Call(_BALANCES, rows=[(ref,) for ref in sorted(filter(None, refs))]), _ask_earlier(claims)]
    )
    balances: dict[int, int] = dict(locked)
    bench = _Bench(balances, _read_earlier(saved))
    judged = list(map(bench.judge, claims))
    change, calls = _grant(judged, balances)
    if calls:
        mark_changed(session)
    return judged, change, calls


class _Bench:
    """Judges claims one after the other; each sees what the ones before it were granted."""

    def __init__(self, balances: dict[int, int], earlier: dict[tuple[int, str], list[datetime]]) -> None:
        self._balances = balances
        self._earlier = earlier
        self._events: dict[str, EventFacts] = {}

    def judge(self, claim: Claim) -> Judged:
        card, at = claim.card.facts if claim.card else None, from_millis(claim.at)
        passholder = card.passholder if card else None
        if claim.noted is not None:
            decision = Decision(claim.noted)
        else:
            earlier = self._earlier.get((passholder or 0, claim.event_id or ""), ())
            decision = decide(card, self._event(claim.event, at), earlier, at)
        total = self._balances.get(passholder or 0)
        if decision.outcome is not Outcome.OK or passholder is None or total is None or claim.event is None:
            return Judged(claim.id, passholder, Verdict.NOTED, decision, total)
        self._earlier.setdefault((passholder, claim.event.id), []).append(at)
        self._balances[passholder] = total = total + decision.points
        return Judged(claim.id, passholder, Verdict.GRANTED, decision, total)

    def _event(self, event: FoundEvent | None, at: datetime) -> EventFacts | None:
        """Return the facts of an event; taps of one batch mostly fall in one window, found once."""
        if event is None:
            return None
        last = self._events.get(event.id)
        if last is None or last.window is None or at not in last.window:
            last = self._events[event.id] = event.facts(at)
        return last


def _ask_earlier(claims: Sequence[Claim]) -> Call:
    """Ask what each pashouder saved before on each event, in the periods these claims fall in."""
    asked: dict[tuple[int, str], tuple[int, int]] = {}
    for claim in claims:
        card, event = claim.card, claim.event
        if card is None or card.facts.passholder is None or claim.noted is not None:
            continue
        if event is None or event.limit is None:
            continue
        key, span = (card.facts.passholder, event.id), _period(event.limit.period, claim.at // _HOUR)
        known = asked.setdefault(key, span)
        if known != span:
            asked[key] = (min(known[0], span[0]), max(known[1], span[1]))
    return Call(_EARLIER, rows=[(*key, *span) for key, span in asked.items()])


def _read_earlier(rows: Iterable[tuple[int, str, int]]) -> dict[tuple[int, str], list[datetime]]:
    found: dict[tuple[int, str], list[datetime]] = {}
    for passholder, event, at in rows:
        found.setdefault((passholder, event), []).append(from_millis(at))
    return found


@lru_cache(maxsize=4_096)
def _period(period: Period, hour: int) -> tuple[int, int]:
    """Return start and end in milliseconds of the period around an hour: days begin on the hour."""
    start, end = period_bounds(period, from_millis(hour * _HOUR))
    return to_millis(start), to_millis(end)


def _grant(judged: Sequence[Judged], balances: Mapping[int, int]) -> tuple[int | None, list[Call]]:
    """Return the id of the change and the calls that tell of it and keep the new balances."""
    refs = sorted({one.passholder for one in judged if one.passholder and one.verdict is Verdict.GRANTED})
    if not refs:
        return None, []
    keys = json.dumps([str(ref) for ref in refs])
    # Minted here, so that the check-ins can name it without waiting for the database.
    change = time.time_ns() // 1_000_000 << _CHANGE_BITS | secrets.randbits(_CHANGE_BITS)
    return change, [
        Call(_CHANGE, {"id": change, "kind": ChangeKind.CHECKINS.value, "keys": keys}),
        Call(_ADD, rows=[(ref, balances[ref]) for ref in refs]),
    ]


def _row(claim: Claim, judged: Judged, arrival: Arrival, change: int | None) -> tuple[object, ...]:
    card, outcome = claim.card, judged.decision.outcome
    return (
        claim.id,
        arrival.source,
        claim.kiosk,
        claim.seq,
        judged.passholder,
        claim.event_id,
        card.uitpas_number if card else None,
        claim.at,
        claim.wall,
        arrival.received,
        outcome,
        claim.shown or outcome,
        judged.verdict,
        judged.decision.points,
        card is not None and card.had_social_tariff(claim.at),
        _counter(claim),
        claim.chip_number,
        change,
    )


def _settled(claim: Claim, judged: Judged) -> tuple[object, ...]:
    card = claim.card
    return (
        claim.id,
        judged.passholder,
        card.uitpas_number if card else None,
        judged.decision.outcome,
        judged.verdict,
        judged.decision.points,
        card is not None and card.had_social_tariff(claim.at),
        _counter(claim),
    )


def _counter(claim: Claim) -> int | None:
    return claim.event.counter_id if claim.event else claim.counter_id
