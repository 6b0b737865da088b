"""Lists of pashouders on the KSB's pages."""

import csv
import io

import pytest
from sqlmodel import select

from server.bulk.models import BulkList
from server.cards.models import Card
from server.counters.models import Counter
from server.kernel.audit import AuditEntry
from server.passholders.models import Passholder

HERE = "/dashboard/pashouders/5/lijsten"
HEAD = "INSZ;Naam;Voornaam;Geboortedatum;Straat;Postcode;Gemeente;UiTPAS;Kansenstatuut;Einddatum"
NEW = "15021760024;Désirée;Zoë;17/02/2015;Kouter 5;9000;Gent;{card};0;"
WRONG = "15021760025;Jansen;Jan;17/02/2015;Kouter 5;9000;Gent;{card};0;"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def library(site):
    with site.database.reading() as session:
        counter = session.exec(select(Counter).where(Counter.name.contains("Bib"))).one()
        cards = select(Card.uitpas_number).where(Card.counter_id == counter.id, Card.state == "LOCAL_STOCK")
        return counter.id, [one for one in session.exec(cards) if one[-2] == "0"]


def send(site, content, counter, **options):
    files = {"file": ("leden.csv", content.encode(), "text/csv")}
    return site.client.post(HERE, data={"kind": "register", "counter": counter} | options, files=files)


def test_a_list_is_looked_over_carried_out_and_reported(ksb):
    counter, (first, second, *_) = library(ksb)
    content = "\n".join([HEAD, NEW.format(card=first), WRONG.format(card=second)])
    sent = send(ksb, content, counter)
    assert sent.status_code == 303
    here = sent.headers["location"]
    page = ksb.client.get(here).text
    assert "1 lijn kan worden uitgevoerd" in page
    assert "kijk de cijfers na" in page
    assert "Zoë Désirée" in ksb.client.get(f"{here}?toon=goed").text
    assert ksb.client.post(f"{here}/uitvoeren").status_code == 303
    assert "1 lijn is uitgevoerd" in ksb.client.get(f"{here}/stand").text
    report = ksb.client.get(f"{here}/verslag.csv")
    assert "Geregistreerd." in report.text
    assert "kijk de cijfers na" in report.text
    assert "15021760" not in page + report.text
    assert "wacht op jou" not in ksb.client.get(HERE).text


def test_a_list_that_was_not_carried_out_can_be_thrown_away(ksb):
    counter, (card, *_) = library(ksb)
    here = send(ksb, NEW.format(card=card), counter).headers["location"]
    assert "wacht op jou" in ksb.client.get(HERE).text
    assert ksb.client.post(f"{here}/weg").headers["location"] == HERE
    assert ksb.client.get(here).status_code == 404


@pytest.mark.parametrize(
    ("content", "counter", "said"),
    [("", None, "Kies een CSV-bestand"), (HEAD, None, "geen lijnen"), (NEW, 999, "Kies een balie")],
)
def test_what_cannot_be_taken_in_is_said_at_the_form(ksb, content, counter, said):
    answer = send(ksb, content, counter or library(ksb)[0])
    assert answer.status_code == 422
    assert said in answer.text
    with ksb.database.reading() as session:
        assert session.exec(select(BulkList)).all() == []


def test_the_columns_are_named_in_the_language_of_the_page(ksb):
    assert "INSZ; Naam; Voornaam; Geboortedatum" in ksb.client.get(HERE).text
    page = ksb.client.get(HERE, headers={"accept-language": "en"}).text
    assert "National number; " in page
    assert "in any language: only the order counts" in page


def test_every_member_comes_out_as_a_table_and_the_trail_says_who_took_it(ksb):
    table = ksb.client.post(f"{HERE}/pashouders.csv")
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff")), delimiter=";"))
    by_card = {row["UiTPAS-nummer"]: row for row in rows}
    assert by_card["0900000067513"]["Kansenstatuut"] == "ja"
    assert by_card["0900000031618"]["Kansenstatuut"] == "verlopen"
    assert all(row["Geboortedatum"] for row in rows)
    with ksb.database.reading() as session:
        assert len(rows) < len(session.exec(select(Passholder)).all()), "others are of another card system"
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "export-members"))
    assert (entry.subject_kind, entry.subject_id) == ("card_system", "5")


def test_a_list_of_another_card_system_is_not_there(ksb):
    counter, (card, *_) = library(ksb)
    here = send(ksb, NEW.format(card=card), counter).headers["location"]
    ksb.log_in("Ada Janssens")
    assert ksb.client.get(here.replace("/5/", "/3/")).status_code == 404
    ksb.log_in("Bram Wouters")
    assert ksb.client.get(here).status_code == 403
