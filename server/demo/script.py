"""`make demo ARGS="--script"`: a fixed story on the real programs, told as a table and judged.

A list of cards is tapped, the network is cut, taps go on, the network comes back; then the
server's record is held against what was shown.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, func, select

from server.checkins.models import CHECKIN, LEDGER, Checkin
from server.demo.cards import CARDS, OBJECTS, TapKind
from server.demo.seed import KIOSKS
from server.demo.stage import ServerProgram, ZuilProgram
from server.events.models import Event
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk
from server.kiosks.setup import put_event
from server.passholders.models import Passholder
from server.settings import Settings
from shared.domain.outcomes import Outcome
from shared.domain.zones import BRUSSELS

EVENT: Final = "5a0967f9-cc06-4c3c-9206-30481a767434"
HALL: Final = KIOSKS[0].name
SIDE: Final = KIOSKS[1].name
SETTLE_SECONDS: Final = 20.0
FOLLOW_SECONDS: Final = 2.0


_HEAD: Final = (
    "zuil", "net", "card", "event", "the zuil showed", "when", "the server decided", "points", "balance", ""
)  # fmt: skip


@dataclass(frozen=True)
class Act:
    """Tap a card (its number) or another object (its key) on a zuil, and what should come of it.

    decided: by the server, the same as shown when left out; recorded: whether it is to know at all.
    """

    zuil: str
    card: str
    shown: Outcome
    decided: Outcome | None = None
    recorded: bool = True

    @property
    def verdict(self) -> Outcome | None:
        """The outcome that the server should record."""
        return (self.decided or self.shown) if self.recorded else None


@dataclass(frozen=True)
class Network:
    """Cut or restore the network of every zuil."""

    on: bool


STORY: Final[Sequence[Act | Network]] = (
    Act(HALL, "0900000095902", Outcome.OK),
    Act(HALL, "0900000095902", Outcome.MAXIMUM_REACHED),
    Act(SIDE, "0900000095902", Outcome.MAXIMUM_REACHED),
    Act(HALL, "0900000067513", Outcome.OK),
    Act(HALL, "0900000031618", Outcome.SOCIAL_TARIFF_EXPIRED),
    Act(SIDE, "0900000002312", Outcome.CARD_BLOCKED),
    Act(SIDE, "0900000074519", Outcome.CARD_NOT_IN_USE),
    Act(SIDE, "0900000191800", Outcome.GROUP_PASS),
    Act(HALL, "0900000093204", Outcome.OK),
    Act(HALL, "strange", Outcome.UNKNOWN_CARD),
    Act(HALL, "phone", Outcome.FOREIGN_CARD, recorded=False),
    Act(HALL, "quick", Outcome.UNREADABLE_CARD, recorded=False),
    Network(on=False),
    Act(HALL, "0900010959113", Outcome.OK),
    Act(HALL, "0900010959113", Outcome.MAXIMUM_REACHED),
    Act(SIDE, "0900010959113", Outcome.OK, decided=Outcome.MAXIMUM_REACHED),
    Act(SIDE, "1000000520006", Outcome.OK),
    Act(HALL, "strange", Outcome.QUEUED_UNKNOWN),
    Network(on=True),
)


@dataclass
class Told:
    """What became of one act: the zuil's answer, and the server's record of it."""

    act: Act
    online: bool
    answer: Mapping[str, Any]
    at: datetime
    record: Checkin | None = None
    balance: int | None = None
    wrong: list[str] = field(default_factory=list)


def play(server: ServerProgram, zuilen: Mapping[str, ZuilProgram]) -> int:
    """Play the story; return 0 only if every expectation held."""
    settings = Settings.from_environment({**os.environ, **server.environment})
    database = Database(settings.database_url, Vault(settings.secret_key))
    try:
        wrong = _choose(database, zuilen)
        told = _tap_all(zuilen)
        wrong += _settle(zuilen)
        with database.reading() as session:
            for one in told:
                _judge(session, zuilen, one)
            wrong += _ledger(session, told)
            event = session.get_one(Event, EVENT)
            sys.stdout.write(_table(told, event.titles.get("nl", EVENT)))
    finally:
        database.dispose()
    wrong += [f"{one.act.card} on {one.act.zuil}: {sentence}" for one in told for sentence in one.wrong]
    for sentence in wrong:
        sys.stdout.write(f"  WRONG  {sentence}\n")
    verdict = f"{len(wrong)} not as expected" if wrong else "everything as expected"
    sys.stdout.write(f"\n  {len(told)} taps, {verdict}.\n")
    return int(bool(wrong))


def _choose(database: Database, zuilen: Mapping[str, ZuilProgram]) -> list[str]:
    """Choose the event on every zuil, as a baliemedewerker does; each has two seconds to follow."""
    with database.writing() as session:
        for name in zuilen:
            put_event(session, session.exec(select(Kiosk).where(Kiosk.name == name)).one(), EVENT)
    chosen = time.monotonic()
    # Another process made the choice, so the server has its own watch interval to notice it too.
    late = [
        name
        for name, zuil in zuilen.items()
        if not _within(chosen + FOLLOW_SECONDS, lambda zuil=zuil: _selection(zuil) == (EVENT, "manual"))
    ]
    return [f"{name} did not follow the choice of the event within two seconds" for name in late]


def _selection(zuil: ZuilProgram) -> tuple[str, str]:
    state = zuil.state()
    return (state["event"] or {}).get("id", ""), state["selection"]


def _tap_all(zuilen: Mapping[str, ZuilProgram]) -> list[Told]:
    told, online = [], True
    for act in STORY:
        if isinstance(act, Network):
            online = act.on
            for zuil in zuilen.values():
                zuil.send("network", on=online)
                if online:
                    # One after the other: the first tap to arrive takes the point (ADR 4).
                    _within(time.monotonic() + SETTLE_SECONDS, lambda zuil=zuil: zuil.state()["queue"] == 0)
            continue
        told.append(Told(act, online, zuilen[act.zuil].send("tap", **_held(act.card)), datetime.now(UTC)))
        if online:
            # The other zuil hears of it through the server: that is what the story shows.
            _settle(zuilen)
    return told


def _held(card: str) -> dict[str, Any]:
    for known in CARDS:
        if known.number == card:
            return {"chip": known.chip, "kind": TapKind.ULTRALIGHT, "hold_ms": 120}
    thing = next(thing for thing in OBJECTS if thing.key == card)
    return {"chip": thing.chip, "kind": thing.kind, "hold_ms": 700}


def _settle(zuilen: Mapping[str, ZuilProgram]) -> list[str]:
    """Wait until every zuil has handed in its journal and reads to the end of the feed."""

    def settled() -> bool:
        states = [zuil.state() for zuil in zuilen.values()]
        return (
            all(state["queue"] == 0 for state in states) and len({state["cursor"] for state in states}) == 1
        )

    if _within(time.monotonic() + SETTLE_SECONDS, settled):
        return []
    return [f"the queues were not empty, or the zuilen not alike, within {SETTLE_SECONDS:.0f} seconds"]


def _within(deadline: float, holds: Any) -> bool:  # noqa: ANN401 - a condition without arguments
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _judge(session: Session, zuilen: Mapping[str, ZuilProgram], one: Told) -> None:
    """Hold one act against what was shown and what the server has."""
    act, seq = one.act, one.answer.get("seq")
    if one.answer.get("outcome") != act.shown:
        one.wrong.append(f"the zuil said {one.answer.get('outcome')}, not {act.shown}")
    if seq is not None:
        kiosk = zuilen[act.zuil].state()["kiosk"]
        records = session.exec(select(Checkin).where(Checkin.kiosk == kiosk, Checkin.seq == seq)).all()
        if len(records) != 1:
            one.wrong.append(f"the server has it {len(records)} times")
            return
        one.record = records[0]
        one.balance = _balance(session, one.record.passholder_ref)
    decided = one.record.outcome if one.record else None
    if decided != act.verdict:
        one.wrong.append(f"the server decided {decided}, not {act.verdict}")
    if one.record and (one.record.points > 0) != (act.verdict is Outcome.OK):
        one.wrong.append(f"the server gave {one.record.points} points")


def _balance(session: Session, ref: int | None) -> int | None:
    holder = session.get(Passholder, ref) if ref else None
    return holder.points if holder else None


def _ledger(session: Session, told: Iterable[Told]) -> list[str]:
    """Check that every balance is the sum of its ledger, and that each point has one line."""
    granted = sum(one.act.verdict is Outcome.OK for one in told)
    lines = session.exec(select(func.count()).where(LEDGER.c.reason == CHECKIN)).one()
    by_holder = select(LEDGER.c.passholder_ref, func.sum(LEDGER.c.points)).group_by(LEDGER.c.passholder_ref)
    sums = dict(session.exec(by_holder).all())
    balances = session.exec(select(Passholder.ref, Passholder.points)).all()
    wrong = [
        f"the balance of pashouder {ref} is {balance}, its ledger says {sums.get(ref or 0, 0)}"
        for ref, balance in balances
        if balance != sums.get(ref or 0, 0)
    ]
    return wrong if lines == granted else [*wrong, f"the ledger has {lines} check-ins, not {granted}"]


def _table(told: Iterable[Told], event: str) -> str:
    rows = [_HEAD, *(_row(one, event) for one in told)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n  " + "\n  ".join(lines) + "\n\n"


def _row(one: Told, event: str) -> Sequence[str]:
    record = one.record
    return (
        one.act.zuil,
        "on" if one.online else "cut",
        one.act.card,
        event if record else "-",
        str(one.answer.get("outcome", "nothing")),
        f"{one.at.astimezone(BRUSSELS):%H:%M:%S}",
        record.outcome if record else "-",
        f"+{record.points}" if record and record.points else "",
        "" if one.balance is None else str(one.balance),
        "differs" if record and record.outcome != record.shown else "",
    )
