"""Every page: on a phone, in the dark, with names for what can be pressed, nothing from elsewhere."""

import pytest
from playwright.sync_api import expect

OPEN = ["/", "/pashouder", "/technieker", "/login", "/demo", "/demo/zuilen/1/qr"]
OPEN += ["/mijn-uitpas", "/mijn-uitpas/aanmelden", "/mijn-uitpas/registreren", "/mijn-uitpas/koppelen/niets"]
KSB = [
    "/dashboard/zuilen",
    "/dashboard/zuilen/1",
    "/dashboard/zuilen/nieuw",
    "/dashboard/zuilen/samen",
    "/dashboard/verschillen",
    "/dashboard/versies",
    "/monitor",
    "/monitor/kaart",
    "/monitor/zuilen/1",
    "/monitor/regels/5",
    "/monitor/regels/5/webhook",
    "/dashboard/pashouders/5/lijsten",
    "/dashboard/pashouders/5/voordelen/5688",
    "/dashboard/pashouders/5/scholen",
    "/dashboard/pashouders/5/gemeenten",
    "/dashboard/kaarten/5",
    "/dashboard/kaarten/5/bestellingen",
    "/dashboard/kaarten/5/lijsten",
    "/dashboard/kaarten/5/pakken",
    "/dashboard/kaarten/5/balies",
    "/dashboard/kaarten/5/prijzen",
    "/dashboard/kaarten/5/vouchers",
    "/dashboard/kaarten/5/groepspassen",
    "/dashboard/kaarten/5/groepspassen/nieuw",
]
BALIE = ["/balie", "/balie/zuilen/1", "/balie/kaarten", "/balie/groepspas?nummer=0900000045410"]
PAGES = (
    [(path, "") for path in OPEN] + [(path, "Karima") for path in KSB] + [(path, "Bram") for path in BALIE]
)
PHONE = {"viewport": {"width": 360, "height": 740}}
DARK_FRENCH = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "locale": "fr-BE"}

NAMELESS = """
() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.innerText?.trim() || element.getAttribute('aria-label')
    || element.value?.trim() || element.labels?.length || element.title))
  .map((element) => element.outerHTML)
"""
SMALL = """
() => [...document.querySelectorAll('button, .btn, input, select')]
  .filter((element) => !['hidden', 'checkbox', 'radio'].includes(element.type))
  .filter((element) => element.checkVisibility())
  .filter((element) => element.getBoundingClientRect().height < 40)
  .map((element) => element.outerHTML)
"""


@pytest.mark.parametrize(
    "visit",
    [
        pytest.param(PHONE, id="phone"),
        pytest.param(DARK_FRENCH, id="dark-french", marks=pytest.mark.slow),
    ],
    indirect=True,
)
@pytest.mark.parametrize(("path", "person"), PAGES)
def test_a_page_fits_a_phone_and_everything_on_it_has_a_name(visit, path, person):
    if person:
        visit.open("/login")
        visit.page.locator("button", has_text=person).click()
    page = visit.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert not visit.is_too_wide
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate("[...document.images].filter((image) => !image.hasAttribute('alt')).length") == 0


@pytest.mark.parametrize("visit", [{"color_scheme": "dark"}], indirect=True)
def test_the_dark_is_chosen_by_the_device_and_changed_by_hand(visit):
    page = visit.open("/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Licht of donker").click()
    expect(root).to_have_attribute("data-bs-theme", "light")
    visit.open("/pashouder")
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_the_language_is_chosen_with_two_clicks(visit):
    page = visit.open("/pashouder")
    page.get_by_label("Taal").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Saving points at the zuil")


def test_the_dashboard_is_live(visit, demo):
    visit.log_in("Karima")
    page = visit.open("/dashboard/zuilen")
    row = page.locator('tr[data-kiosk="2"]')
    expect(row).to_contain_text("In orde")
    demo.zuilen["Zuil zijdeur"].send("clock", offset_seconds=0)
    expect(row).to_contain_text("juist")


def test_the_screen_of_a_zuil_comes_to_the_dashboard_by_itself(visit):
    visit.log_in("Karima")
    page = visit.open("/dashboard/zuilen/1")
    order = page.locator("#opdracht-show-screen")
    order.get_by_role("button", name="Toon haar scherm").click()
    expect(order.get_by_role("img")).to_be_visible(timeout=10_000)
    expect(order).to_contain_text("Uitgevoerd vandaag om")
    assert order.get_by_role("img").evaluate("(image) => image.naturalWidth") == 128


def test_the_code_for_a_technician_is_copied_with_a_click(visit):
    visit.log_in("Karima")
    page = visit.open("/dashboard/zuilen/nieuw")
    page.get_by_label("Naam").fill("Zuil zolder")
    page.get_by_label("Bibliotheek De Sleutel").check()
    page.get_by_role("button", name="Zuil toevoegen").click()
    page.get_by_role("button", name="Maak een code").click()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Kopieer de opdracht").click()
    expect(page.get_by_role("button", name="Gekopieerd")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("zuil-provision enrol --server http://127.0.0.1")
    assert page.locator("#code").inner_text() in copied
