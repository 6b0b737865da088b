"""The KSB's page of the webhook: an address, a secret shown once, a test, what came of it."""

import re

import pytest
from sqlmodel import select

from server.kernel.audit import AuditEntry
from server.monitor.models import AlertWebhook, WebhookCall

HERE = "/monitor/regels/5/webhook"
ADDRESS = "https://alarm.example/zuilen"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def save(site, url=ADDRESS, is_on="yes"):
    return site.client.post(HERE, data={"url": url, "is_on": is_on})


def hook(site):
    with site.database.reading() as session:
        return session.get(AlertWebhook, 5)


def test_the_secret_shows_once_and_is_kept_sealed(ksb):
    secret = re.search(r"data-secret>([^<]+)<", save(ksb).text).group(1)
    kept = hook(ksb)
    assert (kept.url, kept.is_on) == (ADDRESS, True)
    assert secret.encode() not in bytes(kept.secret)
    assert ksb.database.vault.open(kept.secret).decode() == secret
    assert secret not in ksb.client.get(HERE).text
    other = re.search(r"data-secret>([^<]+)<", ksb.client.post(f"{HERE}/geheim").text).group(1)
    assert other != secret


def test_a_test_is_sent_at_once_and_what_came_of_it_is_on_the_page(ksb):
    save(ksb, "https://localhost:9/")
    assert ksb.client.post(f"{HERE}/proef").status_code == 303
    page = ksb.client.get(f"{HERE}/laatste").text
    assert 'data-call="failed"' in page
    assert "Dit adres ligt niet op het internet." in page
    with ksb.database.reading() as session:
        assert session.exec(select(WebhookCall.attempts)).one() == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("zomaar iets", "Vul een adres in"),
        ("https://", "Vul een adres in"),
        ("https://alarm..example/", "Vul een adres in"),
        ("https://alarm.example:99999/", "Vul een adres in"),
        ("https://wie@alarm.example/", "Vul een adres in"),
        ("http://alarm.example/", "Het adres begint met https"),
        ("ftp://alarm.example/", "Het adres begint met https"),
    ],
)
def test_what_is_no_address_is_said(ksb, url, said):
    answer = save(ksb, url)
    assert answer.status_code == 422
    assert said in answer.text
    assert hook(ksb) is None


def test_an_empty_address_is_no_webhook_any_more(ksb):
    save(ksb)
    save(ksb, "")
    assert hook(ksb) is None
    assert ksb.client.post(f"{HERE}/proef").status_code == 404
    with ksb.database.reading() as session:
        deeds = session.exec(select(AuditEntry.detail).where(AuditEntry.action == "set-webhook")).all()
    assert deeds == [{"address": ADDRESS}, {}]


def test_only_who_sets_the_rules_of_a_card_system_sees_its_webhook(site):
    site.log_in("Tom Goossens")
    assert site.client.get(HERE).status_code == 403
    site.log_in("Karima El Idrissi")
    assert site.client.get("/monitor/regels/3/webhook").status_code == 404
