"""Every page there is: the shell, and the pages of each capability inside it."""

from __future__ import annotations

from fastapi import FastAPI

from server.batches import dashboard as batches
from server.bulk import dashboard as bulk
from server.cards import dashboard as cards
from server.cards import lists, shipping
from server.cards import pages as own_cards
from server.cardsystems import dashboard as card_systems
from server.cardsystems import pages as looks
from server.checkins import dashboard as differences
from server.checkins import pages as scan
from server.counters import dashboard as counters
from server.counters import pages as groups
from server.demo import pages as demo
from server.demo import uitid as demo_uitid
from server.events import dashboard as events
from server.families import pages as families
from server.grouppasses import dashboard as group_passes
from server.grouppasses import pages as groups_at_counter
from server.kernel.routes import add_routes
from server.kiosks import care, choosing, dashboard, following, remote
from server.kiosks import pages as balie
from server.logbook import dashboard as logbook
from server.mine import pages as mine
from server.monitor import alerts, subscriptions, webhooks
from server.monitor import dashboard as watched
from server.monitor import pages as monitor
from server.organisation import dashboard as organisation
from server.organisation import pages as colleagues
from server.partners import dashboard as partners
from server.posters import pages as posters
from server.prices import dashboard as prices
from server.registration import cities, person, portrait, pupils
from server.registration import dashboard as members
from server.registration import pages as people
from server.releases import dashboard as releases
from server.rewards import dashboard as rewards
from server.rewards import pages as rewards_at_counter
from server.uitid import pages as uitid
from server.vouchers import dashboard as vouchers
from server.web.shell import install_shell


def install(app: FastAPI) -> None:
    """Give the application its pages; the demo's only in a demo."""
    install_shell(app)
    add_routes(
        app,
        scan.router,
        balie.router,
        own_cards.router,
        colleagues.router,
        people.router,
        uitid.router,
        mine.router,
        families.router,
        families.leaving,
        person.router,
        portrait.router,
        portrait.link_router,
        pupils.router,
        cities.router,
        rewards.router,
        rewards_at_counter.router,
        bulk.router,  # its addresses look like references of pashouders to the next ones
        members.router,
        members.system_router,
        batches.router,  # its addresses look like numbers of zuilen to the next one
        dashboard.router,
        care.router,
        following.router,
        choosing.router,
        monitor.router,
        watched.router,
        alerts.router,
        subscriptions.router,
        webhooks.router,
        remote.router,
        posters.router,
        releases.router,
        differences.router,
        lists.router,
        shipping.router,
        prices.router,
        vouchers.router,
        group_passes.router,
        groups_at_counter.router,
        organisation.router,
        partners.router,
        cards.router,
        groups.router,
        card_systems.router,
        counters.router,
        events.router,
        logbook.router,
        looks.router,
    )
    if app.state.settings.demo:
        add_routes(app, demo_uitid.router, demo.router)
