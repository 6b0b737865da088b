"""The monitor in the browser: who may look, what is shown, what can be decided."""

import time
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlmodel import select

from fakes.crowd import add_crowd
from server.kernel.audit import AuditEntry
from server.kiosks.models import Kiosk
from server.monitor.board import PAGE
from server.monitor.charts import bars
from server.monitor.history import History, Point
from server.monitor.models import (
    KioskHappening,
    KioskHours,
    KioskSample,
    KioskTransition,
    KioskWatch,
    Maintenance,
    WatchRules,
)

FORM = {
    "silent": "180",
    "hung_up": "90",
    "delay": "60",
    "recover": "120",
    "warm": "75",
    "hot": "82",
    "signal": "-80",
    "queue": "30",
    "stuck": "240",
    "cards": "60",
    "disk": "500",
    "wear": "80",
    "clock": "60",
    "refusals": "50",
    "grace": "15",
    "quiet_from": "",
    "quiet_until": "",
    "escalate": "60",
}


def as_ksb(site):
    """Be the KSB of a region with a zuil that is wrong and one that is right."""
    site.watch(1, "error", "reader,signal")
    site.watch(2)
    site.log_in("Karima El Idrissi")
    return site


@pytest.fixture
def ksb(site):
    return as_ksb(site)


@pytest.fixture
def any_ksb(any_site):
    return as_ksb(any_site)


def test_the_board_counts_states_and_shows_the_gravest_first(any_ksb):
    page = any_ksb.client.get("/monitor").text
    assert page.index('data-kiosk="1"') < page.index('data-kiosk="2"')
    assert "De kaartlezer werkt niet" in page
    assert 'data-count="error"' in page
    assert page.split('data-count="error"')[1].split("<strong>")[1].startswith("1<")


FILTERS = {
    "staat=error": {1},
    "staat=ok": {2},
    "staat=offline": set(),
    "staat=nonsense": {1, 2},
    "zoek=inkom": {1},
    "zoek=bib": {2},
    "zoek=2": {2},
    "zoek=%25": set(),
    "balie=2": {2},
    "balie=99999999999999999999": {1, 2},
    "systeem=5": {1, 2},
    "orde=naam&blad=7": {1, 2},
}


def test_filters_narrow_the_list(any_ksb):
    for query, found in FILTERS.items():
        page = any_ksb.client.get(f"/monitor?{query}").text
        assert {number for number in (1, 2) if f'data-kiosk="{number}"' in page} == found, query


def test_a_closed_place_is_counted_apart(ksb):
    ksb.watch(2, "offline", "silent", "closed")
    page = ksb.client.get("/monitor?staat=excused").text
    assert 'data-excuse="closed"' in page
    assert 'data-kiosk="1"' not in page
    assert 'data-kiosk="2"' not in ksb.client.get("/monitor?staat=offline").text


def test_the_line_in_the_middle_of_a_chart_says_half_of_the_one_on_top():
    for most in (0, 3, 5, 7, 9, 23, 40, 71, 260):
        drawn = bars(History(0, 1, 1, [Point(0, taps=most)], []), lambda point: point.taps)
        _, middle, top = (level.value for level in drawn.levels)
        assert (middle == int(middle), middle * 2 == top >= most) == (True, True), most


@contextmanager
def statements(site):
    """Yield a list to which every statement on zuilen is added."""
    found = []

    def note(_connection, _cursor, statement, *_rest):
        if "kiosk" in statement and statement.startswith("SELECT"):
            found.append(statement)

    engine = site.client.app.state.database.engine
    event.listen(engine, "before_cursor_execute", note)
    yield found
    event.remove(engine, "before_cursor_execute", note)


def test_thousands_come_a_page_at_a_time_with_the_same_few_statements(any_site):
    counter = add_crowd(any_site.database, 1)
    any_site.log_in("Ada Janssens")
    with statements(any_site) as few:
        any_site.client.get("/monitor")
    add_crowd(any_site.database, 3 * PAGE, counter=counter)
    with statements(any_site) as many:
        page = any_site.client.get("/monitor?blad=2").text
    assert len(many) == len(few)
    assert page.count("data-kiosk=") == PAGE
    assert "Bladzijde 2 van 4" in page


def test_one_zuil_says_what_is_wrong_what_to_do_and_what_happened(any_ksb):
    now = int(time.time() * 1000)
    with any_ksb.database.writing() as session:
        session.add(KioskTransition(kiosk=1, at=now - 7_200_000, state="ok"))
        session.add(KioskTransition(kiosk=1, at=now - 3_600_000, state="error", causes="reader"))
        session.add(KioskSample(kiosk=1, at=now - 600_000, taps=4, temperature=512, signal=-61))
    page = any_ksb.client.get("/monitor/zuilen/1").text
    assert "Kijk of de kabel van de lezer vastzit" in page
    assert "Zwakke wifi" in page
    assert 'class="band error"' in page
    assert "4 tikken" in page
    assert "nu 51,2\u00a0°C" in page
    for period in ("week", "maand", "jaar", "nonsense"):
        assert any_ksb.client.get(f"/monitor/zuilen/1?periode={period}").status_code == 200


def test_what_happened_to_a_zuil_stands_among_its_states_and_goes_back_in_pages(any_ksb):
    now = int(time.time() * 1000)
    with any_ksb.database.writing() as session:
        session.add(KioskHappening(kiosk=1, at=now - 60_000, kind="version", was="1.0.0", became="1.1.0"))
        session.add(KioskHappening(kiosk=1, at=now - 120_000, kind="rebooted"))
        for minute in range(30):
            session.add(KioskTransition(kiosk=1, at=now - 200_000 - minute, state="ok"))
    page = any_ksb.client.get("/monitor/zuilen/1").text
    assert "1.0.0 → 1.1.0" in page
    assert "Het toestel startte opnieuw" in page
    older = page.split("/monitor/zuilen/1/verloop?voor=")[1].split('"')[0]
    earlier = any_ksb.client.get(f"/monitor/zuilen/1/verloop?voor={older}").text
    assert earlier.count("<li") - earlier.count("<li><a") >= 12
    assert "1.0.0 → 1.1.0" not in earlier
    assert any_ksb.client.get("/monitor/zuilen/1/verloop?voor=gisteren").status_code == 200
    assert any_ksb.client.get("/monitor/zuilen/999/verloop").status_code == 404


def test_what_staff_did_with_a_zuil_stands_beside_its_states(ksb):
    ksb.client.post("/dashboard/zuilen/1/code")
    page = ksb.client.get("/monitor/zuilen/1").text
    assert 'href="/dashboard/zuilen/1"' in page
    assert 'href="/monitor/zuilen/1"' in ksb.client.get("/dashboard/zuilen/1").text, "and the way back"
    assert "Karima El Idrissi" in page
    assert "maakte een eenmalige code" in page


def test_a_zuil_of_another_card_system_is_not_there(ksb):
    assert ksb.client.get("/monitor/zuilen/999").status_code == 404
    assert ksb.client.post("/monitor/zuilen/999/onderhoud", data={"uren": 1}).status_code == 404
    assert ksb.client.post("/monitor/regels/4", data=FORM).status_code == 404


def test_maintenance_is_announced_and_ended(ksb):
    ksb.client.post("/monitor/zuilen/1/onderhoud", data={"uren": "4", "reden": " nieuwe  lezer "})
    with ksb.database.reading() as session:
        work = session.exec(select(Maintenance)).one()
        assert (work.ends - work.starts, work.reason) == (4 * 3_600_000, "nieuwe lezer")
        assert session.get_one(KioskWatch, 1).due < int(time.time() * 1000) + 3_600_000
    page = ksb.client.get("/monitor/zuilen/1?gelukt=onderhoud").text
    assert "In onderhoud tot" in page
    ksb.client.post("/monitor/zuilen/1/onderhoud/klaar")
    assert "In onderhoud tot" not in ksb.client.get("/monitor/zuilen/1").text
    with ksb.database.reading() as session:
        deeds = [entry.action for entry in session.exec(select(AuditEntry).order_by(AuditEntry.id))]
    assert deeds[-2:] == ["begin-maintenance", "end-maintenance"]


def test_opening_hours_are_typed_as_one_writes_them_and_shown_again(ksb):
    typed = "ma-vr 9:00-12:30 13u30-17\nza 10-12\n25/12/2026 gesloten"
    assert ksb.client.post("/monitor/zuilen/1/uren", data={"uren": typed}).status_code == 303
    page = ksb.client.get("/monitor/zuilen/1").text
    assert "ma-vr 09:00-12:30 13:30-17:00\nza 10:00-12:00\n25/12/2026 gesloten" in page
    ksb.client.post("/monitor/zuilen/1/uren", data={"uren": " "})
    with ksb.database.reading() as session:
        assert session.get(KioskHours, 1) is None


def test_a_line_that_cannot_be_understood_is_named(ksb):
    for line in ("altijd", "ma 9", "maandag 25:00-26:00", "31/02/2026 gesloten", "ma 9-17 x"):
        answer = ksb.client.post("/monitor/zuilen/1/uren", data={"uren": f"di 9-17\n{line}"})
        assert answer.status_code == 422
        assert "Regel 2 begrijpen we niet" in answer.text
        assert line in answer.text


def test_a_ksb_sets_the_rules_of_its_card_system(any_ksb):
    done = any_ksb.client.post(
        "/monitor/regels/5", data=FORM | {"silent": "300", "quiet_from": "22u00", "quiet_until": "7:00"}
    )
    assert done.headers["location"].endswith("gelukt=bewaard")
    with any_ksb.database.reading() as session:
        rules = session.get_one(WatchRules, 5)
        assert rules.thresholds == {"silent": 300}
        assert (rules.quiet_from, rules.quiet_until) == ("22:00", "07:00")
    again = any_ksb.client.post(
        "/monitor/regels/5", data=FORM | {"silent": "300", "quiet_from": "22:00", "quiet_until": "7:00"}
    )
    assert again.headers["location"].endswith("gelukt=hetzelfde")
    assert 'value="300"' in any_ksb.client.get("/monitor/regels/5").text
    assert any_ksb.client.get("/monitor/regels").headers["location"] == "/monitor/regels/5"


WRONG = [
    ({"silent": "5"}, "Kies een getal van 90 tot 86400."),
    ({"signal": "zwak"}, "Kies een getal van -100 tot -30."),
    ({"stuck": "30"}, "Een storing begint later dan een waarschuwing."),
    ({"hot": "70"}, "Een storing begint warmer dan een waarschuwing."),
    ({"quiet_from": "22:00"}, "Vul allebei de uren in, of geen."),
    ({"quiet_from": "laat", "quiet_until": "7:00"}, "Schrijf een uur als 22:00."),
    ({"escalate": "-1"}, "Kies een getal van 0 tot 10080."),
]


def test_rules_that_would_alarm_nobody_or_everybody_are_refused_beside_the_field(site):
    site.log_in("Karima El Idrissi")
    for wrong, sentence in WRONG:
        answer = site.client.post("/monitor/regels/5", data=FORM | wrong)
        assert answer.status_code == 422
        assert sentence in answer.text
    with site.database.reading() as session:
        assert session.get(WatchRules, 5) is None


def test_each_function_sees_its_part_of_the_monitor(site):
    for name, path, status in (
        ("Bram Wouters", "/monitor", 403),
        ("Tom Goossens", "/monitor", 200),
        ("Tom Goossens", "/monitor/regels/5", 403),
        ("Ada Janssens", "/monitor/regels/5", 200),
    ):
        site.log_in(name)
        assert site.client.get(path).status_code == status, (name, path)


def test_an_empty_installation_has_an_empty_board(site):
    site.log_in("Karima El Idrissi")
    assert "Er is nog geen zuil in gebruik" in site.client.get("/monitor").text


def test_a_zuil_nobody_judged_yet_has_its_page_too(ksb):
    new = ksb.kiosk("Zuil zijdeur").number
    with ksb.database.writing() as session:
        session.delete(session.get_one(KioskWatch, new))
        session.get_one(Kiosk, new).state = "new"
    page = ksb.client.get(f"/monitor/zuilen/{new}").text
    assert "wacht op een toestel" in page
    assert f'href="/monitor/zuilen/{new}"' in ksb.client.get(f"/dashboard/zuilen/{new}").text
    ksb.report(new)
    assert "binnen enkele tellen" in ksb.client.get(f"/monitor/zuilen/{new}").text
    assert ksb.client.post(f"/monitor/zuilen/{new}/uren", data={"uren": "ma 9-17"}).status_code == 303
    assert ksb.client.get("/monitor").text.count(f'data-kiosk="{new}"') == 0


def test_a_zuil_that_waits_for_a_device_stands_below_the_board(site):
    site.log_in("Karima El Idrissi")
    site.report(site.kiosk("Zuil inkomhal").number)
    page = site.client.get("/monitor").text
    assert 'data-unused="1"' in page
    assert "Zuil zijdeur" in page.partition("data-unused")[2]
    assert "data-unused" not in site.client.get("/monitor", params={"zoek": "inkomhal"}).text
    assert "data-unused" not in site.client.get("/monitor", params={"staat": "ok"}).text
