"""Take in the rows of zuilen's journals: each exactly once, each with its own verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping, Sequence
from typing import Final, NamedTuple

from sqlmodel import Session

from server.checkins.facts import (
    FoundCard,
    FoundEvent,
    ask_cards,
    ask_events,
    cards_by_chip,
    read_cards,
    read_events,
)
from server.checkins.journal import Journal, Progress, keep_journals, lock_journals, locked_journals
from server.checkins.ledger import Arrival, Claim, Judged, judge
from server.checkins.models import Source, Verdict
from server.checkins.selection import with_events
from server.checkins.taps import ReadTap, RefusedItem, read_taps
from server.kernel.bulk import Bulk, Statement
from server.kernel.keys import sealing_key
from shared.domain.outcomes import Outcome
from shared.wire.messages import Upload, UploadAnswer, VerdictMessage

REFUSED: Final = "refused"
_CARDLESS: Final = frozenset({Outcome.UNREADABLE_CARD, Outcome.FOREIGN_CARD, Outcome.TWO_CARDS})

_KNOWN: Final = Statement(
    "SELECT CAST(c.id AS text), c.verdict, c.outcome, c.points FROM {rows} JOIN checkin c ON c.id = rows.id",
    id="uuid",
)
_PARK: Final = Statement(
    "INSERT INTO refused_tap (kiosk, digest, seq, payload, reason, received)"
    " VALUES (:kiosk, :digest, :seq, :payload, :reason, :received) ON CONFLICT DO NOTHING"
)


class Delivery(NamedTuple):
    """An upload and the zuil that sent it."""

    kiosk: int
    upload: Upload


class _Sorted(NamedTuple):
    """A delivery, its rows read one by one."""

    kiosk: int
    upload: Upload
    taps: list[ReadTap]
    refused: list[RefusedItem]


def take_uploads(
    session: Session, deliveries: Sequence[Delivery], received: int, *, careful: bool = False
) -> list[UploadAnswer]:
    """Take in uploads of different zuilen that came at `received` (milliseconds UTC), in the order given.

    The answers have their verdicts in order. What lies beyond a journal's highest row is new, as a
    rule. When it is not (a zuil with a new card, a copied card) the database refuses the ids, and
    the uploads have to be taken in `careful`ly.
    """
    bulk = Bulk(session)
    came = [_sorted(session, one, received) for one in deliveries]
    kiosks = [one.kiosk for one in came]
    locked, cards, events = bulk.run_all(
        [
            lock_journals(kiosks),
            ask_cards(tap.card for one in came for tap in one.taps if tap.card),
            ask_events((tap.event, one.kiosk) for one in came for tap in one.taps if tap.event),
        ]
    )
    before = locked_journals(bulk, kiosks, locked)
    known = _known(
        bulk, [tap for one in came for tap in one.taps if careful or tap.seq <= before[one.kiosk].top]
    )
    fresh = [_fresh(one, known) for one in came]
    claims = _claims(session, fresh, read_cards(cards), read_events(events))
    reached = {
        one.kiosk: Journal(session, one.kiosk, received, before[one.kiosk]).follow(one.upload) for one in came
    }
    for one in came:
        for item in one.refused:
            _park(bulk, one.kiosk, item, received)
    judged = judge(session, claims, Arrival(Source.KIOSK, received), [keep_journals(reached, received)])
    by_id = {one.id: one for one in judged}
    return [_answer(one, known, by_id, reached[one.kiosk]) for one in came]


def _sorted(session: Session, delivery: Delivery, received: int) -> _Sorted:
    taps, refused = read_taps(delivery.upload, received, lambda: sealing_key(session))
    return _Sorted(*delivery, with_events(session, delivery.kiosk, taps), refused)


def _known(bulk: Bulk, taps: Sequence[ReadTap]) -> dict[str, tuple[str, str, int]]:
    if not taps:
        return {}
    found = bulk.run(_KNOWN, rows=[(tap.id,) for tap in taps])
    return {id_: (verdict, outcome, points) for id_, verdict, outcome, points in found}


def _fresh(one: _Sorted, known: Container[str]) -> tuple[int, list[ReadTap]]:
    """Return the zuil and its taps that are new, each once, in the order they were made."""
    taps = {tap.id: tap for tap in reversed(one.taps) if tap.id not in known}
    return one.kiosk, sorted(taps.values(), key=lambda tap: tap.seq)


def _claims(
    session: Session,
    fresh: Sequence[tuple[int, Sequence[ReadTap]]],
    cards: Mapping[tuple[int, int], FoundCard],
    events: Mapping[tuple[str, int | None], FoundEvent],
) -> list[Claim]:
    chips = sorted({tap.chip_number for _, taps in fresh for tap in taps if tap.chip_number and not tap.card})
    by_chip = cards_by_chip(session, chips) if chips else {}
    return [
        _claim(kiosk, tap, _card_of(tap, cards, by_chip), events.get((tap.event or "", kiosk)))
        for kiosk, taps in fresh
        for tap in taps
    ]


def _card_of(
    tap: ReadTap, cards: Mapping[tuple[int, int], FoundCard], by_chip: Mapping[str, FoundCard]
) -> FoundCard | None:
    return cards.get(tap.card) if tap.card else by_chip.get(tap.chip_number or "")


def _claim(kiosk: int, tap: ReadTap, card: FoundCard | None, event: FoundEvent | None) -> Claim:
    waiting = card is None and tap.card is None and tap.chip_number is not None
    return Claim(
        id=tap.id,
        at=tap.at,
        wall=tap.wall,
        shown=tap.shown,
        event_id=tap.event,
        event=event,
        card=card,
        kiosk=kiosk,
        seq=tap.seq,
        chip_number=tap.chip_number if waiting else None,
        noted=_never_a_point(tap, event, waiting=waiting),
    )


def _never_a_point(tap: ReadTap, event: FoundEvent | None, *, waiting: bool) -> Outcome | None:
    """Return the outcome of a tap that no rule needs to judge (yet)."""
    if waiting:
        # Not judged yet, so nothing to differ about; only a point waits for a card that is known.
        return Outcome.QUEUED_UNKNOWN if tap.shown.grants_points else tap.shown
    if not tap.is_checkin or (tap.card is None and tap.chip_number is None and tap.shown in _CARDLESS):
        return tap.shown
    if event is not None and event.counter_id is None:
        return Outcome.COUNTER_NOT_ALLOWED
    return None


def _answer(
    one: _Sorted, known: Mapping[str, tuple[str, str, int]], judged: Mapping[str, Judged], after: Progress
) -> UploadAnswer:
    verdicts = [VerdictMessage(seq=item.seq, verdict=REFUSED, detail=item.reason) for item in one.refused]
    answered: set[str] = set()
    for tap in one.taps:
        if tap.id in known:
            verdict, outcome, points = known[tap.id]
            verdicts.append(
                VerdictMessage(seq=tap.seq, verdict=verdict, outcome=outcome, points=points, known=True)
            )
        else:
            verdicts.append(_verdict(tap.seq, judged[tap.id], known=tap.id in answered))
            answered.add(tap.id)
    return UploadAnswer(
        verdicts=sorted(verdicts, key=lambda verdict: verdict.seq),
        through=after.through,
        resend_from=after.resend_from,
    )


def _verdict(seq: int, judged: Judged, *, known: bool) -> VerdictMessage:
    return VerdictMessage(
        seq=seq,
        verdict=judged.verdict,
        outcome=judged.decision.outcome,
        points=judged.decision.points if judged.verdict is Verdict.GRANTED else 0,
        total=judged.total,
        known=known,
    )


def _park(bulk: Bulk, kiosk: int, item: RefusedItem, received: int) -> None:
    bulk.run(
        _PARK,
        {
            "kiosk": kiosk,
            "digest": hashlib.sha256(item.payload).digest(),
            "seq": item.seq,
            "payload": item.payload,
            "reason": item.reason,
            "received": received,
        },
    )
