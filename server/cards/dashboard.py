"""The cards of a card system: what is in stock, numbers to print, the supplier's list back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, UploadFile
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from server.cards.form import OrderForm, fault_words, kind_words, read_form, state_words
from server.cards.models import CardOrder
from server.cards.ordering import PrefixFullError, order_cards, orders_of, stock_of, supplier_file
from server.cards.stock import import_stock
from server.cardsystems.models import CardSystem
from server.counters.reach import system_in_reach, systems_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/kaarten"
MOST_BYTES: Final = 16 << 20
"""A list of some 400,000 cards."""
MOST_SHOWN: Final = 200
"""Bad lines on one page."""

router = APIRouter(prefix=HERE, include_in_schema=False)

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_CARDS))]


def _own_system(session: RequestSession, acting: Keeper, system_id: int) -> CardSystem:
    return system_in_reach(session, acting, system_id)


@router.get("")
def show_systems(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the card systems this person looks after; go on when there is one."""
    systems = systems_in_reach(session, acting)
    if len(systems) == 1:
        return RedirectResponse(f"{HERE}/{systems[0].id}", 303)
    return page(request, "cards/systems.html", systems=systems)


@router.get("/{system_id}")
def show_cards(
    request: Request, session: RequestSession, system: Annotated[CardSystem, Depends(_own_system)]
) -> Response:
    """Show the cards of one card system."""
    return _page(request, session, system, OrderForm(prefix=next(iter(system.prefixes), "")))


@router.post("/{system_id}/bestellingen")
def order(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: Annotated[CardSystem, Depends(_own_system)],
    form: Annotated[OrderForm, Form()],
) -> Response:
    """Generate numbers to have printed."""
    _ = speak(request)
    wanted, errors = read_form(form, system.prefixes, _)
    if wanted is None:
        return _page(request, session, system, form, errors)
    try:
        order_cards(session, system.id, wanted, datetime.now(UTC), staff_id=acting.staff_id)
    except PrefixFullError as full:
        sentence = _(
            "Met prefix {prefix} zijn er nog {left} nummers vrij.", prefix=wanted.prefix, left=full.left
        )
        return _page(request, session, system, form, {"count": sentence})
    return RedirectResponse(f"{HERE}/{system.id}#bestellingen", 303)


@router.get("/{system_id}/bestellingen/{order_id}.csv")
def download(
    session: RequestSession, system: Annotated[CardSystem, Depends(_own_system)], order_id: int
) -> Response:
    """Send the list for the supplier."""
    found = session.get(CardOrder, order_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "There is no such order.", type="zuil:place")
    name = f"uitpas-{system.id}-{found.prefix}-{found.first_serial:06d}-{found.count}.csv"
    return StreamingResponse(
        supplier_file(found),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/{system_id}/lijst")
def take_list(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: Annotated[CardSystem, Depends(_own_system)],
    file: UploadFile,
    only_good: Annotated[str, Form()] = "",
) -> Response:
    """Take in the supplier's list and show what became of each line that could not be used."""
    _ = speak(request)
    if file.size is None or not 0 < file.size <= MOST_BYTES:
        sentence = _("Kies het bestand van de leverancier, van hoogstens {n} MB.", n=MOST_BYTES >> 20)
        return _page(request, session, system, OrderForm(), {"file": sentence})
    report = import_stock(
        session, system.id, file.file, only_good=only_good == "yes", staff_id=acting.staff_id
    )
    return page(
        request,
        "cards/report.html",
        status=200 if report.written else NEEDS_INPUT,
        system=system,
        report=report,
        shown=report.bad[:MOST_SHOWN],
        words=fault_words(_),
    )


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: OrderForm,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    _ = speak(request)
    stock = stock_of(session, system.id)
    return page(
        request,
        "cards/cards.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        form=form,
        errors=errors,
        stock=[
            (word, stock.get((state, False), 0), stock.get((state, True), 0))
            for state, word in state_words(_).items()
        ],
        prefixes=[(prefix, prefix) for prefix in system.prefixes],
        orders=orders_of(session, system.id),
        kinds=list(kind_words(_).items()),
        kind_words=kind_words(_),
    )
