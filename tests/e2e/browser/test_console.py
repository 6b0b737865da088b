"""The demo console: cards held against real virtual zuilen, and what the server makes of it."""

import re

import httpx
import pytest
from playwright.sync_api import expect

MIRA, GUST, STIJN, NOOR, PIETER = (
    "0900000095902",
    "0900000067513",
    "0900000002312",
    "0900010959113",
    "1000000520006",
)


def card(page, number):
    return page.locator(f'button[value="{number}"]')


def newest(page):
    return page.locator("[data-arrival]").first


def zuil(page, index):
    return page.locator(f'[data-zuil="{index}"]')


def test_a_click_on_a_card_taps_the_chosen_zuil_and_everyone_sees_it(visit):
    page = visit.open("/demo")
    frame = zuil(page, 1).locator("img.zuil-frame")
    expect(frame).to_have_attribute("src", re.compile("data:image/png"))
    before = frame.get_attribute("src")
    card(page, MIRA).click()
    expect(newest(page)).to_contain_text("Mira Demeester")
    expect(newest(page)).to_contain_text("+1")
    expect(frame).not_to_have_attribute("src", before)
    expect(page.locator(f'[data-balance="{MIRA}"]')).to_have_text("11")
    expect(page.locator("#spoken")).to_contain_text("Mira Demeester")


def test_the_light_goes_green_for_a_point_and_red_for_a_blocked_card(visit):
    page = visit.open("/demo")
    card(page, PIETER).click()
    expect(zuil(page, 1)).to_have_class(re.compile("green"))
    card(page, STIJN).click()
    expect(zuil(page, 1)).to_have_class(re.compile("red"))
    expect(newest(page)).to_contain_text("Kaart geblokkeerd")


def test_the_picture_is_the_panels_pixels_made_larger_without_blur(visit):
    page = visit.open("/demo")
    frame = zuil(page, 2).locator("img.zuil-frame")
    expect(frame).to_have_js_property("naturalWidth", 128)
    expect(frame).to_have_js_property("naturalHeight", 64)
    expect(frame).to_have_css("image-rendering", "pixelated")
    assert frame.bounding_box()["width"] % 128 == 0


def test_a_key_taps_the_zuil_with_that_number(visit):
    page = visit.open("/demo")
    card(page, NOOR).focus()
    page.keyboard.press("2")
    expect(newest(page)).to_contain_text("Noor Lammens")
    expect(newest(page)).to_contain_text("Zuil zijdeur")


def test_a_card_is_dragged_onto_a_zuil(visit):
    page = visit.open("/demo")
    page.set_viewport_size({"width": 1280, "height": 1600})
    source, target = card(page, GUST).bounding_box(), zuil(page, 2).bounding_box()
    page.mouse.move(source["x"] + 60, source["y"] + 60)
    page.mouse.down()
    page.mouse.move(source["x"] + 60, source["y"] - 40, steps=4)
    expect(page.locator(".ghost")).to_be_visible()
    page.mouse.move(target["x"] + 120, target["y"] + 120, steps=8)
    expect(zuil(page, 2)).to_have_class(re.compile("over"))
    page.mouse.up()
    expect(page.locator(".ghost")).to_have_count(0)
    expect(newest(page)).to_contain_text("Gust Verhaeghe")
    expect(newest(page)).to_contain_text("Zuil zijdeur")


def show_one_event_on_both(visit, demo):
    """Have the second zuil follow what the first one shows: by itself it may choose another."""
    event = next(iter(demo.zuilen.values())).state()["event"]["id"]
    visit.log_in("Bram")
    page = visit.open("/balie/zuilen/2")
    page.locator(f'button[name="event_id"][value="{event}"]').click()
    expect(page.locator('[data-following="shown"]')).to_be_visible(timeout=10_000)


def test_two_zuilen_without_a_network_both_say_yes_and_the_server_shows_the_difference(visit, demo):
    show_one_event_on_both(visit, demo)
    page = visit.open("/demo")
    number = "0900000093204"  # another region: noted without a network
    for index in (1, 2):
        zuil(page, index).get_by_role("button", name="Netwerk aan").click()
        expect(zuil(page, index).get_by_role("button", name="Netwerk uit")).to_be_visible()
    for index in (1, 2):
        card(page, number).focus()
        page.keyboard.press(str(index))
        expect(zuil(page, index).locator("[data-fact]")).to_contain_text("1")
    for index in (1, 2):
        zuil(page, index).get_by_role("button", name="Netwerk uit").click()
    arrivals = page.locator("[data-arrival]").filter(has_text="Oona De Smet")
    expect(arrivals).to_have_count(2, timeout=10_000)
    expect(arrivals.filter(has_text="+1")).to_have_count(1)
    expect(arrivals.filter(has_text="zuil toonde: Genoteerd")).to_have_count(2)


def test_the_clock_of_a_zuil_is_put_wrong_and_right_again(visit, demo):
    page = visit.open("/demo")
    first = next(iter(demo.zuilen.values()))
    clock = page.get_by_label("Klok van Zuil inkomhal")
    for label, seconds in (("Klok 1 uur voor", 3600), ("Klok juist", 0)):
        with page.expect_response("**/klok"):
            clock.select_option(label=label)
        assert first.state()["clock_offset_seconds"] == seconds


def test_other_things_get_their_own_answer(visit):
    page = visit.open("/demo")
    before = page.locator("img.zuil-frame").first.get_attribute("src")
    card(page, "bank").click()
    expect(zuil(page, 1)).to_have_class(re.compile("red"))
    expect(page.locator("img.zuil-frame").first).not_to_have_attribute("src", before)


def test_without_javascript_a_card_can_still_be_tapped(chromium, demo):
    context = chromium.new_context(java_script_enabled=False, locale="nl-BE")
    page = context.new_page()
    page.goto(f"{demo.server.url}/demo")
    seq = list(demo.zuilen.values())[1].state()["last_seq"]
    page.locator('[data-zuil="2"] input[type=radio]').check(force=True)
    page.locator('button[value="0900000020405"]').click()
    assert page.url == f"{demo.server.url}/demo"
    assert list(demo.zuilen.values())[1].state()["last_seq"] == seq + 1
    context.close()


def test_the_picture_of_the_server_and_of_the_console_are_the_same(demo):
    name, real = next(iter(demo.zuilen.items()))
    assert name == "Zuil inkomhal"
    shown = httpx.get(f"{demo.server.url}/demo/zuilen/1/beeld.png")
    assert shown.headers["content-type"] == "image/png"
    assert len(shown.content) > 100
    assert httpx.get(f"{real.control}/frame.png").status_code == 200


def test_the_servers_view_says_at_once_that_a_cut_zuil_is_not_heard(visit):
    page = visit.open("/demo")
    known = page.locator(".known li").filter(has_text="Zuil inkomhal")
    expect(known).to_contain_text("alles binnen")
    zuil(page, 1).get_by_role("button", name="Netwerk aan").click()
    expect(known).to_contain_text("niet verbonden", timeout=8_000)
    zuil(page, 1).get_by_role("button", name="Netwerk uit").click()
    expect(known).to_contain_text("alles binnen", timeout=20_000)


@pytest.mark.parametrize("size", [(1280, 900), (1366, 768)])
def test_zuilen_and_servers_view_stay_in_sight_while_choosing_a_card_on_a_desktop(visit, size):
    page = visit.open("/demo")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    card(page, "bank").scroll_into_view_if_needed()
    stage, server = page.locator(".stage").bounding_box(), page.locator("#server").bounding_box()
    assert stage["y"] >= 0
    assert stage["height"] < 400
    assert server["y"] >= 0
    assert server["y"] + server["height"] <= size[1]
    expect(zuil(page, 1).locator(".zuil-speaker")).to_be_visible()


def test_a_card_that_is_only_a_number_leads_to_the_page_behind_the_code_of_the_chosen_zuil(visit):
    page = visit.open("/demo")
    zuil(page, 2).get_by_role("radio").check(force=True)
    page.get_by_role("link", name="Hilde Maes").click()
    expect(page).to_have_url(re.compile("/c/"))
