"""Many zuilen at once: found in pages, one deed for all that were ticked, a list out and in."""

import csv
import io
import re

import pytest
from sqlmodel import select

from server.batches.table import Column, Fault, Known, TableError, read_lines, read_table
from server.demo.seed import LIBRARY_COUNTER, TEST_COUNTER
from server.kernel.audit import AuditEntry
from server.kiosks.models import Kiosk, KioskCommand, KioskCounter
from server.kiosks.setup import create_kiosk
from server.monitor.models import KioskHours, Maintenance
from server.releases.models import KioskTrack

TOGETHER = "/dashboard/zuilen/samen"
INTAKE = "/dashboard/zuilen/inlezen"
HEAD = "nummer;naam;plaats;balies;modus;qr;talen;seconden;dagen;openingsuren"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def numbers(site):
    with site.database.reading() as session:
        return list(session.exec(select(Kiosk.number).order_by(Kiosk.number)))


def kiosks(site):
    with site.database.reading() as session:
        return {one.name: one for one in session.exec(select(Kiosk))}


def do(site, deed, ticked=(), **fields):
    data = {"deed": deed, "kiosk": list(ticked), **fields}
    return site.client.post(TOGETHER, data=data, follow_redirects=True)


def stands(page):
    """Return zuil -> how far it is, as the page of a batch says it."""
    return {
        int(number): stand for number, stand in re.findall(r'data-kiosk="(\d+)" data-stand="([a-z]+)"', page)
    }


class TestList:
    def test_sixty_zuilen_come_in_two_pages_and_are_found_by_their_words(self, ksb):
        with ksb.database.writing() as session:
            for n in range(60):
                create_kiosk(session, f"Sporthal {n:02}", "Ledeberg", [1])
        first = ksb.client.get("/dashboard/zuilen").text
        assert first.count("data-kiosk=") == 50
        assert "Bladzijde 1 van 2" in first
        assert ksb.client.get("/dashboard/zuilen", params={"blad": "2"}).text.count("data-kiosk=") == 12
        found = ksb.client.get("/dashboard/zuilen", params={"zoek": "ledeberg 00"}).text
        assert found.count("data-kiosk=") == 1
        assert ksb.client.get("/dashboard/zuilen", params={"blad": "9" * 5_000}).status_code == 200
        assert do(ksb, "qr-off", [10**30]).status_code in {400, 422}
        assert "Geen enkele zuil past hierbij" in ksb.client.get("/dashboard/zuilen?zoek=nergens").text


class TestDeeds:
    def test_those_that_were_ticked_show_no_code_any_more(self, ksb):
        first, second = numbers(ksb)
        page = do(ksb, "qr-off", [first]).text
        assert "1 zuil is nog niet in gebruik." in page
        assert [one.qr for one in kiosks(ksb).values()] == [False, True]
        page = do(ksb, "qr-off", [first, second]).text
        assert stands(page) == {first: "unchanged", second: "later"}
        assert "Gedaan en bevestigd bij 0" not in page
        assert 'data-became="same"' in page

    def test_a_zuil_confirms_a_setting_once_it_speaks_of_another_configuration(self, any_site):
        any_site.log_in("Karima El Idrissi")
        first, second = numbers(any_site)
        for number in (first, second):
            any_site.report(number, heartbeat={"config": "old"})
        answer = do(any_site, "qr-off", [first, second])
        assert stands(answer.text) == {first: "waiting", second: "waiting"}
        any_site.report(second, heartbeat={"config": "new"})
        page = any_site.client.get(answer.url.path).text
        assert stands(page) == {first: "waiting", second: "confirmed"}
        any_site.log_in("Tom Goossens")
        assert any_site.client.get(answer.url.path).status_code == 404, "it is of who did it"

    def test_a_mode_is_chosen_for_many_and_stands_in_the_logbook(self, ksb):
        first, second = numbers(ksb)
        assert 'value="mode"' in ksb.client.get(TOGETHER).text
        with ksb.database.writing() as session:
            session.get_one(Kiosk, first).mode = "of a version that is gone"
        assert set(stands(do(ksb, "mode", [first, second], mode="checkin").text).values()) == {
            "later",
            "unchanged",
        }
        assert {one.mode for one in kiosks(ksb).values()} == {"checkin"}
        with ksb.database.reading() as session:
            (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "change")).all()
        assert (entry.subject_id, entry.detail["after"]) == (str(first), {"mode": "checkin"})

    def test_an_event_is_chosen_for_many_where_it_is_theirs_and_given_up_again(self, any_site):
        any_site.log_in("Karima El Idrissi")
        first, second = numbers(any_site)
        with any_site.database.writing() as session:
            other = create_kiosk(session, "Elders", "", []).number
        asked = any_site.client.post(
            TOGETHER, data={"deed": "event", "kiosk": [first, second]}, follow_redirects=True
        )
        assert "Voor 2 zuilen." in asked.text
        event = re.findall(r'name="event" value="([^"]+)"', asked.text)[0]
        assert f'name="kiosk" value="{second}"' in asked.text
        page = do(any_site, "event", [first, second, other], event=event).text
        assert stands(page) == {first: "later", second: "later", other: "unchanged"}
        title = re.findall(r"<strong>([^<]+)</strong>", asked.text.partition('name="event"')[2])[0].strip()
        assert f'<p class="soft">{title}</p>' in page
        assert 'data-became="not-theirs"' in page
        assert "geen activiteit van haar balies" in page
        assert f'href="/monitor/zuilen/{first}"' in page
        assert {one.manual_event_id for one in kiosks(any_site).values()} == {event, None}
        none = do(any_site, "event", [first], activiteit="bestaat niet").text
        assert "Geen activiteit gevonden met “bestaat niet”" in none
        assert stands(do(any_site, "automatic", [first, second]).text) == {first: "later", second: "later"}
        assert {one.manual_event_id for one in kiosks(any_site).values()} == {None}

    def test_all_that_were_found_speak_other_languages(self, ksb):
        do(ksb, "languages", every="yes", zoek="inkomhal", language=["nl", "fr"])
        assert [one.languages for one in kiosks(ksb).values()] == [["nl", "fr"], ["nl"]]

    def test_zuilen_are_put_on_a_track_together_by_technicians_too(self, site):
        site.log_in("Tom Goossens")
        first, second = numbers(site)
        assert stands(do(site, "beta", [first]).text) == {first: "confirmed"}
        page = do(site, "beta", [first, second]).text
        assert stands(page) == {first: "unchanged", second: "confirmed"}
        do(site, "stable", [second])
        with site.database.reading() as session:
            assert {one.kiosk: one.track for one in session.exec(select(KioskTrack))} == {
                first: "beta",
                second: "stable",
            }

    def test_work_is_announced_for_all(self, ksb):
        do(ksb, "maintenance", numbers(ksb), hours=4, reason="Nieuwe switch")
        with ksb.database.reading() as session:
            found = session.exec(select(Maintenance)).all()
        assert {(one.ends - one.starts, one.reason) for one in found} == {(4 * 3_600_000, "Nieuwe switch")}
        assert len(found) == 2

    def test_a_command_goes_to_those_in_use_and_once(self, ksb):
        first, second = numbers(ksb)
        ksb.report(first)
        answer = do(ksb, "restart", [first, second])
        assert stands(answer.text) == {first: "waiting", second: "unchanged"}
        assert 'data-became="not-in-use"' in answer.text
        assert 'data-became="ordered"' in do(ksb, "restart", [first]).text
        with ksb.database.writing() as session:
            (command,) = session.exec(select(KioskCommand)).all()
            assert command.kind == "restart"
            command.state = "done"
        page = ksb.client.get(answer.url.path).text
        assert stands(page)[first] == "confirmed"
        assert "Gedaan en bevestigd bij 1 zuil." in page

    @pytest.mark.parametrize(
        ("deed", "fields", "said"),
        [
            ("", {}, "Kies wat er moet gebeuren"),
            ("wipe", {}, "Kies wat er moet gebeuren"),
            ("languages", {}, "Kies minstens één taal"),
            ("qr-off", {"kiosk": []}, "Vink minstens één zuil aan"),
        ],
    )
    def test_what_is_missing_is_said(self, ksb, deed, fields, said):
        answer = do(ksb, deed, **({"kiosk": numbers(ksb)} | fields))
        assert answer.status_code == 422
        assert said in answer.text
        assert "Nog niets gedaan." in answer.text

    def test_a_technician_is_offered_commands_and_nothing_else(self, site):
        site.log_in("Tom Goossens")
        page = site.client.get(TOGETHER).text
        assert 'value="restart"' in page
        assert 'value="qr-off"' not in page
        assert do(site, "qr-off", numbers(site)).status_code == 403
        assert site.client.get(INTAKE).status_code == 403


class TestTable:
    def read(self, site, *lines, **fields):
        content = "\r\n".join([HEAD, *lines]).encode("utf-8-sig")
        return site.client.post(INTAKE, files={"file": ("zuilen.csv", content)}, data=fields)

    def test_what_goes_out_comes_in_again_and_changes_nothing(self, ksb):
        out = ksb.client.get("/dashboard/zuilen/lijst.csv")
        rows = list(csv.DictReader(io.StringIO(out.content.decode("utf-8-sig")), delimiter=";"))
        assert [row["naam"] for row in rows] == ["Zuil inkomhal", "Zuil zijdeur"]
        assert rows[1]["balies"] == f"{LIBRARY_COUNTER.name} | {TEST_COUNTER.name}"
        answer = ksb.client.post(INTAKE, files={"file": ("zuilen.csv", out.content)})
        assert "0 zuilen gemaakt, 0 zuilen veranderd." in answer.text

    def test_lines_make_and_change_zuilen(self, ksb):
        number = numbers(ksb)[0]
        answer = self.read(
            ksb,
            f"{number};;De hal;{LIBRARY_COUNTER.name};;nee;nl,en;3,5;20;ma-vr 9:00-17:00 | zo gesloten",
            f";Nieuwe zuil;Gent;{LIBRARY_COUNTER.name.upper()} | {TEST_COUNTER.name};checkin;;;;;",
        )
        assert "1 zuil gemaakt, 1 zuil veranderd." in answer.text
        found = kiosks(ksb)
        old, new = found["Zuil inkomhal"], found["Nieuwe zuil"]
        assert (old.place, old.qr, old.languages, old.result_seconds, old.lease_days) == (
            "De hal",
            False,
            ["nl", "en"],
            3.5,
            20,
        )
        with ksb.database.reading() as session:
            stands = set(session.exec(select(KioskCounter.kiosk, KioskCounter.counter_id)))
            assert session.get_one(KioskHours, old.number).calendar
        assert {counter for kiosk, counter in stands if kiosk == new.number} == {1, 2}
        assert {counter for kiosk, counter in stands if kiosk == old.number} == {2}

    def test_one_bad_line_keeps_all_out_unless_the_good_ones_are_asked_for(self, ksb):
        lines = (f";Goed;;{TEST_COUNTER.name};;;;;;", ";Slecht;;Nergens;;misschien;;;;")
        answer = self.read(ksb, *lines)
        assert answer.status_code == 422
        assert re.findall(r'data-line="(\d+)" data-column="(\w+)"', answer.text) == [
            ("3", "balies"),
            ("3", "qr"),
        ]
        assert "Je hebt geen balie met deze naam" in answer.text
        assert "Goed" not in kiosks(ksb)
        answer = self.read(ksb, *lines, only_good="yes")
        assert "1 zuil gemaakt" in answer.text
        assert "Je hebt geen balie met deze naam" in answer.text
        assert "Goed" in kiosks(ksb)
        assert "Slecht" not in kiosks(ksb)

    def test_who_asks_for_the_good_lines_reads_how_many_were_skipped_and_why(self, ksb):
        first, second = numbers(ksb)
        answer = self.read(
            ksb,
            f"{first};Vooraan;;;;;;;;",
            f"{first};Achteraan;;;;;;;;",
            f"{second};;Gent;;;;;;;;te veel",
            f"{second};;;;;;;;;lu-ve 9:00-17:00",
            only_good="yes",
        )
        assert "1 zuil veranderd. 3 lijnen met fouten werden overgeslagen" in answer.text
        assert re.findall(r'data-line="(\d+)" data-column="(\w+)"', answer.text) == [
            ("3", "nummer"),
            ("4", "openingsuren"),
            ("5", "nummer"),
            ("5", "openingsuren"),
        ]
        assert "“lu-ve 9:00-17:00” begrijpen we niet" in answer.text
        assert "scheidingsteken te veel" in answer.text
        assert re.search(r'value="yes"[^>]*checked', answer.text), "the next file is read the same way"

    def test_the_page_says_in_every_language_what_belongs_in_a_column(self, ksb):
        page = ksb.client.get(INTAKE, headers={"accept-language": "fr"}).text
        assert "checkin (épargner des points)" in page
        assert "lun-ven 9:00-17:30 | dim fermé" in page

    @pytest.mark.parametrize("content", [b"", b"naam;wat;dan", b"a,b\n1,2", b"nummer;naam\n"])
    def test_what_is_no_list_is_refused(self, ksb, content):
        answer = ksb.client.post(INTAKE, files={"file": ("x.csv", content)})
        assert answer.status_code == 422


KNOWN = Known({7: Kiosk(number=7, name="Zeven", code_key=b"")}, {"balie": 1})


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("8;;;;;;;;;", Fault.NUMBER),
        ("7²;;;;;;;;;", Fault.NUMBER),
        ("000000007999;;;;;;;;;", Fault.NUMBER),
        (";;;balie;;;;;;", Fault.NAME),
        (f";{'x' * 41};;balie;;;;;;", Fault.NAME),
        (f"7;;{'x' * 81};;;;;;;", Fault.PLACE),
        ("7;;;elders;;;;;;", Fault.COUNTER),
        (";x;;;;;;;;", Fault.NO_COUNTER),
        ("7;;;;vliegen;;;;;", Fault.MODE),
        ("7;;;;;misschien;;;;", Fault.QR),
        ("7;;;;;;nl,de;;;", Fault.LANGUAGE),
        ("7;;;;;;;elf;;", Fault.RESULT),
        ("7;;;;;;;11;;", Fault.RESULT),
        ("7;;;;;;;;0;", Fault.LEASE),
        ("7;;;;;;;;1,5;", Fault.LEASE),
        ("7;;;;;;;;;altijd", Fault.HOURS),
    ],
)
def test_each_fault_of_a_line_has_its_name(line, fault):
    (read,) = [read_lines(read_table(f"{HEAD}\n{line}".encode()), KNOWN)]
    assert [list(found.values()) for _, found in read.faults] == [[fault]]


def test_every_wrong_cell_of_a_line_is_named():
    (read,) = [
        read_lines(read_table(f"{HEAD}\n8;;;elders;vliegen;misschien;de;elf;0;altijd".encode()), KNOWN)
    ]
    ((line, found),) = read.faults
    assert line.number == 2
    assert found == {
        Column.NUMBER: Fault.NUMBER,
        Column.COUNTERS: Fault.COUNTER,
        Column.MODE: Fault.MODE,
        Column.QR: Fault.QR,
        Column.LANGUAGES: Fault.LANGUAGE,
        Column.RESULT: Fault.RESULT,
        Column.LEASE: Fault.LEASE,
        Column.HOURS: Fault.HOURS,
    }


def test_a_zuil_stands_on_one_line():
    read = read_lines(read_table(f"{HEAD}\n7;a;;;;;;;;\n7;b;;;;;;;;".encode()), KNOWN)
    assert [wish.name for wish in read.wishes] == ["a"]
    assert [found for _, found in read.faults] == [{Column.NUMBER: Fault.TWICE}]


def test_columns_may_stand_in_any_order_with_tabs_and_in_an_older_alphabet():
    (line,) = read_table("naam\tnummer\r\nCaf\xe9\t7\r\n\r\n".encode("cp1252"))
    assert (line[Column.NAME], line[Column.NUMBER], line[Column.QR]) == ("Café", "7", "")


def test_a_name_is_no_formula_in_a_spreadsheet(ksb):
    with ksb.database.writing() as session:
        create_kiosk(session, "=1+1", "", [1])
    content = ksb.client.get("/dashboard/zuilen/lijst.csv").content
    assert b";'=1+1;" in content
    assert "=1+1" in {line[Column.NAME] for line in read_table(content)}


def test_too_many_lines_are_no_table():
    with pytest.raises(TableError):
        read_table(b"naam\n" + b"x\n" * 5_001)
