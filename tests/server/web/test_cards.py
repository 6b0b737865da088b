"""The cards of a card system on their pages: ordered, downloaded, taken into stock."""

import pytest
from sqlmodel import col, select

from server.cards.models import Card, CardOrder
from server.cards.ordering import MOST
from server.cardsystems.models import CardSystem
from server.kernel.audit import AuditEntry
from shared.domain.numbers import make_uitpas_number

GENT = 5
HERE = f"/dashboard/kaarten/{GENT}"
PREFIX = "09910"


def enter(site):
    with site.database.writing() as session:
        session.get_one(CardSystem, GENT).prefixes = [PREFIX]
    site.log_in("Karima El Idrissi")
    return site


@pytest.fixture
def ksb(site):
    return enter(site)


@pytest.fixture
def any_ksb(any_site):
    """The KSB on SQLite and on PostgreSQL."""
    return enter(any_site)


def order(site, **changed):
    form = {"prefix": PREFIX, "count": "50", "kind": "card"} | changed
    return site.client.post(f"{HERE}/bestellingen", data=form)


def upload(site, lines, **fields):
    """Send a list and go to the page where it is followed; refused: the page with the sentence."""
    content = b"".join(lines)
    files = {"file": ("lijst.csv", content, "text/csv")}
    answer = site.client.post(f"{HERE}/lijsten", files=files, data=fields)
    return site.client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def cards(site):
    with site.database.reading() as session:
        own = select(Card).where(col(Card.uitpas_number).startswith(PREFIX))
        return session.exec(own.order_by(Card.uitpas_number)).all()


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


def test_an_order_that_leaves_a_package_half_empty_says_so_before_it_is_made(ksb):
    for count, says in (("75", "1 pak van 50, en een laatste pak van 25"), ("20", "een pak van 20 kaarten")):
        answer = order(ksb, count=count)
        assert answer.status_code == 200
        assert says in answer.text
        assert 'name="count" value="100"' in answer.text or count == "20"
    assert cards(ksb) == []
    assert order(ksb, count="75", sure="yes").status_code == 303
    assert len(cards(ksb)) == 75


def test_cards_are_ordered_printed_and_taken_into_stock(any_ksb):
    assert order(any_ksb, social_tariff="yes").status_code == 303
    assert "50 nummers" in any_ksb.client.get(f"{HERE}/bestellingen").text
    assert [card.state for card in cards(any_ksb)] == ["PROVISIONED"] * 50
    answer = upload(any_ksb, printed(any_ksb))
    assert (answer.status_code, "50 kaarten in voorraad genomen." in answer.text) == (200, True)
    assert [card.state for card in cards(any_ksb)] == ["STOCK"] * 50
    assert "50 kaarten die we al kenden" in upload(any_ksb, printed(any_ksb)).text
    with any_ksb.database.reading() as session:
        deeds = session.exec(
            select(AuditEntry).where(col(AuditEntry.action).in_(["order-cards", "import-cards"]))
        ).all()
    assert [(deed.action, deed.staff_id is None) for deed in deeds][:2] == [
        ("order-cards", False),
        ("import-cards", False),
    ]


def test_one_bad_line_holds_back_the_list_unless_only_the_good_are_wanted(any_ksb):
    order(any_ksb)
    lines = printed(any_ksb)
    lines[7] = b'"te kort";"' + lines[7].split(b'"')[3] + b'"\r\n'
    answer = upload(any_ksb, lines)
    assert "Er is niets bewaard." in answer.text
    assert "<td>8</td>" in answer.text
    assert "Dit is geen chipnummer van 14 tekens." in answer.text
    assert "49 bestelde nummers die hun chip nog moeten krijgen" in answer.text
    assert {card.state for card in cards(any_ksb)} == {"PROVISIONED"}
    assert "49 kaarten in voorraad genomen." in upload(any_ksb, lines, only_good="yes").text
    assert sorted({card.state for card in cards(any_ksb)}) == ["PROVISIONED", "STOCK"]


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


def test_an_empty_file_or_none_is_asked_for_again(ksb):
    assert "Kies het bestand van de leverancier" in upload(ksb, []).text
    nothing = ksb.client.post(f"{HERE}/lijsten", files={"file": ("", b"", "application/octet-stream")})
    none = ksb.client.post(f"{HERE}/lijsten", data={"only_good": ""})
    for answer in (nothing, none):
        assert (answer.status_code, "Kies het bestand van de leverancier" in answer.text) == (422, True)


def test_a_list_that_a_spreadsheet_saved_is_read(ksb):
    order(ksb)
    columns = [line.decode().replace('"', "").replace(";", "\t") for line in printed(ksb)]
    answer = upload(ksb, ["".join(columns).encode("utf-16")])
    assert "50 kaarten in voorraad genomen." in answer.text


def test_the_report_says_what_became_of_each_line(ksb):
    order(ksb)
    lines = printed(ksb)
    number = lines[1].split(b'"')[3].decode()
    other_kansen_digit = make_uitpas_number(PREFIX, int(number[5:11]), social_tariff=True)
    lines[1] = f'"04AAAAAAAAAA80";"{other_kansen_digit}"\r\n'.encode()
    wrong_check_digit = lines[2][:-4] + bytes([48 + (lines[2][-4] - 47) % 10]) + lines[2][-3:]
    page = upload(ksb, [*lines[:2], wrong_check_digit, *lines[3:]], only_good="yes")
    assert "48 kaarten in voorraad genomen." in page.text
    report = ksb.client.get(page.url.path + "/verslag.csv").text.splitlines()
    assert [line.split(";")[-1] for line in report[:4]] == [
        "goed",
        "Dit nummer is besteld met het andere kansencijfer.",
        "Een cijfer klopt niet: het controlecijfer past niet bij de rest.",
        "goed",
    ]


def test_a_card_is_looked_up_and_deleted_while_nobody_has_it(ksb):
    order(ksb)
    upload(ksb, printed(ksb))
    first, second = cards(ksb)[:2]
    assert first.uitpas_number in ksb.client.get(HERE, params={"nummer": first.chip_number}).text
    assert "Er is geen kaart met dit nummer." in ksb.client.get(HERE, params={"nummer": "123"}).text
    with ksb.database.writing() as session:
        session.get_one(Card, second.uitpas_number).state = "ACTIVE"
    for card, status in ((first, 303), (second, 409), (first, 409)):
        answer = ksb.client.post(f"{HERE}/vervallen", data={"number": card.uitpas_number})
        assert answer.status_code == status
    assert [card.state for card in cards(ksb)[:3]] == ["DELETED", "ACTIVE", "STOCK"]


def test_what_was_never_printed_of_an_order_is_deleted(ksb):
    order(ksb)
    upload(ksb, printed(ksb)[:20])
    with ksb.database.reading() as session:
        newest = session.exec(select(CardOrder.id)).one()
    ksb.client.post(f"{HERE}/bestellingen/{newest}/vervallen", data={"sure": "yes"})
    states = [card.state for card in cards(ksb)]
    assert (states.count("STOCK"), states.count("DELETED")) == (20, 30)
    order(ksb)
    assert len(cards(ksb)) == 100, "the numbers are never made again"


def test_orders_and_lists_are_paged(ksb):
    for _ in range(21):
        order(ksb, count="1", sure="yes")
    for _ in range(11):
        upload(ksb, printed(ksb))
    for part, shown in (("bestellingen", "lijst voor de leverancier"), ("lijsten", "lijst.csv")):
        page = ksb.client.get(f"{HERE}/{part}").text
        older = page.split(f"{part}?voor=")[1].split('"')[0]
        assert page.lower().count(shown) > 9
        assert ksb.client.get(f"{HERE}/{part}?voor={older}").text.lower().count(shown) >= 1


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
