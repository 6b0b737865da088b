"""Logging in with a browser: the demo's stand-in, and a real OpenID Connect issuer."""

import pytest
from oidc_provider_mock import User, run_server_in_thread
from playwright.sync_api import expect

from fakes.ports import free_ports
from server.demo.stage import ServerProgram, run_module


def test_the_stand_in_lets_one_be_ksb_and_leave_again(visit):
    visit.log_in("Karima")
    page = visit.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Zuilen")
    page.get_by_label("Jij en je balie").click()
    expect(page.get_by_text("Karima El Idrissi")).to_be_visible()
    page.get_by_role("button", name="Afmelden").click()
    visit.open("/dashboard/zuilen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Aanmelden")


def test_who_works_for_two_counters_chooses_and_can_switch(visit):
    visit.log_in("Ann", "Theater De Lantaarn")
    page = visit.open("/balie")
    expect(page.get_by_text("Aan deze balie staat nog geen zuil.")).to_be_visible()
    page.get_by_label("Jij en je balie").click()
    page.get_by_role("link", name="Van balie wisselen").click()
    page.get_by_role("button", name="Bibliotheek De Sleutel").click()
    visit.open("/balie")
    expect(page.get_by_role("heading", name="Zuil zijdeur")).to_be_visible()


@pytest.fixture(scope="module")
def issuer():
    people = [
        User(sub="demo-bram", claims={"name": "Bram Wouters"}),
        User(sub="nobody", claims={"name": "Niemand"}),
    ]
    with run_server_in_thread(user_claims=people) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def with_uitid(tmp_path_factory, issuer):
    """A server that is no demo: people log in at the issuer."""
    oidc = {"ZUIL_OIDC_ISSUER": issuer, "ZUIL_OIDC_CLIENT_ID": "zuil", "ZUIL_OIDC_CLIENT_SECRET": "secret"}
    server = ServerProgram(tmp_path_factory.mktemp("server"), free_ports(1), oidc)
    server.run("migrate")
    run_module("server.demo.seed", environment=server.environment)
    server.start()
    yield server
    server.stop()


def log_in_at_the_issuer(page, server, person):
    page.goto(f"{server.url}/balie")
    page.get_by_role("link", name="Aanmelden met UiTiD").click()
    page.get_by_role("button", name=person).click()


def test_with_uitid_one_comes_back_to_the_page_one_wanted(chromium, with_uitid):
    page = chromium.new_context(locale="nl-BE").new_page()
    log_in_at_the_issuer(page, with_uitid, "demo-bram")
    expect(page.get_by_role("heading", level=1)).to_have_text("Mijn zuilen")
    assert page.url == f"{with_uitid.url}/balie"
    page.context.close()


def test_a_uitid_nobody_knows_is_told_whom_to_ask(chromium, with_uitid):
    page = chromium.new_context(locale="nl-BE").new_page()
    log_in_at_the_issuer(page, with_uitid, "nobody")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nog geen toegang")
    expect(page.get_by_text("Je bent aangemeld als Niemand")).to_be_visible()
    page.context.close()
