"""Who signed, and what is told to who did not."""

import time
import uuid

import pytest
import requests
from requests_oauthlib import OAuth1
from starlette.testclient import TestClient

from fakes.scene import EVENT, add_holders, add_kiosk, add_region, chip_of
from fakes.server_process import running_server
from fakes.station import RefusalError, Station
from server.app import create_app
from server.settings import Settings
from shared.wire.signing import body_hash

HEARTBEAT = b'{"clock":{"wall":1,"monotonic":1,"boot":"b"},"version":"1","queue":0}'


@pytest.fixture
def station(database, sqlite_url, tmp_path):
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, 3)
        _, code = add_kiosk(session, counter)
    settings = Settings(
        database_url=sqlite_url,
        secret_key=bytes(range(32)),
        data_dir=tmp_path,
        public_url="https://zuil.test",
    )
    with TestClient(create_app(settings), base_url="https://zuil.test") as client:
        station = Station(client, code)
        station.follow()
        yield station


@pytest.fixture(params=["sqlite"])
def database_url(sqlite_url):
    return sqlite_url


def refusal(station, headers, body=HEARTBEAT):
    response = station.client.post("/device/v1/heartbeat", content=body, headers=headers)
    return response.status_code, response.json().get("type")


def test_a_signed_request_is_let_in(station):
    assert refusal(station, station.headers("POST", "/device/v1/heartbeat", HEARTBEAT)) == (200, None)


def test_a_request_without_a_signature_is_refused(station):
    assert refusal(station, {}) == (401, "zuil:unsigned")
    assert refusal(station, {"Authorization": "Bearer x"}) == (401, "zuil:unsigned")
    assert refusal(station, {"Authorization": 'OAuth oauth_nonce="'}) == (401, "zuil:unsigned")


@pytest.mark.parametrize("seconds", [-400, 400, -1_700_000_000])
def test_a_wrong_clock_is_told_apart(station, seconds):
    station.clock_offset = seconds
    headers = station.headers("POST", "/device/v1/heartbeat", HEARTBEAT)
    assert refusal(station, headers) == (401, "zuil:timestamp-refused")


@pytest.mark.parametrize("seconds", [-290, 290])
def test_a_clock_within_five_minutes_will_do(station, seconds):
    station.clock_offset = seconds
    assert refusal(station, station.headers("POST", "/device/v1/heartbeat", HEARTBEAT))[0] == 200


def test_a_nonce_counts_once(station):
    headers = station.headers("POST", "/device/v1/heartbeat", HEARTBEAT)
    assert refusal(station, headers)[0] == 200
    assert refusal(station, headers) == (401, "zuil:nonce-used")


def test_a_changed_body_is_noticed(station):
    headers = station.headers("POST", "/device/v1/heartbeat", HEARTBEAT)
    assert refusal(station, headers, HEARTBEAT.replace(b"0", b"9")) == (401, "zuil:signature-refused")


def test_a_wrong_secret_and_an_unknown_key_are_told_apart(station):
    headers = station.headers("POST", "/device/v1/heartbeat", HEARTBEAT, secret="wrong")
    assert refusal(station, headers) == (401, "zuil:signature-refused")
    known = station.enrolment
    station.enrolment = type(known)(
        **{field: getattr(known, field) for field in known.__struct_fields__} | {"consumer_key": "nobody"}
    )
    headers = station.headers("POST", "/device/v1/heartbeat", HEARTBEAT)
    assert refusal(station, headers) == (401, "zuil:key-unknown")


def test_a_signature_for_another_path_or_query_does_not_fit(station):
    headers = station.headers("GET", "/device/v1/changes?cursor=a.1&config=")
    response = station.client.get("/device/v1/changes?cursor=a.2&config=", headers=headers)
    assert response.json()["type"] == "zuil:signature-refused"


def test_a_body_larger_than_allowed_is_refused_before_it_is_read(station):
    body = b" " * (2 << 20)
    with pytest.raises(RefusalError) as refused:
        station._read(station.post("/device/v1/taps", body), object)
    assert refused.value.status == 413


def test_a_body_that_grows_without_end_is_refused(station):
    with pytest.raises(RefusalError) as refused:
        station._read(station.post("/device/v1/taps", b" " * (64 << 20), compressed=True), object)
    assert refused.value.status == 413


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
def test_an_independent_client_is_understood(database, sqlite_url, tmp_path, method):
    """requests-oauthlib signs; the body hash is the one of its signature method."""
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, 1)
        _, code = add_kiosk(session, counter)
    with running_server(sqlite_url, tmp_path) as server:
        station = Station(server.client, code)
        auth = OAuth1(
            station.enrolment.consumer_key,
            station.enrolment.consumer_secret,
            signature_method=method,
            timestamp=str(int(time.time())),
            nonce=uuid.uuid4().hex,
        )
        answer = requests.get(f"{server.url}/device/v1/changes?cursor=&config=", auth=auth, timeout=5)
        assert answer.status_code == 200
        assert answer.json()["config"]["events"][0]["id"] == EVENT
        assert chip_of(1)


def test_the_body_hash_of_the_extension_is_the_known_one():
    # RFC-style example of the OAuth Request Body Hash draft, appendix A.
    assert body_hash(b"Hello World!", "sha1") == "Lve95gjOVATpfV8EL5X4nxwjKHE="
