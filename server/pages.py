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
    app.include_router(scan.router)
    app.include_router(balie.router)
    app.include_router(own_cards.router)
    app.include_router(colleagues.router)
    app.include_router(people.router)
    app.include_router(uitid.router)
    app.include_router(mine.router)
    app.include_router(families.router)
    app.include_router(families.leaving)
    app.include_router(person.router)
    app.include_router(portrait.router)
    app.include_router(portrait.link_router)
    app.include_router(pupils.router)
    app.include_router(cities.router)
    app.include_router(rewards.router)
    app.include_router(rewards_at_counter.router)
    app.include_router(bulk.router)  # its addresses look like references of pashouders to the next ones
    app.include_router(members.router)
    app.include_router(members.system_router)
    app.include_router(batches.router)  # its addresses look like numbers of zuilen to the next one
    app.include_router(dashboard.router)
    app.include_router(care.router)
    app.include_router(following.router)
    app.include_router(choosing.router)
    app.include_router(monitor.router)
    app.include_router(watched.router)
    app.include_router(alerts.router)
    app.include_router(subscriptions.router)
    app.include_router(webhooks.router)
    app.include_router(remote.router)
    app.include_router(posters.router)
    app.include_router(releases.router)
    app.include_router(differences.router)
    app.include_router(lists.router)
    app.include_router(shipping.router)
    app.include_router(prices.router)
    app.include_router(vouchers.router)
    app.include_router(group_passes.router)
    app.include_router(groups_at_counter.router)
    for settings in (organisation, partners, cards, groups, card_systems, counters, events, logbook):
        app.include_router(settings.router)
    app.include_router(looks.router)
    if app.state.settings.demo:
        app.include_router(demo_uitid.router)
        app.include_router(demo.router)
