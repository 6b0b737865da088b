"""Scanning at the counter, in a real browser: scanners that type, the bridge, the camera, a phone's NFC."""

import io
from contextlib import ExitStack

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect
from sqlmodel import select

from device.bridge import Bridge, BridgeServer
from device.core.eid import identity_of
from device.ports import IdentityError
from fakes.counter import running_counter
from fakes.eid import HOME, PERSON, PORTRAIT, file_of
from fakes.ports import free_ports
from fakes.reader import HeldReader
from server.cards.models import Card
from server.passholders.models import Passholder
from shared.wire.bridge import IdentityFault

NUMBER, CHIP, CHIP_BACKWARDS = "0900000095902", "04784CDAEE3880", "8038eeda4c7804"
PEOPLE = "/balie/pashouders"
PATIENCE = 20_000
"""Milliseconds; a machine may be busy."""
# What an Android phone has and a desktop does not; a test holds a card against it.
NFC = """
window.NDEFReader = class extends EventTarget {
  async scan() {
    window.holdCard = (serialNumber) =>
      this.dispatchEvent(Object.assign(new Event("reading"), { serialNumber }));
  }
};
"""


class IdentityCards:
    fault = None

    def read(self):
        if self.fault:
            raise IdentityError(self.fault)
        return identity_of(file_of(PERSON), file_of(HOME))

    def photo(self):
        return PORTRAIT


class Desk:
    """A counter, the bridge on its computer, and Ann behind it."""

    def __init__(self, stack, folder, filled):
        port = free_ports(1)
        self.counter = stack.enter_context(running_counter(folder, filled, bridge_port=port))
        self.reader, self.identity = HeldReader(), IdentityCards()
        bridge = Bridge(self.reader, self.identity)
        server = BridgeServer(bridge, self.counter.url, port)
        bridge.start()
        server.start()
        stack.callback(bridge.stop)
        stack.callback(server.stop)

    def in_drawer(self):
        with self.counter.database.reading() as session:
            query = select(Card).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None))
            return next(card for card in session.exec(query) if card.uitpas_number[-2] == "0")


@pytest.fixture(scope="module")
def desk(tmp_path_factory, filled):
    with ExitStack() as stack:
        yield Desk(stack, tmp_path_factory.mktemp("desk"), filled)


@pytest.fixture(scope="module")
def signed_in(chromium, desk):
    """What Ann's browser keeps when she is logged in."""
    context = chromium.new_context(locale="nl-BE")
    page = context.new_page()
    page.goto(f"{desk.counter.url}/login")
    page.get_by_role("button", name="Ik ben Ann", exact=True).click()
    page.get_by_role("button", name="Bibliotheek").click()
    yield context.storage_state()
    context.close()


@pytest.fixture
def page(chromium, desk, signed_in, request):
    """Ann's browser; nothing may complain in it."""
    options = {"locale": "nl-BE", "viewport": {"width": 1280, "height": 860}, "storage_state": signed_in}
    context = chromium.new_context(**options | getattr(request, "param", {}))
    page, complaints = context.new_page(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(desk.counter.url + PEOPLE)
    yield page
    context.close()
    assert [text for text in complaints if "status of 4" not in text] == []


SCANNER = """
(keys) => keys.forEach(([key, code], place) => {
  const pressed = new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true });
  Object.defineProperty(pressed, "timeStamp", { value: 1000 + place * 8 });
  (document.activeElement ?? document.body).dispatchEvent(pressed);
  if (key.length === 1 && !pressed.defaultPrevented) document.execCommand("insertText", false, key);
})
"""


def scan(page, codes):
    """Type as a scanner does: faster than people can, wherever the cursor is."""
    page.evaluate(SCANNER, [*codes, ("Enter", "Enter")])


def typed(text):
    return [(key, f"Digit{key}" if key.isdigit() else f"Key{key.upper()}") for key in text]


def holder_page(page, name):
    expect(page.get_by_role("heading", level=1)).to_have_text(name, timeout=PATIENCE)


def name_of(desk, number=NUMBER):
    with desk.counter.database.reading() as session:
        card = session.get_one(Card, number)
        holder = session.get_one(Passholder, card.passholder_ref)
        return f"{holder.first_name} {holder.last_name}"


@pytest.mark.parametrize(
    "number", [NUMBER, CHIP_BACKWARDS, pytest.param(CHIP.lower(), marks=pytest.mark.slow)]
)
def test_a_scan_finds_a_person_without_a_field(page, desk, number):
    page.evaluate("document.activeElement.blur()")
    scan(page, typed(number))
    holder_page(page, name_of(desk))


def test_a_scanner_that_thinks_it_is_qwerty_on_azerty(page, desk):
    azerty = dict(zip("1234567890", "&é\"'(§è!çà", strict=True))
    page.get_by_label("Kaart, rijksregisternummer of naam").fill("jan")
    scan(page, [(azerty[digit], f"Digit{digit}") for digit in NUMBER])
    holder_page(page, name_of(desk))


@pytest.mark.slow
def test_a_scan_on_the_page_of_a_person_finds_the_next_one(page, desk):
    scan(page, typed(CHIP))
    holder_page(page, name_of(desk))
    scan(page, typed("0900000031618"))
    holder_page(page, name_of(desk, "0900000031618"))


@pytest.mark.slow
def test_who_types_by_hand_is_no_scanner(page):
    field = page.get_by_label("Kaart, rijksregisternummer of naam")
    field.press_sequentially("geen naam", delay=1)
    field.press("Enter")
    expect(page.get_by_text("Niemand gevonden")).to_be_visible(timeout=PATIENCE)


def test_a_scan_while_registering_fills_in_the_card_and_sends_nothing(page, desk):
    page.goto(f"{desk.counter.url}{PEOPLE}/registreren")
    page.get_by_label("Voornaam").fill("Ev")
    scan(page, typed(NUMBER))
    expect(page.get_by_label("Kaart die je meegeeft")).to_have_value(NUMBER, timeout=PATIENCE)
    expect(page.get_by_label("Voornaam")).to_have_value("Ev", timeout=PATIENCE)
    expect(page.get_by_role("heading", level=1)).to_have_text("Iemand registreren", timeout=PATIENCE)


def test_a_card_on_the_reader_of_this_computer(page, desk):
    page.get_by_text("Andere manieren om te scannen").click()
    page.get_by_role("button", name="Lezer gebruiken").click()
    expect(page.get_by_text("De lezer is klaar")).to_be_visible(timeout=PATIENCE)
    desk.reader.hold(CHIP)
    holder_page(page, name_of(desk))
    # The choice is remembered: the next card needs no click.
    expect(page.get_by_text("De lezer is klaar")).to_be_visible(timeout=PATIENCE)
    desk.reader.hold("04CEE7528E6180")
    holder_page(page, name_of(desk, "0900000031618"))


def test_the_eid_fills_in_the_form_and_a_chip_the_card(page, desk):
    page.evaluate("localStorage.setItem('zuil-bridge', 'yes')")
    page.goto(f"{desk.counter.url}{PEOPLE}/registreren")
    desk.identity.fault = IdentityFault.NO_CARD
    page.get_by_role("button", name="eID lezen").click()
    expect(page.get_by_text("Steek de identiteitskaart in de lezer")).to_be_visible(timeout=PATIENCE)
    desk.identity.fault = None
    page.get_by_role("button", name="eID lezen").click()
    expect(page.get_by_text("Ingevuld. Kijk het na.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("De lezer is klaar")).to_be_visible(timeout=PATIENCE)
    card = desk.in_drawer()
    desk.reader.hold(card.chip_number)
    expect(page.get_by_label("Kaart die je meegeeft")).to_have_value(card.chip_number, timeout=PATIENCE)
    page.get_by_label("Heeft geen e-mailadres").check()
    page.get_by_role("button", name="Nakijken").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Klopt dit?", timeout=PATIENCE)
    for text in ("An Peeters", "9040 Gent", card.uitpas_number):
        expect(page.locator(".sheet")).to_contain_text(text, timeout=PATIENCE)
    page.get_by_role("button", name="Foto van de eID nemen").click()
    expect(page.get_by_text("De foto staat klaar.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Registreren").click()
    expect(page.get_by_role("img", name="Foto van An")).to_be_visible(timeout=PATIENCE)


PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_phone_reads_the_chip_itself(page, desk):
    expect(page.get_by_text("Met dit toestel")).to_have_count(1, timeout=PATIENCE)
    expect(page.locator('[data-way="nfc"]')).to_be_hidden(timeout=PATIENCE)
    page.add_init_script(NFC)
    page.reload()
    page.get_by_text("Andere manieren om te scannen").click()
    expect(page.locator('[data-way="bridge"]')).to_be_hidden(timeout=PATIENCE)
    page.get_by_role("button", name="Kaart scannen").click()
    expect(page.get_by_text("Hou de kaart tegen de achterkant van je toestel.")).to_be_visible(
        timeout=PATIENCE
    )
    page.evaluate("holdCard('04:a1:b2:c3')")
    expect(page.get_by_text("Dit is geen UiTPAS.")).to_be_visible(timeout=PATIENCE)
    page.evaluate("holdCard('04:78:4c:da:ee:38:80')")
    holder_page(page, name_of(desk))


def barcode(number, kind):
    made = zxingcpp.create_barcode(number, kind).to_image(scale=3, add_quiet_zones=True)
    picture = io.BytesIO()
    Image.fromarray(made).convert("RGB").resize((500, 160)).save(picture, "PNG")
    return list(picture.getvalue())


# A camera that sees a picture.
CAMERA = """
(bytes) => {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/png" }));
    const brush = canvas.getContext("2d");
    const paint = () => {
      brush.fillStyle = "#fff";
      brush.fillRect(0, 0, 640, 480);
      brush.drawImage(picture, 60, 120);
    };
    paint();
    setInterval(paint, 50);
    return canvas.captureStream();
  };
}
"""


def test_the_camera_reads_the_barcode_with_our_own_library(page, desk):
    page.evaluate(CAMERA, barcode(NUMBER, zxingcpp.BarcodeFormat.Code128))
    assert page.evaluate("'BarcodeDetector' in window") is False
    page.get_by_text("Andere manieren om te scannen").click()
    page.get_by_role("button", name="Camera openen").click()
    holder_page(page, name_of(desk))


@pytest.mark.slow
def test_the_camera_can_be_closed_again(page):
    page.evaluate(CAMERA, barcode("9999", zxingcpp.BarcodeFormat.Code128))
    page.get_by_text("Andere manieren om te scannen").click()
    page.get_by_role("button", name="Camera openen").click()
    expect(page.get_by_text("Hou de streepjescode voor de camera.")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Sluiten").click()
    expect(page.get_by_text("Hou de streepjescode voor de camera.")).to_be_hidden(timeout=PATIENCE)
