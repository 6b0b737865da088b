"""What machines ask: whether we are ready, the figures, the log."""

import json
import logging
import re
import sys
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from fakes.crowd import add_crowd
from fakes.scene import add_region
from server.app import create_app
from server.kernel.logs import JsonLines
from server.kiosks.models import Kiosk, KioskLive
from server.monitor.judging import keep_listening
from server.monitor.models import ListeningPulse, WebhookCall
from server.monitor.webhook import NEVER
from server.settings import Settings, SettingsError

SAMPLE = re.compile(r'[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? -?\d[\d.e+]*')


def test_ready_is_said_while_somebody_watches_and_the_database_answers(database, client):
    with database.writing() as session:
        keep_listening(session, 1_000)
        session.get_one(ListeningPulse, 1).last = 1_000
    answer = client.get("/readyz")
    # The watch of the application itself may have been first.
    assert (answer.status_code, answer.text) in ((503, "nobody watches the zuilen\n"), (200, "ready\n"))
    with database.writing() as session:
        keep_listening(session, 99_999_999_999_999)
    assert client.get("/readyz").text == "ready\n"


def test_the_figures_are_what_prometheus_reads(database, client):
    with database.writing() as session:
        add_region(session)
    add_crowd(database, 3)
    text = client.get("/metrics").text
    assert 'zuil_kiosks{state="ok",excuse=""} 3' in text
    assert "zuil_mails_waiting 0" in text
    for line in text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or SAMPLE.fullmatch(line), line


def test_what_is_out_of_use_or_given_up_is_in_no_figure(database, client):
    with database.writing() as session:
        add_region(session)
    add_crowd(database, 2)
    with database.writing() as session:
        gone, stays = session.exec(select(KioskLive)).all()
        gone.version, gone.queue, gone.oldest, stays.version = "0.0.9", 7, 1, "1.0.0"
        session.get_one(Kiosk, gone.kiosk).state = "removed"
        session.add(WebhookCall(body="{}", due=NEVER, error="HTTP 500"))
    text = client.get("/metrics").text
    assert "0.0.9" not in text
    for line in (
        'zuil_kiosk_versions{version="1.0.0"} 1',
        "zuil_queued_taps 0",
        "zuil_oldest_tap_seconds 0",
        "zuil_webhook_calls_waiting 0",
    ):
        assert line in text.splitlines()


def test_the_figures_are_for_the_operator_alone(tmp_path, sqlite_url):
    settings = Settings(sqlite_url, bytes(32), tmp_path, metrics_token="a token of ours")
    with TestClient(create_app(settings), base_url="http://zuil.test") as client:
        assert client.get("/metrics").status_code == 403
        assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 403
        given = {"authorization": "Bearer a token of ours"}
        assert client.get("/metrics", headers=given).status_code == 200


def test_without_a_token_a_proxy_passes_nobody_on(client):
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.5"}).status_code == 403


def test_a_log_line_is_one_json_object_with_its_traceback():
    try:
        int("no\ngood")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "it %s", ("failed",), sys.exc_info())
    (line,) = JsonLines().format(record).splitlines()
    told = json.loads(line)
    assert (told["level"], told["message"]) == ("error", "it failed")
    assert "ValueError: invalid literal" in told["traceback"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ZUIL_SMTP_URL": "mail.test", "ZUIL_MAIL_FROM": "a@b.c"}, "ZUIL_SMTP_URL must be like"),
        ({"ZUIL_SMTP_URL": "smtp://mail.test"}, "ZUIL_MAIL_FROM must be"),
        ({"ZUIL_WEBHOOK_URL": "https://hook.test", "ZUIL_WEBHOOK_SECRET": "short"}, "at least 16"),
        ({"ZUIL_OIDC_ISSUER": "https://login.test"}, "ZUIL_OIDC_CLIENT_ID is missing"),
        ({"ZUIL_OIDC_CLIENT_ID": "zuil"}, "ZUIL_OIDC_ISSUER is missing"),
        ({"ZUIL_LOG": "xml"}, "ZUIL_LOG must be text or json"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(tmp_path, wrong, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_environment({"ZUIL_DATA_DIR": str(tmp_path)} | wrong)


def test_the_dashboard_for_grafana_asks_only_for_figures_that_exist(database, client):
    text = client.get("/metrics").text
    known = set(re.findall(r"# TYPE (\S+)", text))
    dashboard = json.loads((Path(__file__).parents[3] / "docs/grafana/zuil.json").read_text())
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"(?:zuil|process)_[a-z_]+", target["expr"])
    }
    assert asked
    assert asked <= known
