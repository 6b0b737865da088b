"""The counter's own cards: what it has, what is on its way, and that it arrived."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.counts import stock_at
from server.cards.form import refusal_words
from server.cards.keeping import NEEDS_INPUT
from server.cards.packages import (
    Mover,
    MoveRefusedError,
    confirm_arrival,
    contents_of,
    package_with,
    packages_in,
)
from server.cardsystems.models import CardSystem
from server.cardsystems.rights import CounterRight
from server.counters.rights import may
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.registration.scanning import scan_page
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from shared.domain.checkin import CardState

HERE: Final = "/balie/kaarten"

router = APIRouter(prefix=HERE, include_in_schema=False)

Receiver = Annotated[Acting, Depends(Requires(Permission.KEEP_STOCK))]


@router.get("")
def show_stock(request: Request, session: RequestSession, acting: Receiver, gelukt: str = "") -> Response:
    """Show the cards of the chosen counter and the packages on their way to it."""
    return _page(request, session, acting, done=gelukt)


@router.post("/aangekomen")
def confirm(
    request: Request,
    session: RequestSession,
    acting: Receiver,
    package: Annotated[int, Form()] = 0,
    number: Annotated[str, Form()] = "",
) -> Response:
    """Say that a package arrived: by the button beside it, or by any card in it."""
    try:
        wanted = package or package_with(session, number).id or 0
        mover = Mover(acting.staff_id, _counter(acting))
        confirm_arrival(session, {wanted}, datetime.now(UTC), mover)
    except MoveRefusedError as refused:
        return _page(request, session, acting, refused=refused, number=number)
    return RedirectResponse(f"{HERE}?gelukt=aangekomen", 303)


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    *,
    refused: MoveRefusedError | None = None,
    number: str = "",
    done: str = "",
) -> Response:
    _ = speak(request)
    counter_id = _counter(acting)
    stocks = stock_at(session, counter_id=counter_id)
    coming = packages_in(session, CardState.SENT_TO_BALIE, counter_id=counter_id)
    names = dict(
        session.exec(
            select(CardSystem.id, CardSystem.name).where(
                col(CardSystem.id).in_(
                    {one.card_system_id for one in stocks} | {one.card_system_id for one in coming}
                )
            )
        ).all()
    )
    return scan_page(
        request,
        "cards/balie.html",
        registers=may(session, counter_id, CounterRight.REGISTER),
        status=NEEDS_INPUT if refused else 200,
        stocks=stocks,
        coming=coming,
        contents=contents_of(session, coming),
        names=names,
        number=number,
        errors={"number": refusal_words(_)[refused.reason]} if refused else {},
        done=done,
    )


def _counter(acting: Acting) -> int:
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    return acting.counter_id
