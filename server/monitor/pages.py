"""The monitor: the board, the map and one zuil over time, for KSBs, technicians and the administrator."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.counters.reach import counters_in_reach, system_in_reach, systems_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.monitor.board import EXCUSED, Board, Sort, Wanted, newest_change, read_board
from server.monitor.form import RulesForm, fill, groups, read
from server.monitor.map import read_map
from server.monitor.models import WatchRules
from server.monitor.rules import put_rules
from server.monitor.words import TONES, cause_word, sort_word, state_word
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.streams import stream
from server.web.templating import fragment, page
from shared.domain.watching import Cause, State
from shared.domain.zones import from_millis

NEEDS_INPUT: Final = 422
LOOK_SECONDS: Final = 0.5
CALM_SECONDS: Final = 10.0
"""How long a board may stand without a change of state: queues and moments move on too."""
TILES: Final = (State.OFFLINE, State.ERROR, State.WARNING, State.BLOCKED, EXCUSED, State.OK)

router = APIRouter(prefix="/monitor", include_in_schema=False)

Follower = Annotated[Acting, Depends(Requires(Permission.FOLLOW_KIOSKS))]
Ruler = Annotated[Acting, Depends(Requires(Permission.SET_WATCH_RULES))]


class Asked(BaseModel):
    """The filters, as typed."""

    staat: str = ""
    zoek: str = ""
    systeem: str = ""
    balie: str = ""
    orde: str = Sort.GRAVITY.value
    blad: str = "1"

    def wanted(self, acting: Acting) -> Wanted:
        """Return what to show; what cannot be understood does not count."""
        return Wanted(
            reach=acting.card_system_id,
            system=whole_number(self.systeem),
            counter=whole_number(self.balie),
            state=self.staat if self.staat in TILES else "",
            search=self.zoek.strip(),
            sort=Sort(self.orde) if self.orde in set(Sort) else Sort.GRAVITY,
            page=whole_number(self.blad) or 1,
        )

    def link(self, **changed: object) -> str:
        """Return the query of this view with something changed; another filter begins at the first page."""
        fields = self.model_dump() | ({"blad": ""} if changed else {}) | changed
        usual = {"orde": Sort.GRAVITY.value, "blad": "1"}
        return urlencode(
            {name: value for name, value in fields.items() if str(value) not in ("", usual.get(name))}
        )


@dataclass(frozen=True)
class Words:
    """What the templates need to say states and causes in the visitor's language."""

    state: Callable[[str], str]
    cause: Callable[[Cause], str]
    tones: dict[str, str]


AskedFor = Annotated[Asked, Query()]


@router.get("")
def show_board(request: Request, session: RequestSession, acting: Follower, asked: AskedFor) -> Response:
    """Show how many zuilen are how, and a page of them."""
    _ = speak(request)
    return page(
        request,
        "monitor/board.html",
        systems=systems_in_reach(session, acting),
        counters=counters_in_reach(session, acting),
        sorts=[(sort.value, sort_word(_, sort)) for sort in Sort],
        **_context(request, session, acting, asked),
    )


@router.get("/stroom")
def follow_board(request: Request, acting: Follower, asked: AskedFor) -> Response:
    """Stream the board: at once when a state changed, and now and then because time goes by."""
    seen: tuple[int, float] = (-1, 0.0)

    def render(session: Session) -> dict[str, str]:
        nonlocal seen
        newest, now = newest_change(session), time.monotonic()
        if newest == seen[0] and now - seen[1] < CALM_SECONDS:
            return {}
        seen = (newest, now)
        context = _context(request, session, acting, asked)
        return {
            "tellers": fragment(request, "monitor/_counts.html", **context),
            "lijst": fragment(request, "monitor/_list.html", **context),
        }

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/kaart")
def show_map(request: Request, session: RequestSession, acting: Follower) -> Response:
    """Show where the zuilen stand, and how they are."""
    return page(
        request,
        "monitor/map.html",
        maps=read_map(session, acting.card_system_id),
        words=words_for(request),
    )


@router.get("/kaart/stroom")
def follow_map(request: Request, acting: Follower) -> Response:
    """Stream the map, whenever a state changed."""
    seen = -1

    def render(session: Session) -> dict[str, str]:
        nonlocal seen
        newest = newest_change(session)
        if newest == seen:
            return {}
        seen = newest
        maps = read_map(session, acting.card_system_id)
        return {"kaart": fragment(request, "monitor/_map.html", maps=maps, words=words_for(request))}

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/regels")
def show_first_rules(session: RequestSession, acting: Ruler) -> Response:
    """Go to the rules of the first card system within reach."""
    systems = systems_in_reach(session, acting)
    if not systems:
        raise ProblemError(404, "There is no card system yet.", type="zuil:place")
    return RedirectResponse(f"/monitor/regels/{systems[0].id}", 303)


@router.get("/regels/{system_id}")
def show_rules(
    request: Request, session: RequestSession, acting: Ruler, system_id: int, gelukt: str = ""
) -> Response:
    """Show from where on something is wrong with the zuilen of a card system."""
    return _rules_page(
        request, session, acting, system_id, fill(session.get(WatchRules, system_id)), done=gelukt
    )


@router.post("/regels/{system_id}")
def set_rules(
    request: Request,
    session: RequestSession,
    acting: Ruler,
    system_id: int,
    form: Annotated[RulesForm, Form()],
) -> Response:
    """Keep the rules of a card system; its zuilen are judged by them at once."""
    typed = form.model_dump()
    system_in_reach(session, acting, system_id)
    rules, errors = read(system_id, typed, speak(request))
    if errors:
        return _rules_page(request, session, acting, system_id, typed, errors=errors)
    changed = put_rules(session, rules, staff_id=acting.staff_id)
    return RedirectResponse(
        f"/monitor/regels/{system_id}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303
    )


def _rules_page(
    request: Request,
    session: Session,
    acting: Acting,
    system_id: int,
    form: dict[str, str],
    *,
    errors: dict[str, str] | None = None,
    done: str = "",
) -> Response:
    return page(
        request,
        "monitor/rules.html",
        status=NEEDS_INPUT if errors else 200,
        system=system_in_reach(session, acting, system_id),
        systems=systems_in_reach(session, acting),
        groups=groups(speak(request)),
        form=form,
        errors=errors or {},
        done=done,
    )


def words_for(request: Request) -> Words:
    """Return the words of the states in the visitor's language."""
    _ = speak(request)
    return Words(lambda state: state_word(_, state), lambda cause: cause_word(_, cause), TONES)


def _context(request: Request, session: Session, acting: Acting, asked: Asked) -> dict[str, Any]:
    board = read_board(session, asked.wanted(acting))
    return {
        "board": board,
        "tiles": _tiles(board),
        "asked": asked,
        "link": asked.link,
        "is_filtered": bool(asked.link(orde="", blad="")),
        "words": words_for(request),
        "at": from_millis,
    }


def _tiles(board: Board) -> list[tuple[str, int]]:
    return [(str(state), board.counts.get(state, 0)) for state in TILES]


def whole_number(text: str) -> int | None:
    """Return a number that was typed, None when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None  # noqa: PLR2004 - fits a column
