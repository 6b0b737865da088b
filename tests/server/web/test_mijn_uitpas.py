"""A pashouder on his phone: his UiTPAS gets a UiTiD, or he becomes one by himself."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from sqlmodel import select

from server.cards.models import Card, CardKind
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, PassholderDetails, RegistrationRules
from server.uitid.models import UitidLink
from server.web.i18n import translator
from server.web.moments import Moments
from shared.domain.zones import local_day

from .conftest import open_site, settings_for

HERE = "/mijn-uitpas"
MIRA = "0900000095902"
INSZ = "83030201540"


@pytest.fixture
def mira(site):
    """Mira's birth date as she types it."""
    with site.database.reading() as session:
        holder = session.get_one(Passholder, session.get_one(Card, MIRA).passholder_ref)
        return {"number": MIRA, "born": f"{holder.birth_date:%d/%m/%Y}"}


def links(site):
    with site.database.reading() as session:
        return {one.uitid: one.passholder_ref for one in session.exec(select(UitidLink))}


def go(site, path, **form):
    """Send a form and follow where it leads; return the page."""
    answer = site.client.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return site.client.get(answer.headers["location"])


def test_number_and_birth_date_lead_to_a_uitid(site, mira):
    seen = go(site, HERE, **mira)
    assert MIRA in seen.text
    back_to = urlsplit(str(seen.url)).path
    done = go(site, f"{HERE}/demo", back_to=back_to, email="Mira@Example.be")
    assert "Je UiTPAS en je UiTiD zijn gekoppeld." in done.text
    assert "<strong>10</strong>" in done.text
    assert list(links(site)) == ["demo|mira@example.be"]
    assert "al aan je UiTiD gekoppeld" in site.client.get(back_to).text
    again = site.client.post(f"{HERE}/demo", data={"back_to": back_to, "email": "two@example.be"})
    assert (again.status_code, "Deze pas is al aan een UiTiD gekoppeld." in again.text) == (422, True)


def test_what_does_not_fit_says_the_same_whatever_is_wrong(site, mira):
    for wrong in ({"born": "1/1/1901"}, {"born": "gisteren"}, {"number": "123"}, {"number": "0900000045410"}):
        typed = mira | wrong
        answer = site.client.post(HERE, data=typed)
        assert answer.status_code == 422
        assert "Kijk ze allebei na." in answer.text
        assert f'value="{typed["number"]}"' in answer.text


def test_nobody_finds_a_birth_date_by_trying(site, mira):
    for day in range(1, 9):
        typed = {"born": f"0{day}/01/1901", "number": mira["number"][:day] + " " + mira["number"][day:]}
        site.client.post(HERE, data=mira | typed)
    answer = site.client.post(HERE, data=mira)
    assert answer.status_code == 429
    assert "te veel pogingen" in answer.text


def test_a_link_that_is_no_good_says_so_and_leads_back(site):
    for path in ("/koppelen/niets", "/registreren/niets"):
        answer = site.client.get(f"{HERE}{path}")
        assert (answer.status_code, "Deze link werkt niet meer" in answer.text) == (410, True)
    answer = site.client.post(f"{HERE}/demo", data={"back_to": "https://evil.example", "email": "x@y.be"})
    assert answer.status_code == 410


def filled_in(site, note, **change):
    page = site.client.get(f"{HERE}/registreren/{note}").text
    helper = re.search(r'<option value="(\d+-5)"', page)[1]
    form = {
        "note": note,
        "first_name": "Eve",
        "last_name": "Desmet",
        "birth_date": "2/3/1983",
        "postcode": "9040",
        "place": "Sint-Amandsberg",
        "email": "eve@example.be",
        "helper": helper,
    }
    return site.client.post(f"{HERE}/registreren", data=form | change)


def logged_in(site, insz=INSZ, email="eve@example.be"):
    form = {"back_to": f"{HERE}/registreren", "email": email, "insz": insz}
    answer = site.client.post(f"{HERE}/demo", data=form)
    return answer.headers.get("location", "").rpartition("/")[2] or answer


def test_somebody_becomes_a_pashouder_with_a_digital_card_and_comes_back_as_one(site):
    assert "Registreer jezelf" in site.client.get(HERE).text
    note = logged_in(site)
    assert 'value="02/03/1983"' in site.client.get(f"{HERE}/registreren/{note}").text
    answer = filled_in(site, note)
    done = site.client.get(answer.headers["location"]).text
    with site.database.reading() as session:
        details = session.exec(
            select(PassholderDetails).where(PassholderDetails.email == "eve@example.be")
        ).one()
        card = session.exec(select(Card).where(Card.passholder_ref == details.passholder_ref)).one()
        assert session.get(Membership, (details.passholder_ref, 5)) is not None
        assert (card.kind, card.state) == (CardKind.DIGITAL, "ACTIVE")
    assert card.uitpas_number in done
    again = site.client.post(
        f"{HERE}/demo", data={"back_to": f"{HERE}/registreren", "email": "eve@example.be", "insz": INSZ}
    )
    assert "Je hebt al een UiTPAS" in site.client.get(again.headers["location"]).text


def test_what_is_wrong_is_said_and_nothing_is_lost(site):
    note = logged_in(site)
    for change, sentence in (
        ({"birth_date": "3/3/1983"}, "hoort bij een andere geboortedatum"),
        ({"place": "Oostende"}, "hoort niet bij deze postcode"),
        ({"helper": "1-999"}, "Kies een balie."),
        ({"first_name": ""}, "Vul de voornaam in."),
    ):
        answer = filled_in(site, note, **change)
        assert (answer.status_code, sentence in answer.text) == (422, True), change
        assert 'value="Desmet"' in answer.text


def test_without_an_identity_card_or_digital_cards_nobody_registers_himself(site):
    answer = logged_in(site, insz="")
    assert (answer.status_code, "zonder identiteitskaart" in answer.text) == (422, True)
    with site.database.writing() as session:
        session.get_one(RegistrationRules, 5).cardless = "NONE"
    assert "kan hier nog niet" in site.client.get(f"{HERE}/registreren").text
    assert "Registreer jezelf" not in site.client.get(HERE).text


@pytest.fixture
def own(site, mira):
    """Mira, logged in on her phone."""
    back_to = site.client.post(HERE, data=mira).headers["location"]
    site.client.post(f"{HERE}/demo", data={"back_to": back_to, "email": "mira@example.be"})
    site.client.cookies.clear()
    answer = site.client.post(f"{HERE}/demo", data={"back_to": f"{HERE}/ik", "email": "mira@example.be"})
    assert answer.headers["location"] == f"{HERE}/ik"
    return site


def test_who_logs_in_sees_what_is_his_until_he_leaves(own):
    seen = own.client.get(f"{HERE}/ik").text
    assert "Mira" in seen
    assert ("Gratis tas koffie" in seen, "Haal het op bij Theater De Lantaarn." in seen) == (True, True)
    assert MIRA in seen
    assert own.client.post(f"{HERE}/ik/weg").status_code == 303
    for path in ("", "/blokkeren", "/gegevens"):
        call = own.client.post if path else own.client.get
        assert call(f"{HERE}/ik{path}").headers["location"] == f"{HERE}/aanmelden"


def test_each_membership_says_how_it_stands(own):
    today = local_day(datetime.now(UTC))
    day = Moments(translator("nl"), datetime.now(UTC)).date
    soon, ago = today + timedelta(days=3), today - timedelta(days=3)
    held = {"social_tariff": True, "social_tariff_end": soon}
    stands = (
        (held, f"kansentarief tot en met {day(soon)}", "actief"),
        ({"suspended_until": soon}, f"kansentarief geschorst tot en met {day(soon)}", "actief"),
        (
            {"suspended_until": None, "social_tariff_end": ago, "grace_days": 9},
            f"liep tot en met {day(ago)} en geldt nog even",
            "actief",
        ),
        ({"grace_days": 0}, f"kansentarief tot en met {day(ago)}", "verlopen"),
        ({"status": "blocked"}, f"kansentarief tot en met {day(ago)}", "geblokkeerd"),
    )
    for changed, sentence, word in stands:
        with own.database.writing() as session:
            ref = session.get_one(Card, MIRA).passholder_ref
            for name, value in changed.items():
                setattr(session.get_one(Membership, (ref, 5)), name, value)
        member = own.client.get(f"{HERE}/ik").text.partition("UiTPAS Gent")[2].partition("</li>")[0]
        assert (sentence in member, f">{word}<" in member) == (True, True), member


def test_a_uitid_without_a_uitpas_is_told_how_to_link(site):
    answer = site.client.post(f"{HERE}/demo", data={"back_to": f"{HERE}/ik", "email": "new@example.be"})
    assert "hoort nog geen UiTPAS" in site.client.get(answer.headers["location"]).text


def test_a_lost_card_is_blocked_by_its_holder_and_nobody_elses(own):
    other = "0900000067513"
    assert own.client.post(f"{HERE}/ik/blokkeren", data={"card": other}).status_code == 404
    assert own.client.post(f"{HERE}/ik/blokkeren", data={"card": MIRA}).status_code == 303
    assert own.client.post(f"{HERE}/ik/blokkeren", data={"card": MIRA}).status_code == 422
    with own.database.reading() as session:
        assert [session.get_one(Card, one).state for one in (MIRA, other)] == ["BLOCKED", "ACTIVE"]
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "block-card")).all()
        assert entry.staff_id is None


def test_how_he_is_reached_is_his_to_say_and_nothing_else(own):
    form = {"email": "mira@new.example", "phone": "0470 12 34 56", "opt_in": ["sms"], "last_name": "X"}
    assert own.client.post(f"{HERE}/ik/gegevens", data=form).headers["location"].endswith("bewaard")
    assert own.client.post(f"{HERE}/ik/gegevens", data=form).headers["location"].endswith("hetzelfde")
    assert own.client.post(f"{HERE}/ik/gegevens", data=form | {"email": "mira"}).status_code == 422
    with own.database.reading() as session:
        ref = session.get_one(Card, MIRA).passholder_ref
        details = session.get_one(PassholderDetails, ref)
        assert (details.email, details.phone, details.opt_ins) == (
            "mira@new.example",
            "0470 12 34 56",
            ["sms"],
        )
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "change-own")).all()
        assert entry.detail == {"fields": ["email", "opt_ins", "phone"]}


class TestWithUitid:
    """A real issuer stands where the demo's form stood."""

    @pytest.fixture
    def real(self, tmp_path):
        people = [User(sub="eve", claims={"name": "Eve", "email": "eve@uitid.be", "email_verified": True})]
        with run_server_in_thread(user_claims=people, require_nonce=True) as server:
            settings = settings_for(
                f"sqlite:///{tmp_path / 'server.db'}",
                tmp_path,
                demo=False,
                oidc_issuer=f"http://localhost:{server.server_port}",
                oidc_client_id="zuil",
                oidc_client_secret="secret",
            )
            with open_site(settings) as site:
                yield site

    def test_who_comes_back_is_linked_and_who_never_left_is_not(self, real):
        with real.database.reading() as session:
            holder = session.get_one(Passholder, session.get_one(Card, MIRA).passholder_ref)
        typed = {"number": MIRA, "born": f"{holder.birth_date:%d/%m/%Y}"}
        token_page = real.client.post(HERE, data=typed).headers["location"]
        assert f'href="{token_page}/uitid"' in real.client.get(token_page).text
        away = real.client.get(f"{token_page}/uitid")
        assert "redirect_uri=http%3A%2F%2Ftestserver%2Fmijn-uitpas%2Fterug" in away.headers["location"]
        back = urlsplit(httpx.post(away.headers["location"], data={"sub": "eve"}).headers["location"])
        done = real.client.get(f"{back.path}?{back.query}")
        assert "zijn gekoppeld" in real.client.get(done.headers["location"]).text
        with real.database.reading() as session:
            link = session.exec(select(UitidLink)).one()
            assert (link.uitid, link.email, link.passholder_ref) == ("eve", "eve@uitid.be", holder.ref)
            assert (datetime.now(UTC) - link.made_at).total_seconds() < 600
        real.client.cookies.clear()
        assert real.client.get(f"{back.path}?{back.query}").status_code == 403
        demo = real.client.post(f"{HERE}/demo", data={"back_to": token_page, "email": "x@y.be"})
        assert demo.status_code == 404
