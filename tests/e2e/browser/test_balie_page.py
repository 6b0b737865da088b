"""The balie chooses an event and sees a real zuil follow."""

import re
import time

from playwright.sync_api import expect

FOLLOWS_WITHIN = 2.0
ATELIER = "5a0967f9-cc06-4c3c-9206-30481a767434"
MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"


def shown(demo):
    event = demo.zuilen["Zuil inkomhal"].state()["event"]
    return event["id"] if event else None


def test_the_zuil_follows_within_two_seconds_and_the_page_shows_it(visit, demo):
    visit.log_in("Bram")
    page = visit.open("/balie/zuilen/1")
    for name, event in (("Open atelier", ATELIER), ("Muziekinstuif", MUSIC)):
        page.get_by_role("button", name=name).click()
        clicked = time.monotonic()
        expect(page.locator('[data-following="shown"]')).to_be_visible(timeout=FOLLOWS_WITHIN * 1000)
        expect(page.locator(f'[data-event="{event}"]')).to_be_visible()
        assert time.monotonic() - clicked < FOLLOWS_WITHIN
        assert shown(demo) == event


def test_automatic_gives_the_choice_back_to_the_zuil(visit, demo):
    visit.log_in("Bram")
    page = visit.open("/balie/zuilen/1")
    page.get_by_role("button", name="Open atelier").click()
    expect(page.locator('[data-following="shown"]')).to_be_visible()
    page.get_by_role("button", name="Automatisch").click()
    expect(page.get_by_role("button", name="Automatisch")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("automatisch: begint het dichtst bij nu")).to_be_visible(timeout=2000)


def test_the_list_of_zuilen_is_live(visit, demo):
    visit.log_in("Bram")
    page = visit.open("/balie")
    other = page.context.new_page()
    other.goto(f"{demo.server.url}/balie/zuilen/1")
    other.get_by_role("button", name="Open atelier").click()
    expect(page.locator('[data-kiosk="1"]')).to_contain_text("Open atelier", timeout=2000)


def test_searching_narrows_the_list_while_typing(visit):
    visit.log_in("Bram")
    page = visit.open("/balie/zuilen/1")
    page.get_by_label("Zoek een activiteit").press_sequentially("dans")
    expect(page.locator("#activiteiten button")).to_have_count(1)
    expect(page.locator("#activiteiten")).to_contain_text("Dansles")
    page.get_by_label("Zoek een activiteit").fill("xyz")
    expect(page.locator("#activiteiten")).to_contain_text("Geen activiteit gevonden met “xyz”.")


def test_with_the_keyboard_alone(visit, demo):
    visit.open("/login")
    page = visit.page
    tab_to(page, "Ik ben Bram")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mijn zuilen")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#inhoud")).to_be_focused()
    tab_to(page, "Activiteit kiezen")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/balie/zuilen/1$"))
    tab_to(page, "Muziekinstuif voor iedereen")
    page.keyboard.press("Enter")
    expect(page.locator('[data-following="shown"]')).to_be_visible()
    assert shown(demo) == MUSIC


def test_without_javascript(chromium, demo):
    context = chromium.new_context(java_script_enabled=False, locale="nl-BE")
    page = context.new_page()
    page.goto(f"{demo.server.url}/login")
    page.get_by_role("button", name="Ik ben Bram").click()
    page.get_by_role("link", name="Activiteit kiezen").first.click()
    page.get_by_role("button", name="Open atelier").click()
    expect(page.get_by_role("button", name="Open atelier")).to_have_attribute("aria-current", "true")
    context.close()
    deadline = time.monotonic() + FOLLOWS_WITHIN
    while shown(demo) != ATELIER:
        assert time.monotonic() < deadline


def tab_to(page, text):
    """Press Tab until what begins with `text` has the focus, and it can be seen that it has."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.innerText.trim()")
        if focused.startswith(text):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"{text!r} cannot be reached with Tab")
