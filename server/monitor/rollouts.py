"""A roll-out that halted is an alert of its own: it stays until somebody goes on with it or stops it."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session

from server.kernel.bulk import Bulk, Statement
from server.monitor.notices import Moment, tell
from server.releases.models import Rollout
from server.releases.progress import members, troubled, worse_off
from shared.domain.rootcause import Scope
from shared.domain.watching import Cause, State

_OPEN: Final = Statement(
    "INSERT INTO incident (scope, key, state, cause, kiosks, opened)"
    " VALUES (:scope, :key, :state, :cause, :kiosks, :now) ON CONFLICT DO NOTHING RETURNING id"
)
_ADD: Final = Statement(
    # They have left it already: how such a zuil is now is no part of this.
    "INSERT INTO incident_kiosk (incident_id, kiosk, joined, left_at)"
    " SELECT :incident, kiosk, :now, :now FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    kiosk="bigint",
)
_CLOSE: Final = Statement(
    "UPDATE incident SET closed = :now WHERE closed IS NULL AND scope = :scope AND key = :key RETURNING id"
)
_NOTE: Final = Statement(
    "INSERT INTO incident_note (incident_id, at, deed, text) VALUES (:incident, :now, :deed, '')"
)
_MOST: Final = 200


def raise_alert(session: Session, rollout: Rollout, now: int) -> None:
    """Open an incident about a roll-out that halted, of the zuilen that show why."""
    bulk = Bulk(session)
    zuilen = [one.kiosk for one in troubled(session, rollout, now)] + worse_off(session, rollout)
    # Whoever looks after one of them hears it; without any, whoever looks after all.
    told = sorted(set(zuilen or members(session, rollout)[:_MOST]))
    facts = {"scope": Scope.ROLLOUT.value, "key": str(rollout.id), "kiosks": len(told), "now": now}
    opened = bulk.run(_OPEN, {**facts, "state": State.ERROR.value, "cause": Cause.RELEASE.value})
    for (incident,) in opened:
        bulk.run(_ADD, {"incident": incident, "now": now}, [(kiosk,) for kiosk in told])
        bulk.run(_NOTE, {"incident": incident, "now": now, "deed": Moment.OPENED.value})
        tell(session, [incident], Moment.OPENED, now)


def close_alert(session: Session, rollout: Rollout, now: int) -> None:
    """Close it: somebody went on with the roll-out, or stopped it."""
    bulk = Bulk(session)
    for (incident,) in bulk.run(_CLOSE, {"now": now, "scope": Scope.ROLLOUT.value, "key": str(rollout.id)}):
        bulk.run(_NOTE, {"incident": incident, "now": now, "deed": Moment.CLOSED.value})
        tell(session, [incident], Moment.CLOSED, now)
