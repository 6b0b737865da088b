"""The operator's webhook: each moment of an incident is posted once, signed, until it is taken."""

from __future__ import annotations

import hashlib
import hmac
import logging
from typing import Final

import httpx
from sqlalchemy import delete, update
from sqlmodel import col, select

from server.kernel.database import Database
from server.monitor.models import WebhookCall

SIGNATURE: Final = "X-Zuil-Signature"
SECONDS: Final = 10.0
CLAIM_MILLIS: Final = 60_000
MOST_AT_ONCE: Final = 200
MOST_ATTEMPTS: Final = 20
LONGEST_PAUSE_MILLIS: Final = 3_600_000
_NEVER: Final = 1 << 62
_log = logging.getLogger(__name__)


def sign(secret: str, body: bytes) -> str:
    """Return what the header `X-Zuil-Signature` holds: `sha256=` and the HMAC of the body in hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post_calls(database: Database, url: str, secret: str, now: int) -> None:
    """Post every call that is due, in order; what is not taken is tried again, ever more patiently."""
    with database.reading() as session:
        waiting = select(WebhookCall).where(col(WebhookCall.sent).is_(None), col(WebhookCall.due) <= now)
        calls = session.exec(waiting.order_by(col(WebhookCall.id)).limit(MOST_AT_ONCE)).all()
    if not calls:
        return
    with httpx.Client(timeout=SECONDS) as client:
        for call in calls:
            if _claim(database, call, now):
                _post(database, client, call, url=url, secret=secret, now=now)


def forget_calls(database: Database, now: int) -> None:
    """Drop what is due: there is no webhook to post it to."""
    with database.writing() as session:
        session.execute(delete(WebhookCall).where(col(WebhookCall.due) <= now))


def _claim(database: Database, call: WebhookCall, now: int) -> bool:
    with database.writing() as session:
        taken = (
            update(WebhookCall)
            .where(col(WebhookCall.id) == call.id, col(WebhookCall.attempts) == call.attempts)
            .values(attempts=call.attempts + 1, due=now + CLAIM_MILLIS)
        )
        return session.execute(taken).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _post(
    database: Database, client: httpx.Client, call: WebhookCall, *, url: str, secret: str, now: int
) -> None:
    body = call.body.encode()
    headers = {
        "Content-Type": "application/json",
        "X-Zuil-Delivery": str(call.id),
        SIGNATURE: sign(secret, body),
    }
    values: dict[str, object] = {"sent": now, "error": ""}
    try:
        client.post(url, content=body, headers=headers).raise_for_status()
    except httpx.HTTPError as error:
        pause = min(30_000 << min(call.attempts, 10), LONGEST_PAUSE_MILLIS)
        is_last = call.attempts + 1 >= MOST_ATTEMPTS
        values = {"error": str(error)[:500], "due": _NEVER if is_last else now + pause}
        _log.warning("webhook call %s: %s", call.id, error)
    with database.writing() as session:
        session.execute(update(WebhookCall).where(col(WebhookCall.id) == call.id).values(**values))
