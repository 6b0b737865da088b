"""Prices and vouchers on the pages of the KSB."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete
from sqlmodel import select

from server.prices.models import PriceRow, PriceTable
from server.vouchers.models import VoucherType
from server.web.i18n import translator
from server.web.money import euros, read_cents
from shared.domain.zones import local_day

HERE = "/dashboard/kaarten/5"
TODAY = local_day(datetime.now(UTC))


@pytest.fixture
def ksb(site):
    """The KSB of a region that has no prices yet."""
    with site.database.writing() as session:
        session.execute(delete(PriceRow))
        session.execute(delete(PriceTable))
    site.log_in("Karima El Idrissi")
    return site


def make(site, day=TODAY, **fields):
    """Begin a table; return its address."""
    return site.client.post(f"{HERE}/prijzen", data={"day": day.isoformat()} | fields).headers.get("location")


def add(site, table, **fields):
    return site.client.post(table, data={"reason": "FIRST_CARD", "price": "5"} | fields)


def test_prices_are_made_line_by_line_and_hold_from_their_day_on(ksb):
    table = make(ksb)
    assert add(ksb, table, age_to="17", price="0").status_code == 303
    assert add(ksb, table, age_from="18", price="€ 2,50", unknown_age="yes").status_code == 303
    page = ksb.client.get(table).text
    assert "€ 2,50" in page.replace("\xa0", " ")
    assert "eerste kaart · vanaf 18 jaar, of leeftijd onbekend" in page
    assert "Nog zonder prijs: zelfde kaart, nog een regio" in page
    assert "geldt nu" in ksb.client.get(f"{HERE}/prijzen").text
    later = make(ksb, TODAY + timedelta(days=30))
    assert "vanaf 18 jaar" in ksb.client.get(later).text, "begins with the prices of before"
    assert ksb.client.get(f"{HERE}/prijzen").text.count("later</span>") == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"price": "gratis"}, "Vul een bedrag in"),
        ({"price": "-1"}, "Vul een bedrag in"),
        ({"age_from": "20", "age_to": "10"}, "Vul een leeftijd in"),
        ({"age_from": "x"}, "Vul een leeftijd in"),
        ({"reason": "ZOMAAR"}, "Kies een reden uit de lijst."),
        ({"carrier": "steen"}, "Kies uit de lijsten."),
        ({"age_from": "12"}, "Voor sommige mensen zou ook de prijs voor “tot en met 17 jaar” gelden."),
    ],
)
def test_each_mistake_has_its_sentence_and_adds_nothing(ksb, fields, sentence):
    table = make(ksb)
    add(ksb, table, age_to="17")
    answer = add(ksb, table, **fields)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    with ksb.database.reading() as session:
        assert len(session.exec(select(PriceRow)).all()) == 1


def test_prices_that_held_once_do_not_change(ksb):
    with ksb.database.writing() as session:
        session.add(old := PriceTable(card_system_id=5, valid_from=TODAY - timedelta(days=60)))
        session.flush()
        session.add(row := PriceRow(table_id=old.id, reason="FIRST_CARD", cents=100))
        session.add(PriceTable(card_system_id=5, valid_from=TODAY - timedelta(days=30)))
        session.flush()
        table, line = f"{HERE}/prijzen/{old.id}", row.id
    assert "veranderen niet meer" in ksb.client.get(table).text
    assert add(ksb, table).status_code == 409
    assert ksb.client.post(f"{table}/weg", data={"row": line}).status_code == 409


def test_no_prices_begin_in_the_past_or_twice_on_a_day(ksb):
    for day, sentence in (
        ((TODAY - timedelta(days=1)).isoformat(), "Kies een dag, vandaag of later."),
        ("morgen", "Kies een dag, vandaag of later."),
    ):
        assert sentence in ksb.client.post(f"{HERE}/prijzen", data={"day": day}).text
    make(ksb)
    again = ksb.client.post(f"{HERE}/prijzen", data={"day": TODAY.isoformat()})
    assert "Op die dag beginnen al andere prijzen." in again.text


def test_vouchers_are_made_and_downloaded_and_have_prices_of_their_own(ksb):
    made = ksb.client.post(f"{HERE}/vouchers", data={"name": "Welkom", "prefix": "welkom"})
    here = made.headers["location"].split("?")[0]
    first = ksb.client.post(f"{here}/reeksen", data={"count": "25"})
    assert "Vul eerst in wat een kaart nu kost" in first.text
    assert f'class="btn" href="{HERE}/prijzen"' in first.text, "and leads there"
    add(ksb, make(ksb))
    assert ksb.client.post(f"{here}/reeksen", data={"count": "25"}).status_code == 303
    page = ksb.client.get(here).text
    file = page.split('href="')[-1] and page.split(f"{here}/reeksen/")[1].split('"')[0]
    numbers = ksb.client.get(f"{here}/reeksen/{file}").text.splitlines()
    assert len({*numbers}) == 25
    assert all(line.startswith("WELKOM-") for line in numbers)
    with ksb.database.reading() as session:
        type_id = session.exec(select(VoucherType.id)).one()
    assert "geldt nu" in ksb.client.get(f"{HERE}/prijzen?soort={type_id}").text


def test_a_voucher_type_has_a_name_and_a_prefix(ksb):
    ksb.client.post(f"{HERE}/vouchers", data={"name": "Welkom", "prefix": "AB"})
    for fields, sentence in (
        ({"name": "", "prefix": "AB"}, "Geef het vouchertype een naam"),
        ({"name": "WELKOM", "prefix": "AB"}, "Er is al een vouchertype met deze naam."),
        ({"name": "Bon", "prefix": "A-B"}, "Een prefix heeft 2 tot 6 letters of cijfers."),
    ):
        answer = ksb.client.post(f"{HERE}/vouchers", data=fields)
        assert (answer.status_code, sentence in answer.text) == (422, True)


def test_the_prices_of_another_card_system_are_not_there(ksb):
    with ksb.database.writing() as session:
        session.add(table := PriceTable(card_system_id=3, valid_from=TODAY))
        session.add(kind := VoucherType(card_system_id=3, name="Bon", prefix="BON"))
        session.flush()
        theirs = [f"prijzen/{table.id}", f"prijzen?soort={kind.id}", f"vouchers/{kind.id}"]
    for path in theirs:
        assert ksb.client.get(f"{HERE}/{path}").status_code == 404
        assert ksb.client.get(f"/dashboard/kaarten/3/{path}").status_code == 404


@pytest.mark.parametrize(
    ("text", "cents"),
    [("2", 200), ("2,5", 250), ("0.05", 5), ("€ 12,34", 1234), ("3 €", 300), ("", None), ("1.234,00", None)],
)
def test_an_amount_is_read_as_people_write_it(text, cents):
    assert read_cents(text) == cents


@pytest.mark.parametrize(("language", "said"), [("nl", "€ 2,50"), ("fr", "2,50 €"), ("en", "€2.50")])
def test_an_amount_is_said_as_people_of_a_language_say_it(language, said):
    assert euros(translator(language), 250).replace("\xa0", " ").replace("\u202f", " ") == said
