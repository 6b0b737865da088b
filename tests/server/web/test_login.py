"""Logging in: with UiTiD through OpenID Connect, with the demo's stand-in, and for which counter."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from sqlmodel import select

from server.kernel.audit import AuditEntry
from server.staff.access import COOKIE
from server.staff.models import Staff, StaffSession
from server.web.login import local_path

from .conftest import open_site, settings_for


@pytest.fixture(scope="module")
def issuer():
    people = [
        User(
            sub="karima-uitid",
            claims={"name": "Karima", "email": "karima@example.org", "email_verified": True},
        ),
        User(sub="stranger", claims={"name": "Onbekende"}),
        User(
            sub="unverified",
            claims={"name": "Iemand", "email": "karima@example.org", "email_verified": False},
        ),
    ]
    with run_server_in_thread(user_claims=people, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def oidc_site(tmp_path, issuer):
    settings = settings_for(
        f"sqlite:///{tmp_path / 'server.db'}",
        tmp_path,
        demo=False,
        oidc_issuer=issuer,
        oidc_client_id="zuil",
        oidc_client_secret="secret",
    )
    with open_site(settings) as site:
        yield site


def invite(site, email):
    with site.database.writing() as session:
        karima = session.exec(select(Staff).where(Staff.name == "Karima El Idrissi")).one()
        karima.uitid, karima.email = None, email


def authorize(site, person, back_to="/dashboard/zuilen"):
    """Go to the issuer and agree there as `person`; return the address it sends the browser back to."""
    away = site.client.get("/login/uitid", params={"naar": back_to})
    assert away.status_code == 303
    agreed = httpx.post(away.headers["location"], data={"sub": person})
    return urlsplit(agreed.headers["location"])


def come_back(site, address):
    return site.client.get(f"{address.path}?{address.query}")


def test_the_issuer_is_asked_with_pkce_state_and_nonce(oidc_site):
    asked = parse_qs(urlsplit(oidc_site.client.get("/login/uitid").headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert asked["state"]
    assert asked["nonce"]
    assert asked["redirect_uri"] == ["http://testserver/login/terug"]


def test_staff_invited_by_mail_is_bound_to_the_uitid_of_the_first_login(oidc_site):
    invite(oidc_site, "karima@example.org")
    answer = come_back(oidc_site, authorize(oidc_site, "karima-uitid"))
    assert answer.headers["location"] == "/dashboard/zuilen"
    assert oidc_site.client.get("/dashboard/zuilen").status_code == 200
    with oidc_site.database.reading() as session:
        assert (
            session.exec(select(Staff.name).where(Staff.uitid == "karima-uitid")).one() == "Karima El Idrissi"
        )


def test_an_address_that_the_issuer_did_not_verify_binds_nobody(oidc_site):
    invite(oidc_site, "karima@example.org")
    answer = come_back(oidc_site, authorize(oidc_site, "unverified"))
    assert answer.status_code == 403


def test_a_uitid_that_belongs_to_no_counter_is_told_whom_to_ask(oidc_site):
    answer = come_back(oidc_site, authorize(oidc_site, "stranger"))
    assert answer.status_code == 403
    assert "Onbekende" in answer.text
    assert "Vraag je coördinator" in answer.text
    assert COOKIE not in oidc_site.client.cookies


def test_a_return_that_another_browser_began_is_refused(oidc_site):
    address = authorize(oidc_site, "karima-uitid")
    oidc_site.client.cookies.clear()
    answer = come_back(oidc_site, address)
    assert answer.status_code == 403
    assert "UiTiD kon je aanmelding niet bevestigen" in answer.text


def test_a_return_with_another_state_is_refused(oidc_site):
    address = authorize(oidc_site, "karima-uitid")
    forged = re.sub(r"state=[^&]+", "state=forged", address.query)
    assert oidc_site.client.get(f"{address.path}?{forged}").status_code == 403


def test_a_code_works_once(oidc_site):
    invite(oidc_site, "karima@example.org")
    address = authorize(oidc_site, "karima-uitid")
    note = oidc_site.client.cookies["zuil_login"]
    assert come_back(oidc_site, address).status_code == 303
    oidc_site.client.cookies.clear()
    oidc_site.client.cookies.set("zuil_login", note)
    assert come_back(oidc_site, address).status_code == 403


def test_who_says_no_at_the_issuer_is_not_logged_in(oidc_site):
    away = oidc_site.client.get("/login/uitid").headers["location"]
    denied = urlsplit(httpx.post(away, data={"action": "deny"}).headers["location"])
    assert come_back(oidc_site, denied).status_code == 403


def test_an_issuer_that_does_not_answer_is_told_in_one_sentence(tmp_path):
    settings = settings_for(
        f"sqlite:///{tmp_path / 'server.db'}",
        tmp_path,
        demo=False,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="zuil",
    )
    with open_site(settings, seeded=False) as site:
        answer = site.client.get("/login/uitid")
    assert answer.status_code == 403
    assert "UiTiD kon je aanmelding niet bevestigen" in answer.text


def test_outside_a_demo_there_is_no_stand_in(oidc_site):
    assert "Ik ben" not in oidc_site.client.get("/login").text
    assert oidc_site.client.post("/login/demo", data={"staff_id": 1}).status_code == 404


def test_the_stand_in_lists_each_person_with_what_each_may_do(site):
    page = site.client.get("/login").text
    for name in ("Bram Wouters", "Ann Peeters", "Karima El Idrissi", "Tom Goossens", "Ada Janssens"):
        assert name in page
    assert "de activiteit van een zuil kiezen" in page


def test_the_cookie_is_out_of_reach_of_scripts_and_only_its_hash_is_kept(site):
    answer = site.client.post("/login/demo", data={"staff_id": 1})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    token = site.client.cookies[COOKIE].encode()
    with site.database.reading() as session:
        kept = session.exec(select(StaffSession.token_hash)).all()
    assert len(kept) == 1
    assert token not in kept


def test_a_login_is_in_the_audit_trail(site):
    site.log_in("Bram Wouters")
    with site.database.reading() as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "login")).one()
    assert entry.subject_kind == "staff"
    assert entry.staff_id == 1


def test_after_logging_out_the_old_cookie_opens_nothing(site):
    site.log_in("Bram Wouters")
    token = site.client.cookies[COOKIE]
    assert site.client.post("/logout").status_code == 303
    site.client.cookies.set(COOKIE, token)
    assert site.client.get("/balie").status_code == 303


def test_a_session_ends_by_itself(site):
    site.log_in("Bram Wouters")
    with site.database.writing() as session:
        session.exec(select(StaffSession)).one().expires = datetime.now(UTC) - timedelta(seconds=1)
    assert site.client.get("/balie").status_code == 303


def test_who_works_for_several_counters_chooses_one_and_has_its_rights(site):
    site.log_in("Ann Peeters")
    assert site.client.get("/balie").headers["location"] == "/login/balie?naar=/balie"
    site.log_in("Ann Peeters", "Bibliotheek De Sleutel")
    page = site.client.get("/balie").text
    assert "Zuil zijdeur" in page
    assert "Zuil inkomhal" not in page


def test_nobody_can_choose_a_function_of_someone_else(site):
    site.log_in("Ann Peeters")
    others = site.client.post("/login/balie", data={"post_id": 1})
    assert others.status_code == 403
    assert site.client.get("/balie").status_code == 303


@pytest.mark.parametrize(
    ("name", "place", "first"),
    [
        ("Karima El Idrissi", "", "/dashboard/zuilen"),
        ("Ada Janssens", "", "/dashboard/zuilen"),
        ("Bram Wouters", "", "/balie"),
    ],
)
def test_who_types_dashboard_comes_to_the_first_page_of_his_own(site, name, place, first):
    assert site.client.get("/dashboard").headers["location"] == "/login?naar=/dashboard/zuilen"
    site.log_in(name, place)
    assert site.client.get("/dashboard").headers["location"] == first


def test_htmx_is_told_where_to_log_in(site):
    answer = site.client.get("/balie/zuilen/1", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


@pytest.mark.parametrize("away", ["//x", "https://x", "/\\x", "x", "", "/a\nb"])
def test_a_login_leads_nowhere_else(away):
    assert local_path(away) == "/"
