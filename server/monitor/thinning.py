"""History gets thinner as it gets older: every heartbeat for 48 hours, hours for 90 days, days for 2 years.

Every statement looks by zuil and instant in the primary key, for a chunk of zuilen at a time, in a
transaction of its own: heartbeats pass in between. Doing a part again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from sqlmodel import col, select

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database
from server.kiosks.models import Kiosk
from server.monitor.models import DAY, HOUR, ThinningMark
from shared.domain.zones import from_millis, local_day, start_of_day, to_millis

HOUR_MILLIS: Final = 3_600_000
DAY_MILLIS: Final = 24 * HOUR_MILLIS
KEEP_SAMPLES: Final = 2 * DAY_MILLIS
KEEP_HOURS: Final = 90 * DAY_MILLIS
KEEP_DAYS: Final = 731 * DAY_MILLIS
KEEP_MAILS: Final = 90 * DAY_MILLIS
SETTLED_MILLIS: Final = 300_000
"""A heartbeat of an hour is in the database so long after its end, whatever holds it up."""
AT_ONCE: Final = 500

_MEASURES: Final = (
    " MAX({p}refusals), MAX({p}queue), MAX({p}waits), CAST(ROUND(AVG({p}temperature)) AS integer),"
    " MAX({hottest}), CAST(ROUND(AVG({p}signal)) AS integer), MIN({weakest}),"
    " CAST(ROUND(AVG({p}round_trip)) AS integer), MAX({slowest}), MIN({p}memory), MIN({p}disk)"
)
_INTO: Final = (
    "INSERT INTO kiosk_summary (kiosk, grain, at, samples, taps, refusals, queue, waits, temperature,"
    " hottest, signal, weakest, round_trip, slowest, memory, disk)"
)
_HOURS: Final = Statement(
    f"{_INTO} SELECT s.kiosk, {HOUR}, :at, COUNT(*), SUM(s.taps),"  # noqa: S608 - our own words
    + _MEASURES.format(p="s.", hottest="s.temperature", weakest="s.signal", slowest="s.round_trip")
    + " FROM {rows} JOIN kiosk_sample s ON s.kiosk = rows.kiosk AND s.at >= :at AND s.at < :until"
    " GROUP BY s.kiosk ON CONFLICT DO NOTHING",
    kiosk="bigint",
)
_DAYS: Final = Statement(
    f"{_INTO} SELECT s.kiosk, {DAY}, :at, SUM(s.samples), SUM(s.taps),"  # noqa: S608 - our own words
    + _MEASURES.format(p="s.", hottest="s.hottest", weakest="s.weakest", slowest="s.slowest")
    + f" FROM {{rows}} JOIN kiosk_summary s ON s.kiosk = rows.kiosk AND s.grain = {HOUR}"
    " AND s.at >= :at AND s.at < :until GROUP BY s.kiosk ON CONFLICT DO NOTHING",
    kiosk="bigint",
)
_DROP_SAMPLES: Final = Statement(
    "DELETE FROM kiosk_sample WHERE at < :before AND kiosk IN (SELECT rows.kiosk FROM {rows})", kiosk="bigint"
)
_DROP_SUMMARIES: Final = Statement(
    "DELETE FROM kiosk_summary WHERE grain = :grain AND at < :before"
    " AND kiosk IN (SELECT rows.kiosk FROM {rows})",
    kiosk="bigint",
)
_DROP_TRANSITIONS: Final = Statement(
    "DELETE FROM kiosk_transition WHERE at < :before AND kiosk IN (SELECT rows.kiosk FROM {rows})",
    kiosk="bigint",
)
_DROP_HAPPENINGS: Final = Statement(
    "DELETE FROM kiosk_happening WHERE at < :before AND kiosk IN (SELECT rows.kiosk FROM {rows})",
    kiosk="bigint",
)
_DROP_INCIDENTS: Final = Statement("DELETE FROM incident WHERE opened < :before AND closed IS NOT NULL")
_DROP_MAILS: Final = Statement("DELETE FROM outgoing_mail WHERE created < :before")
_DROP_CALLS: Final = Statement("DELETE FROM webhook_call WHERE sent < :before")


def thin(database: Database, now: int) -> None:
    """Sum up what is complete at `now` (ms UTC), then forget what is older than it is kept."""
    with database.reading() as session:
        kiosks = session.exec(select(Kiosk.number).order_by(col(Kiosk.number))).all()
    chunks = [
        [(kiosk,) for kiosk in kiosks[first : first + AT_ONCE]] for first in range(0, len(kiosks), AT_ONCE)
    ]
    _sum_up(database, chunks, HOUR, _HOURS, _hours(_upto(database, HOUR, now), now - SETTLED_MILLIS))
    days = _days(_upto(database, DAY, now), _upto(database, HOUR, now))
    _sum_up(database, chunks, DAY, _DAYS, days)
    for chunk in chunks:
        with database.writing() as session:
            bulk = Bulk(session)
            bulk.run(_DROP_SAMPLES, {"before": now - KEEP_SAMPLES}, chunk)
            for grain, kept in ((HOUR, KEEP_HOURS), (DAY, KEEP_DAYS)):
                bulk.run(_DROP_SUMMARIES, {"grain": grain, "before": now - kept}, chunk)
            bulk.run(_DROP_TRANSITIONS, {"before": now - KEEP_DAYS}, chunk)
            bulk.run(_DROP_HAPPENINGS, {"before": now - KEEP_DAYS}, chunk)
    with database.writing() as session:
        bulk = Bulk(session)
        bulk.run(_DROP_INCIDENTS, {"before": now - KEEP_DAYS})
        bulk.run(_DROP_MAILS, {"before": now - KEEP_MAILS})
        bulk.run(_DROP_CALLS, {"before": now - KEEP_MAILS})


def _sum_up(
    database: Database,
    chunks: Sequence[Sequence[tuple[int | None]]],
    grain: int,
    statement: Statement,
    spans: Iterator[tuple[int, int]],
) -> None:
    for begin, end in spans:
        for chunk in chunks:
            with database.writing() as session:
                Bulk(session).run(statement, {"at": begin, "until": end}, chunk)
        with database.writing() as session:
            session.merge(ThinningMark(grain=grain, upto=end))


def _upto(database: Database, grain: int, now: int) -> int:
    """Return up to where samples were summed up; what is not kept any more cannot be."""
    with database.reading() as session:
        mark = session.get(ThinningMark, grain)
    oldest = now - (KEEP_SAMPLES if grain == HOUR else KEEP_HOURS)
    if mark is not None and mark.upto > oldest:
        return mark.upto
    if grain == HOUR:
        return oldest
    # A day of which hours are gone would be too small.
    return to_millis(start_of_day(local_day(from_millis(oldest)) + timedelta(days=1)))


def _hours(since: int, now: int) -> Iterator[tuple[int, int]]:
    begin = since // HOUR_MILLIS * HOUR_MILLIS
    while begin + HOUR_MILLIS <= now:
        yield begin, begin + HOUR_MILLIS
        begin += HOUR_MILLIS


def _days(since: int, now: int) -> Iterator[tuple[int, int]]:
    day = local_day(from_millis(since))
    while (end := to_millis(start_of_day(day + timedelta(days=1)))) <= now:
        yield to_millis(start_of_day(day)), end
        day += timedelta(days=1)
