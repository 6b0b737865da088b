"""What holds in each municipality of a card system, on the KSB's page (json-api 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.cities import city_settings
from server.cardsystems.models import CardSystem
from server.kernel.addresses import is_email
from server.kernel.audit import record
from server.kernel.database import RequestSession
from server.passholders.models import Cardless, CitySettings
from server.registration.keeping import HERE, NEEDS_INPUT, Keeper, OwnSystem
from server.registration.lookups import rules_of
from server.web.i18n import speak
from server.web.templating import page

router = APIRouter(prefix=f"{HERE}/{{system_id}}/gemeenten", include_in_schema=False)


class CitiesForm(BaseModel):
    """What was typed: a municipality and an e-mail address on each row, and those that are ticked."""

    municipality: list[str] = []
    email: list[str] = []
    cardless: list[str] = []


@router.get("")
def show_cities(request: Request, session: RequestSession, system: OwnSystem, gelukt: str = "") -> Response:
    """Show what holds in each municipality."""
    return _page(request, session, system, list(city_settings(session, system.id).values()), done=gelukt)


@router.post("")
def put_cities(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    form: Annotated[CitiesForm, Form()],
) -> Response:
    """Keep what holds in each municipality."""
    present = city_settings(session, system.id)
    emails = dict(zip(form.municipality, form.email, strict=False))
    wanted = [
        CitySettings(
            card_system_id=system.id,
            municipality=name,
            contact_email=emails.get(name, "").strip(),
            cardless=name in form.cardless,
        )
        for name in present
    ]
    wrong = {one.municipality for one in wanted if one.contact_email and not is_email(one.contact_email)}
    if wrong:
        sentence = speak(request)("Dit is geen e-mailadres. Het lijkt op naam@voorbeeld.be.")
        return _page(request, session, system, wanted, errors=dict.fromkeys(sorted(wrong), sentence))
    changed = [one for one in wanted if one.model_dump() != present[one.municipality].model_dump()]
    for one in changed:
        session.merge(one)
    if changed:
        detail = {"cities": [one.municipality for one in changed]}
        record(session, "change-rules", "card_system", system.id, staff_id=acting.staff_id, detail=detail)
    done = "bewaard" if changed else "hetzelfde"
    return RedirectResponse(f"{HERE}/{system.id}/gemeenten?gelukt={done}", 303)


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    cities: Sequence[CitySettings],
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    return page(
        request,
        "registration/cities.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        cities=cities,
        has_digital=Cardless(rules_of(session, system.id).cardless).allows(tariff=True),
        errors=errors,
        done=done,
    )
