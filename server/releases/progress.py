"""How far zuilen are with a release: what they say of it, and what that adds up to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import delete
from sqlmodel import Session, col

from server.kernel.bulk import Bulk, Call, Statement
from server.releases.models import KioskRelease, Rollout
from server.web.sayings import kept
from shared.domain.releases import Step
from shared.domain.rollouts import Health
from shared.domain.zones import to_millis
from shared.wire.messages import ReleaseReport

LOST_MILLIS: Final = 15 * 60_000
"""A zuil that switched and was not heard for so long is lost: a trial takes five minutes."""
MOST_SHOWN: Final = 50
_KEPT_MILLIS: Final = 400 * 86_400_000
_MOST_TEXT: Final = 64
_MOST_SENTENCE: Final = 300

_KEEP: Final = Statement(
    "INSERT INTO kiosk_release (kiosk, offer, version, step, sentence, said, began, at)"
    " VALUES (:kiosk, :offer, :version, :step, :sentence, :said, :began, :now)"
    " ON CONFLICT (kiosk, offer) DO UPDATE SET version = excluded.version, step = excluded.step,"
    " sentence = excluded.sentence, said = excluded.said, at = excluded.at,"
    " began = COALESCE(excluded.began, kiosk_release.began)"
)
_SCOPE: Final = (
    " FROM kiosk k LEFT JOIN kiosk_release r ON r.kiosk = k.number AND r.offer = CAST(:offer AS text)"
    " LEFT JOIN kiosk_live l ON l.kiosk = k.number LEFT JOIN kiosk_track t ON t.kiosk = k.number"
    " LEFT JOIN kiosk_watch w ON w.kiosk = k.number"
    " WHERE k.state = 'active' AND (CAST(:track AS text) = 'stable' OR t.track = 'beta')"
    " AND (CAST(:everywhere AS bigint) = 1 OR EXISTS (SELECT 1 FROM kiosk_counter c"
    "  JOIN counter_card_system s ON s.counter_id = c.counter_id"
    "  JOIN {rows} ON rows.system = s.card_system_id WHERE c.kiosk = k.number))"
)
_DONE: Final = "(COALESCE(r.step, '') = 'done' AND COALESCE(l.version, '') = r.version)"
"""It proved itself there, and still runs."""
_GONE: Final = (
    "(r.step IN ('switching', 'proving') AND r.began < CAST(:lost AS bigint)"
    " AND COALESCE(w.heard, 0) < CAST(:lost AS bigint))"
)
_BAD: Final = "w.state IN ('error', 'offline') AND w.excuse = ''"
_REFUSED: Final = "r.step = 'refused'"
_BACK: Final = "r.step = 'failed'"
_BUSY: Final = f"(r.step IN ('fetching', 'ready', 'switching', 'proving') AND NOT COALESCE({_GONE}, FALSE))"
_SWITCHED: Final = "r.step IN ('done', 'failed', 'switching', 'proving')"
_LEFT: Final = f"({_BACK} OR {_GONE})"
_WORSENED: Final = f"{_DONE} AND {_BAD} AND w.since >= r.at"
_BAD_ANYWAY: Final = f"NOT {_DONE} AND {_BAD} AND w.since >= :since"


def _count(condition: str) -> str:
    return f"COALESCE(SUM(CASE WHEN {condition} THEN 1 ELSE 0 END), 0)"


_COUNTS: Final = Statement(
    f"SELECT COUNT(*), {_count(_SWITCHED)}, {_count(_LEFT)}, {_count(_DONE)}, {_count(_WORSENED)},"
    f" {_count(_BAD_ANYWAY)}, {_count(_REFUSED)}, {_count(_BACK)}, {_count(_BUSY)}{_SCOPE}",
    system="bigint",
)
_TROUBLED: Final = Statement(
    f"SELECT k.number, k.name, r.step, r.sentence, CAST(r.said AS text), r.at{_SCOPE}"
    f" AND ({_REFUSED} OR {_LEFT})"
    " ORDER BY r.at DESC, k.number LIMIT :most",
    system="bigint",
)
_WORSE: Final = Statement(
    f"SELECT k.number{_SCOPE} AND {_WORSENED} ORDER BY k.number LIMIT :most", system="bigint"
)
_MEMBERS: Final = Statement(f"SELECT k.number{_SCOPE} ORDER BY k.number", system="bigint")


class Progress(NamedTuple):
    """A roll-out in figures.

    scope: zuilen it is for, whatever the percentage. tried: those that switched; failed: those of them that
    went back or are lost; back: those that went back. busy: those that fetch, wait, switch or prove.
    updated, others: how those are that run it, and those that do not.
    """

    scope: int
    tried: int
    failed: int
    refused: int
    updated: Health
    others: Health
    back: int = 0
    busy: int = 0

    @property
    def lost(self) -> int:
        """How many switched and were not heard any more."""
        return self.failed - self.back


class Troubled(NamedTuple):
    """A zuil that did not get there, and why."""

    kiosk: int
    name: str
    step: str
    sentence: str
    said: Sequence[Mapping[str, Any]]
    at: int


def keep_report(kiosk: int, report: ReleaseReport, now: datetime) -> Call:
    """Return the call that keeps what a zuil says of a release."""
    at = to_millis(now)
    scalars = {
        "kiosk": kiosk,
        "offer": _plain(report.offer, _MOST_TEXT),
        "version": _plain(report.version, _MOST_TEXT),
        "step": _plain(report.step, _MOST_TEXT),
        "sentence": _plain(report.sentence, _MOST_SENTENCE),
        "said": json.dumps(kept(report.said)),
        "began": at if report.step == Step.SWITCHING else None,
        "now": at,
    }
    return Call(_KEEP, scalars)


def progress_of(session: Session, rollout: Rollout, now: int) -> Progress:
    """Return how a roll-out goes at `now` (ms UTC)."""
    asked = {**_scope(rollout), "since": rollout.since, "lost": now - LOST_MILLIS}
    ((scope, tried, failed, done, worse, others, refused, back, busy),) = Bulk(session).run(
        _COUNTS, asked, _systems(rollout)
    )
    return Progress(
        scope, tried, failed, refused, Health(done, worse), Health(scope - done, others), back, busy
    )


def troubled(session: Session, rollout: Rollout, now: int) -> list[Troubled]:
    """Return the zuilen that failed, refused or were lost, the latest first, a page of them."""
    asked = {**_scope(rollout), "lost": now - LOST_MILLIS, "most": MOST_SHOWN}
    rows = Bulk(session).run(_TROUBLED, asked, _systems(rollout))
    return [
        Troubled(kiosk, name, step or "", sentence or "", json.loads(said or "[]"), at)
        for kiosk, name, step, sentence, said, at in rows
    ]


def worse_off(session: Session, rollout: Rollout) -> list[int]:
    """Return zuilen that run the release and broke or fell silent since, a page of them."""
    asked = {**_scope(rollout), "most": MOST_SHOWN}
    return [kiosk for (kiosk,) in Bulk(session).run(_WORSE, asked, _systems(rollout))]


def members(session: Session, rollout: Rollout) -> list[int]:
    """Return the zuilen that a roll-out is for, whatever the percentage."""
    return [kiosk for (kiosk,) in Bulk(session).run(_MEMBERS, _scope(rollout), _systems(rollout))]


def forget_reports(session: Session, now: int) -> None:
    """Forget what zuilen said of releases more than a year ago."""
    session.execute(delete(KioskRelease).where(col(KioskRelease.at) < now - _KEPT_MILLIS))


def _scope(rollout: Rollout) -> dict[str, object]:
    return {"track": rollout.track, "everywhere": int(not rollout.systems), "offer": rollout.offer}


def _systems(rollout: Rollout) -> Sequence[tuple[int]]:
    return [(system,) for system in rollout.systems]


def _plain(text: str, most: int) -> str:
    return "".join(filter(str.isprintable, text))[:most]
