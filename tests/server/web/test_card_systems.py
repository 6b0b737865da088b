"""The card systems on their pages (rules 1.6, 6.5, 15.1d)."""

import pytest
from sqlmodel import select

from server.cardsystems.models import CardSystem
from server.events.models import EventCardSystem
from server.feed.models import Change
from server.kernel.audit import AuditEntry

HERE = "/dashboard/instellingen/kaartsystemen"
LEUVEN = {
    "number": "17",
    "name": "UiTPAS Leuven",
    "labels": "uitpas-leuven\nuitpas-regio-leuven",
    "prefixes": "09300, 09340",
    "permanent": "yes",
}


def all_systems(site):
    with site.database.reading() as session:
        return {one.id: one for one in session.exec(select(CardSystem))}


def told(site):
    """Return the numbers of the zuilen whose configuration was said to change."""
    with site.database.reading() as session:
        changes = session.exec(select(Change).where(Change.kind == "config")).all()
    return {int(key) for change in changes for key in change.keys}


def forget(site):
    with site.database.writing() as session:
        for change in session.exec(select(Change).where(Change.kind == "config")):
            session.delete(change)


def test_a_known_card_system_is_filled_in(site):
    site.log_in("Ada Janssens")
    page = site.client.get(f"{HERE}/nieuw?bekend=17").text
    assert 'value="17"' in page
    assert 'value="UiTPAS Leuven"' in page
    assert "uitpas-leuven\nuitpas-regio-leuven</textarea>" in page
    assert "UiTPAS Gent</option>" not in page


def test_an_administrator_makes_a_card_system_with_a_key_of_its_own(any_site):
    any_site.log_in("Ada Janssens")
    answer = any_site.client.post(f"{HERE}/nieuw", data=LEUVEN)
    assert answer.headers["location"] == f"{HERE}/17?gelukt=gemaakt"
    assert "Gemaakt." in any_site.client.get(answer.headers["location"]).text
    made = all_systems(any_site)[17]
    assert (made.name, made.permanent) == ("UiTPAS Leuven", True)
    assert made.labels == ["uitpas-leuven", "uitpas-regio-leuven"]
    assert made.prefixes == ["09300", "09340"]
    assert len({bytes(one.token_key) for one in all_systems(any_site).values()}) == 4


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("number", "", "Vul het nummer in"),
        ("number", "vijf", "Vul het nummer in"),
        ("number", "0", "Vul het nummer in"),
        ("number", "99999999999999999999", "Vul het nummer in"),
        ("number", "5", "Nummer 5 is al van UiTPAS Gent."),
        ("name", "  ", "Geef het kaartsysteem een naam van hoogstens 60 tekens."),
        ("name", "x" * 61, "Geef het kaartsysteem een naam van hoogstens 60 tekens."),
        ("name", "uitpas gent", "Er is al een kaartsysteem met deze naam."),
        ("labels", "UiTPAS-Gent", "Het label “uitpas-gent” is al van UiTPAS Gent."),
        ("labels", "geen-uitpas", "“geen-uitpas” zet UiTPAS uit"),
        ("prefixes", "9300", "“9300” is geen prefix"),
        ("prefixes", "19300", "“19300” is geen prefix"),
    ],
)
def test_each_mistake_has_its_sentence_and_nothing_typed_is_lost(site, field, typed, sentence):
    site.log_in("Ada Janssens")
    answer = site.client.post(f"{HERE}/nieuw", data=LEUVEN | {field: typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert answer.text.count('class="field-error"') == 1
    for other, value in LEUVEN.items():
        assert (typed if other == field else value) in answer.text
    assert set(all_systems(site)) == {1, 3, 5}


def test_a_change_of_name_reaches_the_zuilen_of_the_card_system_and_the_audit_trail(any_site):
    any_site.log_in("Karima El Idrissi")
    forget(any_site)
    form = {"name": "UiTPAS Gent+", "labels": "uitpas-gent uitpas-regio-gent", "permanent": "yes"}
    answer = any_site.client.post(f"{HERE}/5", data=form)
    assert answer.headers["location"].endswith("gelukt=bewaard")
    assert all_systems(any_site)[5].name == "UiTPAS Gent+"
    assert told(any_site) == {1, 2}
    with any_site.database.reading() as session:
        deed = session.exec(select(AuditEntry).where(AuditEntry.action == "change")).one()
    assert (deed.subject_kind, deed.subject_id) == ("card_system", "5")
    assert (deed.detail["before"]["name"], deed.detail["after"]["name"]) == ("UiTPAS Gent", "UiTPAS Gent+")
    assert deed.staff_id is not None


def test_saving_without_a_change_tells_no_zuil(site):
    site.log_in("Karima El Idrissi")
    forget(site)
    form = {
        "name": "UiTPAS Gent",
        "labels": "uitpas-gent uitpas-regio-gent",
        "prefixes": "09000",
        "permanent": "yes",
    }
    assert site.client.post(f"{HERE}/5", data=form).headers["location"].endswith("gelukt=hetzelfde")
    assert told(site) == set()


def test_events_go_with_a_label_that_moves_to_another_card_system(any_site):
    any_site.log_in("Ada Janssens")
    any_site.client.post(f"{HERE}/3", data={"name": "Paspartoe", "labels": "", "permanent": "yes"})
    any_site.client.post(f"{HERE}/1", data={"name": "UiTPAS Dender", "labels": "uitpas-dender paspartoe"})
    with any_site.database.reading() as session:
        systems = set(session.exec(select(EventCardSystem.card_system_id)))
    assert systems == {1, 5}
