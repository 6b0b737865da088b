"""Packages of cards, for the KSB: sent to a counter, arrived, called back; and what counters have left."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.counts import CounterStock, cards_of, stock_at
from server.cards.form import refusal_words, state_words
from server.cards.keeping import HERE, NEEDS_INPUT, Keeper, OwnSystem
from server.cards.levels import MOST, first_level, levels_of, set_level, watch_stock
from server.cards.models import CardPackage
from server.cards.packages import (
    PAGE,
    Mover,
    MoveRefusedError,
    call_back,
    confirm_arrival,
    contents_of,
    loose_cards,
    package_with,
    packages_in,
    send_packages,
)
from server.cardsystems.models import CardSystem
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter
from server.counters.reach import counters_in_reach
from server.counters.rights import counters_with
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.checkin import CardState

_STATES: Final = {
    "voorraad": CardState.STOCK,
    "onderweg": CardState.SENT_TO_BALIE,
    "balie": CardState.LOCAL_STOCK,
}
_COUNT: Final = re.compile(r"[0-9]{1,6}")

router = APIRouter(prefix=f"{HERE}/{{system_id}}", include_in_schema=False)


@router.get("/pakken")
def show_packages(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    *,
    waar: str = "voorraad",
    balie: int = 0,
    na: int = 0,
    los: str = "",
    nummer: str = "",
    gelukt: str = "",
) -> Response:
    """Show packages: in stock, on their way, at counters or at one, or the one with a number in it.

    los: the number of the card outside a package to go on from.
    """
    if not nummer:
        return _page(request, session, system, where=waar, after=na, after_card=los, at=balie, done=gelukt)
    try:
        package = package_with(session, nummer, system.id)
    except MoveRefusedError as refused:
        return _page(request, session, system, where=waar, asked=nummer, refused=refused)
    return _page(request, session, system, asked=nummer, only=package, done=gelukt)


@router.post("/pakken/versturen")
def send(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    counter: Annotated[int, Form()] = 0,
    package: Annotated[list[int], Form()] = [],  # noqa: B006 - FastAPI copies it
    number: Annotated[str, Form()] = "",
) -> Response:
    """Send the packages that are ticked, or the one with this number, to a counter."""
    if counter not in {one.id for one in counters_with(session, system.id, CounterRight.REGISTER)}:
        _ = speak(request)
        sentence = _("Kies de balie waar de kaarten naartoe gaan.")
        return _page(request, session, system, ticked=package, asked=number, sentence=sentence)
    try:
        ids = {*package, package_with(session, number, system.id).id or 0} if number else set(package)
        _own(session, system, ids)
        send_packages(session, ids, counter, datetime.now(UTC), Mover(acting.staff_id))
    except MoveRefusedError as refused:
        return _page(request, session, system, ticked=package, asked=number, counter=counter, refused=refused)
    return RedirectResponse(f"{HERE}/{system.id}/pakken?waar=onderweg&gelukt=verstuurd", 303)


@router.post("/pakken/{package_id}/aangekomen")
def confirm(
    request: Request, session: RequestSession, acting: Keeper, system: OwnSystem, package_id: int
) -> Response:
    """Say that a package arrived."""
    return _move(request, session, acting, system, package_id, confirm_arrival)


@router.post("/pakken/{package_id}/terug")
def recall(
    request: Request, session: RequestSession, acting: Keeper, system: OwnSystem, package_id: int
) -> Response:
    """Have a package come back to the stock."""
    return _move(request, session, acting, system, package_id, call_back)


@router.get("/balies")
def show_counters(
    request: Request, session: RequestSession, acting: Keeper, system: OwnSystem, gelukt: str = ""
) -> Response:
    """Show what each counter has, and when the KSB hears that it runs out."""
    return _counters_page(request, session, acting, system, done=gelukt)


@router.post("/balies/{counter_id}")
def save_level(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    counter_id: int,
    social_tariff: Annotated[str, Form()] = "",
    low: Annotated[str, Form()] = "",
    lowest: Annotated[str, Form()] = "",
) -> Response:
    """Change when the KSB hears that a counter runs out."""
    _ = speak(request)
    is_social = social_tariff == "yes"
    level = levels_of(session, system.id).get((counter_id, is_social))
    if level is None and _has_cards(session, system, counter_id, social_tariff=is_social):
        watch_stock(session, system.id, counter_id, social_tariff=is_social)
        level = levels_of(session, system.id)[counter_id, is_social]
    if level is None:
        raise ProblemError(404, "No cards of this kind go to this counter.", type="zuil:place")
    counts = [int(text) for text in (low.strip(), lowest.strip()) if _COUNT.fullmatch(text)]
    if len(counts) != 2 or not counts[1] <= counts[0] <= MOST:  # noqa: PLR2004 - both
        sentence = _("Vul twee aantallen in; de tweede mail komt bij hetzelfde aantal of minder.")
        return _counters_page(request, session, acting, system, sentence=sentence)
    changed = set_level(session, level, counts[0], counts[1], staff_id=acting.staff_id)
    done = "bewaard" if changed else "hetzelfde"
    return RedirectResponse(f"{HERE}/{system.id}/balies?gelukt={done}", 303)


def _has_cards(session: Session, system: CardSystem, counter_id: int, *, social_tariff: bool) -> bool:
    stocks = stock_at(session, system=system.id, counter_id=counter_id)
    return any(one.social_tariff == social_tariff for one in stocks)


def _move(  # noqa: PLR0917 - what a page has
    request: Request,
    session: Session,
    acting: Acting,
    system: CardSystem,
    package_id: int,
    deed: Callable[[Session, set[int], datetime, Mover], int],
) -> Response:
    try:
        package = _own(session, system, {package_id})[0]
        deed(session, {package_id}, datetime.now(UTC), Mover(acting.staff_id))
    except MoveRefusedError as refused:
        return _page(request, session, system, refused=refused)
    where = next(word for word, state in _STATES.items() if state.name == package.state)
    done = "terug" if where == "voorraad" else "aangekomen"
    return RedirectResponse(f"{HERE}/{system.id}/pakken?waar={where}&gelukt={done}", 303)


def _own(session: Session, system: CardSystem, ids: set[int]) -> list[CardPackage]:
    found = [session.get(CardPackage, one) for one in sorted(ids)]
    packages = [one for one in found if one is not None and one.card_system_id == system.id]
    if len(packages) != len(found):
        raise ProblemError(404, "This card system has no such package.", type="zuil:place")
    return packages


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    *,
    where: str = "voorraad",
    after: int = 0,
    at: int = 0,
    after_card: str = "",
    only: CardPackage | None = None,
    asked: str = "",
    ticked: list[int] | None = None,
    counter: int = 0,
    refused: MoveRefusedError | None = None,
    sentence: str = "",
    done: str = "",
) -> Response:
    _ = speak(request)
    state = CardState[only.state] if only else _STATES.get(where, CardState.STOCK)
    packages = (
        [only] if only else packages_in(session, state, system=system.id, counter_id=at or None, after=after)
    )
    said = refusal_words(_)[refused.reason] if refused else sentence
    names = _names(session, {*(one.counter_id for one in packages), at})
    shows_counter = at in names and state is CardState.LOCAL_STOCK and only is None
    loose = loose_cards(session, system.id, at, after=after_card) if shows_counter else []
    counts = cards_of(session, system.id)
    counters = counters_with(session, system.id, CounterRight.REGISTER)
    return page(
        request,
        "cards/packages.html",
        status=NEEDS_INPUT if said else 200,
        system=system,
        where=next(word for word, one in _STATES.items() if one is state),
        tabs=[
            (word, state_words(_)[one], sum(counts.get((one, social), 0) for social in (False, True)))
            for word, one in _STATES.items()
        ],
        packages=packages,
        contents=contents_of(session, packages),
        further=packages[-1].id if only is None and len(packages) == PAGE else None,
        counters=[(0, _("kies een balie")), *((one.id, one.name) for one in counters)],
        names=names,
        asked=asked,
        is_search=only is not None,
        at=at,
        at_name=names.get(at, ""),
        loose=loose,
        further_loose=loose[-1] if len(loose) == PAGE else None,
        ticked=ticked or [],
        counter=counter,
        errors={"": said} if said else {},
        done=done,
    )


def _names(session: Session, ids: set[int | None]) -> dict[int, str]:
    query = select(Counter).where(col(Counter.id).in_(ids - {None, 0}))
    return {one.id or 0: one.name for one in session.exec(query)}


def _counters_page(
    request: Request,
    session: Session,
    acting: Acting,
    system: CardSystem,
    *,
    sentence: str = "",
    done: str = "",
) -> Response:
    levels = levels_of(session, system.id)
    stocks = {(one.counter_id, one.social_tariff): one for one in stock_at(session, system=system.id)}
    names = {one.id: one.name for one in counters_in_reach(session, acting)}
    rows = [
        (
            names.get(key[0], str(key[0])),
            stocks.get(key, CounterStock(key[0], system.id, key[1], 0, 0)),
            levels.get(key) or first_level(system.id, *key),
        )
        for key in levels.keys() | stocks.keys()
    ]
    return page(
        request,
        "cards/counters.html",
        status=NEEDS_INPUT if sentence else 200,
        system=system,
        rows=sorted(rows, key=lambda row: (row[0].casefold(), row[1].social_tariff)),
        errors={"": sentence} if sentence else {},
        done=done,
    )
