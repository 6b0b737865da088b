"""A welcome reward, from the KSB who makes it to the counter that hands it out, by clicking."""

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from fakes.counter import running_counter
from server.cards.models import Card

PATIENCE = 20_000
"""Milliseconds; a machine may be busy."""


@pytest.fixture
def counter(tmp_path, filled):
    with running_counter(tmp_path / "counter", filled) as counter:
        yield counter


@pytest.mark.slow
def test_a_reward_is_made_given_handed_out_and_listed(chromium, counter):
    with counter.database.reading() as session:
        free = select(Card.uitpas_number).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None))
        card = session.exec(free.order_by(Card.uitpas_number)).first()
    context = chromium.new_context(locale="nl-BE")
    page, complaints = context.new_page(), []
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{counter.url}/login")
    page.get_by_role("button", name="Ik ben Karima").click()
    page.goto(f"{counter.url}/dashboard/pashouders/5/voordelen")
    page.get_by_role("link", name="Voordeel toevoegen").click()
    page.get_by_label("Beschrijving").fill("Een rondleiding achter de schermen.")
    page.get_by_role("button", name="Voordeel toevoegen").click()
    expect(page.get_by_label("Titel")).to_be_focused()
    page.get_by_label("Titel").fill("Gratis rondleiding")
    page.get_by_role("button", name="Voordeel toevoegen").click()
    expect(page.locator(".say.tone-good")).to_contain_text("Gemaakt.")

    page.goto(f"{counter.url}/login")
    page.get_by_role("button", name="Ik ben Ann", exact=True).click()
    page.get_by_role("button", name="Bibliotheek").click()
    page.goto(f"{counter.url}/balie/pashouders/registreren")
    for label, text in (
        ("Voornaam", "Nadia"),
        ("Naam", "Verstraete"),
        ("Geboortedatum", "1990-05-01"),
        ("Postcode", "9000"),
        ("Gemeente", "Gent"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.locator("#card").fill(card)
    page.locator("[name=no_email]").check()
    page.get_by_role("button", name="Nakijken").click()
    expect(page.locator("dl.facts")).to_contain_text("Gratis rondleiding")
    page.get_by_role("button", name="Registreren").click()
    own = page.locator("#voordelen li", has_text="Gratis rondleiding")
    own.get_by_role("button", name="Meegeven").click()
    expect(page.locator(".say.tone-good")).to_contain_text("Het voordeel is meegegeven.")
    own.get_by_role("button", name="Terugnemen").click()
    expect(page.locator(".say.tone-good")).to_contain_text("Het voordeel is teruggenomen.")
    own.get_by_role("button", name="Meegeven").click()

    page.goto(f"{counter.url}/login")
    page.get_by_role("button", name="Ik ben Karima").click()
    page.goto(f"{counter.url}/dashboard/pashouders/5/voordelen/opgenomen")
    expect(page.get_by_role("cell", name="Nadia Verstraete")).to_have_count(1)
    with page.expect_download() as download:
        page.get_by_role("button", name="Lijst ophalen (CSV)").click()
    assert "Gratis rondleiding" in download.value.path().read_text(encoding="utf-8")
    context.close()
    assert complaints == []
