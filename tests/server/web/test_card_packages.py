"""Packages of cards on the pages of the KSB and of a counter."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import delete
from sqlmodel import select

from server.cards.models import Card, CardPackage, StockLevel
from server.cards.ordering import Wanted, numbers_of, order_cards
from server.cards.stock import import_stock
from server.cardsystems.models import PermissionGroup
from server.counters.models import Counter, CounterGroup

GENT = 5
HERE = f"/dashboard/kaarten/{GENT}"
LIBRARY = "Bibliotheek De Sleutel"


@pytest.fixture
def numbers(site):
    """Sixty cards in stock; the library registers people."""
    with site.database.writing() as session:
        wanted = Wanted("09000", 60, social_tariff=False)
        found = list(numbers_of(order_cards(session, GENT, wanted, datetime.now(UTC), staff_id=1)))
        group = select(PermissionGroup.id).where(
            PermissionGroup.card_system_id == GENT,
            PermissionGroup.name == "Niet-geauthorizeerde registratie balies",
        )
        session.add(CounterGroup(counter_id=counter(site, LIBRARY), group_id=session.exec(group).one()))
    import_stock(site.database, GENT, [f"04{int(one):012X};{one}".encode() for one in found])
    return found


def counter(site, name):
    with site.database.reading() as session:
        return session.exec(select(Counter.id).where(Counter.name == name)).one()


def package(site, number):
    with site.database.reading() as session:
        return session.get_one(CardPackage, session.get_one(Card, number).package_id)


def held(numbers):
    """Return what a page says of a package with these cards."""
    return f"{len(numbers)} kaarten · {numbers[0]} – {numbers[-1]}"  # noqa: RUF001 - a dash as printers set it


def send(site, **fields):
    return site.client.post(f"{HERE}/pakken/versturen", data=fields)


def test_a_package_goes_to_the_library_and_is_confirmed_there_with_one_card(site, numbers):
    site.log_in("Karima El Idrissi")
    page = site.client.get(f"{HERE}/pakken").text
    assert held(numbers[:50]) in page
    assert "De Grote Zaal" not in page.split("<select")[1], "only who registers gets cards"
    answer = send(site, counter=counter(site, LIBRARY), number=numbers[3])
    assert answer.status_code == 303
    assert LIBRARY in site.client.get(answer.headers["location"]).text
    site.log_in("Ann Peeters", LIBRARY)
    page = site.client.get("/balie/kaarten").text
    assert held(numbers[:50]) in page
    chip = f"04{int(numbers[7]):012X}"
    assert site.client.post("/balie/kaarten/aangekomen", data={"number": chip}).status_code == 303
    assert package(site, numbers[0]).state == "LOCAL_STOCK"
    assert "Een pak is aangekomen" not in site.client.get("/balie/kaarten").text


def test_another_counter_neither_sees_nor_confirms_it(site, numbers):
    site.log_in("Karima El Idrissi")
    send(site, counter=counter(site, LIBRARY), package=package(site, numbers[0]).id)
    site.log_in("Bram Wouters")
    assert "krijgt dus geen kaarten" in site.client.get("/balie/kaarten").text
    answer = site.client.post("/balie/kaarten/aangekomen", data={"number": numbers[0]})
    assert (answer.status_code, "Dit pak is niet voor jouw balie." in answer.text) == (422, True)
    assert package(site, numbers[0]).state == "SENT_TO_BALIE"


def test_the_ksb_confirms_and_calls_back_too(site, numbers):
    site.log_in("Karima El Idrissi")
    own = package(site, numbers[0]).id
    send(site, counter=counter(site, LIBRARY), package=own)
    for deed, state in (("aangekomen", "LOCAL_STOCK"), ("terug", "STOCK")):
        assert site.client.post(f"{HERE}/pakken/{own}/{deed}").status_code == 303
        assert package(site, numbers[0]).state == state
    answer = site.client.post(f"{HERE}/pakken/{own}/terug")
    assert (answer.status_code, "Dit pak is al in voorraad." in answer.text) == (422, True)


def test_a_package_is_found_by_a_card_in_it(site, numbers):
    site.log_in("Karima El Idrissi")
    page = site.client.get(f"{HERE}/pakken", params={"nummer": numbers[55]}).text
    assert held(numbers[50:]) in page
    missing = site.client.get(f"{HERE}/pakken", params={"nummer": "0900000000000"})
    assert (missing.status_code, "Er is geen kaart met dit nummer." in missing.text) == (422, True)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"number": "1"}, "Kies de balie waar de kaarten naartoe gaan."),
        ({"counter": LIBRARY, "number": "1"}, "Er is geen kaart met dit nummer."),
        ({"counter": LIBRARY}, "Deze kaart zit in geen pak."),
        ({"counter": "De Grote Zaal"}, "Kies de balie waar de kaarten naartoe gaan."),
    ],
)
def test_each_mistake_has_its_sentence_and_sends_nothing(site, numbers, fields, sentence):
    site.log_in("Karima El Idrissi")
    if "counter" in fields:
        with site.database.reading() as session:
            names = {one.name: one.id for one in session.exec(select(Counter))}
        fields = fields | {"counter": names.get(fields["counter"], 999)}
    answer = send(site, **fields)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert package(site, numbers[0]).state == "STOCK"


def test_the_ksb_sees_what_counters_have_and_chooses_when_to_hear_of_it(site, numbers):
    site.log_in("Karima El Idrissi")
    library = counter(site, LIBRARY)
    assert "50 onderweg" not in site.client.get(f"{HERE}/balies").text
    send(site, counter=library, package=package(site, numbers[0]).id)
    page = site.client.get(f"{HERE}/balies").text
    assert ("7 in voorraad" in page, "50 onderweg" in page) == (True, True)
    here = f"{HERE}/balies/{library}"
    assert site.client.post(here, data={"low": "40", "lowest": "20"}).status_code == 303
    for wrong in ({"low": "20", "lowest": "40"}, {"low": "-1", "lowest": "x"}, {}):
        assert site.client.post(here, data=wrong).status_code == 422
    assert site.client.post(f"{HERE}/balies/999", data={"low": "2", "lowest": "1"}).status_code == 404
    with site.database.reading() as session:
        level = session.get_one(StockLevel, (5, library, False))
    assert (level.low, level.lowest) == (40, 20)


def test_cards_that_came_without_a_package_have_levels_and_are_listed(site, numbers):
    site.log_in("Karima El Idrissi")
    with site.database.writing() as session:
        session.execute(delete(StockLevel))
    library = counter(site, LIBRARY)
    page = site.client.get(f"{HERE}/balies").text
    assert f'id="low-{library}z" name="low" value="25"' in page
    assert site.client.post(f"{HERE}/balies/{library}", data={"low": "5", "lowest": "2"}).status_code == 303
    assert f'id="low-{library}z" name="low" value="5"' in site.client.get(f"{HERE}/balies").text
    here = site.client.get(f"{HERE}/pakken?waar=balie&balie={library}").text
    assert (LIBRARY in here, "Hier is geen pak." in here) == (True, False)
    with site.database.reading() as session:
        loose = session.exec(
            select(Card).where(Card.counter_id == library, Card.state == "LOCAL_STOCK")
        ).all()
    assert all(f"?nummer={card.uitpas_number}#kaart" in here for card in loose)
    last = max(card.uitpas_number for card in loose)
    rest = site.client.get(f"{HERE}/pakken?waar=balie&balie={library}&los={last}").text
    assert f"?nummer={last}#kaart" not in rest


def test_packages_of_another_card_system_are_not_there(site, numbers):
    site.log_in("Karima El Idrissi")
    with site.database.writing() as session:
        session.add(other := CardPackage(card_system_id=3, social_tariff=False, first=1))
        session.flush()
        theirs = other.id
    assert site.client.post(f"{HERE}/pakken/{theirs}/terug").status_code == 404
    assert send(site, counter=counter(site, LIBRARY), package=theirs).status_code == 404
