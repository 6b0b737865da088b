"""The buttons of one zuil on the dashboard: who may press which, and what becomes of it."""

import re
import time
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from server.kiosks.closing import take_report
from server.kiosks.commands import RULES
from server.kiosks.models import Kiosk, KioskCommand
from server.staff.roles import Permission
from shared.domain.commands import CommandKind, CommandOutcome
from shared.wire.messages import said_in

HERE = "/dashboard/zuilen/1"
PNG = b"\x89PNG\r\n\x1a\n picture"
OWNERS = [kind for kind, rule in RULES.items() if rule.permission is Permission.MANAGE_KIOSKS]


@pytest.fixture
def technician(site):
    site.report(1, event=None)
    site.log_in("Tom Goossens")
    return site


@pytest.fixture
def ksb(technician):
    technician.log_in("Karima El Idrissi")
    return technician


def order(site, kind, **fields):
    return site.client.post(f"{HERE}/opdrachten/{kind}", data=fields)


def answer(site, outcome, **fields):
    """Report on the open command, as the zuil does; return its id."""
    with site.database.writing() as session:
        command = session.exec(select(KioskCommand).where(KioskCommand.ended_at.is_(None))).one()
        ended = int(time.time() * 1000)
        take_report(session, session.get_one(Kiosk, 1), command.id, outcome, ended=ended, **fields)
        return command.id


def state(site, kind):
    page = site.client.get(HERE).text.partition(f'id="opdracht-{kind}"')[2].partition("</li>")[0]
    return page.partition('data-state="')[2].partition('"')[0], page


def test_a_technician_orders_what_does_no_harm_and_sees_no_button_for_the_rest(technician):
    page = technician.client.get(HERE).text
    for kind in CommandKind:
        assert (f'action="{HERE}/opdrachten/{kind.value}"' in page) == (kind not in OWNERS)
    for kind in OWNERS:
        assert order(technician, kind.value, sure="yes").status_code == 403
    done = order(technician, "restart")
    assert done.headers["location"] == f"{HERE}#opdracht-restart"
    assert state(technician, "restart")[0] == "waiting"


def test_each_button_says_what_it_does(ksb):
    orders = ksb.client.get(HERE).text.partition('<ul class="orders">')[2].partition("</ul>")[0]
    buttons = re.findall(r'<button[^>]*aria-label="([^"]+)">([^<]+)<', orders)
    assert len(buttons) == len(CommandKind) - 1
    assert len({shown for _, shown in buttons}) == len(buttons)
    assert all(name.startswith(shown) for name, shown in buttons)


def test_a_counter_orders_nothing(technician):
    technician.log_in("Bram Wouters")
    assert order(technician, "restart").status_code == 403


def test_what_the_zuil_did_is_told_in_plain_words(ksb):
    order(ksb, "self-test")
    lines = b"BAD  reader: <away>\nok   storage: the journal can be written, 2 taps wait\n"
    answer(ksb, CommandOutcome.FAILED, sentence="Not good: reader.", result=lines)
    shown, page = state(ksb, "self-test")
    assert shown == "failed"
    assert "Mislukt vandaag om" in page
    assert "<strong>Kaartlezer</strong> werkt niet" in page
    assert "tikken kunnen bewaard worden, 2 wachten nog" in page
    assert "away" not in page
    order(ksb, "reboot")
    answer(ksb, CommandOutcome.REFUSED, sentence="No <machine>.")
    assert "De zuil deed dit niet." in state(ksb, "reboot")[1]
    assert "De zuil zegt: No &lt;machine&gt;." in state(ksb, "reboot")[1]
    order(ksb, "reboot")
    sentence = "The machine cannot be started anew: no way."
    answer(ksb, CommandOutcome.FAILED, sentence=sentence, said=said_in(sentence))
    assert "Het toestel kan niet opnieuw starten (no way)." in state(ksb, "reboot")[1]
    order(ksb, "resync")
    answer(ksb, CommandOutcome.DONE)
    assert "Uitgevoerd vandaag om" in state(ksb, "resync")[1]


def test_a_self_test_names_the_event_by_its_title_and_so_does_who_did_what(ksb):
    music = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
    for said in ((), said_in(f"ok   decision: cards are decided on, the event is {music}")):
        order(ksb, "self-test")
        lines = f"ok   decision: cards are decided on, the event is {music}\n".encode()
        answer(ksb, CommandOutcome.DONE, result=lines, said=said)
        page = state(ksb, "self-test")[1]
        assert "activiteit: Muziekinstuif voor iedereen" in page
        assert music not in page
    ksb.watch(1)
    ksb.client.post(f"{HERE}/activiteit", data={"event_id": music})
    page = ksb.client.get("/monitor/zuilen/1").text
    assert "activiteit: Muziekinstuif voor iedereen" in page
    assert music not in page


def test_what_cannot_be_done_now_is_a_page_that_says_why_in_ones_own_language(ksb):
    order(ksb, "restart")
    again = order(ksb, "restart")
    assert again.status_code == 409
    assert again.headers["content-type"].startswith("text/html")
    assert "Al gevraagd" in again.text
    assert "Dit is al gevraagd en de zuil deed het nog niet." in again.text
    assert 'href="/"' in again.text
    ksb.client.cookies.set("taal", "fr")
    assert "Déjà demandé" in order(ksb, "restart").text
    ksb.client.cookies.set("taal", "nl")
    with ksb.database.writing() as session:
        session.get_one(Kiosk, 1).state = "new"
    refused = order(ksb, "identify")
    assert (refused.status_code, "Deze zuil is nu niet in gebruik." in refused.text) == (409, True)
    other = ksb.client.post(f"{HERE}/deblokkeren")
    assert other.status_code == 409
    assert "Iemand was je voor: dit kan nu niet meer." in other.text
    as_program = ksb.client.post(f"{HERE}/deblokkeren", headers={"accept": "application/json"})
    assert as_program.headers["content-type"] == "application/problem+json"
    assert as_program.json()["status"] == 409


def test_what_was_not_heard_in_time_is_expired(ksb):
    order(ksb, "restart")
    with ksb.database.writing() as session:
        session.exec(select(KioskCommand)).one().expires = 0
    shown, page = state(ksb, "restart")
    assert (shown, "hoorde het niet op tijd" in page) == ("expired", True)
    assert order(ksb, "restart").status_code == 303


def test_the_screen_of_the_zuil_is_the_picture_it_sent(ksb):
    order(ksb, "show-screen")
    id_ = answer(ksb, CommandOutcome.DONE, result=PNG)
    assert f'src="{HERE}/opdrachten/{id_}/beeld"' in state(ksb, "show-screen")[1]
    picture = ksb.client.get(f"{HERE}/opdrachten/{id_}/beeld")
    assert (picture.content, picture.headers["content-type"]) == (PNG, "image/png")
    assert ksb.client.get(f"{HERE}/opdrachten/{id_}/logboek").status_code == 404
    assert ksb.client.get(f"/dashboard/zuilen/2/opdrachten/{id_}/beeld").status_code == 404


def test_what_is_not_a_picture_is_not_sent_as_one(ksb):
    order(ksb, "show-screen")
    id_ = answer(ksb, CommandOutcome.DONE, result=b"<script>alert(1)</script>")
    assert ksb.client.get(f"{HERE}/opdrachten/{id_}/beeld").status_code == 404


def test_the_log_of_the_zuil_can_be_read(technician):
    order(technician, "send-logs")
    id_ = answer(technician, CommandOutcome.DONE, result=b"INFO one\nINFO <two>\n")
    assert f"{HERE}/opdrachten/{id_}/logboek" in state(technician, "send-logs")[1]
    page = technician.client.get(f"{HERE}/opdrachten/{id_}/logboek").text
    assert "INFO one" in page
    assert "INFO &lt;two&gt;" in page


def test_a_zuil_is_wiped_when_the_box_is_ticked(ksb):
    order(ksb, "wipe")
    assert state(ksb, "wipe")[0] == ""
    order(ksb, "wipe", sure="yes")
    assert state(ksb, "wipe")[0] == "waiting"


def test_the_same_thing_is_not_ordered_twice(ksb):
    order(ksb, "restart")
    assert order(ksb, "restart").status_code == 409
    assert order(ksb, "make-coffee").status_code == 404


def test_a_zuil_of_another_region_is_out_of_reach(ksb):
    with ksb.database.reading() as session:
        elsewhere = [kiosk.number for kiosk in session.exec(select(Kiosk)) if kiosk.number not in (1, 2)]
    for number in [*elsewhere, 999]:
        assert ksb.client.post(f"/dashboard/zuilen/{number}/opdrachten/restart").status_code in (403, 404)


def test_the_page_says_whether_the_zuil_confirmed_its_settings(ksb):
    from server.kiosks.configuration import compose

    with ksb.database.reading() as session:
        kiosk = session.get_one(Kiosk, 1)
        version = compose(session, kiosk, "http://testserver", datetime.now(UTC)).version
    ksb.report(1, heartbeat={"config": version, "reader": "ok", "display": "ok"})
    assert 'data-confirmed="yes"' in ksb.client.get(HERE).text
    ksb.client.post(f"{HERE}/codesleutel")
    assert 'data-confirmed="no"' in ksb.client.get(HERE).text


def test_a_wiped_zuil_says_so_and_takes_no_orders(ksb):
    with ksb.database.writing() as session:
        kiosk = session.get_one(Kiosk, 1)
        kiosk.state, kiosk.wiped_at = "new", datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
    page = ksb.client.get(HERE).text
    assert 'data-farewell="wiped"' in page
    assert "op-afstand" not in page
