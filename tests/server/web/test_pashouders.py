"""Pashouders at the counter, as its staff does it in a browser."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete
from sqlmodel import select

from server.cards.models import Card
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder, PassholderDetails, RegistrationRules
from server.prices.models import PriceRow, PriceTable
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day

HERE = "/balie/pashouders"
LIBRARY = "Bibliotheek De Krook"
EVE = {
    "first_name": "Eve",
    "last_name": "Desmet",
    "birth_date": "02/03/1983",
    "insz": "830302 015 40",
    "postcode": "9040",
    "place": "sint amandsberg",
    "no_email": "yes",
    "system": "5",
}
NEXT_YEAR = local_day(datetime.now(UTC)).year + 1


@pytest.fixture
def counter(site):
    """Ann at the library, which registers and grants the kansenstatuut."""
    with site.database.reading() as session:
        place = session.exec(select(Card).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None)))
        assert place.first() is not None
    site.log_in("Ann Peeters", "Bibliotheek")
    return site


def in_drawer(site, *, tariff=False):
    """Return the number of a card that nobody has yet."""
    digit = "1" if tariff else "0"
    with site.database.reading() as session:
        cards = session.exec(
            select(Card).where(Card.state == "LOCAL_STOCK", Card.counter_id.is_not(None))
        ).all()
        return next(card.uitpas_number for card in cards if card.uitpas_number[-2] == digit)


def registered(site, **more):
    """Register Eve; return the address of her page."""
    form = EVE | {"card": in_drawer(site), **more}
    answer = site.client.post(f"{HERE}/registreren", data=form | {"sure": "yes"})
    assert answer.status_code == 303, re.findall(r'field-error"[^>]*>([^<]*)', answer.text)
    return answer.headers["location"].split("?")[0]


def errors(answer):
    assert answer.status_code == 422
    return re.findall(r'class="field-error"[^>]*>([^<]*)<', answer.text)


def trail(site, action):
    with site.database.reading() as session:
        return session.exec(select(AuditEntry).where(AuditEntry.action == action)).all()


def test_somebody_new_is_looked_over_once_and_then_registered(counter):
    number = in_drawer(counter)
    seen = counter.client.post(f"{HERE}/registreren", data=EVE | {"card": number}).text
    assert "Klopt dit?" in seen
    assert "9040 Gent" in seen
    again = counter.client.post(f"{HERE}/registreren", data=EVE | {"card": number, "sure": "change"}).text
    assert 'value="Desmet"' in again
    page = counter.client.get(registered(counter, card=number)).text
    assert "Eve Desmet" in page
    assert number in page
    assert "830302" not in page


def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(counter):
    form = EVE | {"insz": "83030201541", "no_email": "", "card": "0900000000000"}
    answer = counter.client.post(f"{HERE}/registreren", data=form)
    assert errors(answer) == [
        "Dit is geen rijksregisternummer: kijk de cijfers na.",
        "Vul een e-mailadres in, of vink aan dat er geen is.",
        "Dit is geen UiTPAS-nummer: kijk de 13 cijfers na.",
    ]
    assert 'value="Desmet"' in answer.text


def test_each_field_says_what_is_wrong_with_it(counter):
    taken = in_drawer(counter)
    registered(counter, card=taken)
    empty = dict.fromkeys(("first_name", "last_name", "birth_date", "postcode", "place"), "")
    for typed, said in (
        (empty, ["Vul de voornaam in.", "Vul de naam in.", "Vul de geboortedatum in, bijvoorbeeld 2/3/1983.",
                 "Vul de gemeente in."]),
        ({"birth_date": "2030-01-01"}, ["Deze geboortedatum kan niet: kijk ze na."]),
        ({"birth_date": "31/02/1980"}, ["Deze geboortedatum kan niet: kijk ze na."]),
        ({"birth_date": "01/06/2015"}, ["Onder 16 jaar moet een ouder of voogd akkoord gaan. Vink het aan."]),
        ({"email": "eve@example.be"}, ["Er staat een e-mailadres én dat er geen is: kies één van de twee."]),
        ({"card": taken}, ["Deze kaart is al van iemand. Neem een andere."]),
    ):  # fmt: skip
        form = EVE | {"insz": "", "card": in_drawer(counter)} | typed
        assert errors(counter.client.post(f"{HERE}/registreren", data=form)) == said


def test_somebody_is_found_by_card_national_number_and_name_but_never_in_the_address(counter):
    page = registered(counter)
    with counter.database.reading() as session:
        ref = int(page.rpartition("/")[2])
        card = session.exec(select(Card).where(Card.passholder_ref == ref)).one()
    for text in (card.uitpas_number, card.chip_number.lower(), "83.03.02-015.40"):
        assert counter.client.post(f"{HERE}/zoek", data={"text": text}).headers["location"] == page
    for part in ("desm", "ésme"):
        assert "Eve Desmet" in counter.client.post(f"{HERE}/zoek", data={"text": part}).text
    assert "Niemand gevonden" in counter.client.post(f"{HERE}/zoek", data={"text": "es"}).text
    assert "van niemand" in counter.client.post(f"{HERE}/zoek", data={"text": in_drawer(counter)}).text


def test_a_search_says_what_is_wrong_with_what_was_typed(counter):
    def search(text):
        return counter.client.post(f"{HERE}/zoek", data={"text": text}).text

    registered(counter, last_name="O\u2019Brien")
    for typed in ("obrien", "O'Brien", "brien eve"):
        assert "Eve O\u2019Brien" in search(typed)
    assert "Typ eerst een nummer of een deel van de naam" in search("  ")
    assert "Dit UiTPAS-nummer klopt niet" in search("0900000000000")
    number = in_drawer(counter)
    (address,) = re.findall(r'href="([^"]*kaart=[^"]*)"', search(number))
    (asked,) = re.findall(
        r'<input[^>]*name="card"[^>]*>', counter.client.get(address, follow_redirects=True).text
    )
    assert f'value="{number}"' in asked


def test_who_may_be_somebody_we_know_is_pointed_out_before_he_is_registered(counter):
    page = registered(counter)
    twin = EVE | {"insz": "", "first_name": "éve", "card": in_drawer(counter)}
    warned = counter.client.post(f"{HERE}/registreren", data=twin).text
    assert f'href="{page}"' in warned
    other = twin | {"birth_date": "03/03/1983"}
    assert f'href="{page}"' not in counter.client.post(f"{HERE}/registreren", data=other).text


def test_every_look_at_a_person_is_in_the_trail(counter):
    page = registered(counter)
    counter.client.get(page)
    counter.client.get(f"{page}/gegevens")
    looks = trail(counter, "look")
    assert [entry.subject_id for entry in looks] == [page.rpartition("/")[2]] * 2
    assert all(entry.staff_id and entry.counter_id for entry in looks)


def put_price(counter, reason, cents):
    """Say what a card of Gent costs: only this."""
    with counter.database.writing() as session:
        table = session.exec(select(PriceTable).where(PriceTable.card_system_id == 5)).one()
        session.execute(delete(PriceRow).where(PriceRow.table_id == table.id))
        session.add(PriceRow(table_id=table.id, reason=reason, cents=cents))


def test_a_lost_card_is_blocked_and_another_one_takes_its_place(counter):
    page = registered(counter)
    old = re.search(r'name="card" value="(\d{13})"', counter.client.get(page).text)[1]
    assert counter.client.post(f"{page}/blokkeren", data={"card": old}).status_code == 303
    new = in_drawer(counter)
    form = {"system": "5", "reason": "LOSS_THEFT", "card": new}
    put_price(counter, PriceReason.LOSS_THEFT, 250)
    seen = counter.client.post(f"{page}/kaart", data=form).text
    assert "Klopt dit?" in seen
    assert "verloren of gestolen" in seen
    assert new in seen
    assert "€ 2,50" in seen
    with counter.database.reading() as session:
        assert session.get_one(Card, new).state == "LOCAL_STOCK", "nothing was done yet"
    again = counter.client.post(f"{page}/kaart", data=form | {"sure": "change"}).text
    assert f'value="{new}"' in again
    assert counter.client.post(f"{page}/kaart", data=form | {"sure": "yes"}).status_code == 303
    with counter.database.reading() as session:
        assert session.get_one(Card, old).state == "BLOCKED"
        assert session.get_one(Card, new).state == "ACTIVE"


def test_the_kansenstatuut_comes_with_another_card_and_can_be_extended(counter):
    page = registered(counter)
    ref = int(page.rpartition("/")[2])
    special = in_drawer(counter, tariff=True)
    form = {"system": "5", "reason": "OBTAIN_KANSENSTATUUT", "card": special}
    answer = counter.client.post(f"{page}/kaart", data=form)
    assert errors(answer) == ["Kies een dag vanaf vandaag, ten laatste 31 december volgend jaar."]
    counter.client.post(f"{page}/kaart", data=form | {"tariff_until": f"{NEXT_YEAR}-04-30", "sure": "yes"})
    assert f"kansenstatuut tot en met 30 april {NEXT_YEAR}" in counter.client.get(page).text
    counter.client.post(f"{page}/kansentarief", data={"system": "5", "tariff_until": f"{NEXT_YEAR}-12-31"})
    with counter.database.reading() as session:
        assert session.get_one(Membership, (ref, 5)).social_tariff_end.isoformat() == f"{NEXT_YEAR}-12-31"
        states = {card.state for card in session.exec(select(Card).where(Card.passholder_ref == ref))}
        assert states == {"ACTIVE", "BLOCKED"}


def test_a_kansenstatuut_is_extended_and_never_made_shorter(counter):
    page = registered(
        counter, card=in_drawer(counter, tariff=True), tariff="yes", tariff_until=f"{NEXT_YEAR}-04-30"
    )
    (asked,) = re.findall(r'<input[^>]*name="tariff_until"[^>]*>', counter.client.get(page).text)
    assert f'value="{NEXT_YEAR}-12-31"' in asked
    for day in (f"{NEXT_YEAR}-04-30", f"{NEXT_YEAR}-01-31"):
        answer = counter.client.post(f"{page}/kansentarief", data={"system": "5", "tariff_until": day})
        assert "Kies een dag na de laatste die er nu is." in errors(answer)[0]
    longest = {"system": "5", "tariff_until": f"{NEXT_YEAR}-12-31"}
    assert counter.client.post(f"{page}/kansentarief", data=longest).status_code == 303
    assert "loopt al tot de laatste dag die mag, 31 december" in counter.client.get(page).text


def test_details_change_and_the_trail_says_which_not_what(counter):
    page = registered(counter)
    form = EVE | {"insz": "", "postcode": "9000", "place": "Gent", "phone": "0470 12 34 56"}
    assert counter.client.post(f"{page}/gegevens", data=form).headers["location"].endswith("bewaard")
    assert counter.client.post(f"{page}/gegevens", data=form).headers["location"].endswith("hetzelfde")
    (entry,) = trail(counter, "change")
    assert entry.detail == {"fields": ["phone", "postcode"]}
    with counter.database.reading() as session:
        details = session.get_one(PassholderDetails, int(page.rpartition("/")[2]))
        assert details.insz_digest is not None


def test_a_counter_that_only_checks_people_in_sees_no_address_and_registers_nobody(counter):
    page = registered(counter, note="Belt liever niet.")
    assert "Belt liever niet." in counter.client.get(page).text
    counter.log_in("Bram Wouters")
    seen = counter.client.get(page).text
    assert "Eve Desmet" in seen
    assert "Belt liever niet." not in seen
    assert "9040" not in seen
    assert "Iemand registreren" not in counter.client.get(HERE).text
    assert counter.client.get(f"{HERE}/registreren").status_code == 403
    assert counter.client.get(f"{page}/gegevens").status_code == 403
    assert counter.client.post(f"{HERE}/registreren", data=EVE).status_code == 404
    card = {"system": "5", "reason": "LOSS_THEFT", "card": "0900000000000"}
    assert counter.client.post(f"{page}/kaart", data=card).status_code == 422


@pytest.mark.parametrize("ref", ["0", "9" * 30, "iemand"])
def test_nobody_is_not_found(counter, ref):
    assert counter.client.get(f"{HERE}/{ref}").status_code == 404


def test_nobody_without_the_right_changed_anything(counter):
    with counter.database.reading() as session:
        before = session.exec(select(Passholder)).all()
    for name in ("Karima El Idrissi", "Tom Goossens", "Ada Janssens"):
        counter.log_in(name)
        assert counter.client.get(HERE).status_code == 403
        assert counter.client.post(f"{HERE}/registreren", data=EVE | {"sure": "yes"}).status_code == 403
    with counter.database.reading() as session:
        assert session.exec(select(Passholder)).all() == before


def test_the_mail_about_uitid_is_sent_again_on_demand(counter):
    page = registered(counter, email="eve@example.be", no_email="")
    assert "1 mail verstuurd" in counter.client.get(page).text
    assert counter.client.post(f"{page}/uitid").headers["location"].endswith("gemaild")
    assert len(trail(counter, "mail-uitid")) == 1
    without = registered(counter, insz="", first_name="Bo")
    assert "Mail met de link sturen" not in counter.client.get(without).text
    assert counter.client.post(f"{without}/uitid").status_code == 422


def test_a_family_is_kept_at_the_counter_with_a_card_and_a_birth_date(counter):
    page = registered(counter, first_name="Ann")
    child = registered(counter, insz="", first_name="Bo", birth_date="01/06/2015", parental_consent="yes")
    with counter.database.reading() as session:
        card = session.exec(select(Card).where(Card.passholder_ref == int(child.rpartition("/")[2]))).one()
    assert f'href="{page}/gezin"' in counter.client.get(page).text
    wrong = {"number": card.uitpas_number, "born": "2015-06-02"}
    assert errors(counter.client.post(f"{page}/gezin", data=wrong)) == [
        "We vinden geen UiTPAS met dit nummer en deze geboortedatum. Kijk ze allebei na."
    ]
    unread = counter.client.post(f"{page}/gezin", data=wrong | {"born": "1 juni"})
    assert errors(unread) == ["Deze geboortedatum kan niet: kijk ze na."]
    (field,) = re.findall(r'<input[^>]*name="born"[^>]*>', unread.text)
    assert ('type="text"' in field, 'value="1 juni"' in field) == (True, True), "a browser shows it again"
    again = counter.client.post(f"{page}/gezin", data=wrong | {"born": "2/6/2015"}).text
    assert re.search(r'name="born" type="date" value="2015-06-02"', again)
    nothing = counter.client.post(f"{page}/gezin", data=wrong | {"born": ""})
    assert errors(nothing) == ["Vul de geboortedatum in, bijvoorbeeld 2/3/1983."]
    good = wrong | {"born": "01/06/2015"}
    assert counter.client.post(f"{page}/gezin", data=good).status_code == 303
    assert "Bo Desmet" in counter.client.get(f"{page}/gezin").text
    assert "Ann Desmet" in counter.client.get(f"{child}/gezin").text
    assert errors(counter.client.post(f"{page}/gezin", data=good)) == ["Deze persoon staat al in je gezin."]
    away = f"{page}/gezin/{card.passholder_ref}/weg"
    assert counter.client.post(away).status_code == 303
    assert counter.client.post(away).status_code == 404
    counter.log_in("Bram Wouters")
    assert counter.client.get(f"{page}/gezin").status_code == 403
    assert counter.client.post(f"{page}/gezin", data=good).status_code == 403


def test_only_pages_that_scan_may_use_the_camera_and_ask_the_bridge(counter):
    for path, scans in ((HERE, True), (f"{HERE}/registreren", True), (f"{HERE}/1", True), ("/balie", False)):
        headers = counter.client.get(path, follow_redirects=True).headers
        policy = headers["content-security-policy"]
        found = ["http://127.0.0.1:8609" in policy, "'wasm-unsafe-eval'" in policy]
        found.append("camera=(self)" in headers["permissions-policy"])
        assert found == [scans] * 3, path
        assert "script-src 'self'" in policy


def test_a_card_that_was_scanned_by_its_chip_is_handed_over_too(counter):
    number = in_drawer(counter)
    with counter.database.reading() as session:
        chip = session.get_one(Card, number).chip_number
    page = registered(counter, card=chip.lower())
    assert number in counter.client.get(page).text


def test_who_moves_into_the_region_joins_with_the_kansenstatuut(counter):
    with counter.database.writing() as session:
        ann = Passholder(first_name="Ann", last_name="Claes", birth_date=datetime(1990, 1, 2).date())
        session.add(ann)
        session.flush()
        session.add(
            PassholderDetails(passholder_ref=ann.ref, municipality="Oostende", made_at=datetime.now(UTC))
        )
        session.get_one(RegistrationRules, 5).municipalities = ["Gent"]
        ref = ann.ref
    page = f"{HERE}/{ref}"
    form = {
        "system": "5",
        "tariff": "yes",
        "tariff_until": f"{NEXT_YEAR}-04-30",
        "card": in_drawer(counter, tariff=True),
    }
    assert "andere regio" in counter.client.post(f"{page}/lid", data=form).text
    move = {"street": "Dorpsstraat 12 bus 3", "postcode": "9040", "place": "Sint-Amandsberg"}
    nowhere = counter.client.post(f"{page}/lid", data=form | move | {"place": "Nergens"})
    assert errors(nowhere) == ["Deze gemeente hoort niet bij deze postcode."]
    without = counter.client.post(f"{page}/lid", data=form | move | {"card": ""})
    assert errors(without) == ["Scan of typ de kaart die je meegeeft."]
    with counter.database.reading() as session:
        assert session.get_one(PassholderDetails, ref).municipality == "Oostende"
    seen = counter.client.post(f"{page}/lid", data=form | move).text
    assert "Klopt dit?" in seen
    assert "9040 Sint-Amandsberg" in seen
    with counter.database.reading() as session:
        assert session.get(Membership, (ref, 5)) is None, "nothing was done yet"
    assert counter.client.post(f"{page}/lid", data=form | move | {"sure": "yes"}).status_code == 303
    with counter.database.reading() as session:
        details = session.get_one(PassholderDetails, ref)
        assert (details.municipality, details.street, details.house_number, details.box) == (
            "Gent",
            "Dorpsstraat",
            "12",
            "3",
        )


def test_who_has_a_kansenstatuut_elsewhere_is_offered_it_here_with_its_last_day(counter):
    with counter.database.reading() as session:
        oona = session.exec(select(Passholder.ref).where(Passholder.first_name == "Oona")).one()
    page = f"{HERE}/{oona}"
    shown = counter.client.get(page).text.partition("Lid maken van UiTPAS Gent")[2]
    (tick,) = re.findall(r'<input[^>]*name="tariff"[^>]*>', shown)
    assert "checked" in tick
    assert f'name="tariff_until" type="date" value="{NEXT_YEAR}-12-31"' in shown
    special = in_drawer(counter, tariff=True)
    without = counter.client.post(f"{page}/lid", data={"system": "5", "card": special})
    assert "Geef ook het kansenstatuut, of neem een gewone kaart." in errors(without)[0]
    (tick,) = re.findall(r'<input[^>]*name="tariff"[^>]*>', without.text.partition("UiTPAS Gent")[2])
    assert "checked" not in tick, "who unticked it is not asked twice"
    with counter.database.writing() as session:
        membership = session.exec(select(Membership).where(Membership.passholder_ref == oona)).one()
        membership.suspended_until = local_day(datetime.now(UTC))
    shown = counter.client.get(page).text.partition("Lid maken van UiTPAS Gent")[2]
    (tick,) = re.findall(r'<input[^>]*name="tariff"[^>]*>', shown)
    assert "checked" not in tick


def test_a_suspended_kansenstatuut_does_not_look_valid(counter):
    page = registered(
        counter, card=in_drawer(counter, tariff=True), tariff="yes", tariff_until=f"{NEXT_YEAR}-12-31"
    )
    with counter.database.writing() as session:
        membership = session.get_one(Membership, (int(page.rpartition("/")[2]), 5))
        membership.suspended_until = datetime(NEXT_YEAR, 1, 31, tzinfo=UTC).date()
    shown = counter.client.get(page).text
    assert f"kansenstatuut geschorst tot en met 31 januari {NEXT_YEAR}" in shown
    assert f"kansenstatuut tot en met 31 december {NEXT_YEAR}" not in shown
    assert "Alleen de KSB kan dat opheffen." in shown
