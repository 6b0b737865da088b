"""A poster: printed for an event, scanned in its windows, void with the next edition."""

import io
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import zxingcpp
from PIL import Image
from sqlmodel import select

from server.checkins.models import Checkin
from server.events.models import Event
from server.kernel.audit import AuditEntry
from server.posters.drawing import Paper, PosterText, draw_poster
from shared.domain.zones import to_millis
from shared.wire.messages import CalendarMessage, SpanMessage

MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
MIRA, MIRA_BORN = "0900000095902", "02/03/1983"
BALIE = f"/balie/affiches/{MUSIC}"
DASHBOARD = f"/dashboard/instellingen/activiteiten/{MUSIC}/affiche"
MILLIMETRES = {Paper.A4: (210, 297), Paper.A3: (297, 420)}
DOTS = 60

needs_poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not here")


def picture(pdf):
    """Render the one page of a PDF, as a printer does."""
    command = ["pdftoppm", "-r", str(DOTS), "-png", "-singlefile", "-"]
    return Image.open(io.BytesIO(subprocess.run(command, input=pdf, capture_output=True, check=True).stdout))


def read(pdf):
    return zxingcpp.read_barcode(picture(pdf)).text


def path_of(site):
    """Print a poster and return the path that its code opens."""
    site.log_in("Karima El Idrissi")
    printed = site.client.post(DASHBOARD, data={"size": "A4"})
    assert printed.headers["content-type"] == "application/pdf"
    return read(printed.content).removeprefix("HTTP://TESTSERVER")


def put_calendar(site, starts_in):
    """Give the event one occurrence of two hours, so long from now."""
    start = datetime.now(UTC) + timedelta(hours=starts_in)
    span = SpanMessage(start=to_millis(start), end=to_millis(start + timedelta(hours=2)))
    with site.database.writing() as session:
        event = session.get_one(Event, MUSIC)
        event.calendar = msgspec.to_builtins(CalendarMessage(kind="single", spans=[span]))
        event.calendar_kind = "single"


@needs_poppler
@pytest.mark.parametrize("paper", Paper)
def test_the_code_on_the_printed_page_can_be_read_and_the_page_has_its_size(paper):
    steps = ("Scan de code.", "Vul je nummer in.", "Klaar!")
    text = PosterText(
        language="nl",
        title="Een activiteit met een heel lange titel, " * 4,
        place="De Centrale",
        call="Spaar hier met je UiTPAS",
        steps=steps,
        help="Vraag het aan de balie.",
        small="Tijdens de activiteit.",
        link="HTTPS://ZUIL.EXAMPLE/C/" + "A" * 23,
    )
    pdf = draw_poster(text, paper)
    assert read(pdf) == text.link
    size = picture(pdf).size
    assert all(abs(got - mm / 25.4 * DOTS) < 2 for got, mm in zip(size, MILLIMETRES[paper], strict=True))


@needs_poppler
def test_a_point_is_saved_with_the_code_of_a_poster(any_site):
    path = path_of(any_site)
    form = any_site.client.get(path)
    assert "Muziekinstuif voor iedereen" in form.text
    note = re.search(r'name="scan" value="([^"]+)"', form.text).group(1)
    fields = {"scan": note, "number": MIRA, "born": MIRA_BORN}
    answer = any_site.client.post(path, data=fields, follow_redirects=True)
    assert 'data-outcome="ok"' in answer.text
    with any_site.database.reading() as session:
        saved = session.exec(select(Checkin).where(Checkin.uitpas_number == MIRA)).one()
        deeds = session.exec(select(AuditEntry).where(AuditEntry.action == "make-poster")).all()
    assert (saved.source, saved.kiosk, saved.event_id) == ("qr", None, MUSIC)
    assert [deed.detail for deed in deeds] == [{"name": "A4"}]


@needs_poppler
def test_outside_the_windows_the_code_says_why(site):
    path = path_of(site)
    put_calendar(site, starts_in=48)
    early = site.client.get(path)
    assert 'data-outcome="too_early"' in early.text
    put_calendar(site, starts_in=-48)
    assert 'data-outcome="ended"' in site.client.get(path).text


@needs_poppler
def test_another_edition_makes_the_posters_that_hang_void(site):
    path = path_of(site)
    site.client.post(f"{DASHBOARD}/ongeldig")
    assert site.client.get(path).status_code == 200, "the box was not ticked"
    site.client.post(f"{DASHBOARD}/ongeldig", data={"sure": "yes"})
    assert site.client.get(path).status_code == 404
    assert site.client.get(path_of(site)).status_code == 200


def test_no_future_check_in_period_means_no_code(site):
    put_calendar(site, starts_in=-48)
    site.log_in("Karima El Idrissi")
    assert site.client.post(DASHBOARD, data={"size": "A4"}).status_code == 409
    page = site.client.get(f"/dashboard/instellingen/activiteiten/{MUSIC}").text
    assert "Voor deze activiteit kan niemand nog sparen" in page


def test_a_counter_prints_the_posters_of_its_own_events_only(any_site):
    any_site.log_in("Bram Wouters")
    assert BALIE in any_site.client.get("/balie/affiches").text
    printed = any_site.client.post(BALIE, data={"size": "A3"})
    assert printed.content.startswith(b"%PDF")
    assert "A3.pdf" in printed.headers["content-disposition"]
    assert any_site.client.post("/balie/affiches/unknown", data={"size": "A4"}).status_code == 403
    assert any_site.client.post(BALIE, data={"size": "A0"}).status_code == 422
    assert any_site.client.post(DASHBOARD, data={"size": "A4"}).status_code == 403


def test_a_poster_speaks_the_language_of_who_prints_it(site):
    site.log_in("Karima El Idrissi")
    lengths = set()
    for language in ("nl", "fr", "en"):
        printed = site.client.post(DASHBOARD, data={"size": "A4"}, headers={"accept-language": language})
        lengths.add(len(printed.content))
        assert f"/Lang ({language})".encode() in printed.content
    assert len(lengths) == 3
