"""Every outcome has a screen on every panel, and a real decoder reads the QR from the frame."""

from __future__ import annotations

import itertools

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from device.adapters.oled import PANELS, PanelDisplay, open_capture, open_panel
from device.adapters.paint import Painter
from device.core import screens
from device.core.health import Fault
from device.core.qr import modules
from device.core.tap import TapResult
from device.ports import ScreenKind
from device.settings import DisplaySettings
from fakes.zuil import NOW, concert
from shared.domain.checkin import Decision
from shared.domain.codes import make_code
from shared.domain.messages import LANGUAGES
from shared.domain.outcomes import Outcome, Tone
from shared.domain.periods import Limit, Period
from shared.wire.messages import LogoMessage

LINKS = {
    "short": "HTTPS://ZUIL.EXAMPLE/C/",
    "local": "HTTP://127.0.0.1:8000/C/",
    "long": "HTTPS://ZUILEN.UITPAS.STAD.EXAMPLE/C/",
}


def link(kind="short"):
    return LINKS[kind] + make_code(bytes(32), 1_000_000, 33_000_000, NOW)


def painter(name):
    return Painter(PANELS[name].width, PANELS[name].height, greys=PANELS[name].greys)


FACTS = screens.Facts(
    ["eth0 192.168.100.200"], online=False, codes=["E10", "E72"], queue=1234, version="0.1.0"
)


@pytest.mark.parametrize("name", PANELS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_technician_reads_every_fact_on_every_panel(name, language):
    told = screens.information("Bib Sint-Niklaas", FACTS, language)
    assert len(told.lines) == 4
    picture = painter(name).paint(told).convert("L")
    row = picture.height // 5
    for number in range(5):
        band = picture.crop((0, number * row, picture.width, (number + 1) * row))
        assert band.getextrema()[1] > 0, f"line {number} is empty"
        assert picture.crop((picture.width - 1, 0, picture.width, picture.height)).getextrema()[1] == 0


def result(outcome, language="nl"):
    decision = Decision(outcome, points=1, limit=Limit(1, Period.DAY), opens=NOW)
    return screens.result(TapResult(decision, 1013, NOW, 1), language)


def seen_by_a_phone(picture):
    """The panel as a phone's camera sees it: pixels enlarged, dark surroundings, a little blurred."""
    grey = picture.convert("L")
    large = grey.resize((grey.width * 4, grey.height * 4), Image.Resampling.NEAREST)
    return ImageOps.expand(large, 60, fill=10).filter(ImageFilter.GaussianBlur(1.2))


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_outcome_has_a_screen_in_every_language(outcome, language):
    screen = result(outcome, language)
    assert screen.kind is ScreenKind.RESULT
    assert screen.tone is outcome.tone
    assert screen.headline or screen.big
    assert screen.icon


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_fault_has_a_screen_with_its_code(fault, language):
    assert screens.out_of_order(fault, language).clock == fault.value


@pytest.mark.parametrize("name", PANELS)
def test_every_screen_can_be_painted_on_every_panel(name):
    event = concert()
    shown = [result(outcome, language) for outcome in Outcome for language in LANGUAGES]
    shown += [screens.out_of_order(fault, language) for fault in Fault for language in LANGUAGES]
    for language in LANGUAGES:
        shown += [screens.starting(language), screens.wait(language), screens.idle(None, NOW, language)]
        shown += [screens.idle(event, NOW, language, code=link()), screens.scan(event, link(), language)]
    panel = painter(name)
    for screen in shown:
        picture = panel.paint(screen)
        assert picture.size == (panel.width, panel.height)
        assert picture.getextrema()[0] != picture.getextrema()[1]


@pytest.mark.parametrize("name", PANELS)
def test_words_keep_off_the_edges_of_every_panel(name):
    shown = [result(outcome, language) for outcome in Outcome for language in LANGUAGES]
    shown += [screens.out_of_order(fault, language) for fault in Fault for language in LANGUAGES]
    panel = painter(name)
    for screen in shown:
        picture = panel.paint(screen).convert("L")
        paper = 255 if screen.tone is Tone.GOOD else 0
        left, _, right, _ = ImageChops.difference(picture, Image.new("L", picture.size, paper)).getbbox()
        assert min(left, picture.width - right) >= 2, screen


@pytest.mark.parametrize(("name", "kind"), list(itertools.product(PANELS, LINKS)))
def test_a_phone_reads_the_code_from_the_frame_of_every_panel(name, kind):
    display = PanelDisplay(DisplaySettings(panel=name), open_capture)
    display.open()
    display.show(screens.scan(concert(), link(kind), "nl"))
    assert display.wait_for_frame(0, 10)
    frame = display._device.image
    display.close()
    assert [found.text for found in zxingcpp.read_barcodes(seen_by_a_phone(frame))] == [link(kind)]


def test_a_phone_reads_the_code_beside_the_idle_text_of_a_wide_panel():
    panel = painter("ssd1322")
    assert panel.wide
    frame = panel.paint(screens.idle(concert(), NOW, "nl", code=link()))
    assert [found.text for found in zxingcpp.read_barcodes(seen_by_a_phone(frame))] == [link()]


@pytest.mark.parametrize("name", PANELS)
def test_a_module_is_at_least_two_pixels_on_a_light_ground(name):
    panel = painter(name)
    frame = panel.paint(screens.scan(concert(), link("long"), "nl")).convert("L")
    (found,) = zxingcpp.read_barcodes(seen_by_a_phone(frame))
    place = found.position
    side = (place.top_right.x - place.top_left.x) / 4
    assert side / len(modules(link("long"))) >= 1.9
    assert frame.getpixel((0, frame.height // 2)) > 128


def test_the_long_title_of_an_event_is_shortened_and_leaves_the_hour():
    event = concert()
    frame = painter("ssd1306").paint(screens.idle(event, NOW, "nl"))
    assert frame.size == (128, 64)


def test_the_hour_on_the_display_is_that_of_brussels():
    assert screens.idle(concert(), NOW, "nl").clock == "19:00"


def test_a_panel_that_is_away_is_a_state_and_comes_back(monkeypatch):
    monkeypatch.setattr("device.adapters.oled._RETRY_SECONDS", 0.01)
    there = False

    def open_device(settings):
        if not there:
            raise OSError("no such device on the bus")
        return open_capture(settings)

    display = PanelDisplay(DisplaySettings(), open_device)
    display.open()
    display.show(screens.starting("nl"))
    assert not display.wait_for_frame(0, 0.2)
    assert "no such device" in display.state
    there = True
    assert display.wait_for_frame(0, 10)
    assert display.state == "ok"
    display.close()


def test_a_zuil_that_cannot_start_leaves_its_sentence_standing():
    panels = []

    def open_device(settings):
        panels.append(open_capture(settings))
        return panels[-1]

    display = PanelDisplay(DisplaySettings(), open_device)
    display.open()
    display.leave(screens.out_of_order(Fault.SETTINGS, "nl"))
    display.close()
    assert panels[0].persist
    assert display.frames == 1


class CountingBus:
    """Stands where luma's I2C or SPI bus stands and counts what goes over it."""

    def __init__(self):
        self.sent = 0

    def command(self, *commands):
        """Commands set the panel up; only the picture is counted."""

    def data(self, content):
        self.sent += len(content)

    def cleanup(self):
        """Nothing to clean."""


@pytest.mark.filterwarnings("ignore:Image.Image.getdata:DeprecationWarning")  # luma's own
@pytest.mark.parametrize("bus", ["i2c", "spi"])
@pytest.mark.parametrize("name", PANELS)
def test_lumas_real_driver_of_every_panel_sends_a_whole_picture(monkeypatch, name, bus):
    wire = CountingBus()
    monkeypatch.setattr(f"luma.core.interface.serial.{bus}", lambda **_: wire)
    display = PanelDisplay(DisplaySettings(panel=name, bus=bus), open_panel)
    display.open()
    display.show(result(Outcome.OK))
    assert display.wait_for_frame(0, 10), display.state
    panel = PANELS[name]
    assert wire.sent >= panel.width * panel.height // (2 if panel.greys else 8)
    display.close()
    assert display.state == "ok"


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_panel_may_be_mounted_any_way_up(quarter_turns):
    display = PanelDisplay(DisplaySettings(panel="sh1107", rotate=quarter_turns), open_capture)
    display.open()
    display.show(screens.idle(concert(), NOW, "nl"))
    assert display.wait_for_frame(0, 10), display.state
    display.close()


@pytest.mark.parametrize("name", PANELS)
def test_a_logo_stands_in_the_middle_of_every_panel_as_large_as_its_pixels_allow(name):
    panel = painter(name)
    ring = Image.new("1", (20, 20))
    ImageDraw.Draw(ring).rectangle((0, 0, 19, 19), outline=1)
    logo = LogoMessage(width=20, height=20, bits=ring.tobytes())
    frame = panel.paint(screens.brand(logo)).convert("L")
    scale = min(frame.width, frame.height) // 20
    left, top, right, bottom = frame.getbbox()
    assert (right - left, bottom - top) == (20 * scale, 20 * scale)
    assert abs(left - (frame.width - right)) <= 1
    assert frame.getpixel((frame.width // 2, frame.height // 2)) == 0


@pytest.mark.parametrize(
    "logo", [LogoMessage(width=900, height=1, bits=b"x"), LogoMessage(width=8, height=8, bits=b"")]
)
def test_a_logo_that_cannot_be_shown_leaves_the_panel_dark(logo):
    assert painter("ssd1306").paint(screens.brand(logo)).convert("L").getbbox() is None
