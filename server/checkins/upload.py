"""Take in the rows of a zuil's journal: each exactly once, each with its own verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

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
from server.checkins.journal import Journal, Progress, first_progress, lock_journal
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


def take_upload(
    session: Session, kiosk: int, upload: Upload, received: int, *, careful: bool = False
) -> UploadAnswer:
    """Take in an upload that came at `received` (milliseconds UTC); the answer has its verdicts in order.

    What lies beyond the journal's highest row is new, as a rule. When it is not (a zuil with a new
    card, a copied card) the database refuses the ids, and the upload has to be taken in `careful`ly.
    """
    taps, refused = read_taps(upload, received, lambda: sealing_key(session))
    taps = with_events(session, kiosk, taps)
    bulk = Bulk(session)
    locked, cards, events = bulk.run_all(
        [
            lock_journal(kiosk),
            ask_cards(tap.card for tap in taps if tap.card),
            ask_events((tap.event for tap in taps if tap.event), kiosk),
        ]
    )
    before = Progress(*locked[0]) if locked else first_progress(session, kiosk)
    journal = Journal(session, kiosk, received, before)
    for item in refused:
        _park(bulk, kiosk, item, received)
    known = _known(bulk, taps if careful else [tap for tap in taps if tap.seq <= before.top])
    fresh = {tap.id: tap for tap in reversed(taps) if tap.id not in known}
    ordered = sorted(fresh.values(), key=lambda tap: tap.seq)
    claims = _claims(session, ordered, read_cards(cards), read_events(events))
    after = journal.follow(upload)
    judged = judge(session, claims, Arrival(Source.KIOSK, received, kiosk), lambda: [journal.keep(after)])
    verdicts = _verdicts(taps, refused, known, {one.id: one for one in judged})
    return UploadAnswer(
        verdicts=sorted(verdicts, key=lambda verdict: verdict.seq),
        through=after.through,
        resend_from=after.resend_from,
    )


def _known(bulk: Bulk, taps: Sequence[ReadTap]) -> dict[str, tuple[str, str, int]]:
    if not taps:
        return {}
    found = bulk.run(_KNOWN, rows=[(tap.id,) for tap in taps])
    return {id_: (verdict, outcome, points) for id_, verdict, outcome, points in found}


def _claims(
    session: Session,
    taps: Sequence[ReadTap],
    cards: Mapping[tuple[int, int], FoundCard],
    events: Mapping[str, FoundEvent],
) -> list[Claim]:
    chips = sorted({tap.chip_number for tap in taps if tap.chip_number and not tap.card})
    by_chip = cards_by_chip(session, chips) if chips else {}
    return [_claim(tap, _card_of(tap, cards, by_chip), events) for tap in taps]


def _card_of(
    tap: ReadTap, cards: Mapping[tuple[int, int], FoundCard], by_chip: Mapping[str, FoundCard]
) -> FoundCard | None:
    return cards.get(tap.card) if tap.card else by_chip.get(tap.chip_number or "")


def _claim(tap: ReadTap, card: FoundCard | None, events: Mapping[str, FoundEvent]) -> Claim:
    event = events.get(tap.event or "")
    waiting = card is None and tap.card is None and tap.chip_number is not None
    return Claim(
        id=tap.id,
        at=tap.at,
        wall=tap.wall,
        shown=tap.shown,
        event_id=tap.event,
        event=event,
        card=card,
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


def _verdicts(
    taps: Sequence[ReadTap],
    refused: Sequence[RefusedItem],
    known: Mapping[str, tuple[str, str, int]],
    judged: Mapping[str, Judged],
) -> list[VerdictMessage]:
    answers = [VerdictMessage(seq=item.seq, verdict=REFUSED, detail=item.reason) for item in refused]
    answered: set[str] = set()
    for tap in taps:
        if tap.id in known:
            verdict, outcome, points = known[tap.id]
            answers.append(
                VerdictMessage(seq=tap.seq, verdict=verdict, outcome=outcome, points=points, known=True)
            )
        else:
            answers.append(_verdict(tap.seq, judged[tap.id], known=tap.id in answered))
            answered.add(tap.id)
    return answers


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
