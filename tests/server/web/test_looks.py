"""How a card system looks: logo and colours on zuilen, posters, the scanned page and in the JSON API."""

import io
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw
from sqlmodel import select

from server.api.clients import create_client
from server.cardsystems.branding import read_logo
from server.demo.seed import GENT
from server.events.models import EventCardSystem
from server.kernel.pictures import PictureError
from server.kiosks.configuration import compose
from server.kiosks.models import Kiosk
from shared.domain.codes import make_code

HERE = f"/dashboard/instellingen/kaartsystemen/{GENT}/huisstijl"


def picture(*, ink="black", paper="white", size=(400, 200), kind="PNG"):
    """Return a file with a ring on paper."""
    image = Image.new("RGB", size, paper)
    ImageDraw.Draw(image).ellipse((40, 20, 240, 180), outline=ink, width=30)
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def poster(site, event):
    answer = site.client.post(f"/dashboard/instellingen/activiteiten/{event}/affiche", data={"size": "A4"})
    assert answer.headers["content-type"] == "application/pdf"
    return answer.content


def unpack(logo):
    return Image.frombytes("1", (logo.width, logo.height), logo.bits)


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def save(site, content=b"", **fields):
    files = {"file": ("logo.png", content)} if content else None
    return site.client.post(HERE, data=fields, files=files or {"file": ("", b"")})


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_logo_becomes_lit_lines_that_fit_the_smallest_panel(kind):
    shown = unpack(read_logo(picture(kind=kind)).display)
    assert shown.height == 56
    assert shown.width <= 120
    assert shown.getpixel((shown.width // 2, 3)) == 255, "the ring is lit"
    assert shown.getpixel((shown.width // 2, shown.height // 2)) == 0, "what is in it is dark"


def test_a_light_logo_on_a_dark_ground_is_lit_where_it_is_light():
    shown = unpack(read_logo(picture(ink="white", paper="navy")).display)
    assert shown.getpixel((1, 1)) == 0


@pytest.mark.parametrize("content", [b"", b"<svg/>", picture(ink="white"), b"x" * 2_000_001])
def test_what_is_no_logo_is_refused(content):
    with pytest.raises(PictureError):
        read_logo(content)


def test_a_logo_reaches_the_zuilen_the_world_and_the_api(ksb):
    number = ksb.kiosk("Zuil inkomhal").number
    with ksb.database.reading() as session:
        before = compose(session, session.get_one(Kiosk, number), "https://x", datetime.now(UTC))
    answer = save(
        ksb,
        picture(),
        use_colours="yes",
        primary="#61a60e",
        secondary="#102030",
        website="https://uitpas.gent",
    )
    assert answer.headers["location"].endswith("gelukt=bewaard")
    with ksb.database.writing() as session:
        after = compose(session, session.get_one(Kiosk, number), "https://x", datetime.now(UTC))
        create_client(session, "App", datetime.now(UTC), client_id="app-client")
    assert before.logo is None
    assert (after.logo.height, after.version != before.version) == (56, True)
    found = ksb.client.get(f"/api/card-systems/{GENT}", headers={"x-client-id": "app-client"}).json()
    assert found["branding"]["primaryColor"] == "rgba(97,166,14,1.0)"
    assert found["links"] == {"website": "https://uitpas.gent"}
    logo = ksb.client.get(found["branding"]["logo"].removeprefix("http://testserver"))
    assert Image.open(io.BytesIO(logo.content)).format == "PNG"
    assert "#61a60e" in ksb.client.get(f"/merk/{GENT}/stijl.css").text


def test_the_scanned_page_and_the_poster_wear_it(ksb):
    save(ksb, picture(), use_colours="yes", primary="#ffff00", secondary="#102030")
    with ksb.database.reading() as session:
        kiosk = session.exec(select(Kiosk).where(Kiosk.name == "Zuil inkomhal")).one()
        event = session.exec(
            select(EventCardSystem.event_id).where(EventCardSystem.card_system_id == GENT)
        ).first()
        key = ksb.database.vault.open(kiosk.code_key)
    ksb.report(kiosk.number)
    page = ksb.client.get(f"/c/{make_code(key, kiosk.number, 1, datetime.now(UTC))}").text
    assert f"/merk/{GENT}/logo.png" in page
    assert "brand-band" in page
    assert b"/Subtype /Image" in poster(ksb, event)
    save(ksb, drop="yes")
    assert b"/Subtype /Image" not in poster(ksb, event)


@pytest.mark.parametrize(
    ("content", "fields", "said"),
    [
        (b"no picture", {}, "Kies een PNG"),
        (b"", {"use_colours": "yes", "primary": "red", "secondary": "#000000"}, "Kies twee kleuren"),
        (b"", {"website": "javascript:alert(1)"}, "Vul een adres in"),
    ],
)
def test_what_is_wrong_is_said(ksb, content, fields, said):
    answer = save(ksb, content, **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_logo_goes_when_it_is_dropped_and_nothing_is_no_change(ksb):
    save(ksb, picture())
    assert "logo.png" in ksb.client.get(HERE).text
    save(ksb, drop="yes")
    assert ksb.client.get(f"/merk/{GENT}/logo.png").status_code == 404
    assert save(ksb).headers["location"].endswith("gelukt=hetzelfde")


def test_another_card_system_is_closed(ksb):
    assert ksb.client.get("/dashboard/instellingen/kaartsystemen/3/huisstijl").status_code == 404
