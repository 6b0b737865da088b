"""Card systems with their cities in the JSON API; every answer is judged by the public document."""

import pytest

from fakes.scene import SYSTEM
from server.cardsystems.models import CardSystem
from server.passholders.models import CitySettings, RegistrationRules

from .test_callers import refusal

GENT = ["Gent", "Destelbergen"]
AALST = ["Aalst"]


@pytest.fixture
def region(api):
    """Gent with two municipalities, Aalst with one, and one that is open to everyone."""
    with api.database.writing() as session:
        session.add(CardSystem(id=1, name="UiTPAS Dender", token_key=b"1"))
        session.add(CardSystem(id=9, name="Zonder grenzen", token_key=b"9"))
        session.add(
            RegistrationRules(
                card_system_id=SYSTEM,
                municipalities=GENT,
                cardless="SOCIALTARIFF",
                tariff_info="Wie een leefloon heeft.",
            )
        )
        session.add(RegistrationRules(card_system_id=1, municipalities=AALST))
        session.add(
            CitySettings(card_system_id=SYSTEM, municipality="Gent", contact_email="uitpas@gent.example")
        )
        session.add(CitySettings(card_system_id=SYSTEM, municipality="Destelbergen", cardless=False))
    return api


@pytest.fixture
def get(region):
    headers = {"x-client-id": region.client()[0]}
    return lambda path="/card-systems", **params: region.get(path, headers=headers, params=params)


def names(answer):
    return [one["name"] for one in answer.json()["member"]]


def test_a_card_system_says_which_cities_are_its_own_and_who_joins_without_a_card(get):
    found = get(f"/card-systems/{SYSTEM}").json()
    assert {"postalCode": "9000", "name": "Gent"} in found["cities"]
    assert {"postalCode": "9040", "name": "Sint-Amandsberg"} in found["cities"]
    assert {"postalCode": "9070", "name": "Destelbergen"} in found["cities"]
    assert [one["postalCode"] for one in found["cities"]] == sorted(
        one["postalCode"] for one in found["cities"]
    )
    assert (found["cardlessRegistrationType"], found["socialTariffInfo"]) == (
        "SOCIALTARIFF",
        "Wie een leefloon heeft.",
    )
    assert get("/card-systems/9").json()["cities"] == []


def test_card_systems_are_found_by_place_and_sorted_by_name_or_from_a_postcode(get):
    dender, gent, open_to_all = "UiTPAS Dender", "UiTPAS Gent", "Zonder grenzen"
    assert names(get(city="gent")) == names(get(city="9040 Sint-Amandsberg")) == [gent]
    assert names(get(city=["Aalst", "Gent"])) == names(get(city="Gent", postalCode="9300")) == [dender, gent]
    assert names(get(city="Nergens")) == []
    assert names(get(postalCode=["9300"])) == [dender]
    assert names(get()) == [dender, gent, open_to_all]
    assert names(get(sort="-name")) == [open_to_all, gent, dender]
    near_gent, near_aalst = (
        {"sort": "postalCode", "postalCodeSort": "9040"},
        {"sort": "postalCode", "postalCodeSort": "9320"},
    )
    assert names(get(**near_gent)) == [gent, dender, open_to_all]
    assert names(get(**near_aalst)) == [dender, gent, open_to_all]
    assert names(get(**near_gent | {"sort": "-postalCode"})) == [open_to_all, dender, gent]
    assert refusal(get(sort="postalCode")) == (400, "uitpas/postal-code-required")
    wrong = ({"sort": "postalCode", "postalCodeSort": "0001"}, {"postalCode": "abc"})
    assert {refusal(get(**asked)) for asked in wrong} == {(400, "uitpas/invalid-postal-code")}


def test_what_holds_in_each_city_and_at_a_postcode(get):
    here = f"/card-systems/{SYSTEM}/city-settings"
    destelbergen = {"city": "Destelbergen", "allowsCardlessRegistration": False, "contactEmail": ""}
    gent = {"city": "Gent", "allowsCardlessRegistration": True, "contactEmail": "uitpas@gent.example"}
    assert get(here).json() == [destelbergen, gent]
    assert get(here, postalCode=["9040"]).json() == [gent]
    assert get(here, postalCode=["9040", "9070"]).json() == [destelbergen, gent]
    assert refusal(get(here, postalCode="9300")) == (400, "uitpas/postal-code-not-in-card-system")
    assert refusal(get(here, postalCode="0001")) == (400, "uitpas/invalid-postal-code")
    assert refusal(get("/card-systems/99/city-settings")) == (404, "uitpas/cardsystem-not-found")
    assert get("/card-systems/9/city-settings", postalCode="9300").json()[0]["city"] == "Aalst"
    there = "/card-systems/{}/social-tariff-settings"
    assert get(there.format(SYSTEM), postalCode="9040").json() == {
        "postalCode": "9040",
        "allowsCardlessRegistration": True,
    }
    assert get(there.format(SYSTEM), postalCode="9070").json()["allowsCardlessRegistration"] is False
    assert get(there.format(1), postalCode="9300").json()["allowsCardlessRegistration"] is False
    assert get(there.format(SYSTEM)).status_code == 400
    assert refusal(get(there.format(99), postalCode="9040")) == (404, "uitpas/cardsystem-not-found")
