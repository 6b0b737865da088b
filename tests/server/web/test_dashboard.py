"""The KSB's dashboard: the zuilen of a card system, made, assigned, enrolled, blocked."""

import re
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from server.cardsystems.setup import create_card_system
from server.checkins.models import Checkin, GapKind, GapState, KioskGap, RefusedTap, Source, Verdict
from server.counters.models import Counter, CounterCardSystem
from server.kernel.audit import AuditEntry
from server.kernel.ids import new_id
from server.kiosks.enrolment import enrol
from server.kiosks.models import Kiosk, KioskCounter, KioskState
from server.kiosks.setup import create_kiosk
from shared.domain.zones import to_millis
from shared.wire.messages import EnrolmentRequest

OWN, LIBRARY, THEATRE = 1, 2, 3


@pytest.fixture
def elsewhere(site):
    """A zuil at a counter of another card system; return its number."""
    with site.database.writing() as session:
        create_card_system(session, 12, "UiTPAS Kempen")
        counter = Counter(name="Bib Geel")
        session.add(counter)
        session.flush()
        session.add(CounterCardSystem(counter_id=counter.id, card_system_id=12))
        return create_kiosk(session, "Zuil Geel", "", [counter.id]).number


def counters_of(site, number):
    with site.database.reading() as session:
        return set(session.exec(select(KioskCounter.counter_id).where(KioskCounter.kiosk == number)))


def deeds(site, action):
    with site.database.reading() as session:
        return session.exec(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_a_ksb_sees_the_zuilen_of_its_own_card_system_only(site, elsewhere):
    site.log_in("Karima El Idrissi")
    page = site.client.get("/dashboard/zuilen").text
    assert "Zuil inkomhal" in page
    assert "Zuil Geel" not in page
    assert site.client.get(f"/dashboard/zuilen/{elsewhere}").status_code == 404
    assert site.client.post(f"/dashboard/zuilen/{elsewhere}/code").status_code == 404
    site.log_in("Ada Janssens")
    assert "Zuil Geel" in site.client.get("/dashboard/zuilen").text


def test_the_list_shows_contact_queue_event_clock_and_version(any_site):
    any_site.report(
        1,
        event="4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11",
        queue=7,
        clock_offset_ms=-180_000,
        heartbeat={"last_seq": 9, "faults": ["De lezer is weg"]},
        version="9.8.7",
    )
    any_site.log_in("Karima El Idrissi")
    page = any_site.client.get("/dashboard/zuilen").text
    for shown in ("zonet", ">7<", "Muziekinstuif", "-3 min", "9.8.7", "Meldt een storing"):
        assert shown in page


def test_the_clock_of_a_zuil_is_its_own_before_it_was_corrected(site):
    heard = datetime.now(UTC)
    wall = to_millis(heard) + 300_000
    site.report(1, last_contact=heard, clock_offset_ms=40, heartbeat={"clock": {"wall": wall}})
    site.log_in("Karima El Idrissi")
    for path in ("/dashboard/zuilen", "/dashboard/zuilen/1"):
        assert "-5 min" in site.client.get(path).text


def test_a_new_zuil_gets_a_code_that_is_shown_once_and_enrols_one_device(any_site):
    any_site.log_in("Karima El Idrissi")
    made = any_site.client.post(
        "/dashboard/zuilen/nieuw", data={"name": " Zuil  kelder ", "place": "Kelder", "counter": [OWN]}
    )
    place = made.headers["location"]
    page = any_site.client.post(f"{place}/code").text
    code = re.search(r'id="code">([A-Z0-9-]+)<', page).group(1)
    assert f"zuil-provision enrol --server http://testserver --code {code}" in page
    assert code not in any_site.client.get(place).text
    with any_site.database.writing() as session:
        enrolment = enrol(session, EnrolmentRequest(code=code), datetime.now(UTC))
    assert enrolment.name == "Zuil kelder"
    assert any_site.kiosk("Zuil kelder").state == KioskState.ACTIVE
    assert [entry.detail["name"] for entry in deeds(any_site, "create")][-1] == "Zuil kelder"
    assert deeds(any_site, "make-enrolment-code")[-1].staff_id is not None


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_zuil_without_a_fitting_name_is_asked_for_again(site, name):
    site.log_in("Karima El Idrissi")
    answer = site.client.post(
        "/dashboard/zuilen/nieuw", data={"name": name, "place": "Zolder", "counter": [OWN]}
    )
    assert answer.status_code == 422
    assert "Geef de zuil een naam van hoogstens 40 tekens." in answer.text
    assert 'value="Zolder"' in answer.text


def test_a_zuil_is_only_put_at_counters_of_the_own_card_system(site, elsewhere):
    site.log_in("Karima El Idrissi")
    foreign = counters_of(site, elsewhere).pop()
    site.client.post("/dashboard/zuilen/1/balies", data={"counter": [LIBRARY, foreign]})
    assert counters_of(site, 1) == {LIBRARY}


def test_a_zuil_without_a_counter_is_not_made_and_the_last_counter_is_not_taken_away(site):
    site.log_in("Karima El Idrissi")
    for path, data in (("nieuw", {"name": "Zolder"}), ("1/balies", {})):
        answer = site.client.post(f"/dashboard/zuilen/{path}", data=data)
        assert answer.status_code == 422
        assert "Vink minstens één balie aan" in answer.text
    assert counters_of(site, 1) == {OWN}


def test_a_zuil_that_stands_at_no_counter_is_not_in_order(site):
    site.log_in("Karima El Idrissi")
    site.report(1)
    with site.database.writing() as session:
        for row in session.exec(select(KioskCounter).where(KioskCounter.kiosk == 1)):
            session.delete(row)
    row = site.client.get("/dashboard/zuilen").text.split('data-kiosk="1"')[1].split("</tr>")[0]
    assert "Nog geen balie" in row
    assert "In orde" not in row


def test_assigning_leaves_the_counters_of_other_card_systems_alone(site, elsewhere):
    foreign = counters_of(site, elsewhere).pop()
    with site.database.writing() as session:
        session.add(KioskCounter(kiosk=1, counter_id=foreign))
    site.log_in("Karima El Idrissi")
    site.client.post("/dashboard/zuilen/1/balies", data={"counter": [THEATRE]})
    assert counters_of(site, 1) == {THEATRE, foreign}
    assert deeds(site, "assign-counters")[0].detail == {"counters": sorted({THEATRE, foreign})}


def test_blocking_asks_to_be_sure_and_can_be_undone(site):
    site.log_in("Karima El Idrissi")
    site.client.post("/dashboard/zuilen/1/blokkeren")
    assert site.kiosk("Zuil inkomhal").state == KioskState.NEW
    site.client.post("/dashboard/zuilen/1/blokkeren", data={"sure": "yes"})
    assert site.kiosk("Zuil inkomhal").state == KioskState.BLOCKED
    assert "Deblokkeer de zuil" in site.client.get("/dashboard/zuilen/1").text
    site.client.post("/dashboard/zuilen/1/deblokkeren")
    assert site.kiosk("Zuil inkomhal").state == KioskState.NEW
    assert [entry.subject_id for entry in deeds(site, "block")] == ["1"]


def test_a_technician_makes_codes_and_nothing_else(site):
    site.log_in("Tom Goossens")
    assert 'id="code"' in site.client.post("/dashboard/zuilen/1/code").text
    assert "Blokkeren" not in site.client.get("/dashboard/zuilen/1").text
    assert site.client.post("/dashboard/zuilen/1/blokkeren", data={"sure": "yes"}).status_code == 403
    assert site.client.post("/dashboard/zuilen/nieuw", data={"name": "x"}).status_code == 403


def checkin(kiosk, shown, outcome, number="0900000095902"):
    return Checkin(
        id=new_id(),
        source=Source.KIOSK,
        kiosk=kiosk,
        seq=1,
        uitpas_number=number,
        at=1_700_000_000_000,
        wall=1_700_000_000_000,
        received=1_700_000_000_000,
        outcome=outcome,
        shown=shown,
        verdict=Verdict.NOTED,
    )


def test_differences_gaps_and_refused_taps_are_shown_and_the_look_is_recorded(any_site):
    with any_site.database.writing() as session:
        session.add(checkin(1, "ok", "maximum_reached"))
        session.add(checkin(1, "ok", "ok", "0900000067513"))
        session.add(checkin(1, "queued_unknown", "ok", "0900010959113"))
        session.add(KioskGap(kiosk=2, kind=GapKind.GAP, first=412, last=414, noticed=1_700_000_000_000))
        session.add(KioskGap(kiosk=2, kind=GapKind.CHAIN, state=GapState.LOST, first=9, last=9, noticed=1))
        session.add(
            RefusedTap(kiosk=2, digest=b"x", seq=77, payload=b"{", reason="No JSON here.", received=1)
        )
    any_site.log_in("Karima El Idrissi")
    page = any_site.client.get("/dashboard/verschillen").text
    assert "0900000095902" in page
    assert "0900000067513" not in page
    assert "0900010959113" not in page
    assert "rijen 412 tot 414 ontbreken" in page
    assert "de reeks tikken klopt niet vanaf nummer 9" in page
    assert "De tik heeft een ander formaat dan deze server kent." in page
    assert "No JSON here.</code></details>" in page
    assert deeds(any_site, "read")[0].detail == {"cards": ["0900000095902"]}


def test_differences_of_another_card_system_stay_there(site, elsewhere):
    with site.database.writing() as session:
        session.add(checkin(elsewhere, "ok", "card_blocked"))
    site.log_in("Karima El Idrissi")
    page = site.client.get("/dashboard/verschillen").text
    assert "0900000095902" not in page
    assert "Zuilen en server zijn het eens over elke tik." in page
    assert deeds(site, "read") == []


def test_a_removed_zuil_is_not_listed(site):
    with site.database.writing() as session:
        session.get_one(Kiosk, 1).state = KioskState.REMOVED
    site.log_in("Karima El Idrissi")
    assert "Zuil inkomhal" not in site.client.get("/dashboard/zuilen").text
