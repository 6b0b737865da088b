"""A phone scans the QR code that stands on a real zuil's display."""

import io
import re
import time
from urllib.parse import urlsplit

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


def scan_the_display(zuil):
    """Read the QR code from the picture on the display, as soon as it shows one; return its path."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        picture = Image.open(io.BytesIO(httpx.get(f"{zuil.control}/frame.png").content)).convert("L")
        bordered = Image.new("L", (picture.width * 4 + 80, picture.height * 4 + 80), 255)
        bordered.paste(
            picture.resize((picture.width * 4, picture.height * 4), Image.Resampling.NEAREST), (40, 40)
        )
        found = zxingcpp.read_barcodes(bordered)
        if found:
            return urlsplit(found[0].text).path
    raise AssertionError("the display showed no code that can be read")


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_the_code_on_the_display_opens_the_page_that_saves_the_point(visit, demo):
    page = visit.open(scan_the_display(demo.zuilen["Zuil inkomhal"]))
    assert not visit.is_too_wide
    page.get_by_label("Je UiTPAS-nummer").fill("0900 0045 18305")
    page.get_by_label("Je geboortedatum").fill("01/01/1980")
    page.get_by_role("button", name="Bewaar mijn punt").click()
    expect(page.locator('[data-outcome="ok"]')).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("11 punten")
    page.reload()
    expect(page.locator('[data-outcome="ok"]')).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Je UiTPAS-nummer")).to_be_visible()
    assert not visit.is_too_wide


@pytest.mark.parametrize("visit", [PHONE], indirect=True)
def test_the_next_of_the_family_follows_without_scanning_again(visit, demo):
    page = visit.open("/demo/zuilen/1/qr")
    for number, born in (("0900011902815", "30061991"), ("0900011903417", "17-2-2015")):
        page.get_by_label("Je UiTPAS-nummer").fill(number)
        page.get_by_label("Je geboortedatum").fill(born)
        page.keyboard.press("Enter")
        expect(page.locator("[data-outcome]")).to_have_attribute("data-outcome", re.compile("ok"))
        page.get_by_role("button", name="Nog een UiTPAS").click()
    expect(page.get_by_label("Je UiTPAS-nummer")).to_have_value("")


def test_a_typing_error_is_said_beside_the_field_and_nothing_is_lost(visit):
    page = visit.open("/demo/zuilen/1/qr")
    page.get_by_label("Je UiTPAS-nummer").fill("12345")
    page.get_by_label("Je geboortedatum").fill("2/3/1983")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Een UiTPAS-nummer telt 13 cijfers.")
    expect(page.get_by_label("Je geboortedatum")).to_have_value("2/3/1983")
    assert page.get_by_label("Je UiTPAS-nummer").get_attribute("aria-invalid") == "true"


def test_the_number_is_on_the_phone_next_time_when_asked(visit):
    page = visit.open("/demo/zuilen/2/qr")
    page.get_by_label("Je UiTPAS-nummer").fill("0900000095902")
    page.get_by_label("Je geboortedatum").fill("02031983")
    page.get_by_label("Onthoud mijn nummer op deze telefoon").check()
    page.get_by_role("button", name="Bewaar mijn punt").click()
    expect(page.locator("[data-outcome]")).to_be_visible()
    visit.open("/demo/zuilen/2/qr")
    expect(page.get_by_label("Je UiTPAS-nummer")).to_have_value("0900000095902")


def test_without_javascript(chromium, demo):
    context = chromium.new_context(java_script_enabled=False, locale="nl-BE")
    page = context.new_page()
    page.goto(f"{demo.server.url}/demo/zuilen/1/qr")
    page.get_by_label("Je UiTPAS-nummer").fill("1000000520006")
    page.get_by_label("Je geboortedatum").fill("01/01/1980")
    page.get_by_role("button", name="Bewaar mijn punt").click()
    expect(page.locator('[data-outcome="ok"]')).to_be_visible()
    context.close()
