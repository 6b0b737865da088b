"""Webhooks: each moment of an incident is posted once to who asked for it, signed, until it is taken.

The operator has one for everything (a setting), a card system one for its own zuilen (`AlertWebhook`).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import socket
from collections.abc import Mapping
from typing import Final, NamedTuple

import httpx
from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database, vault_of
from server.monitor.models import AlertWebhook, WebhookCall
from server.settings import Settings

SIGNATURE: Final = "X-Zuil-Signature"
SECONDS: Final = 10.0
CLAIM_MILLIS: Final = 60_000
MOST_AT_ONCE: Final = 200
MOST_ATTEMPTS: Final = 20
LONGEST_PAUSE_MILLIS: Final = 3_600_000
NEVER: Final = 1 << 62
TEST: Final = "test"
"""The moment of a call that somebody asked for on screen."""
_log = logging.getLogger(__name__)
_EARLIER: Final = (
    " FROM webhook_call e WHERE e.sent IS NULL AND e.due > :now AND e.due < CAST(:never AS bigint)"
    " AND e.incident_id = webhook_call.incident_id AND e.id < webhook_call.id"
    " AND COALESCE(e.card_system_id, 0) = COALESCE(webhook_call.card_system_id, 0)"
)
_WAIT_FOR_EARLIER: Final = Statement(
    f"UPDATE webhook_call SET due = (SELECT MAX(e.due){_EARLIER})"  # noqa: S608 - our own text
    f" WHERE sent IS NULL AND due <= :now AND EXISTS (SELECT 1{_EARLIER})"
)


class Target(NamedTuple):
    """Where calls go, and what they are signed with. may_be_inside: also to addresses of this network."""

    url: str
    secret: str
    may_be_inside: bool = False


INSIDE: Final = "inside"
TIMEOUT: Final = "timeout"
UNREACHED: Final = "unreached"


class InsideError(OSError):
    """An address that a card system chose leads into our own network; str() is `INSIDE`."""


def sign(secret: str, body: bytes) -> str:
    """Return what the header `X-Zuil-Signature` holds: `sha256=` and the HMAC of the body in hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post_due(database: Database, settings: Settings, now: int) -> None:
    """Post what is due to the webhooks that there are."""
    with database.reading() as session:
        targets = targets_of(session, settings)
    forget_calls(database, targets, now)
    post_calls(database, targets, now)


def targets_of(session: Session, settings: Settings) -> dict[int | None, Target]:
    """Return card system -> its webhook, with the operator's under None."""
    vault, found = vault_of(session), dict[int | None, Target]()
    if settings.webhook_url is not None:
        found[None] = Target(settings.webhook_url, settings.webhook_secret, may_be_inside=True)
    for hook in session.exec(select(AlertWebhook).where(col(AlertWebhook.is_on))):
        secret = vault.open(hook.secret).decode()
        found[hook.card_system_id] = Target(hook.url, secret, settings.webhook_inside)
    return found


def post_calls(database: Database, targets: Mapping[int | None, Target], now: int) -> None:
    """Post every call that is due, in order; what is not taken is tried again, ever more patiently.

    A webhook that does not answer holds nobody up: its other calls wait for the next turn. Of one incident
    nothing is told before what came earlier was: who hears that it is over must know of it.
    """
    with database.writing() as session:
        Bulk(session).run(_WAIT_FOR_EARLIER, {"now": now, "never": NEVER})
    with database.reading() as session:
        waiting = select(WebhookCall).where(col(WebhookCall.sent).is_(None), col(WebhookCall.due) <= now)
        calls = session.exec(waiting.order_by(col(WebhookCall.id)).limit(MOST_AT_ONCE)).all()
    if not calls:
        return
    failing: set[int | None] = set()
    # No line is kept for a next call: two names may lead to one machine.
    with httpx.Client(timeout=SECONDS, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for call in calls:
            target = targets.get(call.card_system_id)
            if target is None or call.card_system_id in failing:
                continue
            # Where another process is posting, what comes after is for later too.
            is_ours = _claim(database, call, now)
            if not is_ours or not _post(database, client, call, target=target, now=now):
                failing.add(call.card_system_id)


def forget_calls(database: Database, targets: Mapping[int | None, Target], now: int) -> None:
    """Drop what is due for webhooks that are not there (any more)."""
    systems = [one for one in targets if one is not None]
    missing = [col(WebhookCall.card_system_id).not_in(systems)]
    if None not in targets:
        missing.append(col(WebhookCall.card_system_id).is_(None))
    due = (col(WebhookCall.due) <= now) & col(WebhookCall.sent).is_(None)
    with database.writing() as session:
        session.execute(delete(WebhookCall).where(due, or_(*missing)))


class Way(NamedTuple):
    """Where to connect to, and the name by which the other side is known there."""

    url: httpx.URL
    host: str
    name: str

    @classmethod
    def to(cls, url: str) -> Way:
        """Return the way that an address says."""
        asked = httpx.URL(url)
        return cls(asked, asked.netloc.decode(), asked.host)


def way_outside(url: str) -> Way:
    """Return the way to an address that does not lead to this machine or into its network.

    Its name is looked up once: one that leads elsewhere a moment later gets nobody inside.

    Raises:
        InsideError: it does. OSError: it leads nowhere.
    """
    way = Way.to(url)
    port = way.url.port or (443 if way.url.scheme == "https" else 80)
    found = [str(address[0]) for *_, address in socket.getaddrinfo(way.name, port, type=socket.SOCK_STREAM)]
    if not all(ipaddress.ip_address(one.partition("%")[0]).is_global for one in found):
        raise InsideError(INSIDE)
    return way._replace(url=way.url.copy_with(host=found[0]))


def _claim(database: Database, call: WebhookCall, now: int) -> bool:
    with database.writing() as session:
        taken = (
            update(WebhookCall)
            .where(col(WebhookCall.id) == call.id, col(WebhookCall.attempts) == call.attempts)
            .values(attempts=call.attempts + 1, due=now + CLAIM_MILLIS)
        )
        return session.execute(taken).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _post(database: Database, client: httpx.Client, call: WebhookCall, *, target: Target, now: int) -> bool:
    """Post one call; False when it was not taken."""
    body = call.body.encode()
    headers = {
        "Content-Type": "application/json",
        "X-Zuil-Delivery": str(call.id),
        SIGNATURE: sign(target.secret, body),
    }
    values: dict[str, object] = {"sent": now, "error": ""}
    try:
        way = Way.to(target.url) if target.may_be_inside else way_outside(target.url)
        # The certificate has to be that of the name.
        known_as = {"sni_hostname": way.name}
        told = client.post(way.url, content=body, headers=headers | {"Host": way.host}, extensions=known_as)
        told.raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, OverflowError) as error:
        pause = min(30_000 << min(call.attempts, 10), LONGEST_PAUSE_MILLIS)
        # A test is not tried again: who asked for it looks now.
        is_last = call.attempts + 1 >= MOST_ATTEMPTS or call.moment == TEST
        values = {"error": _sentence(error), "due": NEVER if is_last else now + pause}
        _log.warning("webhook call %s: %s", call.id, error)
    with database.writing() as session:
        session.execute(update(WebhookCall).where(col(WebhookCall.id) == call.id).values(**values))
    return "sent" in values


def _sentence(error: Exception) -> str:
    """Return what its owner is told: the status that was answered, `INSIDE`, or why there was no answer.

    `TIMEOUT` and `UNREACHED` are worded by the page; anything else is the machine's own text.
    """
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, httpx.TimeoutException):
        return TIMEOUT
    if isinstance(error, httpx.ConnectError):
        return UNREACHED
    return (str(error) or type(error).__name__)[:200]
