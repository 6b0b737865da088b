"""The cards of a card system: how many there are, one of them, numbers to print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from server.cards.counts import cards_of
from server.cards.form import OrderForm, kind_words, read_form, state_words
from server.cards.keeping import HERE, NEEDS_INPUT, Keeper, system_with_cards
from server.cards.models import CardOrder, CardPackage
from server.cards.ordering import (
    PAGE,
    PrefixFullError,
    drop_card,
    drop_order,
    order_cards,
    orders_of,
    supplier_file,
)
from server.cards.packages import find_card
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.counters.reach import systems_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.checkin import CardState
from shared.domain.packages import PACKAGE_SIZE, before, packs_of

router = APIRouter(prefix=HERE, include_in_schema=False)


def _own_order(
    session: RequestSession, system: Annotated[CardSystem, Depends(system_with_cards)], order_id: int
) -> CardOrder:
    found = session.get(CardOrder, order_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "There is no such order.", type="zuil:place")
    return found


@router.get("")
def show_systems(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the card systems this person looks after; go on when there is one."""
    systems = systems_in_reach(session, acting)
    if len(systems) == 1:
        return RedirectResponse(f"{HERE}/{systems[0].id}", 303)
    return page(request, "cards/systems.html", systems=systems)


@router.get("/{system_id}")
def show_cards(
    request: Request,
    session: RequestSession,
    system: Annotated[CardSystem, Depends(system_with_cards)],
    nummer: str = "",
) -> Response:
    """Show how many cards there are, and the one that was looked for."""
    _ = speak(request)
    counts = cards_of(session, system.id)
    card = find_card(session, nummer, system.id) if nummer else None
    package = session.get(CardPackage, card.package_id) if card and card.package_id else None
    return page(
        request,
        "cards/cards.html",
        system=system,
        stock=[
            (word, counts.get((state, False), 0), counts.get((state, True), 0))
            for state, word in state_words(_).items()
        ],
        asked=nummer,
        card=card,
        card_state=state_words(_)[CardState[card.state]] if card else "",
        package=package,
        counter=session.get(Counter, card.counter_id) if card and card.counter_id else None,
        may_go=card is not None and CardState[card.state] in before(CardState.DELETED),
        kind_words=kind_words(_),
    )


@router.post("/{system_id}/vervallen")
def delete_card(
    session: RequestSession,
    acting: Keeper,
    system: Annotated[CardSystem, Depends(system_with_cards)],
    number: Annotated[str, Form()],
) -> Response:
    """Have a card that nobody had yet deleted."""
    card = find_card(session, number, system.id)
    if card is None or not drop_card(session, card, staff_id=acting.staff_id):
        raise ProblemError(409, "This card cannot be deleted any more.", type="zuil:card")
    return RedirectResponse(f"{HERE}/{system.id}?nummer={card.uitpas_number}", 303)


@router.get("/{system_id}/bestellingen")
def show_orders(
    request: Request,
    session: RequestSession,
    system: Annotated[CardSystem, Depends(system_with_cards)],
    voor: int = 0,
) -> Response:
    """Show the orders, and the form for another."""
    form = OrderForm(prefix=next(iter(system.prefixes), ""))
    return _orders_page(request, session, system, form, older_than=voor)


@router.post("/{system_id}/bestellingen")
def order(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: Annotated[CardSystem, Depends(system_with_cards)],
    form: Annotated[OrderForm, Form()],
) -> Response:
    """Generate numbers to have printed."""
    _ = speak(request)
    wanted, errors = read_form(form, system.prefixes, _)
    if wanted is None:
        return _orders_page(request, session, system, form, errors)
    packs = packs_of(wanted.count)
    if packs[1] and form.sure != "yes":
        return _orders_page(request, session, system, form, packs=packs)
    try:
        order_cards(session, system.id, wanted, datetime.now(UTC), staff_id=acting.staff_id)
    except PrefixFullError as full:
        sentence = _(
            "Met prefix {prefix} zijn er nog {left} nummers vrij.", prefix=wanted.prefix, left=full.left
        )
        return _orders_page(request, session, system, form, {"count": sentence})
    return RedirectResponse(f"{HERE}/{system.id}/bestellingen?gelukt=besteld", 303)


@router.get("/{system_id}/bestellingen/{order_id}.csv")
def download(
    system: Annotated[CardSystem, Depends(system_with_cards)],
    order: Annotated[CardOrder, Depends(_own_order)],
) -> Response:
    """Send the list for the supplier."""
    name = f"uitpas-{system.id}-{order.prefix}-{order.first_serial:06d}-{order.count}.csv"
    return StreamingResponse(
        supplier_file(order),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/{system_id}/bestellingen/{order_id}/vervallen")
def delete_order(
    session: RequestSession,
    acting: Keeper,
    system: Annotated[CardSystem, Depends(system_with_cards)],
    order: Annotated[CardOrder, Depends(_own_order)],
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Have what was not printed of an order deleted, when the box that says so is ticked."""
    if sure == "yes":
        drop_order(session, order, staff_id=acting.staff_id)
    return RedirectResponse(f"{HERE}/{system.id}/bestellingen", 303)


def _orders_page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: OrderForm,
    errors: Mapping[str, str] = MappingProxyType({}),
    *,
    packs: tuple[int, int] | None = None,
    older_than: int = 0,
) -> Response:
    """Show the orders and the form. packs: what an order would make that leaves a package half empty."""
    _ = speak(request)
    orders = orders_of(session, system.id, older_than=older_than or None)
    return page(
        request,
        "cards/orders.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        form=form,
        errors=errors,
        packs=packs,
        size=PACKAGE_SIZE,
        prefixes=[(prefix, prefix) for prefix in system.prefixes],
        orders=orders,
        older=orders[-1].id if len(orders) == PAGE else None,
        kinds=list(kind_words(_).items()),
        kind_words=kind_words(_),
    )
