"""The cards of a card system on their pages: ordered, downloaded, taken into stock."""

import pytest
from sqlmodel import col, select

from server.cards.models import Card, CardOrder
from server.cards.ordering import MOST
from server.cardsystems.models import CardSystem
from server.kernel.audit import AuditEntry

GENT = 5
HERE = f"/dashboard/kaarten/{GENT}"
PREFIX = "09910"


@pytest.fixture
def ksb(any_site):
    with any_site.database.writing() as session:
        session.get_one(CardSystem, GENT).prefixes = [PREFIX]
    any_site.log_in("Karima El Idrissi")
    return any_site


def order(site, **changed):
    form = {"prefix": PREFIX, "count": "50", "kind": "card"} | changed
    return site.client.post(f"{HERE}/bestellingen", data=form)


def upload(site, lines, **fields):
    content = b"".join(lines)
    return site.client.post(f"{HERE}/lijst", files={"file": ("lijst.csv", content, "text/csv")}, data=fields)


def cards(site):
    with site.database.reading() as session:
        return session.exec(select(Card).where(col(Card.uitpas_number).startswith(PREFIX))).all()


def printed(site):
    """Return the lines of the newest order as the supplier sends them back."""
    with site.database.reading() as session:
        newest = session.exec(select(CardOrder.id).order_by(col(CardOrder.id).desc())).first()
    answer = site.client.get(f"{HERE}/bestellingen/{newest}.csv")
    assert answer.headers["content-disposition"].startswith('attachment; filename="uitpas-5-09910-')
    lines = answer.content.splitlines(keepends=True)
    return [f'"04{place:010X}80";'.encode() + line for place, line in enumerate(lines)]


def test_a_ksb_with_one_card_system_goes_straight_to_its_cards(ksb):
    assert ksb.client.get("/dashboard/kaarten").headers["location"] == HERE
    assert 'href="/dashboard/kaarten"' in ksb.client.get("/dashboard/zuilen").text


def test_cards_are_ordered_printed_and_taken_into_stock(ksb):
    assert order(ksb, social_tariff="yes").status_code == 303
    page = ksb.client.get(HERE).text
    assert "50 nummers" in page
    assert [card.state for card in cards(ksb)] == ["PROVISIONED"] * 50
    answer = upload(ksb, printed(ksb))
    assert (answer.status_code, "50 kaarten in voorraad genomen." in answer.text) == (200, True)
    assert [card.state for card in cards(ksb)] == ["STOCK"] * 50
    assert "50 kaarten die we al kenden" in upload(ksb, printed(ksb)).text
    with ksb.database.reading() as session:
        deeds = session.exec(
            select(AuditEntry).where(col(AuditEntry.action).in_(["order-cards", "import-cards"]))
        ).all()
    assert [(deed.action, deed.staff_id is None) for deed in deeds][:2] == [
        ("order-cards", False),
        ("import-cards", False),
    ]


def test_one_bad_line_holds_back_the_list_unless_only_the_good_are_wanted(ksb):
    order(ksb)
    lines = printed(ksb)
    lines[7] = b'"te kort";"' + lines[7].split(b'"')[3] + b'"\r\n'
    answer = upload(ksb, lines)
    assert answer.status_code == 422
    assert "Er is niets bewaard." in answer.text
    assert "<td>8</td>" in answer.text
    assert "Dit is geen chipnummer van 14 tekens." in answer.text
    assert {card.state for card in cards(ksb)} == {"PROVISIONED"}
    assert "49 kaarten in voorraad genomen." in upload(ksb, lines, only_good="yes").text
    assert sorted({card.state for card in cards(ksb)}) == ["PROVISIONED", "STOCK"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"count": "1.5"}, f"Vul een aantal in van 1 tot {MOST}."),
        ({"count": "nul"}, f"Vul een aantal in van 1 tot {MOST}."),
        ({"count": str(MOST + 1)}, f"Vul een aantal in van 1 tot {MOST}."),
        ({"prefix": "09999"}, "Kies een prefix van dit kaartsysteem."),
        ({"kind": "digital plus"}, "Kies een drager uit de lijst."),
    ],
)
def test_each_mistake_has_its_sentence_and_makes_nothing(ksb, changed, sentence):
    answer = order(ksb, **changed)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert cards(ksb) == []


def test_an_empty_file_is_asked_for_again(ksb):
    assert "Kies het bestand van de leverancier" in upload(ksb, []).text


def test_the_cards_of_another_card_system_are_not_there(ksb):
    assert ksb.client.get("/dashboard/kaarten/3").status_code == 404
    with ksb.database.writing() as session:
        session.add(
            other := CardOrder(
                card_system_id=3,
                prefix="09920",
                first_serial=0,
                count=1,
                social_tariff=False,
                made_at=session.exec(select(AuditEntry.at)).first(),
            )
        )
        session.flush()
        theirs = other.id
    assert ksb.client.get(f"{HERE}/bestellingen/{theirs}.csv").status_code == 404


def test_only_who_manages_cards_sees_them(site):
    for name in ("Bram Wouters", "Tom Goossens"):
        site.log_in(name)
        assert site.client.get("/dashboard/kaarten").status_code == 403
