"""The KSB: one deed for many zuilen, and a partner's program let in, by clicking."""

import httpx
from playwright.sync_api import expect

from server.demo.documents import TEST_ORGANISER


def test_zuilen_that_are_ticked_follow_together(visit, demo):
    visit.log_in("Karima")
    page = visit.open("/dashboard/zuilen")
    page.get_by_role("link", name="Meerdere samen").click()
    page.get_by_label("Alle 2 zuilen die gevonden zijn").check()
    page.get_by_label("Talen op het scherm kiezen").check()
    page.get_by_label("Nederlands", exact=True).check()
    page.get_by_label("English", exact=True).check()
    page.get_by_role("button", name="Doe dit").click()
    # The zuilen themselves say that they work with what was chosen.
    expect(page.get_by_role("status")).to_have_text("Gedaan en bevestigd bij 2 zuilen.", timeout=20_000)
    page.get_by_role("link", name="Naar de zuilen").click()
    page.get_by_role("link", name="Zuil inkomhal").click()
    expect(page.locator("[data-confirmed=yes]")).to_be_visible(timeout=20_000)
    expect(page.get_by_label("English", exact=True)).to_be_checked()


def test_a_program_is_let_in_and_does_what_was_ticked_and_nothing_else(visit, demo):
    visit.log_in("Karima")
    page = visit.open("/dashboard/instellingen/partners")
    page.get_by_role("link", name="Programma toevoegen").click()
    page.get_by_label("Naam").fill("Beheer van de stad")
    page.get_by_role("button", name="Programma toevoegen").click()
    client_id = page.url.rpartition("/")[2].partition("?")[0]
    page.get_by_label("Organisator").select_option(TEST_ORGANISER.id)
    page.get_by_role("button", name="Kies wat het mag").click()
    page.get_by_label("Zuilen opvragen").check()
    page.get_by_role("button", name="Bewaren").click()
    expect(page.get_by_text("Zuilen opvragen")).to_be_visible()
    page.get_by_role("button", name="Geheim maken").click()
    secret = page.locator("[data-secret]").inner_text()
    with httpx.Client(base_url=f"{demo.server.url}/api") as http:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = http.post("/realms/uitid/protocol/openid-connect/token", data=form).json()["access_token"]
        http.headers["authorization"] = f"Bearer {token}"
        names = [one["name"] for one in http.get("/kiosks").json()["member"]]
        assert names == ["Zuil inkomhal", "Zuil zijdeur"]
        assert http.delete("/kiosks/1/fixed-event").status_code == 403
        page.get_by_label("Ja, trek Beheer van de stad in").check()
        page.get_by_role("button", name="Intrekken").click()
        expect(page.get_by_text("Ingetrokken vandaag")).to_be_visible()
        assert http.get("/kiosks").status_code == 401
