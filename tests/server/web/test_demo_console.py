"""The demo console and the data it stands on."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import func, select

from server.app import create_app
from server.cards.models import Card
from server.demo.cards import CARDS, OBJECTS
from server.demo.documents import documents
from server.demo.pages import SHOWN, Watched
from server.demo.seed import seed
from server.demo.zuilen import VirtualZuil, control_client
from server.events.models import Event
from server.jobs.outbox import send
from server.kernel.outbox import put_mail, waiting_mails
from server.kiosks.contact import note_hang_up
from server.kiosks.models import Kiosk
from server.passholders.models import Membership, Passholder
from server.staff.models import Staff
from shared.domain.checkin import CardState
from shared.domain.numbers import parse_chip_number, parse_uitpas_number

from .conftest import settings_for

JSON = {"accept": "application/json"}


def test_the_console_shows_both_zuilen_and_the_whole_test_set(demo_site):
    page = demo_site.client.get("/demo").text
    assert "Zuil inkomhal" in page
    assert "Zuil zijdeur" in page
    for card in CARDS:
        assert f"{card.number[:5]} {card.number[5:11]} {card.number[11:]}" in page
    for thing in OBJECTS:
        assert f'value="{thing.key}"' in page


def test_a_card_is_held_against_the_chosen_zuil(demo_site, controls):
    answer = demo_site.client.post("/demo/tik", data={"zuil": 2, "card": "0900000095902"})
    assert answer.headers["location"] == "/demo"
    assert controls[0].sent == []
    ((command, body),) = controls[1].sent
    assert command == "tap"
    assert (body["chip"], body["kind"]) == ("04784CDAEE3880", "ultralight")


def test_two_cards_at_once_are_held_together(demo_site, controls):
    demo_site.client.post("/demo/tik", data={"zuil": 1, "card": "two"}, headers=JSON)
    assert controls[0].sent[0][1]["beside"] == "04363CDAEE3880"


@pytest.mark.parametrize("card", ["0900004518305", "0900099999999", "nothing"])
def test_what_has_no_chip_cannot_be_held_against_a_zuil(demo_site, controls, card):
    assert demo_site.client.post("/demo/tik", data={"zuil": 1, "card": card}).status_code == 404
    assert controls[0].sent == []


def test_network_and_clock_are_switched(demo_site, controls):
    assert (
        demo_site.client.post("/demo/zuilen/1/netwerk", data={"on": "false"}, headers=JSON).status_code == 204
    )
    assert (
        demo_site.client.post("/demo/zuilen/1/klok", data={"seconds": "-3600"}, headers=JSON).status_code
        == 204
    )
    assert controls[0].sent == [("network", {"on": False}), ("clock", {"offset_seconds": -3600})]


def test_the_picture_is_the_panels_own(demo_site, controls):
    answer = demo_site.client.get("/demo/zuilen/1/beeld.png")
    assert answer.content == controls[0].frame()
    assert answer.headers["content-type"] == "image/png"


def test_a_light_and_the_picture_that_goes_with_it_travel_together(controls):
    async def look_twice():
        watched = Watched(VirtualZuil(1, "Zuil inkomhal", controls[0].url))
        async with control_client() as client:
            before = await watched.look(client)
            controls[0].state["lights"] = {"green": True, "red": False}
            controls[0].take("tap", {})
            return before, await watched.look(client)

    before, after = asyncio.run(look_twice())
    assert after["lights"]["green"]
    assert before["picture"] != after["picture"]
    assert after["picture"] == f"data:image/png;base64,{base64.b64encode(controls[0].frame()).decode()}"


def test_a_card_that_is_only_a_number_leads_to_the_page_behind_the_code(demo_site):
    page = demo_site.client.get("/demo").text
    assert page.count('<a class="pass no-chip') == sum(card.chip is None for card in CARDS)
    assert 'href="/demo/zuilen/1/qr" data-by-code' in page


def test_a_zuil_that_does_not_answer_is_said_to_be_away(tmp_path):
    settings = settings_for(
        f"sqlite:///{tmp_path / 'x.db'}", tmp_path, demo_zuilen=(("Zuil inkomhal", "http://127.0.0.1:9"),)
    )
    from .conftest import open_site

    with open_site(settings) as site:
        assert site.client.get("/demo/zuilen/1/beeld.png").status_code == 503
        assert site.client.get("/demo").status_code == 200
        assert site.client.get("/demo/zuilen/2/beeld.png").status_code == 404


def test_the_servers_view_never_says_all_is_in_of_a_zuil_that_it_does_not_hear(demo_site):
    demo_site.report(1)
    assert "alles binnen" in demo_site.client.get("/demo").text
    note_hang_up(demo_site.database, 1)
    page = demo_site.client.get("/demo").text
    assert "niet verbonden" in page
    assert "alles binnen" not in page
    demo_site.report(1, last_contact=datetime.now(UTC) - timedelta(seconds=125), hung_up=None)
    assert "niet verbonden, 2 minuten geleden gehoord" in demo_site.client.get("/demo").text


def test_the_servers_view_says_so_of_a_zuil_that_is_blocked_or_faulty(demo_site):
    demo_site.report(1, event=None, heartbeat={"faults": ["E10"]})
    demo_site.report(2, event=None)
    with demo_site.database.writing() as session:
        session.get_one(Kiosk, 2).state = "blocked"
    page = demo_site.client.get("/demo").text.split('id="server"')[1]
    assert "alles binnen" not in page
    assert "Meldt een storing" in page
    assert "Geblokkeerd" in page


def test_the_qr_page_opens_without_a_phone(demo_site):
    assert demo_site.client.get("/demo/zuilen/1/qr").status_code == 404
    demo_site.report(1, event=documents(datetime.now(UTC))[0]["@id"].rsplit("/", 1)[1])
    place = demo_site.client.get("/demo/zuilen/1/qr").headers["location"]
    assert place.startswith("/c/")
    assert "Muziekinstuif" in demo_site.client.get(place).text


def test_the_fake_control_port_says_what_the_console_reads(controls):
    assert set(SHOWN) - {"reachable", "index", "picture"} <= set(json.loads(json.dumps(controls[0].state)))


def test_the_demo_is_only_there_in_a_demo(tmp_path):
    from starlette.testclient import TestClient

    from server.kernel.database import Database
    from server.kernel.vault import Vault
    from server.migrations.run import migrate

    settings = settings_for(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, demo=False)
    migrate(Database(settings.database_url, Vault(settings.secret_key)))
    with TestClient(create_app(settings)) as client:
        assert client.get("/demo").status_code == 404


def counts(site):
    tables = (Card, Passholder, Membership, Staff, Kiosk, Event)
    with site.database.reading() as session:
        return [session.exec(select(func.count()).select_from(table)).one() for table in tables]


def test_filling_twice_doubles_nothing_and_moves_the_events_along(any_site):
    before = counts(any_site)
    later = datetime.now(UTC) + timedelta(days=1)
    codes = seed(any_site.database, later)
    assert counts(any_site) == before == [25, 11, 11, 5, 2, 6]
    assert set(codes) == {"Zuil inkomhal", "Zuil zijdeur"}
    with any_site.database.reading() as session:
        kinds = set(session.exec(select(Event.calendar_kind)))
        music = session.get_one(Event, "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11")
    assert kinds == {"single", "multiple", "periodic", "permanent"}
    assert music.calendar["spans"][0]["end"] > later.timestamp() * 1000


def test_a_zuil_that_is_in_use_gets_no_new_code(site):
    with site.database.writing() as session:
        session.get_one(Kiosk, 1).state = "active"
    assert set(seed(site.database, datetime.now(UTC))) == {"Zuil zijdeur"}


def test_the_test_set_is_the_public_one():
    assert len({card.number for card in CARDS}) == 15
    assert sum(card.chip is None for card in CARDS) == 3
    assert sum(card.group_pass for card in CARDS) == 2
    for card in CARDS:
        assert parse_uitpas_number(card.number).value == card.number
        assert card.chip is None or parse_chip_number(card.chip) == card.chip
        assert (card.person is None) == (card.group_pass or card.state is CardState.LOCAL_STOCK)


def test_mails_of_the_demo_are_read_on_a_page_and_their_links_lead_somewhere(site):
    assert "Nog geen mails" in site.client.get("/demo/mails").text
    with site.database.writing() as session:
        put_mail(session, "els@x.be", "Welkom", "Dag <Els>,\n\nhttps://x.be/y.", kind="uitpas", now=1)
    send(site.database, site.settings)
    found = site.client.get("/demo/mails").text
    assert "els@x.be" in found
    assert "Dag &lt;Els&gt;," in found
    assert '<a href="https://x.be/y">' in found
    with site.database.reading() as session:
        assert waiting_mails(session) == (0, 0)
