"""The sixteen passes of the public test set (json-api 9) behave as their table says, on both databases.

One number stands for two of them: a parent and a child that the list gives the same number.
"""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from fakes.openapi import document
from server.api.clients import create_client, new_secret
from server.api.grants import Grant, put_grants
from server.api.permissions import ApiPermission
from server.app import create_app
from server.checkins.counter_checkin import Desk, counter_checkin
from server.counters.models import Counter
from server.demo.seed import seed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.passholders.models import Passholder
from server.registration.finding import find_people
from server.settings import Settings

ORGANIZER = "0ce87cbc-9299-4528-8d35-92225dc9489f"
EVENT = "5a0967f9-cc06-4c3c-9206-30481a767434"
TOKENS = "/api/realms/uitid/protocol/openid-connect/token"
HOST, SECRET_KEY = "https://uitpas.example", bytes(range(32))


class Pass(NamedTuple):
    """A line of the table. pass_: what sellers are told (status of the kansentarief, or which problem)."""

    number: str
    chip: str | None
    system: str
    postcode: str
    checkin: str
    pass_: str


TEST_SET = [
    Pass("0900000095902", "04784CDAEE3880", "Gent", "9000", "ok", "NONE"),
    Pass("0900000067513", "04363CDAEE3880", "Gent", "9090", "ok", "ACTIVE"),
    Pass("0900000031618", "04CEE7528E6180", "Gent", "9000", "social_tariff_expired", "EXPIRED"),
    Pass("0900010959113", "04ED6ACACF6180", "Gent", "9090", "ok", "ACTIVE"),
    Pass("0900000002312", "04B00412F15284", "Gent", "9000", "card_blocked", "invalid-card-status BLOCKED"),
    Pass("0900000058918", "045157B2B63780", "Paspartoe", "1000", "social_tariff_expired", "EXPIRED"),
    Pass("1000000520006", "045A4832633680", "Gent", "9000", "ok", "NONE"),
    Pass("0900000093204", "045D69DAEE3880", "Dender", "9000", "ok", "ACTIVE"),
    Pass("0900004518305", None, "Gent", "9000", "ok", "NONE"),
    Pass("0900011902815", None, "Gent", "9000", "ok", "ACTIVE"),
    Pass("0900011903417", None, "Gent", "9000", "ok", "ACTIVE"),
    Pass("0900000074519", "044AC54A8E6180", "", "", "card_not_in_use", "pass-not-found"),
    Pass("0900000020405", "047E2EEA053B80", "", "", "card_not_in_use", "pass-not-found"),
    Pass("0900000045410", "04D0AB6AF85C80", "Gent", "9000", "group_pass", "GROUP ACTIVE"),
    Pass("0900000191800", "048B25DAEE3880", "Gent", "9000", "group_pass", "GROUP NONE"),
]


@pytest.fixture
def api(database_url, tmp_path):
    """The JSON API and the demo's data."""
    database = Database(database_url, Vault(SECRET_KEY))
    seed(database, datetime.now(UTC))
    with TestClient(create_app(Settings(database_url, SECRET_KEY, tmp_path)), base_url=HOST) as http:
        yield SimpleNamespace(http=http, database=database)
    database.dispose()


def seller_token(api):
    """Return the token of a program that sells tickets for the test organiser."""
    with api.database.writing() as session:
        client = create_client(session, "Ticketshop", datetime.now(UTC))
        secret = new_secret(session, client, datetime.now(UTC))
        put_grants(session, client, [Grant(ORGANIZER, ApiPermission.PASSES_READ, None)])
        id_ = client.id
    form = {"grant_type": "client_credentials", "client_id": id_, "client_secret": secret}
    return api.http.post(TOKENS, data=form).json()["access_token"]


def looked_up(api, token, identifier):
    """Return card system, postcode and status as sellers are told."""
    answer = api.http.get(
        "/api/passes", params={"identifier": identifier}, headers={"authorization": f"Bearer {token}"}
    )
    document().check("GET", "/passes", answer)
    told = answer.json()
    if answer.is_error:
        problem = told["type"].rpartition("/")[2]
        return "", "", f"{problem} {told['cardStatus']}" if "cardStatus" in told else problem
    kind = "GROUP " if told["passType"] == "GROUP" else ""
    status = kind + told["socialTariff"]["status"]
    return told["cardSystem"]["name"].split()[-1], told["postalCode"], status


def checked_in(session, number):
    counter = session.exec(select(Counter.id).where(Counter.organizer_id == ORGANIZER)).one()
    judged = counter_checkin(session, Desk(counter, 1), number, EVENT, datetime.now(UTC))
    holder = find_people(session, number, ()).people
    if judged.decision.points:
        assert session.get_one(Passholder, holder[0].ref).points == 10 + judged.decision.points
    return judged.decision.outcome.value


def test_every_pass_is_found_checked_in_and_shown_as_its_line_says(api):
    seed(api.database, datetime.now(UTC))
    token, seen = seller_token(api), []
    for line in TEST_SET:
        told = looked_up(api, token, line.number)
        assert line.chip is None or looked_up(api, token, line.chip.lower()) == told
        with api.database.writing() as session:
            outcome = checked_in(session, line.number)
        is_blocked = "BLOCKED" in told[2]
        where = (line.system, line.postcode) if is_blocked else told[:2]
        seen.append(Pass(line.number, line.chip, *where, outcome, told[2]))
    assert seen == TEST_SET
