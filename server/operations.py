"""Every operation of the UiTPAS JSON API: one application under /api, with its own way to fail."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from server.api import accounts
from server.api.errors import install_api_errors
from server.api.tokens import Tokens
from server.cards import api as cards
from server.cardsystems import api as card_systems
from server.checkins import api as checkins
from server.counters import api as counters
from server.families import api as families
from server.grouppasses import api as group_passes
from server.kernel.routes import add_routes
from server.kiosks import api as kiosks
from server.kiosks import orders
from server.mine import api as mine
from server.organisation import api as organisation
from server.partners import api as partners
from server.registration import api as people
from server.registration import beside, memberships
from server.rewards import api as rewards
from server.settings import Settings
from server.staff.oidc import Issuer
from server.uitid import api as uitid
from server.vouchers import api as prices

ROUTERS: Final = (
    accounts.router,
    partners.router,
    card_systems.router,
    counters.router,
    organisation.router,
    cards.router,
    prices.router,
    group_passes.router,
    kiosks.router,
    orders.router,
    checkins.router,
    uitid.router,  # its `me` looks like an id to the next one
    people.router,
    memberships.router,
    families.router,
    mine.router,
    beside.router,
    rewards.router,
)


def install_api(app: FastAPI) -> None:
    """Give the application the JSON API."""
    api = FastAPI(
        title="UiTPAS JSON API", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False
    )
    api.state = app.state
    api.state.tokens = Tokens(app.state.database, _issuer(app.state.settings))
    install_api_errors(api)
    add_routes(api, *ROUTERS)
    api.add_middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Retry-After"],
        max_age=86_400,
    )
    app.mount("/api", api)


def _issuer(settings: Settings) -> Issuer | None:
    if not settings.oidc_issuer or not settings.oidc_client_id:
        return None
    return Issuer(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)
