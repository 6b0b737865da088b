"""A zuil out of use: it stands in a list of its own, and its page still opens."""

import pytest

from server.checkins.models import KioskJournal
from server.kiosks.models import FormerDevice, Kiosk, KioskCounter
from shared.domain.zones import from_millis

HERE = "/dashboard/zuilen/1"
PAST = "/monitor/zuilen/1"
MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"


def retire(site):
    """Be the KSB who just took the first zuil out of use."""
    site.report(1, event=MUSIC)
    with site.database.writing() as session:
        session.get_one(Kiosk, 1).consumer_key = "k"
    site.log_in("Karima El Idrissi")
    site.client.post(f"{HERE}/verwijderen", data={"sure": "yes"})
    return site


@pytest.fixture
def ksb(site):
    return retire(site)


def test_it_leaves_the_list_and_stands_in_that_of_what_is_out_of_use(any_site):
    ksb = retire(any_site)
    assert "Zuil inkomhal" not in ksb.client.get("/dashboard/zuilen").text
    retired = ksb.client.get("/dashboard/zuilen?stand=uit").text
    assert "Zuil inkomhal" in retired
    assert "Muziekinstuif" not in retired
    assert "Zuil zijdeur" not in retired
    assert "Zuil inkomhal" not in ksb.client.get("/dashboard/zuilen?stand=uit&zoek=zijdeur").text
    assert "Zuil inkomhal" not in ksb.client.get("/dashboard/zuilen/samen?stand=uit").text


def test_its_page_shows_what_it_did_and_offers_nothing(ksb):
    assert ksb.client.get(HERE).headers["location"] == PAST
    page = ksb.client.get(PAST).text
    assert "Karima El Idrissi" in page
    assert "nam de zuil voorgoed uit dienst</span>" in page
    assert "nog niet bevestigd" in page
    assert "<form" not in page.partition("<main")[2]
    assert "Voorgoed uit dienst" in page.partition("Wat er gebeurde")[2]
    assert "Voorgoed uit dienst" in ksb.client.get(f"{PAST}/verloop").text
    for path in ("opdrachten/restart", "activiteit", "code", "blokkeren"):
        assert ksb.client.post(f"{HERE}/{path}", data={"sure": "yes"}).status_code == 404, path
    assert ksb.client.post(f"{PAST}/onderhoud", data={"uren": 1}).status_code == 404
    assert "voorgoed uit dienst" in ksb.client.get(f"{HERE}/activiteit").text


def test_one_that_never_had_a_device_waits_for_nothing(site):
    site.log_in("Karima El Idrissi")
    site.client.post(f"{HERE}/verwijderen", data={"sure": "yes"})
    page = site.client.get(PAST).text
    assert "er viel niets te wissen" in page
    assert "nog niets van gehoord" not in page
    assert "nog niet bevestigd" not in page
    assert "Wat ze nog heeft" not in site.client.get("/dashboard/zuilen?gelukt=weg").text


def test_the_taps_of_the_devices_it_had_before_count_too(ksb):
    with ksb.database.writing() as session:
        session.add(Kiosk(number=40, name="Vorig toestel", code_key=b"", state="removed"))
        session.flush()
        session.add(FormerDevice(kiosk=40, successor=1, since=from_millis(1)))
        session.add_all(KioskJournal(kiosk=kiosk, top_seq=taps) for kiosk, taps in ((1, 5), (40, 7), (2, 9)))
    page = ksb.client.get(PAST).text
    assert "<dt>Tikken die ze afgaf</dt><dd>12</dd>" in page


def test_what_is_not_there_is_not_said_to_be_of_another_counter(ksb):
    ksb.log_in("Ada Janssens")
    for path, words in (
        ("/monitor/meldingen/99999", "Deze melding bestaat niet (meer)"),
        ("/monitor/zuilen/99999", "Deze zuil bestaat niet (meer)"),
        ("/dashboard/zuilen/99999", "Deze zuil bestaat niet (meer)"),
    ):
        answer = ksb.client.get(path)
        assert (answer.status_code, words in answer.text) == (404, True), path
        assert "balie of regio" not in answer.text


def test_a_device_that_was_replaced_is_no_zuil_out_of_use(ksb):
    with ksb.database.writing() as session:
        former = Kiosk(name="Vorig toestel", code_key=b"", state="removed")
        session.add(former)
        session.flush()
        session.add(KioskCounter(kiosk=former.number, counter_id=1))
        session.add(FormerDevice(kiosk=former.number, successor=2, since=from_millis(1)))
        number = former.number
    assert "Vorig toestel" not in ksb.client.get("/dashboard/zuilen?stand=uit").text
    assert ksb.client.get(f"/dashboard/zuilen/{number}").status_code == 404
    assert ksb.client.get(f"/monitor/zuilen/{number}").status_code == 404


def test_a_technician_may_read_it_too(ksb):
    ksb.log_in("Tom Goossens")
    assert ksb.client.get(PAST).status_code == 200
