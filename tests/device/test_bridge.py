"""The bridge on a counter's computer: who may ask it, and what it says to whom."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from device.bridge import Bridge, BridgeServer
from device.core.eid import identity_of, split_address
from device.ports import IdentityError
from device.settings import SettingsError, origin_of
from fakes.eid import HOME, PERSON, PORTRAIT, file_of
from fakes.ports import free_field, free_ports
from fakes.reader import HeldReader
from shared.wire.bridge import IdentityFault

ORIGIN = "https://balie.example"
CHIP, OTHER = "04A1B2C3D4E5F6", "044D71DA862680"
AN = identity_of(file_of(PERSON), file_of(HOME))


class IdentityCards:
    fault = None

    def read(self):
        if self.fault:
            raise IdentityError(self.fault)
        return AN

    def photo(self):
        return PORTRAIT


class Page:
    """A page of an origin, as its browser asks."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, method, path, *, origin=ORIGIN, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = headers | ({"Origin": origin} if origin else {})
        return httpx.request(method, self.url + path, headers=sent, trust_env=False, timeout=10)

    @contextmanager
    def listening(self):
        """Yield a queue of (event, text)."""
        heard = queue.SimpleQueue()
        client = httpx.Client(trust_env=False, timeout=10)
        stop = threading.Event()

        def listen():
            with client.stream("GET", f"{self.url}/cards", headers={"Origin": ORIGIN}) as answer:
                event = ""
                for line in answer.iter_lines():
                    if stop.is_set():
                        return
                    name, _, text = line.partition(": ")
                    if name == "event":
                        event = text
                    elif name == "data":
                        heard.put((event, json.loads(text)))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield heard
        stop.set()


@pytest.fixture(scope="module")
def reader():
    return HeldReader()


@pytest.fixture(scope="module")
def cards():
    return IdentityCards()


@pytest.fixture(scope="module")
def page(reader, cards):
    bridge = Bridge(reader, cards)
    server = BridgeServer(bridge, ORIGIN, 0)
    bridge.start()
    server.start()
    yield Page(server.port)
    server.stop()
    bridge.stop()


def test_a_card_goes_to_the_page_that_listens(page, reader):
    with page.listening() as heard:
        assert heard.get(timeout=10) == ("reader", "ok")
        reader.hold(CHIP)
        assert heard.get(timeout=10) == ("card", CHIP)


def test_of_two_pages_the_last_that_asked_gets_it(page, reader):
    with page.listening() as first:
        assert first.get(timeout=10) == ("reader", "ok")
        with page.listening() as second:
            assert second.get(timeout=10) == ("reader", "ok")
            reader.hold(CHIP)
            assert second.get(timeout=10) == ("card", CHIP)
    assert first.empty()


def test_what_is_held_while_nobody_listens_is_kept_nowhere(page, reader):
    reader.hold(OTHER)
    while not reader.sights.empty():
        threading.Event().wait(0.01)
    with page.listening() as heard:
        assert heard.get(timeout=10) == ("reader", "ok")
        reader.hold(CHIP)
        assert heard.get(timeout=10) == ("card", CHIP)


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "http://balie.example", "null", ""])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/cards"), ("POST", "/identity"), ("POST", "/photo"), ("OPTIONS", "/cards")]
)
def test_pages_of_elsewhere_are_refused(page, method, path, origin):
    answer = page.ask(method, path, origin=origin)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert "Peeters" not in answer.text


def test_a_name_that_leads_here_is_refused(page):
    assert page.ask("POST", "/identity", Host="rebound.example:8609").status_code == 403


def test_the_browser_may_come_from_an_outer_network(page):
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Private_Network": "true"}
    answer = page.ask("OPTIONS", "/identity", **asked)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-private-network"] == "true"


def test_an_identity_card_is_read_when_a_page_asks(page, cards):
    answer = page.ask("POST", "/identity")
    assert (answer.json()["first_name"], answer.json()["insz"]) == ("An", "83030201540")
    assert answer.headers["cache-control"] == "no-store"
    photo = page.ask("POST", "/photo")
    assert (photo.headers["content-type"], photo.content) == ("image/jpeg", PORTRAIT)
    cards.fault = IdentityFault.OTHER_CARD
    refused = page.ask("POST", "/identity")
    assert (refused.status_code, refused.json()) == (409, {"fault": "other-card"})


def test_anything_else_is_not_there(page):
    assert page.ask("GET", "/identity").status_code == 404
    assert page.ask("POST", "/cards").status_code == 404


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("02 MAAR 1983", "1983-03-02"),
        ("02 MARS 1983", "1983-03-02"),
        ("02.MÄR.1983", "1983-03-02"),
        (" 1 JUIN 1965", "1965-06-01"),
        ("14 JUIL 1965", "1965-07-14"),
        ("30 AOÛT 2001", "2001-08-30"),
        ("01.DEZ.2010", "2010-12-01"),
        ("29 FEV 2008", "2008-02-29"),
    ],
)
def test_a_day_of_birth_is_read_in_every_language_of_the_card(text, day):
    assert identity_of(file_of(PERSON | {12: text}), file_of(HOME)).birth_date == day


def test_a_long_name_and_a_padded_file_are_read():
    long = "Van " * 80
    assert identity_of(file_of(PERSON | {7: long}, padding=9), file_of(HOME)).last_name == long.strip()


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x02", file_of(PERSON)[:60], file_of(PERSON | {12: "00 000 0000"}), bytes(300)]
)
def test_a_damaged_file_is_said_to_be(content):
    with pytest.raises(IdentityError) as refused:
        identity_of(content, file_of(HOME))
    assert refused.value.fault is IdentityFault.UNREADABLE


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Dorpsstraat 12", ("Dorpsstraat", "12", "")),
        ("Dorpsstraat 12A", ("Dorpsstraat", "12A", "")),
        ("Rue de la Loi 16 bte 4", ("Rue de la Loi", "16", "4")),
        ("Kerkplein 3 /0201", ("Kerkplein", "3", "0201")),
        ("Steenweg op Gent 8 b2", ("Steenweg op Gent 8 b2", "", "")),
        ("Laan van 4 april 10 bus B", ("Laan van 4 april", "10", "B")),
        ("Het Zand", ("Het Zand", "", "")),
    ],
)
def test_the_address_on_the_card_is_taken_apart(line, parts):
    assert split_address(line) == parts


def test_the_address_of_the_server_is_an_origin():
    assert origin_of("https://Balie.example/pashouders") == "https://balie.example"
    assert origin_of("https://balie.example:443") == "https://balie.example"
    assert origin_of("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"
    for wrong in ("balie.example", "http://balie.example"):
        with pytest.raises(SettingsError):
            origin_of(wrong)


def test_the_program_lends_an_nfcpy_reader_until_it_is_stopped():
    field, port = free_field(), free_ports(1)
    command = [sys.executable, "-m", "device", "bridge", ORIGIN, "--port", str(port)]
    bridge = subprocess.Popen(
        [*command, "--reader", f"udp:127.0.0.1:{field}"], stdout=subprocess.PIPE, text=True
    )
    card = None
    try:
        assert ORIGIN in bridge.stdout.readline()
        with Page(port).listening() as heard:
            while heard.get(timeout=20) != ("reader", "ok"):
                pass
            command = [sys.executable, "-m", "fakes.nfc_card", str(field), "desfire", CHIP, "20"]
            card = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.DEVNULL)
            assert heard.get(timeout=20) == ("card", CHIP)
        again = subprocess.run(
            [*command[:1], "-m", "device", "bridge", ORIGIN, "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (again.returncode, "cannot be used" in again.stderr) == (1, True)
    finally:
        bridge.terminate()
        if card is not None:
            card.kill()
            card.wait()
        assert bridge.wait(20) == 0
