"""Pashouders on the pages of the KSB."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from server.cards.models import Card
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, RegistrationRules
from server.uitid.linking import Uitid, link_uitid

HERE = "/dashboard/pashouders/5"
MIRA = "0900000095902"
SOCIAL = "0900000067513"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def page_of(site, number):
    """Return the address of the page of who has a card."""
    answer = site.client.post(f"{HERE}/zoek", data={"text": number})
    assert answer.status_code == 303
    return answer.headers["location"]


def card(site, number):
    with site.database.reading() as session:
        return session.get_one(Card, number)


def member(site, number):
    with site.database.reading() as session:
        return session.get_one(Membership, (session.get_one(Card, number).passholder_ref, 5))


def test_a_card_is_blocked_and_let_in_again_by_the_ksb_alone(ksb):
    page = page_of(ksb, MIRA)
    for deed, state in (("kaart-blokkeren", "BLOCKED"), ("kaart-vrijgeven", "ACTIVE")):
        assert ksb.client.post(f"{page}/{deed}", data={"card": MIRA}).status_code == 303
        assert card(ksb, MIRA).state == state
    assert ksb.client.post(f"{page}/kaart-vrijgeven", data={"card": MIRA}).status_code == 422
    assert ksb.client.post(f"{page}/kaart-blokkeren", data={"card": SOCIAL}).status_code == 404
    assert ksb.client.post(f"{page}/iets").status_code == 404


def test_a_membership_is_blocked_and_its_card_goes_on_working(ksb):
    page = page_of(ksb, MIRA)
    ksb.client.post(f"{page}/lid-blokkeren")
    assert (member(ksb, MIRA).status, card(ksb, MIRA).state) == ("blocked", "ACTIVE")
    assert "lidmaatschap geblokkeerd" in ksb.client.get(page).text
    ksb.client.post(f"{page}/lid-vrijgeven")
    assert member(ksb, MIRA).status == "active"


def test_a_kansenstatuut_is_suspended_until_a_day_and_given_back(ksb):
    page = page_of(ksb, SOCIAL)
    assert ksb.client.post(f"{page}/schorsen", data={"until": "1/1/2001"}).status_code == 422
    ksb.client.post(f"{page}/schorsen", data={"until": "2099-01-31"})
    assert "geschorst tot en met 31 januari 2099" in ksb.client.get(page).text
    ksb.client.post(f"{page}/schorsing-stoppen")
    assert member(ksb, SOCIAL).suspended_until is None
    assert ksb.client.post(f"{page_of(ksb, MIRA)}/schorsen", data={"until": "2099-01-31"}).status_code == 422


def test_members_are_found_by_name_and_every_look_is_in_the_trail(ksb):
    with ksb.database.reading() as session:
        before = len(session.exec(select(AuditEntry).where(AuditEntry.action == "look")).all())
    ksb.client.get(page_of(ksb, MIRA))
    assert "pashouder" in ksb.client.post(f"{HERE}/zoek", data={"text": "mira"}).text
    for typed, said in (
        ("zzz", "Niemand gevonden"),
        (" ", "Typ eerst een nummer"),
        ("0900000000000", "Dit UiTPAS-nummer klopt niet"),
    ):
        assert said in ksb.client.post(f"{HERE}/zoek", data={"text": typed}).text
    with ksb.database.reading() as session:
        looks = session.exec(select(AuditEntry).where(AuditEntry.action == "look")).all()
    assert len(looks) == before + 1


def test_how_counters_register_is_the_ksbs_to_say(ksb):
    form = {
        "grace_days": "30",
        "welcome_points": "3",
        "municipalities": "gent\nDestelbergen",
        "is_strict": "yes",
    }
    assert ksb.client.post(f"{HERE}/regels", data=form).headers["location"].endswith("bewaard")
    assert ksb.client.post(f"{HERE}/regels", data=form).headers["location"].endswith("hetzelfde")
    with ksb.database.reading() as session:
        rules = session.get_one(RegistrationRules, 5)
        assert (rules.grace_days, rules.welcome_points, rules.is_strict) == (30, 3, True)
        assert rules.municipalities == ["Destelbergen", "Gent"]
    assert "Destelbergen" in ksb.client.get(f"{HERE}/regels").text
    for field, wrong in (("grace_days", "-1"), ("welcome_points", "veel"), ("municipalities", "Atlantis")):
        answer = ksb.client.post(f"{HERE}/regels", data=form | {field: wrong})
        assert (answer.status_code, 'class="field-error"' in answer.text) == (422, True)


def test_another_card_system_is_not_his(ksb):
    assert ksb.client.get("/dashboard/pashouders/3").status_code == 404
    assert ksb.client.post("/dashboard/pashouders/3/regels", data={}).status_code == 404


def test_somebody_is_deleted_and_his_page_is_gone_with_him(ksb):
    page = page_of(ksb, MIRA)
    assert "Dit kan je niet ongedaan maken." in ksb.client.get(page).text
    answer = ksb.client.post(f"{page}/verwijderen")
    assert "verwijderd" in ksb.client.get(answer.headers["location"]).text
    assert card(ksb, MIRA).state == "DELETED"
    for method in ("get", "post"):
        address = page if method == "get" else f"{page}/verwijderen"
        assert getattr(ksb.client, method)(address).status_code == 404


def test_who_is_a_member_elsewhere_too_is_for_the_general_administration(ksb):
    page = page_of(ksb, MIRA)
    with ksb.database.writing() as session:
        session.add(Membership(passholder_ref=member(ksb, MIRA).passholder_ref, card_system_id=3))
    answer = ksb.client.post(f"{page}/verwijderen")
    assert answer.status_code == 422
    assert "ook lid van een ander kaartsysteem" in answer.text
    ksb.log_in("Ada Janssens")
    assert ksb.client.post(f"{page}/verwijderen").status_code == 303


def test_a_wrong_uitid_is_unlinked_by_the_ksb(ksb):
    page = page_of(ksb, MIRA)
    assert "UiTiD loskoppelen" not in ksb.client.get(page).text
    with ksb.database.writing() as session:
        holder = session.get_one(Passholder, member(ksb, MIRA).passholder_ref)
        link_uitid(session, holder, Uitid("not-mira", email="wrong@example.be"), datetime.now(UTC))
    assert "wrong@example.be" in ksb.client.get(page).text
    assert ksb.client.post(f"{page}/uitid-loskoppelen").status_code == 303
    assert "wrong@example.be" not in ksb.client.get(page).text
