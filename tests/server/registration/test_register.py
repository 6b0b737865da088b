"""Somebody becomes a pashouder: what the counter may, what it must ask, and what then is there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from fakes.town import (
    ABROAD,
    AN,
    AUTHORISED,
    ELSEWHERE,
    GENT,
    NOON,
    PASPARTOE,
    PLAIN,
    TICKETS,
    TODAY,
)
from server.cards.models import Card
from server.checkins.models import PointsEntry
from server.feed.models import CardFeed
from server.feed.publisher import publish
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, NamePart, OptIn, Passholder, PassholderDetails
from server.passholders.names import forget_names, index_name
from server.passholders.namesearch import find_by_name
from server.registration.facts import Desk, Fault, Joining, RefusedError
from server.registration.finding import MOST, find_people
from server.registration.register import join, register

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database decides."""

CHILD = replace(AN, birth_date=date(2015, 2, 17), insz="15021760024", email=None, parental_consent=True)


@pytest.fixture
def desk(town):
    return town.desk(PLAIN)


@pytest.fixture
def authorised(town):
    return town.desk(AUTHORISED)


def registers(database, desk, person=AN, now=NOON, **joining):
    with database.writing() as session:
        return register(session, person, Joining(**joining), desk, now).ref


def joins(database, desk, ref, **joining):
    with database.writing() as session:
        join(session, session.get_one(Passholder, ref), Joining(**joining), desk, NOON)


def faults_of(action, *arguments, **named):
    with pytest.raises(RefusedError) as refused:
        action(*arguments, **named)
    return refused.value.faults


def test_a_person_with_a_card_is_a_pashouder_whom_every_zuil_knows(database, town, desk):
    number = town.card(desk)
    ref = registers(database, desk, card=number)
    publish(database)
    with database.reading() as session:
        card, membership = session.get_one(Card, number), session.get_one(Membership, (ref, GENT))
        details = session.get_one(PassholderDetails, ref)
        (row,) = session.exec(select(CardFeed).where(CardFeed.uitpas_number == number))
        assert (card.state, card.passholder_ref) == ("ACTIVE", ref)
        assert (membership.status, membership.social_tariff) == ("active", False)
        assert (details.municipality, details.email, details.counter_id) == (
            "Gent",
            "an@example.be",
            desk.counter_id,
        )
        assert (row.passholder_ref, row.state) == (ref, 4)


def test_the_national_number_can_be_read_nowhere(database, town, desk):
    ref = registers(database, desk, card=town.card(desk))
    with database.reading() as session:
        details = session.get_one(PassholderDetails, ref)
        trail = session.exec(select(AuditEntry)).all()
        assert len(details.insz_digest) == 32
        assert b"83030201540" not in details.insz_digest
        assert not any("83030201540" in str(entry.detail) for entry in trail)


def test_the_trail_says_who_registered_whom_with_which_card(database, town, desk):
    number = town.card(desk)
    ref = registers(database, desk, card=number)
    with database.reading() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "register"))
        assert (entry.subject_kind, entry.subject_id, entry.counter_id) == (
            "passholder",
            str(ref),
            desk.counter_id,
        )
        assert entry.detail == {"card_system": GENT, "card": number, "tariff_until": None}


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_kept(database, town, desk):
    wrong = replace(AN, first_name=" - ", insz="83030201541", place="Nergens", email="an", birth_date=TODAY)
    faults = faults_of(registers, database, desk, wrong, card="0900000000003")
    assert faults == {
        "first_name": Fault.FIRST_NAME,
        "parental_consent": Fault.CONSENT,
        "insz": Fault.INSZ_INVALID,
        "place": Fault.PLACE_UNKNOWN,
        "email": Fault.EMAIL,
        "card": Fault.CARD_NUMBER,
    }
    with database.reading() as session:
        assert session.exec(select(Passholder)).all() == []


@on_one_database
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"birth_date": date(2027, 1, 1), "insz": ""}, ("birth_date", Fault.BIRTH_DATE_WRONG)),
        ({"birth_date": date(1890, 1, 1), "insz": ""}, ("birth_date", Fault.BIRTH_DATE_WRONG)),
        ({"birth_date": date(1983, 3, 3)}, ("insz", Fault.INSZ_OTHER_DATE)),
        ({"insz": ""}, ("insz", Fault.INSZ_NEEDED)),
        ({"country": "FR", "place": "Lille"}, ("place", Fault.ABROAD)),
        ({"email": "an@example"}, ("email", Fault.EMAIL)),
        ({"last_name": ""}, ("last_name", Fault.NAME)),
        ({"postcode": "", "place": ""}, ("place", Fault.PLACE)),
        ({"birth_date": date(2016, 5, 1), "insz": ""}, ("parental_consent", Fault.CONSENT)),
    ],
)
def test_what_cannot_be_is_refused_at_the_field_it_is_about(database, town, desk, change, expected):
    number = town.card(desk)
    assert expected in faults_of(registers, database, desk, replace(AN, **change), card=number).items()


def test_a_counter_that_only_checks_people_in_registers_nobody(database, town):
    desk = town.desk(TICKETS)
    assert faults_of(registers, database, desk, card=town.card(desk))["system"] == Fault.NOT_ALLOWED


class TestWithoutANationalNumber:
    """Rules 4.4."""

    def test_a_counter_with_the_right_registers(self, database, town, authorised):
        assert registers(database, authorised, replace(AN, insz=""), card=town.card(authorised))

    def test_so_does_a_counter_that_registers_people_from_abroad_for_those(self, database, town):
        desk = town.desk(PLAIN, ABROAD)
        person = replace(AN, insz="", country="FR", place="Lille", postcode="59000")
        ref = registers(database, desk, person, card=town.card(desk))
        with database.reading() as session:
            assert session.get_one(PassholderDetails, ref).municipality == "BUITENLAND"
        at_home = replace(AN, insz="", last_name="Maes")
        assert faults_of(registers, database, desk, at_home, card=town.card(desk)) == {
            "insz": Fault.INSZ_NEEDED
        }

    def test_two_people_without_one_are_two_people(self, database, town, authorised):
        someone = replace(AN, insz="")
        assert registers(database, authorised, someone, card=town.card(authorised)) != registers(
            database, authorised, someone, card=town.card(authorised)
        )


class TestOnePersonOnce:
    """Rules 4.3."""

    def test_a_national_number_that_is_known_is_refused(self, database, town, desk):
        registers(database, desk, card=town.card(desk))
        assert faults_of(registers, database, desk, card=town.card(desk)) == {"insz": Fault.INSZ_USED}

    def test_two_counters_at_the_same_moment_make_one_pashouder(self, database, town):
        desks = [town.desk(PLAIN, name=f"Balie {number}") for number in range(4)]
        cards = [town.card(desk) for desk in desks]

        def attempt(pair):
            try:
                return registers(database, pair[0], card=pair[1])
            except RefusedError as refused:
                return refused.faults

        with ThreadPoolExecutor(4) as threads:
            outcomes = list(threads.map(attempt, zip(desks, cards, strict=True)))
        assert [outcome for outcome in outcomes if isinstance(outcome, int)] != []
        assert sum(outcome == {"insz": Fault.INSZ_USED} for outcome in outcomes) == 3

    def test_one_card_at_the_same_moment_goes_to_one_person(self, database, town, authorised):
        number = town.card(authorised)

        def attempt(serial):
            try:
                return registers(
                    database, authorised, replace(AN, insz="", last_name=f"Maes {serial}"), card=number
                )
            except RefusedError as refused:
                return refused.faults

        with ThreadPoolExecutor(4) as threads:
            outcomes = list(threads.map(attempt, range(4)))
        assert sum(outcome == {"card": Fault.CARD_TAKEN} for outcome in outcomes) == 3


def test_a_refusal_halfway_leaves_nothing_behind(database, town, desk):
    number = town.card(desk)
    wanted = Joining(card=number, voucher="GENT-0000-0000")
    with database.writing() as session, pytest.raises(RefusedError) as refused:
        # Caught inside: the page that shows what is wrong commits.
        register(session, AN, wanted, desk, NOON)
    assert refused.value.faults == {"voucher": Fault.VOUCHER_UNKNOWN}
    with database.reading() as session:
        assert session.exec(select(Passholder)).all() == []
        assert session.get_one(Card, number).state == "LOCAL_STOCK"


@on_one_database
class TestChildren:
    """Rules 4.9."""

    def test_below_sixteen_nothing_is_sent(self, database, town, desk):
        person = replace(CHILD, opt_ins=frozenset({OptIn.POST}))
        assert faults_of(registers, database, desk, person, card=town.card(desk)) == {
            "opt_ins": Fault.TOO_YOUNG
        }
        assert registers(database, desk, CHILD, card=town.card(desk))

    @pytest.mark.parametrize(("today", "old_enough"), [(28, False), (1, True)])
    def test_who_was_born_on_a_leap_day_is_sixteen_on_the_first_of_march(
        self, database, town, authorised, today, old_enough
    ):
        born = date(2008, 2, 29)
        now = datetime(2025 - (today != 1), 2 if today == 28 else 3, today, 11, tzinfo=UTC)
        person = replace(AN, insz="", birth_date=born, opt_ins=frozenset({OptIn.SMS}))
        number = town.card(authorised)
        if old_enough:
            assert registers(database, authorised, person, now, card=number)
        else:
            faults = faults_of(registers, database, authorised, person, now, card=number)
            assert faults == {"opt_ins": Fault.TOO_YOUNG, "parental_consent": Fault.CONSENT}


@on_one_database
class TestWhereOneLives:
    """Rules 4.6, 4.10, 6.9e-7 and 16.2."""

    def test_a_part_of_a_town_becomes_the_town_and_its_postcode_stays(self, database, town, desk):
        ref = registers(database, desk, card=town.card(desk))
        with database.reading() as session:
            assert session.get_one(Passholder, ref).postcode == "9040"
            assert session.get_one(PassholderDetails, ref).municipality == "Gent"

    def test_who_has_the_kansenstatuut_has_to_live_in_the_region(self, database, town, authorised):
        town.rules(municipalities=["Gent"])
        person = replace(AN, postcode="9300", place="Aalst")
        wanted = {"card": town.card(authorised, tariff=True), "tariff_until": date(2027, 4, 30)}
        assert faults_of(registers, database, authorised, person, **wanted) == {"place": Fault.ELSEWHERE}
        assert registers(database, authorised, person, card=town.card(authorised))

    def test_a_strict_region_asks_it_of_everyone(self, database, town, desk):
        town.rules(municipalities=["Gent"], is_strict=True)
        person = replace(AN, postcode="9300", place="Aalst")
        number = town.card(desk)
        assert faults_of(registers, database, desk, person, card=number) == {"place": Fault.ELSEWHERE}

    def test_a_counter_that_may_takes_people_from_elsewhere(self, database, town):
        desk = town.desk(AUTHORISED, ELSEWHERE)
        town.rules(municipalities=["Gent"], is_strict=True)
        person = replace(AN, postcode="9300", place="Aalst")
        wanted = {"card": town.card(desk, tariff=True), "tariff_until": date(2027, 4, 30)}
        assert registers(database, desk, person, **wanted)


@on_one_database
class TestTheKansenstatuut:
    """Rules 5.1-5.3, 5.9."""

    def test_an_authorised_counter_grants_it_with_a_card_that_shows_it(self, database, town, authorised):
        town.rules(grace_days=30)
        until = date(2027, 12, 31)
        ref = registers(database, authorised, card=town.card(authorised, tariff=True), tariff_until=until)
        with database.reading() as session:
            membership = session.get_one(Membership, (ref, GENT))
            assert (membership.social_tariff_end, membership.grace_days) == (until, 30)

    def test_another_counter_does_not(self, database, town, desk):
        wanted = {"card": town.card(desk, tariff=True), "tariff_until": date(2027, 4, 30)}
        assert faults_of(registers, database, desk, **wanted) == {"tariff_until": Fault.TARIFF_NOT_ALLOWED}

    @pytest.mark.parametrize("until", [date(2028, 1, 1), date(2026, 11, 19)])
    def test_it_lasts_until_the_end_of_next_year_at_most(self, database, town, authorised, until):
        wanted = {"card": town.card(authorised, tariff=True), "tariff_until": until}
        assert faults_of(registers, database, authorised, **wanted) == {"tariff_until": Fault.TARIFF_DATE}

    def test_the_digit_of_the_card_has_to_match_in_both_directions(self, database, town, authorised):
        plain, special = town.card(authorised), town.card(authorised, tariff=True)
        until = date(2027, 4, 30)
        assert faults_of(registers, database, authorised, card=plain, tariff_until=until) == {
            "card": Fault.CARD_WITHOUT_TARIFF
        }
        assert faults_of(registers, database, authorised, card=special) == {"card": Fault.CARD_FOR_TARIFF}


@on_one_database
class TestTheCard:
    """Rules 6.9e, 6.12e."""

    @pytest.mark.parametrize("state", ["PROVISIONED", "STOCK", "SENT_TO_BALIE", "ACTIVE", "BLOCKED"])
    def test_it_has_to_lie_in_the_drawer(self, database, town, desk, state):
        number = town.card(desk, state=state)
        assert faults_of(registers, database, desk, card=number) == {"card": Fault.CARD_NOT_HERE}

    def test_of_this_counter(self, database, town, desk):
        number = town.card(town.desk(PLAIN, name="Elders"))
        assert faults_of(registers, database, desk, card=number) == {"card": Fault.CARD_NOT_HERE}

    def test_of_this_card_system(self, database, town, desk):
        other = town.desk(PLAIN, system=PASPARTOE)
        at_two = Desk(desk.counter_id, PASPARTOE, desk.rights)
        number = town.card(at_two)
        assert other.system == PASPARTOE
        assert faults_of(registers, database, desk, card=number) == {"card": Fault.CARD_OTHER_SYSTEM}

    def test_somebody_new_needs_one(self, database, town, desk):
        assert faults_of(registers, database, desk) == {"card": Fault.CARD_NEEDED}


def test_points_for_joining_are_in_the_ledger(database, town, desk):
    town.rules(welcome_points=3)
    ref = registers(database, desk, card=town.card(desk))
    with database.reading() as session:
        (entry,) = session.exec(select(PointsEntry))
        assert (entry.points, entry.reason, session.get_one(Passholder, ref).points) == (3, "registration", 3)


class TestJoiningAnotherSystem:
    """Rules 4.12."""

    @pytest.fixture
    def ref(self, database, town, desk):
        return registers(database, desk, card=town.card(desk))

    def test_the_card_one_has_works_there_too(self, database, town, ref):
        joins(database, town.desk(PLAIN, system=PASPARTOE), ref)
        publish(database)
        with database.reading() as session:
            rows = session.exec(select(CardFeed)).all()
            assert {row.card_system_id for row in rows if row.passholder_ref == ref} == {GENT, PASPARTOE}

    def test_the_kansenstatuut_asks_for_a_card_that_shows_it(self, database, town, ref):
        desk, until = town.desk(AUTHORISED, system=PASPARTOE), date(2027, 4, 30)
        assert faults_of(joins, database, desk, ref, tariff_until=until) == {"card": Fault.CARD_NEEDED}
        joins(database, desk, ref, tariff_until=until, card=town.card(desk, tariff=True))

    def test_nobody_joins_twice(self, database, town, ref, desk):
        assert faults_of(joins, database, desk, ref) == {"system": Fault.MEMBER_ALREADY}

    def test_points_that_come_in_meanwhile_are_not_lost(self, database, town, ref):
        town.rules(card_system_id=PASPARTOE, welcome_points=5)
        desk = town.desk(PLAIN, system=PASPARTOE)
        with database.reading() as session:
            stale = session.get_one(Passholder, ref)
            assert stale.points == 0
        with database.writing() as session:
            session.get_one(Passholder, ref).points = 7
        joins(database, desk, ref)
        with database.reading() as session:
            assert session.get_one(Passholder, ref).points == 12


def test_people_are_found_by_a_part_of_any_of_their_names(database, town, authorised):
    for first, last in (("Zoë", "D'Hondt"), ("José", "van den Bergh-Çelik"), ("An", "Peeters")):
        person = replace(AN, insz="", first_name=first, last_name=last)
        registers(database, authorised, person, card=town.card(authorised))
    with database.reading() as session:
        found = {
            text: [one.first_name for one in find_by_name(session, text, [GENT], 10)]
            for text in (
                "zoe",
                "hondt",
                "celi jose",
                "BERGH",
                "pee an",
                "ee",
                "",
                "-",
                "eete",
                "ÉETE an",
                "an ters",
                "eli erg",
                "ond zo",
                "ndt",
                "dt",
                "eetx",
                "erg eete",
            )
        }
    assert found == {
        "zoe": ["Zoë"],
        "hondt": ["Zoë"],
        "celi jose": ["José"],
        "BERGH": ["José"],
        "pee an": ["An"],
        "ee": [],
        "": [],
        "-": [],
        "eete": ["An"],
        "ÉETE an": ["An"],
        "an ters": ["An"],
        "eli erg": ["José"],
        "ond zo": ["Zoë"],
        "ndt": ["Zoë"],
        "dt": [],
        "eetx": [],
        "erg eete": [],
    }


def test_whose_name_begins_so_comes_before_who_has_it_further_on(database, town, authorised):
    for first, last in (("An", "Aerts"), ("Bo", "Ertse"), ("Bo", "Ertserts")):
        registers(
            database,
            authorised,
            replace(AN, insz="", first_name=first, last_name=last),
            card=town.card(authorised),
        )
    with database.reading() as session:
        assert [one.last_name for one in find_by_name(session, "erts", [GENT], 10)] == [
            "Ertse",
            "Ertserts",
            "Aerts",
        ]
        assert [one.last_name for one in find_by_name(session, "erts", [GENT], 2)] == ["Ertse", "Ertserts"]


def test_a_name_that_nobody_has_any_more_is_forgotten(database, town, authorised):
    for last in ("Peeters", "Janssens"):
        registers(database, authorised, replace(AN, insz="", last_name=last), card=town.card(authorised))
    with database.writing() as session:
        (peeters,) = find_by_name(session, "eete", [GENT], 5)
        peeters.last_name = "Maes"
        index_name(session, peeters)
        forget_names(session)
    with database.reading() as session:
        assert set(session.exec(select(NamePart.word))) == {"janssens", "maes"}
        assert [one.last_name for one in find_by_name(session, "aes", [GENT], 5)] == ["Maes"]


def test_people_of_other_card_systems_crowd_nobody_out(database, town, authorised):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)
    for desk in (elsewhere, elsewhere, authorised):
        registers(database, desk, replace(AN, insz=""), card=town.card(desk))
    with database.reading() as session:
        (found,) = find_by_name(session, "peeters", [GENT], 1)
        assert session.get(Membership, (found.ref, GENT)) is not None
        assert find_by_name(session, "peeters", [], 10) == []


def test_who_joins_a_card_system_is_found_by_name_there_too(database, town, authorised):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)
    registers(database, authorised, AN, card=town.card(authorised))
    with database.writing() as session:
        (an,) = find_by_name(session, "peet an", [GENT, PASPARTOE], 5)
        assert find_by_name(session, "peeters", [PASPARTOE], 5) == []
        join(session, an, Joining(), elsewhere, NOON)
    with database.reading() as session:
        (found,) = find_by_name(session, "an peeters", [GENT, PASPARTOE], 5)
        assert [one.ref for one in find_by_name(session, "peeters", [PASPARTOE], 5)] == [found.ref]
    with database.writing() as session:
        session.delete(session.get_one(Membership, (found.ref, PASPARTOE)))
    with database.reading() as session:
        assert find_by_name(session, "peeters", [PASPARTOE], 5) == []


def test_a_list_of_people_is_short_and_says_that_there_are_more(database, town, authorised):
    for _ in range(MOST + 1):
        registers(database, authorised, replace(AN, insz=""), card=town.card(authorised))
    with database.reading() as session:
        found = find_people(session, "peeters", [GENT])
        assert (len(found.people), found.more) == (MOST, True)
