"""Judge check-ins and write them down: the fact, the point, the new balance, all in one transaction.

Check-ins are judged in the order in which they arrive; the first arrival takes the point. Two
transactions about the same pashouder wait for each other, in the order of the references, so
they never wait in a circle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import Session

from server.checkins.facts import FoundCard, FoundEvent
from server.checkins.models import Source, Verdict
from server.feed.models import ChangeKind
from server.kernel.bulk import Bulk, Statement
from server.kernel.database import mark_changed
from shared.domain.checkin import Decision, decide
from shared.domain.outcomes import Outcome
from shared.domain.periods import period_bounds
from shared.domain.zones import from_millis, to_millis

REASON: Final = "checkin"
"""Why the ledger has a line: someone took part."""


class Claim(NamedTuple):
    """A check-in to judge. `seq` and `wall` are the zuil's; `noted` when it can never give a point."""

    id: str
    at: int
    wall: int
    shown: Outcome | None
    event_id: str | None
    event: FoundEvent | None
    card: FoundCard | None
    seq: int | None = None
    chip_number: str | None = None
    noted: Outcome | None = None
    counter_id: int | None = None


class Arrival(NamedTuple):
    """How claims came: from where, when (milliseconds UTC), and from which zuil."""

    source: Source
    received: int
    kiosk: int | None = None


class Judged(NamedTuple):
    """What became of a claim. `total`: the balance after it, None without a pashouder."""

    id: str
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
_CHANGE: Final = Statement("INSERT INTO change (kind, keys) VALUES (:kind, :keys) RETURNING id")
_COLUMNS: Final = {
    "id": "uuid",
    "seq": "bigint",
    "passholder": "bigint",
    "event": "text",
    "number": "text",
    "at": "bigint",
    "wall": "bigint",
    "outcome": "text",
    "shown": "text",
    "verdict": "text",
    "points": "int",
    "social": "boolean",
    "counter": "int",
    "chip": "text",
}
_KEEP: Final = Statement(
    "INSERT INTO checkin (id, source, kiosk, seq, passholder_ref, event_id, uitpas_number, at, wall,"
    " received, outcome, shown, verdict, points, social_tariff, counter_id, chip_number, change_id)"
    " SELECT id, :source, CAST(:kiosk AS int), seq, passholder, event, number, at, wall, :received,"
    " outcome, shown, verdict, points, social, counter, chip, CAST(:change AS bigint) FROM {rows} WHERE true",
    **_COLUMNS,
)
_SETTLE: Final = Statement(
    "UPDATE checkin SET passholder_ref = rows.passholder, uitpas_number = rows.number,"
    " outcome = rows.outcome, verdict = rows.verdict, points = rows.points, social_tariff = rows.social,"
    " counter_id = rows.counter, chip_number = NULL, change_id = CAST(:change AS bigint)"
    " FROM {rows} WHERE checkin.id = rows.id",
    **_COLUMNS,
)
_ENTER: Final = Statement(
    "INSERT INTO points_entry (passholder_ref, at, points, reason, checkin_id)"
    " SELECT ref, at, points, :reason, id FROM {rows} WHERE true",
    ref="bigint",
    at="bigint",
    points="int",
    id="uuid",
)
_ADD: Final = Statement(
    "UPDATE passholder SET points = rows.points FROM {rows} WHERE passholder.ref = rows.ref",
    ref="bigint",
    points="int",
)


def judge(session: Session, claims: Sequence[Claim], arrival: Arrival) -> list[Judged]:
    """Judge claims with distinct new ids, in their order, and write everything down."""
    judged, change = _judge(session, claims)
    scalars = {
        "source": arrival.source.value,
        "kiosk": arrival.kiosk,
        "received": arrival.received,
        "change": change,
    }
    Bulk(session).run(_KEEP, scalars, list(map(_row, claims, judged)))
    return judged


def settle(session: Session, claims: Sequence[Claim]) -> list[Judged]:
    """Judge check-ins that were written down before their card was known, as of the moment they were made."""
    judged, change = _judge(session, claims)
    Bulk(session).run(_SETTLE, {"change": change}, list(map(_row, claims, judged)))
    return judged


def _judge(session: Session, claims: Sequence[Claim]) -> tuple[list[Judged], int | None]:
    bulk = Bulk(session)
    refs = {ref for claim in claims if (ref := _passholder(claim)) is not None}
    balances: dict[int, int] = dict(bulk.run(_BALANCES, rows=[(ref,) for ref in sorted(refs)]))
    earlier = _earlier(bulk, claims)
    judged = [_judge_one(claim, earlier, balances) for claim in claims]
    return judged, _grant(session, claims, judged, balances)


def _judge_one(
    claim: Claim, earlier: dict[tuple[int, str], list[datetime]], balances: dict[int, int]
) -> Judged:
    decision = _decide(claim, earlier)
    passholder = _passholder(claim)
    if not decision.outcome.grants_points or passholder not in balances or claim.event is None:
        return Judged(claim.id, Verdict.NOTED, decision, balances.get(passholder or 0))
    earlier.setdefault((passholder, claim.event.id), []).append(from_millis(claim.at))
    balances[passholder] += decision.points
    return Judged(claim.id, Verdict.GRANTED, decision, balances[passholder])


def _decide(claim: Claim, earlier: Mapping[tuple[int, str], Sequence[datetime]]) -> Decision:
    if claim.noted is not None:
        return Decision(claim.noted)
    at = from_millis(claim.at)
    card = claim.card.facts if claim.card else None
    key = (_passholder(claim) or 0, claim.event_id or "")
    event = claim.event.facts(at) if claim.event else None
    return decide(card, event, earlier.get(key, ()), at)


def _passholder(claim: Claim) -> int | None:
    return claim.card.facts.passholder if claim.card else None


def _earlier(bulk: Bulk, claims: Sequence[Claim]) -> dict[tuple[int, str], list[datetime]]:
    """Return what each pashouder saved before on each event, in the periods these claims fall in."""
    asked: dict[tuple[int, str], tuple[int, int]] = {}
    for claim in claims:
        passholder = _passholder(claim)
        if claim.event is None or passholder is None:
            continue
        start, end = period_bounds(claim.event.limit.period, from_millis(claim.at))
        key = (passholder, claim.event.id)
        since, until = asked.get(key, (to_millis(start), to_millis(end)))
        asked[key] = (min(since, to_millis(start)), max(until, to_millis(end)))
    found: dict[tuple[int, str], list[datetime]] = {}
    for passholder, event, at in bulk.run(_EARLIER, rows=[(*key, *span) for key, span in asked.items()]):
        found.setdefault((passholder, event), []).append(from_millis(at))
    return found


def _grant(
    session: Session, claims: Sequence[Claim], judged: Sequence[Judged], balances: Mapping[int, int]
) -> int | None:
    """Enter the points in the ledger and the balances; return the id of the change, None without points."""
    entries = [
        (passholder, claim.at, one.decision.points, claim.id)
        for claim, one in zip(claims, judged, strict=True)
        if one.verdict is Verdict.GRANTED and (passholder := _passholder(claim)) is not None
    ]
    if not entries:
        return None
    bulk = Bulk(session)
    refs = sorted({ref for ref, *_ in entries})
    keys = json.dumps([str(ref) for ref in refs])
    change: int = bulk.run(_CHANGE, {"kind": ChangeKind.CHECKINS.value, "keys": keys})[0][0]
    bulk.run(_ENTER, {"reason": REASON}, entries)
    bulk.run(_ADD, rows=[(ref, balances[ref]) for ref in refs])
    mark_changed(session)
    return change


def _row(claim: Claim, judged: Judged) -> tuple[object, ...]:
    card, outcome = claim.card, judged.decision.outcome
    return (
        claim.id,
        claim.seq,
        _passholder(claim),
        claim.event_id,
        card.uitpas_number if card else None,
        claim.at,
        claim.wall,
        outcome.value,
        (claim.shown or outcome).value,
        judged.verdict.value,
        judged.decision.points,
        card.has_social_tariff(from_millis(claim.at)) if card else False,
        claim.event.counter_id if claim.event else claim.counter_id,
        claim.chip_number,
    )
