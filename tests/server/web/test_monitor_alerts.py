"""The pages of the alerts: what is wrong, who takes it up, who gets which mails."""

import re
import time

import pytest
from sqlmodel import col, select

from fakes.field import add_counter
from server.cardsystems.setup import create_card_system
from server.kernel.audit import AuditEntry
from server.kernel.outbox import OutgoingMail
from server.kiosks.setup import create_kiosk
from server.monitor.handling import PAGE
from server.monitor.models import AlertWish, Incident, IncidentKiosk, IncidentNote, KioskWatch
from server.staff.models import Staff, StaffRole

HERE = "/monitor/meldingen"


def add_incident(site, kiosks=(1,), *, scope="kiosk", key="1", state="error", cause="reader", closed=None):
    """Put an incident there, with zuilen that stay as they are while the test lasts."""
    now = int(time.time() * 1000)
    for kiosk in () if closed else kiosks:
        site.report(kiosk)
    with site.database.writing() as session:
        for kiosk in () if closed else kiosks:
            row = {"heard": now, "since": now, "due": now + 3_600_000}
            session.merge(KioskWatch(kiosk=kiosk, state=state, causes=cause, **row))
        one = Incident(
            scope=scope,
            key=key,
            state=state,
            cause=cause,
            kiosks=len(kiosks),
            opened=now - 600_000,
            closed=closed,
        )
        session.add(one)
        session.flush()
        for kiosk in kiosks:
            session.add(IncidentKiosk(incident_id=one.id, kiosk=kiosk, joined=now, left_at=closed))
        session.add(IncidentNote(incident_id=one.id, at=now - 600_000, deed="opened"))
        return one.id


def incident(site, one):
    with site.database.reading() as session:
        return session.get_one(Incident, one)


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


@pytest.fixture
def any_ksb(any_site):
    any_site.log_in("Karima El Idrissi")
    return any_site


def test_what_is_wrong_stands_there_the_gravest_first_and_what_is_over_apart(any_ksb):
    add_incident(any_ksb, state="warning", cause="signal")
    add_incident(any_ksb, (2,), key="2", state="offline", cause="silent")
    over = add_incident(any_ksb, (1, 2), scope="counter", key="1", closed=int(time.time() * 1000))
    page = any_ksb.client.get(HERE).text
    assert page.index("Zuil zijdeur") < page.index("Zuil inkomhal")
    assert "Alle 2 zuilen van" not in page
    assert "Alle 2 zuilen van" in any_ksb.client.get(f"{HERE}?oud=1").text
    assert "Geen enkele zuil van deze balie" not in any_ksb.client.get(f"{HERE}/{over}").text


def test_only_a_zuil_that_is_fine_is_said_to_be_so(any_ksb):
    one = add_incident(any_ksb, (1, 2), scope="counter", key="1", closed=int(time.time() * 1000))
    any_ksb.watch(1)
    any_ksb.watch(2, "offline", "silent", "closed")
    page = any_ksb.client.get(f"{HERE}/{one}").text.partition('class="members"')[2]
    assert page.count("hersteld") == 1
    assert "nu: Gesloten of in onderhoud" in page


def test_alerts_beyond_the_first_page_are_found_too(any_ksb):
    now = int(time.time() * 1000)
    with any_ksb.database.writing() as session:
        for n in range(PAGE + 2):
            one = Incident(
                scope="kiosk",
                key="1",
                state="error",
                cause="reader",
                kiosks=1,
                opened=now - n,
                closed=now - n,
            )
            session.add(one)
            session.flush()
            session.add(IncidentKiosk(incident_id=one.id, kiosk=1, joined=now, left_at=now))
    first = any_ksb.client.get(f"{HERE}?oud=1").text
    last = any_ksb.client.get(f"{HERE}?oud=1&blad=2").text
    assert [page.count("data-incident=") for page in (first, last)] == [PAGE, 2]
    assert f'href="{HERE}?oud=1&blad=2"' in first.replace("&amp;", "&")
    assert any_ksb.client.get(f"{HERE}?oud=1&blad=999").text.count("data-incident=") == 2
    assert "Bladzijde" not in any_ksb.client.get(f"{HERE}?blad=x").text


def test_an_alert_is_taken_up_put_aside_passed_on_and_talked_about(any_ksb):
    one = add_incident(any_ksb)
    page = any_ksb.client.get(f"{HERE}/{one}").text
    assert "Kijk of de kabel van de lezer vastzit" in page
    with any_ksb.database.reading() as session:
        tom = session.exec(select(Staff.id).where(Staff.name == "Tom Goossens")).one()
    any_ksb.client.post(f"{HERE}/{one}/opnemen")
    any_ksb.client.post(f"{HERE}/{one}/opnemen")
    any_ksb.client.post(f"{HERE}/{one}/sluimeren", data={"uren": "4"})
    any_ksb.client.post(f"{HERE}/{one}/toewijzen", data={"aan": str(tom)})
    any_ksb.client.post(f"{HERE}/{one}/opmerking", data={"tekst": "  kabel <besteld>  "})
    any_ksb.client.post(f"{HERE}/{one}/opmerking", data={"tekst": " "})
    page = any_ksb.client.get(f"{HERE}/{one}").text
    assert "Tom Goossens volgt dit op" in page
    assert "stil tot" in page
    assert "kabel &lt;besteld&gt;" in page
    kept = incident(any_ksb, one)
    assert kept.acknowledged_at is not None
    assert kept.snoozed_until > kept.acknowledged_at + 3 * 3_600_000
    with any_ksb.database.reading() as session:
        notes = session.exec(select(IncidentNote.deed).order_by(col(IncidentNote.id))).all()
        deeds = session.exec(
            select(AuditEntry.action).where(col(AuditEntry.action).startswith("alert-"))
        ).all()
    assert notes == ["opened", "acknowledged", "snoozed", "assigned", "commented"]
    assert len(deeds) == 4
    assert "nam een melding op zich" in any_ksb.client.get("/dashboard/logboek").text


def test_who_is_given_an_alert_gets_a_mail_at_once_unless_he_wants_none(ksb):
    one = add_incident(ksb)
    with ksb.database.writing() as session:
        tom = session.exec(select(Staff).where(Staff.name == "Tom Goossens")).one()
        tom.email, number = "tom@uitpas.test", str(tom.id)

    def give():
        ksb.client.post(f"{HERE}/{one}/toewijzen", data={"aan": number})
        with ksb.database.reading() as session:
            return session.exec(select(OutgoingMail)).all()

    (mail,) = give()
    stands = "Zuil inkomhal · UiTPAS Organisatie (Regio Gent + Paspartoe)"
    assert (mail.recipient, mail.subject) == ("tom@uitpas.test", "Voor jou: " + stands)
    assert "Karima El Idrissi gaf je deze melding door" in mail.body
    assert f"{HERE}/{one}" in mail.body
    ksb.log_in("Tom Goossens")
    for chosen, mails in (({"wish": ["5:warning:daily"]}, 2), ({}, 2)):
        ksb.client.post("/monitor/berichten", data=chosen)
        ksb.log_in("Karima El Idrissi")
        assert len(give()) == mails, chosen
        ksb.log_in("Tom Goossens")
    page = ksb.client.get("/monitor/berichten").text
    assert 'href="/demo/mails"' in page
    assert "kan nog geen mails versturen" not in page


def test_a_zuil_that_just_fell_silent_is_no_reason_to_say_that_all_is_well(ksb):
    assert "Er is niets wat aandacht vraagt" in ksb.client.get(HERE).text
    ksb.report(1)
    now = int(time.time() * 1000)
    with ksb.database.writing() as session:
        row = {"heard": now, "since": now, "due": now + 3_600_000}
        session.merge(KioskWatch(kiosk=1, state="offline", causes="silent", **row))
    page = ksb.client.get(HERE).text
    assert "1 zuil viel net uit" in page
    assert "Er is niets wat aandacht vraagt" not in page


def test_an_alert_cannot_be_given_to_who_does_not_look_after_these_zuilen(ksb):
    one = add_incident(ksb)
    with ksb.database.reading() as session:
        bram = session.exec(select(Staff.id).where(Staff.name == "Bram Wouters")).one()
    ksb.client.post(f"{HERE}/{one}/toewijzen", data={"aan": str(bram)})
    assert incident(ksb, one).assigned_to is None


def test_an_alert_of_another_card_system_is_not_there(ksb):
    with ksb.database.writing() as session:
        counter = add_counter(session, "Dender", system=3)
        elsewhere = create_kiosk(session, "Zuil elders", "", [counter]).number
    one = add_incident(ksb, (elsewhere,), key=str(elsewhere))
    assert ksb.client.get(f"{HERE}/{one}").status_code == 404
    assert ksb.client.post(f"{HERE}/{one}/opnemen").status_code == 404
    assert incident(ksb, one).acknowledged_at is None


def test_mails_are_chosen_for_each_state_in_the_language_of_the_page(ksb):
    ksb.client.cookies.set("taal", "fr")
    chosen = {
        "wish": ["5:offline:now", "5:error:daily", "5:warning:nonsense", "5:blocked:now", "3:error:now"]
    }
    assert ksb.client.post("/monitor/berichten", data=chosen).headers["location"].endswith("bewaard")
    assert ksb.client.post("/monitor/berichten", data=chosen).headers["location"].endswith("hetzelfde")
    with ksb.database.reading() as session:
        wishes = session.exec(select(AlertWish).order_by(col(AlertWish.state))).all()
        found = [(one.state, one.rhythm, one.language, one.card_system_id) for one in wishes]
    assert found == [("blocked", "now", "fr", 5), ("error", "daily", "fr", 5), ("offline", "now", "fr", 5)]
    page = ksb.client.get("/monitor/berichten").text
    assert [value for value in re.findall(r'value="([^"]*)" selected', page) if ":" in value] == [
        "5:offline:now",
        "5:error:daily",
        "5:warning:",
        "5:blocked:now",
    ]
    ksb.client.post("/monitor/berichten", data={})
    with ksb.database.reading() as session:
        assert session.exec(select(AlertWish)).all() == []


def test_who_looks_after_several_card_systems_chooses_for_each_and_for_all(site):
    site.log_in("Tom Goossens")
    with site.database.writing() as session:
        create_card_system(session, 8, "UiTPAS Dender")
        tom = session.exec(select(Staff.id).where(Staff.name == "Tom Goossens")).one()
        session.add(StaffRole(staff_id=tom, role="technician", card_system_id=8))
    site.client.post("/monitor/berichten", data={"wish": ["5:error:now", "8:error:daily", "8:offline:never"]})
    site.log_in("Ada Janssens")
    page = site.client.get("/monitor/berichten").text
    assert page.index("Alle kaartsystemen") < page.index("UiTPAS Dender")
    assert 'value="8:error:never"' in page
    everything = {"wish": [":error:now", ":warning:never", "8:error:never", "99:error:now", "x:y:z", "::"]}
    site.client.post("/monitor/berichten", data=everything)
    with site.database.reading() as session:
        found = {
            (one.staff_id, one.card_system_id, one.state, one.rhythm)
            for one in session.exec(select(AlertWish))
        }
        ada = session.exec(select(Staff.id).where(Staff.name == "Ada Janssens")).one()
    assert found == {
        (tom, 5, "error", "now"),
        (tom, 8, "error", "daily"),
        (ada, None, "error", "now"),
        (ada, 8, "error", "never"),
    }


def test_an_alert_whose_zuil_is_back_says_that_it_waits_whether_that_stays(ksb):
    one = add_incident(ksb, state="offline", cause="silent")
    waits = "Terug: we wachten of het zo blijft"
    assert waits not in ksb.client.get(HERE).text
    with ksb.database.writing() as session:
        session.get_one(KioskWatch, 1).state = "ok"
    assert waits in ksb.client.get(HERE).text
    assert waits in ksb.client.get(f"{HERE}/{one}").text


def test_who_works_at_a_balie_handles_no_alerts(site):
    one = add_incident(site)
    site.log_in("Bram Wouters")
    for path in (HERE, f"{HERE}/{one}", "/monitor/berichten", f"{HERE}/stroom"):
        assert site.client.get(path).status_code == 403
    site.log_in("Tom Goossens")
    assert site.client.get(HERE).status_code == 200


def test_who_gets_an_alert_may_open_it_and_still_takes_it_up(site):
    with site.database.writing() as session:
        create_card_system(session, 77, "Elders")
        far = Staff(uitid="far", name="Verre Vriend")
        session.add(far)
        session.flush()
        session.add(StaffRole(staff_id=far.id, role="ksb", card_system_id=77))
        stranger = far.id
        tom = session.exec(select(Staff.id).where(Staff.name == "Tom Goossens")).one()
    site.log_in("Ada Janssens")
    one = add_incident(site)
    assert "Verre Vriend" not in site.client.get(f"{HERE}/{one}").text
    site.client.post(f"{HERE}/{one}/toewijzen", data={"aan": str(stranger)})
    assert incident(site, one).assigned_to is None
    site.client.post(f"{HERE}/{one}/toewijzen", data={"aan": str(tom)})
    page = site.client.get(f"{HERE}/{one}").text
    assert "Tom Goossens volgt dit op" in page
    assert "Ik volg dit op" in page


def test_what_was_taken_up_or_put_aside_can_be_undone(ksb):
    one = add_incident(ksb)
    for deed in ("opnemen", "sluimeren", "loslaten", "wekken"):
        assert ksb.client.post(f"{HERE}/{one}/{deed}", data={"uren": "1"}).status_code == 303
    kept = incident(ksb, one)
    assert (kept.acknowledged_at, kept.acknowledged_by, kept.snoozed_until) == (None, None, None)
    page = ksb.client.get(f"{HERE}/{one}").text
    assert "vroeg 1 uur stilte" in page
    assert "beëindigde de stilte" in page
    assert "Ik volg dit op" in page


def test_the_pages_of_a_zuil_and_of_an_alert_follow_by_themselves_and_nothing_is_at_a_number_beyond_all(ksb):
    one = add_incident(ksb)
    for here, pieces in (
        (f"{HERE}/{one}", "melding zuilen verloop"),
        ("/monitor/zuilen/1", "oordeel meting verloop"),
    ):
        page = ksb.client.get(here).text
        assert f'sse-connect="{here}/stroom"' in page
        assert all(f'sse-swap="{piece}"' in page for piece in pieces.split())
    for here in (HERE, "/monitor/zuilen"):
        assert ksb.client.get(f"{here}/99999999999999999999").status_code == 404
        assert ksb.client.get(f"{here}/99999999999999999999/stroom").status_code == 404
