"""Welcome rewards: who is given one, who gets it handed out, and that nobody gets more (rules 9)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlmodel import select

from fakes.town import AN, ELSEWHERE, GENT, NOON, PASPARTOE, PLAIN, TICKETS
from server.cards.models import Card
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership, Passholder
from server.registration.facts import Joining
from server.registration.giving import block_card
from server.registration.leaving import delete_person
from server.registration.register import join, register
from server.registration.replacing import replace_card
from server.rewards.keeping import (
    FrozenError,
    Keeper,
    RewardFacts,
    change_reward,
    create_reward,
    end_reward,
    facts_of,
    put_rules,
)
from server.rewards.models import Reward, RewardGrant, RewardRedemption, RewardRules
from server.rewards.redeeming import RewardRefusedError, giver_at, redeem, rewards_of, take_back
from shared.domain.prices import PriceReason
from shared.domain.rewards import Period, RewardVerdict

on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
COFFEE = RewardFacts("Gratis koffie", "Een tas koffie.", Period(NOON - DAY), systems=frozenset({GENT}))
numbers = count()


def make(database, now=NOON, system=GENT, **facts):
    with database.writing() as session:
        return create_reward(session, system, replace(COFFEE, **facts), now, Keeper(1)).id


def registers(town, desk, now=NOON, card="", **person):
    """Register somebody new; return his reference."""
    wanted = replace(AN, insz="", last_name=f"Peeters {next(numbers)}", **person)
    desk = replace(desk, rights=desk.rights | {"register-without-insz", "register-elsewhere"})
    card = card or town.card(desk)
    with town.database.writing() as session:
        return register(session, wanted, Joining(card), desk, now).ref


def joins(database, ref, desk):
    with database.writing() as session:
        join(session, session.get_one(Passholder, ref), Joining(), desk, NOON)


def given(database, ref):
    with database.reading() as session:
        return set(session.exec(select(RewardGrant.reward_id).where(RewardGrant.passholder_ref == ref)))


def verdict(database, ref, counter, now=NOON):
    with database.reading() as session:
        (own,) = rewards_of(session, ref, now, giver=giver_at(session, counter, 1))
        return own.verdict


def redeems(database, reward, ref, counter, now=NOON):
    with database.writing() as session:
        return redeem(session, session.get_one(Reward, reward), ref, giver_at(session, counter, 1), now).id


def refusal(*arguments, **named):
    with pytest.raises(RewardRefusedError) as refused:
        redeems(*arguments, **named)
    return refused.value.verdict


def test_who_registers_is_given_what_there_is_and_the_trail_says_so(database, town):
    reward, desk = make(database), town.desk(PLAIN)
    ref = registers(town, desk)
    assert given(database, ref) == {reward}
    with database.reading() as session:
        assert session.get_one(Reward, reward).units_taken == 1
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "register"))
        assert entry.detail["rewards"] == ["Gratis koffie"]


CASES = (
    ({"granting": Period(NOON, NOON)}, True),
    ({"granting": Period(NOON + timedelta(seconds=1))}, False),
    ({"granting": Period(None, NOON - timedelta(seconds=1))}, False),
    ({"systems": frozenset()}, True),
    ({"systems": frozenset({PASPARTOE})}, False),
    ({"cities": frozenset({"Gent"})}, True),
    ({"cities": frozenset({"Aalst"})}, False),
    ({"units": 0}, False),
)


@on_one_database
def test_it_is_given_in_its_period_for_its_regions_and_cities_while_there_is_one(database, town):
    expected = {make(database, **facts): is_given for facts, is_given in CASES}
    had = given(database, registers(town, town.desk(PLAIN)))
    assert {reward: reward in had for reward in expected} == expected


@on_one_database
def test_no_city_means_those_of_the_card_systems_and_everyone_where_one_has_none(database, town):
    town.rules(municipalities=["Gent"])
    here, anywhere = make(database), make(database, systems=frozenset({GENT, PASPARTOE}))
    desk = town.desk(PLAIN, ELSEWHERE)
    assert given(database, registers(town, desk)) == {here, anywhere}
    assert given(database, registers(town, desk, postcode="9300", place="Aalst")) == {anywhere}


@on_one_database
def test_a_region_that_grants_none_and_a_reward_that_ended_give_nothing(database, town):
    reward, desk = make(database), town.desk(PLAIN)
    with database.writing() as session:
        assert put_rules(session, RewardRules(card_system_id=GENT, grants_welcome=False), Keeper(1))
    assert given(database, registers(town, desk)) == set()
    with database.writing() as session:
        put_rules(session, RewardRules(card_system_id=GENT), Keeper(1))
        assert end_reward(session, session.get_one(Reward, reward), NOON, Keeper(1))
    assert given(database, registers(town, desk)) == set()


def test_who_joins_another_system_is_given_what_he_has_not(database, town):
    both = make(database, systems=frozenset({GENT, PASPARTOE}))
    there = make(database, system=PASPARTOE, systems=frozenset({PASPARTOE}))
    ref = registers(town, town.desk(PLAIN))
    assert given(database, ref) == {both}
    joins(database, ref, town.desk(PLAIN, system=PASPARTOE))
    assert given(database, ref) == {both, there}
    with database.reading() as session:
        assert session.get_one(Reward, both).units_taken == 1


def test_of_many_who_register_at_once_the_first_so_many_are_given_it(database, town):
    reward, desk = make(database, units=3), town.desk(PLAIN)
    make(database)
    cards = [town.card(desk) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        refs = list(pool.map(lambda card: registers(town, desk, card=card), cards))
    with database.reading() as session:
        assert session.get_one(Reward, reward).units_taken == 3
        grants = session.exec(select(RewardGrant).where(RewardGrant.reward_id == reward)).all()
        assert len({one.passholder_ref for one in grants} & set(refs)) == 3


@on_one_database
def test_it_stays_through_every_card_and_goes_with_the_person(database, town):
    reward, desk = make(database), town.desk(PLAIN)
    ref = registers(town, desk)
    fresh = town.card(desk)
    with database.writing() as session:
        membership = session.get_one(Membership, (ref, GENT))
        replace_card(session, membership, PriceReason.LOSS_THEFT, Joining(fresh), desk=desk, now=NOON)
    assert given(database, ref) == {reward}
    redeems(database, reward, ref, town.desk(TICKETS).counter_id)
    with database.writing() as session:
        delete_person(session, session.get_one(Passholder, ref), {GENT}, staff_id=1)
    with database.reading() as session:
        assert session.exec(select(RewardGrant)).all() == []
        assert session.exec(select(RewardRedemption)).all() == []
        assert session.get_one(Reward, reward).units_taken == 1


@on_one_database
def test_it_is_handed_out_once_and_again_when_it_was_taken_back(database, town):
    reward, counter = make(database), town.desk(TICKETS).counter_id
    ref = registers(town, town.desk(PLAIN))
    assert verdict(database, ref, counter) == RewardVerdict.POSSIBLE
    made = redeems(database, reward, ref, counter)
    assert refusal(database, reward, ref, counter) == RewardVerdict.TAKEN
    with database.writing() as session:
        redemption = session.get_one(RewardRedemption, made)
        assert take_back(session, redemption, giver_at(session, counter, 1))
        assert not take_back(session, redemption, giver_at(session, counter, 1))
    redeems(database, reward, ref, counter)
    with database.reading() as session:
        trail = [entry.action for entry in session.exec(select(AuditEntry)) if "reward" in entry.action]
    assert sorted(trail) == ["cancel-reward", "redeem-reward", "redeem-reward"]


def test_of_two_counters_that_hand_it_out_at_once_one_does(database, town):
    reward, ref = make(database), registers(town, town.desk(PLAIN))
    counters = [town.desk(TICKETS, name=name).counter_id for name in ("Bib", "Theater")]

    def attempt(counter):
        try:
            return redeems(database, reward, ref, counter)
        except RewardRefusedError as refused:
            return refused.verdict

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(attempt, counters))
    assert RewardVerdict.TAKEN in outcomes
    with database.reading() as session:
        assert len(session.exec(select(RewardRedemption)).all()) == 1


@on_one_database
def test_a_counter_hears_why_it_cannot_hand_a_reward_out(database, town):
    desk, counter = town.desk(PLAIN), town.desk(TICKETS).counter_id
    other = town.desk(TICKETS, name="Theater").counter_id
    reward = make(database, redeem=Period(NOON - DAY, NOON + DAY), counters=frozenset({counter}), units=1)
    ref, late = registers(town, desk), registers(town, desk)
    assert verdict(database, ref, other) == RewardVerdict.NOT_HERE
    assert verdict(database, ref, desk.counter_id) == RewardVerdict.NOT_HERE
    assert refusal(database, reward, ref, counter, now=NOON + 2 * DAY) == RewardVerdict.OUTSIDE_PERIOD
    assert refusal(database, reward, late, counter) == RewardVerdict.SOLD_OUT
    with database.writing() as session:
        put_rules(session, RewardRules(card_system_id=GENT, hands_out=False), Keeper(1))
    assert verdict(database, ref, counter) == RewardVerdict.SWITCHED_OFF
    with database.writing() as session:
        membership = session.get_one(Membership, (ref, GENT))
        membership.social_tariff, membership.social_tariff_end = True, NOON.date() - DAY
    assert verdict(database, ref, counter) == RewardVerdict.TARIFF_EXPIRED
    with database.writing() as session:
        session.get_one(Membership, (ref, GENT)).status = "blocked"
    assert verdict(database, ref, counter) == RewardVerdict.NO_ACTIVE_SYSTEM
    joins(database, ref, town.desk(PLAIN, system=PASPARTOE))
    assert verdict(database, ref, counter) == RewardVerdict.NOT_FOR_PERSON
    with database.writing() as session:
        card = session.exec(select(Card).where(Card.passholder_ref == ref)).one()
        block_card(session, card, desk)
    assert verdict(database, ref, counter) == RewardVerdict.CARD_INVALID
    with database.writing() as session:
        end_reward(session, session.get_one(Reward, reward), NOON, Keeper(1))
    assert verdict(database, ref, counter) == RewardVerdict.UNKNOWN


@on_one_database
def test_once_somebody_was_given_it_its_begin_is_frozen(database, town):
    reward, keeper = make(database, granting=Period(NOON - DAY), units=5), Keeper(1)

    def change(**changed):
        with database.writing() as session:
            row = session.get_one(Reward, reward)
            return change_reward(session, row, replace(facts_of(session, row), **changed), keeper)

    assert change(granting=Period(NOON - 2 * DAY))
    assert not change(granting=Period(NOON - 2 * DAY))
    registers(town, town.desk(PLAIN))
    for name in ("granting", "redeem"):
        with pytest.raises(FrozenError) as frozen:
            change(**{name: Period(NOON)})
        assert frozen.value.field == name
    assert change(granting=Period(NOON - 2 * DAY, NOON + DAY), units=9, title="Gratis thee")
