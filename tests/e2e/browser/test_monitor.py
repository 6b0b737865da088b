"""The monitor before a real server and real zuilen: a change of state is on the board within two seconds."""

import time

from playwright.sync_api import expect

SEEN_WITHIN = 2.0


def test_a_change_of_state_is_on_the_board_within_two_seconds_without_a_click(visit, demo):
    visit.log_in("Karima")
    board = visit.open("/monitor")
    row = board.locator('tr[data-kiosk="2"]')
    expect(row).to_contain_text("In orde")
    expect(board.locator('[data-count="ok"] strong')).to_have_text("2")
    other = board.context.new_page()
    other.goto(f"{demo.server.url}/dashboard/zuilen/2")
    other.get_by_label("Ja, blokkeer Zuil zijdeur").check()
    other.get_by_role("button", name="Blokkeer de zuil").click()
    clicked = time.monotonic()
    expect(row).to_contain_text("Geblokkeerd", timeout=SEEN_WITHIN * 1000)
    expect(board.locator('[data-count="blocked"] strong')).to_have_text("1")
    assert time.monotonic() - clicked < SEEN_WITHIN
    board.locator('[data-count="blocked"]').click()
    expect(board.locator("tr[data-kiosk]")).to_have_count(1)


def test_a_real_zuil_tells_what_it_measures(visit):
    visit.log_in("Karima")
    page = visit.open("/monitor")
    page.get_by_label("Zoek").fill("inkomhal")
    page.get_by_role("button", name="Toon").click()
    page.get_by_role("link", name="Zuil inkomhal").click()
    facts = page.locator("dl.facts")
    expect(facts).to_contain_text("Vrij geheugen")
    expect(facts).to_contain_text(" MB")
    page.get_by_role("link", name="Week").click()
    expect(page.get_by_role("link", name="Week")).to_have_attribute("aria-current", "true")


def test_work_on_a_zuil_is_announced_with_two_clicks(visit):
    visit.log_in("Karima")
    page = visit.open("/monitor/zuilen/1")
    page.get_by_label("Waarom").fill("nieuwe kabel")
    page.get_by_role("button", name="Begin het onderhoud").click()
    expect(page.get_by_text("nieuwe kabel").first).to_be_visible()
    page.get_by_role("button", name="Het onderhoud is klaar").click()
    expect(page.get_by_role("button", name="Begin het onderhoud")).to_be_visible()
