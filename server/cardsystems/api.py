"""`card-systems` of the JSON API (json-api 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Query
from sqlmodel import Session, col, select
from starlette.requests import Request

from server.api.callers import ByAnyone
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page, address_of
from server.cardsystems.branding import looks_of
from server.cardsystems.cities import (
    PostcodeError,
    cities_of,
    city_settings,
    distances,
    municipalities_at,
    municipalities_named,
    systems_in,
)
from server.cardsystems.messages import (
    CardSystemMessage,
    CitySettingsMessage,
    SocialTariffSettings,
    branded,
    card_system_message,
    ruled,
)
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession
from server.passholders.models import Cardless, CitySettings, RegistrationRules

BY_POSTCODE: Final = "postalCode"

router = Operations()


@router.get("/card-systems")
def list_card_systems(
    request: Request,
    session: RequestSession,
    _caller: ByAnyone,
    asked: AskedPage,
    *,
    permanent: bool = True,
    city: Annotated[list[str], Query()] = [],  # noqa: B006 - FastAPI copies it
    postal_code: Annotated[list[str], Query(alias="postalCode")] = [],  # noqa: B006 - as above
    sort: str = "name",
    near: Annotated[str, Query(alias="postalCodeSort")] = "",
) -> Page[CardSystemMessage]:
    """Return the permanent, or the temporary, card systems: by name, or the nearest to a postcode first."""
    query = select(CardSystem).where(CardSystem.permanent == permanent)
    if city or postal_code:
        wanted = municipalities_named(session, city).union(*(_at(session, one) for one in postal_code))
        query = query.where(col(CardSystem.id).in_(systems_in(session, wanted)))
    found = _sorted(session, session.exec(query).all(), sort, near)
    page = asked.cut(found)
    return Page(total_items=page.total_items, member=_messages(request, session, page.member))


@router.get("/card-systems/{card_system_id}")
def show_card_system(
    request: Request, session: RequestSession, _caller: ByAnyone, card_system_id: int
) -> CardSystemMessage:
    """Return one card system."""
    return _messages(request, session, [_system(session, card_system_id)])[0]


@router.get("/card-systems/{card_system_id}/social-tariff-settings")
def show_tariff_settings(
    session: RequestSession,
    _caller: ByAnyone,
    card_system_id: int,
    postal_code: Annotated[str, Query(alias="postalCode")],
) -> SocialTariffSettings:
    """Say whether who lives at a postcode can get a digital card with the kansenstatuut."""
    system = _system(session, card_system_id)
    (settings, *_others) = _settings(session, system, [postal_code])
    return SocialTariffSettings(
        postal_code=postal_code, allows_cardless_registration=settings.allows_cardless_registration
    )


@router.get("/card-systems/{card_system_id}/city-settings")
def show_city_settings(
    session: RequestSession,
    _caller: ByAnyone,
    card_system_id: int,
    postal_code: Annotated[list[str], Query(alias="postalCode")] = [],  # noqa: B006 - FastAPI copies it
) -> list[CitySettingsMessage]:
    """Return what holds in each municipality of a card system, or in those at postcodes."""
    return _settings(session, _system(session, card_system_id), postal_code)


def _settings(session: Session, system: CardSystem, postcodes: Sequence[str]) -> list[CitySettingsMessage]:
    """Return what holds in the municipalities at postcodes; in all without any.

    Raises:
        ApiError: 400, a postcode is none, or is of another card system.
    """
    settings = city_settings(session, system.id)
    rules = session.get(RegistrationRules, system.id)
    is_possible = rules is not None and Cardless(rules.cardless).allows(tariff=True)
    wanted = set() if postcodes else set(settings)
    for postcode in postcodes:
        here = _at(session, postcode)
        own = here & settings.keys() if settings else here  # without cities of its own it is open to all
        if not own:
            raise ApiError(Prob.POSTAL_CODE_NOT_IN_CARD_SYSTEM)
        wanted |= own
    found = [
        settings.get(name) or CitySettings(card_system_id=system.id, municipality=name)
        for name in sorted(wanted)
    ]
    return [
        CitySettingsMessage(
            city=one.municipality,
            allows_cardless_registration=is_possible and one.cardless,
            contact_email=one.contact_email,
        )
        for one in found
    ]


def _sorted(session: Session, systems: Sequence[CardSystem], sort: str, near: str) -> list[CardSystem]:
    """Return card systems in the order that is asked for, `-` in front: the other way round."""
    by_name = sorted(systems, key=lambda one: one.name.casefold())
    is_reversed = sort.startswith("-")
    if sort.removeprefix("-") != BY_POSTCODE:
        return by_name[::-1] if is_reversed else by_name
    if not near:
        raise ApiError(Prob.POSTAL_CODE_REQUIRED)
    try:
        far = distances(session, [one.id for one in by_name], near)
    except PostcodeError as error:
        raise ApiError(Prob.INVALID_POSTAL_CODE) from error
    return sorted(by_name, key=lambda one: far[one.id], reverse=is_reversed)


def _at(session: Session, postcode: str) -> frozenset[str]:
    try:
        return municipalities_at(session, postcode)
    except PostcodeError as error:
        raise ApiError(Prob.INVALID_POSTAL_CODE) from error


def _system(session: Session, card_system_id: int) -> CardSystem:
    found = session.get(CardSystem, card_system_id)
    if found is None:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND, status=404)
    return found


def _messages(request: Request, session: Session, systems: Sequence[CardSystem]) -> list[CardSystemMessage]:
    ids, address = [one.id for one in systems], address_of(request)
    looks, places = looks_of(session, ids), cities_of(session, ids)
    query = select(RegistrationRules).where(col(RegistrationRules.card_system_id).in_(ids))
    rules = {one.card_system_id: one for one in session.exec(query)}
    return [
        ruled(
            branded(card_system_message(one), looks.get(one.id), address),
            rules[one.id].cardless if one.id in rules else Cardless.NONE,
            rules[one.id].tariff_info if one.id in rules else "",
            places[one.id],
        )
        for one in systems
    ]
