"""Group passes on the pages of the KSB and of a counter."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from server.cards.models import Card
from server.grouppasses.models import GroupPass
from server.grouppasses.tickets import Seller, use_tickets

HERE = "/dashboard/kaarten/5/groepspassen"
FREE = "0900000020405"
FREE_CHIP = "047E2EEA053B80"
SOCIAL = "0900000045410"
PLAIN = "0900000191800"
FORM = {"number": FREE, "name": "KSA Sint-Pieter", "kind": "", "postcode": "9000", "city": "Gent"}


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def group_pass(site, number):
    with site.database.reading() as session:
        return session.exec(select(GroupPass).where(GroupPass.uitpas_number == number)).first()


def test_a_ksb_makes_changes_and_blocks_a_group_pass(ksb):
    assert "Jeugdhuis De Kaai" in ksb.client.get(HERE).text
    answer = ksb.client.post(f"{HERE}/nieuw", data=FORM)
    assert answer.status_code == 303
    page = answer.headers["location"].split("?")[0]
    assert "Deze groepspas heeft geen kansentarief." in ksb.client.get(page).text
    assert ksb.client.post(page, data=FORM | {"name": "KSA Gent"}).status_code == 303
    assert group_pass(ksb, FREE).name == "KSA Gent"
    ksb.client.post(f"{page}/blokkeren", data={"blocked": "yes"})
    assert "Deblokkeer de groepspas" in ksb.client.get(page).text
    assert "geblokkeerd" in ksb.client.get(f"{HERE}?zoek=ksa").text
    with ksb.database.reading() as session:
        assert session.get_one(Card, FREE).state == "BLOCKED"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"number": "123"}, "Er is geen kaart met dit nummer in dit kaartsysteem."),
        ({"number": SOCIAL}, "Deze kaart is niet in voorraad bij een balie."),
        ({"kind": "tariff", "tickets": "10"}, "Deze kaart is voor een groepspas zonder kansentarief."),
        ({"kind": "tariff", "tickets": ""}, "Vul een aantal in van 1 tot 100000."),
        ({"kind": "tariff", "tickets": "5", "until": "later"}, "Dit is geen dag."),
        ({"name": " "}, "Geef de groep een naam."),
        ({"postcode": "90"}, "Een postcode heeft vier cijfers."),
        ({"city": ""}, "Vul de gemeente in."),
        ({"email": "geen"}, "Dit is geen e-mailadres."),
    ],
)
def test_each_mistake_has_its_sentence_and_makes_nothing(ksb, changed, sentence):
    answer = ksb.client.post(f"{HERE}/nieuw", data=FORM | changed)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert group_pass(ksb, FREE) is None


def test_a_counter_gives_tickets_until_there_are_none_left(site):
    site.log_in("Bram Wouters")
    page = site.client.get("/balie/groepspas", params={"nummer": SOCIAL}).text
    assert ("Jeugdhuis De Kaai" in page, "nog 50 van 50" in page) == (True, True)
    sold = site.client.post("/balie/groepspas", data={"number": SOCIAL, "tickets": "48"})
    page = site.client.get(sold.headers["location"]).text
    assert "nog 2 van 50" in page
    for tickets, sentence in (
        ("3", "Zoveel tickets zijn er dit jaar niet meer over."),
        ("veel", "Vul in hoeveel tickets de groep neemt."),
    ):
        answer = site.client.post("/balie/groepspas", data={"number": SOCIAL, "tickets": tickets})
        assert (answer.status_code, sentence in answer.text) == (422, True)
    used = page.split('name="used" value="')[1].split('"')[0]
    site.client.post("/balie/groepspas/terug", data={"used": used})
    assert "nog 50 van 50" in site.client.get("/balie/groepspas", params={"nummer": SOCIAL}).text


def test_what_gives_no_tickets_is_said_at_once(site):
    site.log_in("Bram Wouters")
    for number, sentence in (
        (PLAIN, "Deze groepspas heeft geen kansentarief."),
        ("0900000095902", "Er is geen groepspas met dit nummer waarvoor jouw balie tickets verkoopt."),
    ):
        assert sentence in site.client.get("/balie/groepspas", params={"nummer": number}).text


def test_a_counter_takes_back_its_own_tickets_only_and_the_ksb_all(site):
    with site.database.writing() as session:
        found = session.exec(select(GroupPass).where(GroupPass.uitpas_number == SOCIAL)).one()
        used = use_tickets(session, found, 5, datetime.now(UTC), Seller()).id
        page = f"{HERE}/{found.id}"
    site.log_in("Bram Wouters")
    assert site.client.post("/balie/groepspas/terug", data={"used": used}).status_code == 404
    site.log_in("Karima El Idrissi")
    assert "nog 45 van 50" in site.client.get(page).text
    site.client.post(f"{page}/terug", data={"use": used})
    assert "teruggegeven" in site.client.get(page).text


def test_the_group_passes_of_another_card_system_are_not_there(ksb):
    with ksb.database.writing() as session:
        session.exec(select(GroupPass).where(GroupPass.uitpas_number == PLAIN)).one().card_system_id = 3
        theirs = session.exec(select(GroupPass.id).where(GroupPass.uitpas_number == PLAIN)).one()
    for path in (f"{HERE}/{theirs}", f"{HERE}/1", f"/dashboard/kaarten/3/groepspassen/{theirs}"):
        assert ksb.client.get(path).status_code == 404


def test_an_odd_address_is_no_trouble_of_the_server(any_site):
    any_site.log_in("Karima El Idrissi")
    for path in ("?zoek=%00", "?na=x", f"/{'x' * 36}", "/%00", f"?na={'0' * 36}"):
        assert any_site.client.get(f"{HERE}{path}").status_code in {200, 400, 404}, path


def test_a_ksb_replaces_the_lost_card_of_a_group_and_the_counter_says_so(ksb):
    page = f"{HERE}/{group_pass(ksb, PLAIN).id}"
    wrong = ksb.client.post(f"{page}/kaart", data={"card": "123"})
    assert wrong.status_code == 422
    assert "Er is geen kaart met dit nummer in dit kaartsysteem." in wrong.text
    assert ksb.client.post(f"{page}/kaart", data={"card": FREE_CHIP}).status_code == 303
    assert FREE in ksb.client.get(page).text
    ksb.log_in("Ann Peeters", "Bibliotheek")
    assert "een andere kaart gekregen" in ksb.client.get(f"/balie/groepspas?nummer={PLAIN}").text
    assert "Buurtwerk" in ksb.client.get(f"/balie/groepspas?nummer={FREE}").text
