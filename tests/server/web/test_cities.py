"""What a KSB says of the municipalities of a card system, and where counters are and belong."""

import pytest
from sqlmodel import select

from server.counters.models import Counter, CounterLink
from server.passholders.models import CitySettings, RegistrationRules

HERE = "/dashboard/pashouders/5/gemeenten"
COUNTERS = "/dashboard/instellingen/balies"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def test_each_municipality_has_an_address_for_questions(ksb):
    assert "iedereen kan lid worden" in ksb.client.get(HERE).text
    with ksb.database.writing() as session:
        rules = RegistrationRules(
            card_system_id=5, municipalities=["Gent", "Destelbergen"], cardless="ALL", tariff_info="Leefloon."
        )
        session.merge(rules)
    assert "digitale kaart" in ksb.client.get(HERE).text
    form = {"municipality": ["Destelbergen", "Gent"], "email": ["", "vragen"], "cardless": ["Gent"]}
    wrong = ksb.client.post(HERE, data=form)
    assert (wrong.status_code, "Dit is geen e-mailadres" in wrong.text) == (422, True)
    form["email"] = ["", "uitpas@gent.example"]
    for done in ("bewaard", "hetzelfde"):
        assert ksb.client.post(HERE, data=form).headers["location"] == f"{HERE}?gelukt={done}"
    with ksb.database.reading() as session:
        found = {
            one.municipality: (one.contact_email, one.cardless) for one in session.exec(select(CitySettings))
        }
    assert found == {"Gent": ("uitpas@gent.example", True), "Destelbergen": ("", False)}
    assert "Leefloon." in ksb.client.get("/dashboard/pashouders/5/regels").text


def test_a_counter_has_an_address_and_belongs_to_one_that_belongs_to_none(ksb):
    with ksb.database.reading() as session:
        first, second, third = session.exec(select(Counter.id).order_by(Counter.id)).all()

    def save(counter, parent):
        form = {"name": f"Balie {counter}", "system": "5", "city": "Gent", "parent": parent}
        return ksb.client.post(f"{COUNTERS}/{counter}", data=form)

    assert save(second, first).headers["location"].endswith("bewaard")
    assert "Hoort bij" in ksb.client.get(f"{COUNTERS}/{second}").text
    for counter, parent in ((first, first), (first, third), (third, second), (third, 999)):
        answer = save(counter, parent)
        assert (answer.status_code, "zelf bij geen andere" in answer.text) == (422, True)
    assert save(third, first).headers["location"].endswith("bewaard")
    assert save(second, 0).headers["location"].endswith("bewaard")
    with ksb.database.reading() as session:
        links = [(one.counter_id, one.parent_id) for one in session.exec(select(CounterLink))]
        assert (links, session.get_one(Counter, second).city) == ([(third, first)], "Gent")
