"""The webhook of a card system on screen: its address, its secret, a test, what came of the last calls."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

import httpx
import msgspec
from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlalchemy import delete
from sqlmodel import Session, col, select
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.cardsystems.models import CardSystem
from server.counters.reach import own_system
from server.kernel.audit import record
from server.kernel.database import RequestSession, database_of, vault_of
from server.kernel.errors import ProblemError
from server.monitor.models import AlertWebhook, Incident, WebhookCall
from server.monitor.telling import incident_title, read_names
from server.monitor.webhook import NEVER, TEST, post_due
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import fragment, page
from shared.domain.zones import from_millis

HERE: Final = "/monitor/regels/{system_id}/webhook"
NEEDS_INPUT: Final = 422
LONGEST_URL: Final = 500
LAST_PORT: Final = 65_535
LATEST: Final = 15
_FINE: Final[Mapping[str, str]] = MappingProxyType({})

router = APIRouter(prefix=HERE, include_in_schema=False)

Ruler = Annotated[Acting, Depends(Requires(Permission.SET_WATCH_RULES))]
OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.SET_WATCH_RULES))]


class HookForm(BaseModel):
    """What was typed; is_on: whether it is ticked."""

    url: str = ""
    is_on: str = ""


@router.get("")
def show_hook(request: Request, session: RequestSession, system: OwnSystem, gelukt: str = "") -> Response:
    """Show the webhook and what came of it."""
    return _page(request, session, system, done=gelukt)


@router.post("")
def save_hook(
    request: Request,
    session: RequestSession,
    acting: Ruler,
    system: OwnSystem,
    form: Annotated[HookForm, Form()],
) -> Response:
    """Keep the address; an empty one is no webhook any more. The first time a secret is made and shown."""
    url = form.url.strip()
    if url and (wrong := _wrong(speak(request), url, may_be_inside=_may_be_inside(request))):
        return _page(request, session, system, form=form, errors={"url": wrong})
    hook = session.get(AlertWebhook, system.id)
    if not url:
        _remove(session, system, hook, acting)
        return RedirectResponse(f"{HERE.format(system_id=system.id)}?gelukt=bewaard", 303)
    secret = ""
    if hook is None:
        secret = secrets.token_urlsafe(32)
        hook = AlertWebhook(card_system_id=system.id, url=url, secret=vault_of(session).seal(secret.encode()))
        session.add(hook)
    hook.url, hook.is_on = url, form.is_on == "yes"
    record(
        session, "set-webhook", "card_system", system.id, staff_id=acting.staff_id, detail={"address": url}
    )
    session.flush()
    if secret:
        return _page(request, session, system, secret=secret)
    return RedirectResponse(f"{HERE.format(system_id=system.id)}?gelukt=bewaard", 303)


@router.post("/geheim")
def renew_secret(request: Request, session: RequestSession, acting: Ruler, system: OwnSystem) -> Response:
    """Sign with another secret from now on, and show it, this once."""
    hook, secret = _hook(session, system), secrets.token_urlsafe(32)
    hook.secret = vault_of(session).seal(secret.encode())
    record(session, "renew-secret", "card_system", system.id, staff_id=acting.staff_id)
    return _page(request, session, system, secret=secret)


@router.post("/proef")
def test_hook(request: Request, session: RequestSession, acting: Ruler, system: OwnSystem) -> Response:
    """Post something at once that says it is a test; what came of it shows on the page."""
    _hook(session, system)
    now = time.time_ns() // 1_000_000
    body = msgspec.json.encode({"moment": TEST, "at": now, "by": acting.name}).decode()
    session.add(WebhookCall(card_system_id=system.id, moment=TEST, body=body, due=now))
    begin = BackgroundTask(post_due, database_of(session), request.app.state.settings, now)
    return RedirectResponse(f"{HERE.format(system_id=system.id)}?gelukt=proef", 303, background=begin)


@router.get("/laatste")
def follow_calls(request: Request, session: RequestSession, system: OwnSystem) -> Response:
    """Return the part of the page that changes."""
    html = fragment(request, "monitor/_calls.html", **_calls(request, session, system))
    return HTMLResponse(html, headers={"cache-control": "no-store"})


def _hook(session: Session, system: CardSystem) -> AlertWebhook:
    hook = session.get(AlertWebhook, system.id)
    if hook is None:
        raise ProblemError(404, "This card system has no webhook.", type="zuil:place")
    return hook


def _remove(session: Session, system: CardSystem, hook: AlertWebhook | None, acting: Acting) -> None:
    if hook is not None:
        session.delete(hook)
        waiting = col(WebhookCall.sent).is_(None) & (col(WebhookCall.card_system_id) == system.id)
        session.execute(delete(WebhookCall).where(waiting))
        record(session, "set-webhook", "card_system", system.id, staff_id=acting.staff_id)


def _wrong(_: Translator, url: str, *, may_be_inside: bool) -> str:
    try:
        asked = httpx.URL(url)
        asked.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        asked = httpx.URL()
    if len(url) > LONGEST_URL or not asked.host or asked.userinfo or (asked.port or 0) > LAST_PORT:
        return _("Vul een adres in zoals https://alarm.stad.be/zuilen.")
    if asked.scheme != "https" and not (may_be_inside and asked.scheme == "http"):
        return _("Het adres begint met https://.")
    return ""


def _may_be_inside(request: Request) -> bool:
    return bool(request.app.state.settings.webhook_inside)


def _calls(request: Request, session: Session, system: CardSystem) -> dict[str, object]:
    _ = speak(request)
    query = select(WebhookCall).where(WebhookCall.card_system_id == system.id)
    calls = session.exec(query.order_by(col(WebhookCall.id).desc()).limit(LATEST)).all()
    ids = {call.incident_id for call in calls}
    incidents = session.exec(select(Incident).where(col(Incident.id).in_(ids))).all()
    names = read_names(session, incidents)
    about = {one.id: incident_title(_, one, names) for one in incidents}
    return {"system": system, "calls": calls, "about": about, "at": from_millis, "never": NEVER}


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    *,
    form: HookForm | None = None,
    errors: Mapping[str, str] = _FINE,
    secret: str = "",
    done: str = "",
) -> Response:
    hook = session.get(AlertWebhook, system.id)
    present = HookForm(url=hook.url, is_on="yes" if hook.is_on else "") if hook else HookForm(is_on="yes")
    return page(
        request,
        "monitor/webhook.html",
        status=NEEDS_INPUT if errors else 200,
        hook=hook,
        form=form or present,
        errors=errors,
        secret=secret,
        done=done,
        **_calls(request, session, system),
    )
