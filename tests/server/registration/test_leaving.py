"""Somebody is deleted: his cards stop, nothing says any more who he was, what happened stays."""

from dataclasses import replace

import pytest
from sqlalchemy import inspect, text, update
from sqlmodel import select

from fakes.town import AN, AUTHORISED, GENT, NOON, PASPARTOE, TODAY
from server.cards.models import Card
from server.checkins.models import PointsEntry
from server.feed.models import CardFeed
from server.feed.publisher import publish
from server.kernel.audit import AuditEntry
from server.kernel.outbox import OutgoingMail
from server.passholders.models import NamePart, Passholder, PassholderDetails, RegistrationRules
from server.registration.changing import change_person, person_of
from server.registration.facts import Fault, Joining, RefusedError
from server.registration.finding import find_people, holder_with
from server.registration.leaving import delete_person
from server.registration.register import join, register
from server.uitid.inviting import write_invitations
from shared.domain.checkin import CardState

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NOTED = "An heeft een hond."


@pytest.fixture
def desk(town):
    return town.desk(AUTHORISED)


@pytest.fixture
def number(town, desk):
    return town.card(desk)


@pytest.fixture
def ref(database, town, desk, number):
    town.rules(welcome_points=3)
    with database.writing() as session:
        return register(session, replace(AN, note=NOTED), Joining(number), desk, NOON).ref


def delete(database, ref, systems=(GENT,)):
    with database.writing() as session:
        delete_person(session, session.get_one(Passholder, ref), systems, staff_id=7)


def test_nothing_in_the_database_says_who_it_was(database, ref):
    with database.writing() as session:
        write_invitations(session, NOON, "https://uitpas.example")
        session.execute(update(OutgoingMail).values(sent=1))
    delete(database, ref)
    secret = ("Peeters", "peeters", "an@example.be", "Dorpsstraat", NOTED, "83.03.02", "1983-03-02")
    with database.reading() as session:
        for table in inspect(database.engine).get_table_names():
            if table in {"place", "alembic_version"}:
                continue
            for row in session.execute(text(f'SELECT * FROM "{table}"')):
                assert not any(word in str(row) for word in secret), f"{table}: {row}"
        assert holder_with(session, str(ref)) is None
        assert find_people(session, "peeters", [GENT]).people == []
        assert find_people(session, AN.insz, [GENT]).people == []


def test_a_name_that_another_has_too_stays_to_be_found_by_its_middle(database, town, desk, ref):
    other = replace(AN, first_name="Bo", insz="83.03.02-017.38")
    number = town.card(desk)
    with database.writing() as session:
        bo = register(session, other, Joining(number), desk, NOON).ref
    delete(database, ref)
    with database.reading() as session:
        assert [one.ref for one in find_people(session, "eeter", [GENT]).people] == [bo]
    delete(database, bo)
    with database.reading() as session:
        assert session.exec(select(NamePart)).all() == []


def test_cards_go_out_of_use_and_every_zuil_hears_of_it(database, town, ref, number):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)
    with database.writing() as session:
        join(session, session.get_one(Passholder, ref), Joining(), elsewhere, NOON)
    publish(database)
    delete(database, ref, (GENT, PASPARTOE))
    publish(database)
    with database.reading() as session:
        card = session.get_one(Card, number)
        assert (card.state, card.passholder_ref) == ("DELETED", None)
        rows = session.exec(select(CardFeed).where(CardFeed.uitpas_number == number)).all()
        assert {(row.card_system_id, row.state, row.passholder_ref) for row in rows} == {
            (GENT, CardState.DELETED, 0),
            (PASPARTOE, CardState.DELETED, 0),
        }


def test_points_stay_in_the_ledger_under_a_reference_that_nobody_else_gets(database, town, desk, ref):
    delete(database, ref)
    fresh = town.card(desk)
    with database.writing() as session:
        again = register(session, AN, Joining(fresh), desk, NOON)
        assert again.ref != ref
        (old,) = session.exec(select(PointsEntry).where(PointsEntry.passholder_ref == ref))
        assert old.points == session.get_one(Passholder, ref).points == 3


def test_the_trail_says_who_did_it_and_not_to_whom(database, ref, number):
    delete(database, ref)
    with database.reading() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "delete"))
        assert (entry.subject_id, entry.staff_id) == (str(ref), 7)
        assert entry.detail == {"cards": [number], "card_systems": [GENT]}


@on_one_database
def test_who_is_a_member_elsewhere_too_is_not_deleted_here(database, town, ref):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)
    with database.writing() as session:
        join(session, session.get_one(Passholder, ref), Joining(), elsewhere, NOON)
    with pytest.raises(RefusedError) as refused:
        delete(database, ref)
    assert refused.value.faults == {"system": Fault.MEMBER_ELSEWHERE}


@on_one_database
class TestWhoMoves:
    """Rules 4.14."""

    @pytest.fixture(autouse=True)
    def region(self, town):
        town.rules(municipalities=["Gent"])

    def move(self, database, desk, ref, **to):
        with database.writing() as session:
            holder = session.get_one(Passholder, ref)
            person = person_of(holder, session.get(PassholderDetails, ref))
            change_person(session, holder, replace(person, **to), desk, NOON)

    def member(self, database, town, desk, until=TODAY):
        number = town.card(desk, tariff=until is not None)
        with database.writing() as session:
            return register(session, AN, Joining(number, until), desk, NOON).ref

    def test_with_a_valid_kansenstatuut_stays_in_the_region_whatever_the_counter_may(self, database, town):
        desk = town.desk(AUTHORISED, "Mag pashouders andere gemeentes aanmaken", name="Mag alles")
        ref = self.member(database, town, desk)
        self.move(database, desk, ref, postcode="9000", place="Gent")
        with pytest.raises(RefusedError) as refused:
            self.move(database, desk, ref, postcode="8400", place="Oostende")
        assert refused.value.faults == {"place": Fault.LEAVES_REGION}

    def test_without_one_goes_where_he_likes(self, database, town, desk):
        ref = self.member(database, town, desk, until=None)
        self.move(database, desk, ref, postcode="8400", place="Oostende")
        with database.reading() as session:
            assert session.get_one(Passholder, ref).postcode == "8400"
            assert session.get(RegistrationRules, GENT).municipalities == ["Gent"]
