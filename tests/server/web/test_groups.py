"""Groups of counters: what they allow, and who may say so (rules 2.3-2.6)."""

import pytest
from sqlmodel import select

from server.cardsystems.groups import GroupFacts, create_group, default_groups, facts_of, groups_of
from server.cardsystems.models import PermissionGroup
from server.cardsystems.rights import STANDARD_GROUPS, CounterRight, with_implied
from server.counters.models import Counter
from server.counters.rights import may, rights_of
from server.counters.setup import CounterFacts, change_counter, create_counter
from server.counters.setup import facts_of as counter_facts
from server.kernel.audit import AuditEntry

GENT, PASPARTOE = 5, 3
HERE = f"/dashboard/instellingen/kaartsystemen/{GENT}/groepen"
COUNTERS = "/dashboard/instellingen/balies"


def group_named(session, name, system=GENT):
    return session.exec(
        select(PermissionGroup).where(PermissionGroup.name == name, PermissionGroup.card_system_id == system)
    ).one()


def test_each_card_system_begins_with_the_standard_groups(any_site):
    with any_site.database.reading() as session:
        for system in (GENT, PASPARTOE):
            names = {group.name for group in groups_of(session, [system])}
            assert names == {group.name for group in STANDARD_GROUPS}
            assert len(default_groups(session, [system])) == 1


def test_a_new_counter_joins_the_default_group_of_each_of_its_card_systems(any_site):
    with any_site.database.writing() as session:
        counter = create_counter(session, CounterFacts("Nieuw", None, None, frozenset({GENT, PASPARTOE})))
        rights = rights_of(session, counter)
    usual = {CounterRight.CHECK_IN, CounterRight.GIVE_REWARDS, CounterRight.SELL_TICKETS}
    assert rights == {GENT: usual, PASPARTOE: usual}


def test_the_rights_of_all_groups_of_a_counter_add_up_within_a_card_system(any_site):
    with any_site.database.writing() as session:
        granting = group_named(session, "Geauthorizeerde registratie balies")
        usual = group_named(session, "Checkin and Ticket balies")
        chosen = frozenset({granting.id, usual.id})
        counter = create_counter(
            session, CounterFacts("Sociaal Huis", None, None, frozenset({GENT, PASPARTOE}), chosen)
        )
        assert may(session, counter, CounterRight.GRANT_SOCIAL_TARIFF, GENT)
        assert may(session, counter, CounterRight.REGISTER, GENT)
        assert may(session, counter, CounterRight.SELL_TICKETS, GENT)
        assert not may(session, counter, CounterRight.REGISTER, PASPARTOE)
        assert may(session, counter, CounterRight.REGISTER)


def test_granting_the_kansenstatuut_implies_registering():
    assert CounterRight.REGISTER in with_implied({CounterRight.GRANT_SOCIAL_TARIFF})
    assert with_implied(()) == frozenset()


def test_a_counter_that_leaves_a_card_system_leaves_its_groups(any_site):
    with any_site.database.writing() as session:
        made = create_counter(session, CounterFacts("Weg", None, None, frozenset({GENT, PASPARTOE})))
        counter = session.get_one(Counter, made)
        now = counter_facts(session, counter)
        change_counter(
            session, counter, CounterFacts("Weg", None, None, frozenset({GENT}), now.groups), staff_id=1
        )
        assert set(rights_of(session, made)) == {GENT}


def test_the_form_of_a_counter_chooses_its_groups(any_site):
    any_site.log_in("Karima El Idrissi")
    with any_site.database.reading() as session:
        register = group_named(session, "Niet-geauthorizeerde registratie balies").id
    page = any_site.client.get(f"{COUNTERS}/2").text
    assert "Wat deze balie mag in UiTPAS Gent" in page
    assert page.count('name="group"') == len(STANDARD_GROUPS)
    form = {"name": "Bibliotheek", "system": ["5"], "group": [str(register)]}
    any_site.client.post(f"{COUNTERS}/2", data=form)
    with any_site.database.reading() as session:
        assert rights_of(session, 2) == {GENT: {CounterRight.REGISTER}}


def test_a_ksb_cannot_put_a_counter_in_a_group_of_another_card_system(any_site):
    any_site.log_in("Karima El Idrissi")
    with any_site.database.reading() as session:
        theirs = group_named(session, "Geauthorizeerde registratie balies", PASPARTOE).id
        before = rights_of(session, 1)[PASPARTOE]
    form = {"name": "Beide", "system": ["5"], "group": [str(theirs)]}
    any_site.client.post(f"{COUNTERS}/1", data=form)
    with any_site.database.reading() as session:
        assert rights_of(session, 1)[PASPARTOE] == before


def test_a_ksb_reads_the_groups_and_an_administrator_changes_them(any_site):
    with any_site.database.reading() as session:
        group = group_named(session, "Checkin and Ticket balies").id
    any_site.log_in("Karima El Idrissi")
    assert "Checkin and Ticket balies" in any_site.client.get(HERE).text
    assert any_site.client.get(f"{HERE}/{group}").status_code == 403
    assert any_site.client.post(f"{HERE}/{group}", data={"name": "Weg"}).status_code == 403
    any_site.log_in("Ada Janssens")
    form = {"name": "Inchecken", "right": ["check-in"]}
    assert "gelukt=bewaard" in any_site.client.post(f"{HERE}/{group}", data=form).headers["location"]
    with any_site.database.reading() as session:
        assert facts_of(session.get_one(PermissionGroup, group)) == GroupFacts(
            "Inchecken", frozenset({CounterRight.CHECK_IN}), is_default=True
        )
        assert not may(session, 2, CounterRight.SELL_TICKETS)
        deed = session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "permission_group")).one()
    assert (deed.action, deed.detail["after"]["rights"]) == ("change", ["check-in"])
    assert any_site.client.get(f"{HERE}/{group}?gelukt=bewaard").text.count("Bewaard.") == 1


def test_another_default_group_takes_the_place_of_the_former(any_site):
    any_site.log_in("Ada Janssens")
    form = {"name": "Alleen sparen", "right": ["check-in"], "is_default": "yes"}
    assert any_site.client.post(f"{HERE}/nieuw", data=form).status_code == 303
    with any_site.database.reading() as session:
        (default,) = [group for group in groups_of(session, [GENT]) if group.is_default]
    assert default.name == "Alleen sparen"


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": ""}, "Geef de groep een naam van hoogstens 80 tekens."),
        ({"name": "scholen"}, "Er is al een groep met deze naam."),
        ({"name": "Iets", "right": ["alles"]}, "Kies rechten uit de lijst."),
    ],
)
def test_each_mistake_has_its_sentence(site, form, sentence):
    site.log_in("Ada Janssens")
    answer = site.client.post(f"{HERE}/nieuw", data=form)
    assert (answer.status_code, answer.text.count(sentence)) == (422, 1)


def test_only_an_empty_group_that_is_not_the_default_can_be_removed(any_site):
    any_site.log_in("Ada Janssens")
    with any_site.database.writing() as session:
        empty = create_group(session, GENT, GroupFacts("Leeg", frozenset()), staff_id=1)
        default = default_groups(session, [GENT])[GENT]
        schools = group_named(session, "Scholen").id
        create_counter(session, CounterFacts("School", None, None, frozenset({GENT}), frozenset({schools})))
    assert "Dit is de standaardgroep." in any_site.client.post(f"{HERE}/{default}/weg").text
    assert "Er zitten nog balies in deze groep." in any_site.client.post(f"{HERE}/{schools}/weg").text
    assert any_site.client.post(f"{HERE}/{empty}/weg").status_code == 303
    with any_site.database.reading() as session:
        assert {group.id for group in groups_of(session, [GENT])} >= {default, schools}
        assert session.get(PermissionGroup, empty) is None


def test_a_group_is_not_found_under_another_card_system(site):
    site.log_in("Ada Janssens")
    with site.database.reading() as session:
        theirs = group_named(session, "Scholen", PASPARTOE).id
    assert site.client.get(f"{HERE}/{theirs}").status_code == 404
