"""The demo console: two virtual zuilen to play with, and the server's view beside them. Demo only."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import httpx
from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from server.demo.cards import CARDS, OBJECTS, TapKind
from server.demo.view import known_zuilen, latest, tray
from server.demo.zuilen import UnreachableError, VirtualZuil, control_client
from server.kernel.database import Database, RequestSession, vault_of
from server.kernel.errors import ProblemError
from server.kernel.outbox import OutgoingMail, newest_mails
from server.settings import Settings
from server.staff.access import open_to_all
from server.web.i18n import speak
from server.web.streams import LIFETIME_SECONDS, encode_event, is_over
from server.web.templating import fragment, page
from shared.domain.codes import make_code
from shared.domain.zones import from_millis

LOOK_SECONDS: Final = 0.12
SERVER_LOOKS: Final = 4
HOLD_MS: Final = 700
MAILS: Final = 50
_LINK: Final = re.compile(r"https?://\S*[\w/=-]")
SHOWN: Final = ("index", "reachable", "picture", "lights", "buzzer", "network", "clock_offset_seconds")
CLOCKS: Final = (-86_400, -3_600, -120, 0, 120, 3_600, 86_400)

router = APIRouter(prefix="/demo", dependencies=[Depends(open_to_all)], include_in_schema=False)


@router.get("")
def show_console(request: Request, session: RequestSession) -> Response:
    """Show the console."""
    return page(
        request,
        "demo/console.html",
        zuilen=_zuilen(request),
        cards=tray(session),
        objects=OBJECTS,
        clocks=CLOCKS,
        **_server_view(request, session),
    )


@router.get("/mails")
def show_mails(request: Request, session: RequestSession) -> Response:
    """Show what would be in people's mailboxes."""
    return page(request, "demo/mails.html", mails=[_letter(mail) for mail in newest_mails(session, MAILS)])


@router.get("/stroom")
def follow(request: Request) -> Response:
    """Stream what the zuilen show (`zuil`, JSON) and what the server knows (`server` and `tray`, HTML)."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(request), media_type="text/event-stream", headers=headers)


@router.get("/zuilen/{index}/beeld.png")
async def show_frame(request: Request, index: int) -> Response:
    """Show the picture on a zuil's display, pixel for pixel."""
    zuil = _zuil(request, index)
    async with control_client() as client:
        try:
            frame = await zuil.frame(client)
        except UnreachableError as error:
            raise ProblemError(503, "This virtual zuil does not answer.") from error
    return Response(frame, media_type="image/png", headers={"cache-control": "no-store"})


@router.get("/zuilen/{index}/qr")
def open_code(request: Request, session: RequestSession, index: int) -> Response:
    """Go where the QR code on this zuil leads, for who has no phone at hand."""
    zuil = _zuil(request, index)
    view = known_zuilen(session, [zuil.name]).get(zuil.name)
    if view is None or view.shown is None:
        raise ProblemError(404, "This zuil shows no code now.", type="zuil:no-code")
    key = vault_of(session).open(view.kiosk.code_key)
    code = make_code(key, view.number, view.shown.number, datetime.now(UTC), view.kiosk.qr_seconds)
    return RedirectResponse(f"/c/{code}", 303)


@router.post("/tik")
async def tap(
    request: Request,
    zuil: Annotated[int, Form()],
    card: Annotated[str, Form()],
    hold: Annotated[int, Form()] = HOLD_MS,
) -> Response:
    """Hold a card of the tray, or another object, against a zuil."""
    return await _send(request, zuil, "tap", {**_held(card), "hold_ms": hold})


@router.post("/zuilen/{index}/netwerk")
async def switch_network(request: Request, index: int, on: Annotated[bool, Form()]) -> Response:
    """Cut or restore a zuil's network."""
    return await _send(request, index, "network", {"on": on})


@router.post("/zuilen/{index}/klok")
async def set_clock(request: Request, index: int, seconds: Annotated[int, Form()]) -> Response:
    """Put a zuil's clock wrong by so many seconds."""
    return await _send(request, index, "clock", {"offset_seconds": seconds})


async def _send(request: Request, index: int, command: str, body: dict[str, object]) -> Response:
    zuil = _zuil(request, index)
    async with control_client() as client:
        try:
            await zuil.send(client, command, body)
        except UnreachableError as error:
            raise ProblemError(503, "This virtual zuil does not answer.") from error
    if request.headers.get("accept") == "application/json":
        return Response(status_code=204)
    return RedirectResponse("/demo", 303)


async def _events(request: Request) -> AsyncIterator[str]:
    zuilen, sent, looks = [Watched(zuil) for zuil in _zuilen(request)], dict[str, str](), 0
    until = time.monotonic() + LIFETIME_SECONDS
    yield "retry: 1000\n\n"
    async with control_client() as client:
        while time.monotonic() < until and not await is_over(request):
            states = await asyncio.gather(*(watched.look(client) for watched in zuilen))
            news = {f"zuil {state['index']}": _zuil_json(request, state) for state in states}
            if looks % SERVER_LOOKS == 0:
                cut = [
                    watched.zuil.name for watched, state in zip(zuilen, states, strict=True) if _is_cut(state)
                ]
                news |= await run_in_threadpool(_server_news, request, cut)
            looks += 1
            for name, text in news.items():
                if sent.get(name) != text:
                    sent[name] = text
                    yield encode_event(name.split(maxsplit=1)[0], text)
            await asyncio.sleep(LOOK_SECONDS)


class Watched:
    """A zuil that a console follows, with its newest picture: light and picture travel together."""

    def __init__(self, zuil: VirtualZuil) -> None:
        self.zuil = zuil
        self._frame: int | None = None
        self._picture = ""

    async def look(self, client: httpx.AsyncClient) -> dict[str, Any]:
        """Return its state with `index`, and `picture` as a data: URL; never raises."""
        state = await self.zuil.state(client)
        if state["reachable"] and state["frame"] != self._frame:
            with suppress(UnreachableError):
                png = await self.zuil.frame(client)
                self._picture = f"data:image/png;base64,{base64.b64encode(png).decode()}"
                self._frame = state["frame"]
        return {**state, "index": self.zuil.index, "picture": self._picture}


def _zuil_json(request: Request, state: Mapping[str, Any]) -> str:
    queue, _ = state.get("queue", 0), speak(request)
    waits = _.plural("{n} tik in de wachtrij", "{n} tikken in de wachtrij", queue) if queue else ""
    return json.dumps({name: state[name] for name in SHOWN if name in state} | {"waits": waits})


def _is_cut(state: Mapping[str, Any]) -> bool:
    """Tell whether no word of the zuil can reach the server, who notices only when a word is due."""
    return not state["reachable"] or not state.get("network", True)


def _server_news(request: Request, cut: Sequence[str]) -> dict[str, str]:
    database: Database = request.app.state.database
    with database.reading() as session:
        balances = {card.card.number: card.points for card in tray(session) if card.points is not None}
        return {
            "server": fragment(request, "demo/_server.html", **_server_view(request, session, cut)),
            "balances": json.dumps(balances),
        }


def _server_view(request: Request, session: Session, cut: Sequence[str] = ()) -> dict[str, Any]:
    names = [zuil.name for zuil in _zuilen(request)]
    return {"arrivals": latest(session), "known": known_zuilen(session, names), "cut": cut}


def _held(card: str) -> dict[str, object]:
    for known in CARDS:
        if known.number == card and known.chip is not None:
            return {"chip": known.chip, "kind": TapKind.ULTRALIGHT}
    for thing in OBJECTS:
        if thing.key == card:
            return {"chip": thing.chip, "kind": thing.kind, "beside": thing.beside}
    raise ProblemError(404, "This card cannot be held against a zuil.")


def _zuilen(request: Request) -> list[VirtualZuil]:
    settings: Settings = request.app.state.settings
    return [VirtualZuil(index, name, url) for index, (name, url) in enumerate(settings.demo_zuilen, 1)]


def _zuil(request: Request, index: int) -> VirtualZuil:
    for zuil in _zuilen(request):
        if zuil.index == index:
            return zuil
    raise ProblemError(404, "The demo has no such zuil.")


class _Letter(NamedTuple):
    """A mail as the page shows it. lines: of each the text before, in and after a link."""

    recipient: str
    subject: str
    at: datetime
    lines: list[tuple[str, str, str]]


def _letter(mail: OutgoingMail) -> _Letter:
    lines = [_split(line) for line in mail.body.splitlines()]
    return _Letter(mail.recipient, mail.subject, from_millis(mail.created), lines)


def _split(line: str) -> tuple[str, str, str]:
    found = _LINK.search(line)
    return (line[: found.start()], found[0], line[found.end() :]) if found else (line, "", "")
