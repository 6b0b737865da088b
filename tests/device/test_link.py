"""The link: signed, compressed, repaired, resumed; and nothing unsigned is believed."""

from __future__ import annotations

import ssl
import stat
import time

import httpx
import msgspec
import pytest

from device.adapters.credentials import DamagedCredentialsError, load_credentials
from device.adapters.link import HttpLink
from device.adapters.link import _sentence as link_sentence
from device.core.clock import ServerClock
from device.ports import LinkError
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, UNKNOWN_CHIP, row
from shared.wire import problems
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import (
    Clock,
    EnrolmentRequest,
    Heartbeat,
    LookupAnswer,
    LookupRequest,
    Tap,
    Upload,
    UploadItem,
)

CLOCK = Clock(wall=1, monotonic=1, boot="b")
BEAT = Heartbeat(clock=CLOCK, version="0", queue=0)


@pytest.fixture
def server():
    rows = [row(f"04{number:012X}", number + 1, points=number % 40) for number in range(3000)]
    with WireServer([*rows, row(KNOWN_CHIP)]) as server:
        yield server


@pytest.fixture
def clock():
    return ServerClock("boot")


@pytest.fixture
def link(server, tmp_path, clock):
    link = HttpLink(server.url, tmp_path, clock, agent="zuil/test")
    yield link
    link.close()


@pytest.fixture
def enrolled(link):
    link.enrol(EnrolmentRequest(code=CODE))
    return link


def upload(count):
    chain, items = GENESIS, []
    for seq in range(1, count + 1):
        payload = msgspec.json.encode(Tap(id=f"tap-{seq}", clock=CLOCK, outcome="ok"))
        chain = chain_link(chain, payload)
        items.append(UploadItem(seq=seq, chain=chain.hex(), tap=msgspec.Raw(payload)))
    return Upload(items=items, previous=GENESIS.hex(), clock=CLOCK)


def test_the_credentials_of_an_enrolment_are_kept_for_the_owner_only(enrolled, tmp_path):
    file = tmp_path / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_credentials(tmp_path).consumer_key == "zuil-7"
    assert enrolled.enrolled


def test_a_used_code_is_refused_with_the_servers_sentence(enrolled):
    with pytest.raises(LinkError, match="unknown, used or expired") as told:
        enrolled.enrol(EnrolmentRequest(code=CODE))
    assert (told.value.type, told.value.again) == (problems.CODE_REFUSED, False)


def test_looking_at_a_code_does_not_use_it_up(link):
    assert link.check(EnrolmentRequest(code=CODE)).name == "Bib Aalst"
    assert link.enrol(EnrolmentRequest(code=CODE)).kiosk == 7


def test_a_link_without_credentials_says_so(link):
    with pytest.raises(LinkError, match="not enrolled"):
        link.heartbeat(BEAT)


def test_damaged_credentials_are_told(tmp_path, clock):
    (tmp_path / "credentials.json").write_text("{")
    with pytest.raises(DamagedCredentialsError, match="enrol this zuil with a new code"):
        HttpLink("http://127.0.0.1:9", tmp_path, clock, agent="zuil/test")


def test_large_bodies_travel_compressed_and_small_ones_as_they_are(enrolled, server):
    enrolled.upload(upload(50))
    enrolled.heartbeat(BEAT)
    encodings = {name: headers.get("Content-Encoding") for _, name, headers in server.requests}
    assert (encodings["taps"], encodings["heartbeat"]) == ("zstd", None)
    assert len(server.taps) == 50


def test_a_wrong_clock_is_repaired_from_the_servers_date(enrolled, server, clock):
    server.time_shift = 40 * 365 * 86_400
    assert enrolled.heartbeat(BEAT).config == "1"
    assert abs(clock.read().now.timestamp() - (time.time() + server.time_shift)) < 2


def test_a_wrong_secret_is_not_tried_again_and_again(enrolled, server):
    server.secret = "another"
    before = len(server.requests)
    with pytest.raises(LinkError) as told:
        enrolled.heartbeat(BEAT)
    assert (told.value.type, len(server.requests) - before) == (problems.SIGNATURE_REFUSED, 1)


def test_a_server_that_was_restored_from_before_fresh_credentials_is_spoken_to_with_the_former_ones(
    enrolled, server, tmp_path, clock
):
    former = server.key, server.secret
    enrolled.renew()
    enrolled.heartbeat(BEAT)
    assert server.key == "zuil-7-renewed"
    fresh = server.key, server.secret

    server.key, server.secret = former
    assert enrolled.heartbeat(BEAT).config == "1"
    assert load_credentials(tmp_path).consumer_key == "zuil-7"
    before = len(server.requests)
    again = HttpLink(server.url, tmp_path, clock, agent="zuil/test")
    again.heartbeat(BEAT)
    assert len(server.requests) == before + 1, "also after a restart"

    server.key, server.secret = fresh
    assert again.heartbeat(BEAT).config == "1", "and back, should that have been the mistake"
    again.close()


def test_a_key_that_nobody_knows_is_not_tried_again_and_again(enrolled, server):
    enrolled.renew()
    enrolled.heartbeat(BEAT)
    server.key = "another"
    before = len(server.requests)
    with pytest.raises(LinkError) as told:
        enrolled.heartbeat(BEAT)
    assert (told.value.type, len(server.requests) - before) == (problems.KEY_UNKNOWN, 2)


def test_a_server_that_is_away_is_one_sentence_and_worth_another_try(tmp_path, clock, enrolled):
    away = HttpLink("http://127.0.0.1:9", tmp_path, clock, agent="zuil/test")
    with pytest.raises(LinkError, match="cannot be reached") as told:
        away.heartbeat(BEAT)
    assert told.value.again
    away.close()


def test_a_cut_network_is_told_at_once(enrolled):
    enrolled.network = False
    with pytest.raises(LinkError, match="cut"):
        enrolled.heartbeat(BEAT)


def test_a_snapshot_is_fetched_and_verified(enrolled, server):
    (info,) = enrolled.snapshots()
    assert enrolled.fetch(info).read_bytes() == server.snapshot()


def test_a_download_goes_on_where_it_broke_off(enrolled, server):
    (info,) = enrolled.snapshots()
    server.break_after = info.size // 3
    for _ in range(2):
        with pytest.raises(LinkError):
            enrolled.fetch(info)
    assert enrolled.fetch(info).read_bytes() == server.snapshot()
    ranges = [headers.get("Range") for _, name, headers in server.requests if name.endswith(".cards")]
    assert ranges == [None, f"bytes={server.break_after}-", f"bytes={2 * server.break_after}-"]


def test_a_changed_snapshot_begins_anew_and_leaves_nothing_behind(enrolled, server, tmp_path):
    (old,) = enrolled.snapshots()
    server.break_after = old.size // 2
    with pytest.raises(LinkError):
        enrolled.fetch(old)
    server.break_after = None
    server.change(row(UNKNOWN_CHIP))
    (new,) = enrolled.snapshots()
    assert enrolled.fetch(new).read_bytes() == server.snapshot()
    assert len(list((tmp_path / "snapshots").iterdir())) == 1


def test_a_snapshot_that_the_server_did_not_sign_is_thrown_away(enrolled, tmp_path):
    (info,) = enrolled.snapshots()
    forged = msgspec.structs.replace(info, signature=bytes(64))
    with pytest.raises(LinkError, match="not what the server signed"):
        enrolled.fetch(forged)
    assert not list((tmp_path / "snapshots").glob("*.part")) + list((tmp_path / "snapshots").glob("*.cards"))


def test_a_sealed_chip_number_is_read_by_the_server_alone(enrolled, server):
    server.known_cards[UNKNOWN_CHIP] = LookupAnswer(known=True, state=4, passholder=3)
    sealed = enrolled.seal(UNKNOWN_CHIP)
    assert UNKNOWN_CHIP.encode() not in sealed
    assert enrolled.lookup(LookupRequest(sealed=sealed), 1.5).passholder == 3


def test_nobody_waits_longer_for_a_lookup_than_was_said(enrolled, server):
    server.lookup_seconds = 1.0
    begin = time.monotonic()
    with pytest.raises(LinkError, match=r"within 0\.3 seconds"):
        enrolled.lookup(LookupRequest(sealed=enrolled.seal(UNKNOWN_CHIP)), 0.3)
    assert time.monotonic() - begin < 0.8


def test_the_stream_opens_and_every_change_wakes(enrolled, server):
    stream = enrolled.listen()
    next(stream)
    server.change(row(UNKNOWN_CHIP))
    next(stream)
    stream.close()


def test_a_certificate_that_fails_is_told_with_the_year_of_this_clock():
    cause = ssl.SSLCertVerificationError("no")
    cause.verify_message = "certificate is not yet valid"
    error = httpx.ConnectError("no")
    error.__cause__ = cause
    assert "not yet valid" in link_sentence(error)
    assert str(time.gmtime().tm_year) in link_sentence(error)
