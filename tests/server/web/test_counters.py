"""The counters on their pages (rules 2.1, 2.2)."""

import pytest
from sqlmodel import select

from server.counters.models import Counter
from server.counters.setup import facts_of
from server.demo.documents import HALL, LIBRARY, THEATRE
from server.kernel.audit import AuditEntry
from server.kiosks.configuration import systems_of

from .test_card_systems import forget, told

HERE = "/dashboard/instellingen/balies"
OWN = 1


def facts(site, name):
    with site.database.reading() as session:
        return facts_of(session, session.exec(select(Counter).where(Counter.name == name)).one())


def test_the_form_offers_the_organisers_and_places_of_imported_events(site):
    site.log_in("Karima El Idrissi")
    page = site.client.get(f"{HERE}/nieuw").text
    assert f'<option value="{LIBRARY.name} · {LIBRARY.id}">' in page
    assert f'<option value="{HALL.name} · {HALL.id}">' in page
    assert 'value="5" checked' in page


@pytest.mark.parametrize(
    "typed",
    [
        f"{HALL.name} · {HALL.id}",
        HALL.name.upper(),
        HALL.id,
        f"https://io.uitdatabank.be/place/{HALL.id}",
    ],
)
def test_a_place_is_known_by_its_name_its_id_or_its_address(site, typed):
    site.log_in("Karima El Idrissi")
    form = {"name": "Kelder", "place": typed, "system": ["5"]}
    assert "gelukt=gemaakt" in site.client.post(f"{HERE}/nieuw", data=form).headers["location"]
    assert facts(site, "Kelder").place_id == HALL.id


def test_a_counter_may_stand_alone(any_site):
    any_site.log_in("Karima El Idrissi")
    any_site.client.post(f"{HERE}/nieuw", data={"name": "Los", "system": ["5"]})
    made = facts(any_site, "Los")
    assert (made.organizer_id, made.place_id, made.systems) == (None, None, {5})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"name": ""}, "Geef de balie een naam van hoogstens 60 tekens."),
        ({"name": "theater de lantaarn"}, "Er is al een balie met deze naam."),
        (
            {"organizer": "iets dat er niet is"},
            "Kies een naam uit de lijst of vul het id van UiTdatabank in.",
        ),
        ({"place": "waar? hier!"}, "Kies een naam uit de lijst of vul het id van UiTdatabank in."),
        ({"system": []}, "Kies minstens één kaartsysteem."),
        ({"system": ["3"]}, "Kies minstens één kaartsysteem."),
    ],
)
def test_each_mistake_has_its_sentence_and_nothing_typed_is_lost(site, changed, sentence):
    site.log_in("Karima El Idrissi")
    form = {"name": "Nieuwe balie", "organizer": LIBRARY.id, "place": HALL.id, "system": ["5"]} | changed
    answer = site.client.post(f"{HERE}/nieuw", data=form)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert answer.text.count('class="field-error"') == 1
    for field in ("name", "organizer", "place"):
        assert f'value="{form[field]}"' in answer.text


def test_a_ksb_leaves_the_card_systems_of_others_as_they_are(site):
    site.log_in("Karima El Idrissi")
    name = facts(site, "UiTPAS Organisatie (Regio Gent + Paspartoe)").name
    site.client.post(f"{HERE}/{OWN}", data={"name": name, "system": ["5"]})
    assert facts(site, name).systems == {3, 5}
    assert site.client.post(f"{HERE}/{OWN}", data={"name": name}).status_code == 422


def test_another_organiser_or_card_system_reaches_the_zuilen_of_the_counter(any_site):
    any_site.log_in("Ada Janssens")
    forget(any_site)
    form = {"name": "Foyer", "organizer": THEATRE.id, "system": ["1", "5"]}
    assert "gelukt=bewaard" in any_site.client.post(f"{HERE}/{OWN}", data=form).headers["location"]
    assert told(any_site) == {1, 2}
    with any_site.database.reading() as session:
        assert systems_of(session, 1) == [1, 5]
        deed = session.exec(
            select(AuditEntry).where(AuditEntry.subject_kind == "counter", AuditEntry.action == "change")
        ).one()
    assert deed.action == "change"
    assert deed.detail["after"]["card_systems"] == [1, 5]
