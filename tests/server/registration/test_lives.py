"""Whole lives of pashouders, in any order: what must never be, is never (issue D, proof that counts)."""

import shutil
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from fakes.town import AN, AUTHORISED, GENT, NOON, PASPARTOE, PLAIN, TICKETS, TODAY, Town
from server.cards.models import Card
from server.checkins.models import LEDGER
from server.feed.models import CardFeed
from server.feed.publisher import publish
from server.feed.rows import current_rows
from server.kernel.audit import AuditEntry
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.passholders.models import Membership, Passholder, RegistrationRules
from server.passholders.standing import is_active, social_tariff_on
from server.registration.facts import Fault, Joining, RefusedError
from server.registration.giving import block_card, unblock_card
from server.registration.leaving import delete_person
from server.registration.register import join, register
from server.registration.replacing import replace_card
from server.registration.tariff import block_membership, renew_tariff, suspend_tariff
from server.rewards.keeping import Keeper, RewardFacts, create_reward
from server.rewards.models import Reward, RewardGrant, RewardRedemption
from server.rewards.redeeming import RewardRefusedError, giver_at, redeem
from shared.domain.numbers import parse_uitpas_number
from shared.domain.prices import PriceReason
from shared.domain.rewards import Period

systems = st.sampled_from((GENT, PASPARTOE))
kinds = st.sampled_from((AUTHORISED, PLAIN, TICKETS))
untils = st.sampled_from((None, 0, 30, 200, 404, 405, -1))
"""Days from now on that a kansenstatuut is to last; the last two cannot be."""
COFFEE = RewardFacts("Gratis koffie", "Een tas koffie.", Period(NOON), units=3)
people = st.integers(0, 5)
some_card = st.integers(0, 30)


class Lives(RuleBasedStateMachine):
    """Counters with and without rights do things to people; refusals are fine, wrong states are not."""

    def __init__(self, folder, fresh):
        super().__init__()
        self.database = Database(fresh(folder), Vault(bytes(range(32))))
        self.town = Town(self.database)
        self.desks = {
            (kind, system): self.town.desk(kind, system=system, name=f"{kind} {system}")
            for kind in (AUTHORISED, PLAIN, TICKETS)
            for system in (GENT, PASPARTOE)
        }
        with self.database.writing() as session:
            session.add(
                RegistrationRules(
                    card_system_id=GENT, welcome_points=3, grace_days=10, municipalities=[], cardless="ALL"
                )
            )
            for systems_ in ({GENT}, {GENT, PASPARTOE}):
                create_reward(session, GENT, replace(COFFEE, systems=frozenset(systems_)), NOON, Keeper(1))
        self.now, self.serial, self.owners, self.given = NOON, count(), {}, set()

    def teardown(self):
        self.database.dispose()

    def attempt(self, deed):
        """Do something as one request does: what is refused leaves nothing behind."""
        with self.database.writing() as session, suppress(RefusedError, RewardRefusedError):
            return deed(session)

    def someone(self, session, place):
        found = [one for one in session.exec(select(Passholder).order_by(Passholder.ref)) if one.last_name]
        return found[place % len(found)] if found else None

    def member(self, session, place, system):
        holder = self.someone(session, place)
        return None if holder is None else session.get(Membership, (holder.ref, system))

    def joining(self, desk, until, *, tariff, given=True, digital=False):
        number = self.town.card(desk, tariff=tariff) if given else ""
        day = None if until is None else self.now.date() + timedelta(days=until)
        return Joining(number, day, is_digital=digital)

    @rule(kind=kinds, system=systems, until=untils, tariff=st.booleans(), digital=st.booleans())
    def register(self, *, kind, system, until, tariff, digital):
        desk = self.desks[kind, system]
        person = replace(AN, insz="", last_name=f"Peeters {next(self.serial)}")
        wanted = self.joining(desk, until, tariff=tariff, digital=digital)
        made = self.attempt(lambda session: register(session, person, wanted, desk, self.now).ref)
        assert made is None or kind == AUTHORISED, (
            "a plain counter registers nobody without a national number"
        )

    @rule(kind=kinds, system=systems, place=people, until=untils, tariff=st.booleans(), given=st.booleans())
    def join(self, *, kind, system, place, until, tariff, given):
        desk = self.desks[kind, system]
        wanted = self.joining(desk, until, tariff=tariff, given=given)

        def deed(session):
            holder = self.someone(session, place)
            return holder and join(session, holder, wanted, desk, self.now)

        made = self.attempt(deed)
        assert not made or kind != TICKETS

    @rule(kind=kinds, system=systems, place=people, reason=st.sampled_from(list(PriceReason)), until=untils,
          tariff=st.booleans(), digital=st.booleans())  # fmt: skip
    def replace(self, *, kind, system, place, reason, until, tariff, digital):
        desk = self.desks[kind, system]
        wanted = self.joining(desk, until, tariff=tariff, digital=digital)

        def deed(session):
            member = self.member(session, place, system)
            return member and replace_card(session, member, reason, wanted, desk=desk, now=self.now)

        made = self.attempt(deed)
        assert not made or kind != TICKETS
        if made and reason in {PriceReason.OBTAIN_KANSENSTATUUT, PriceReason.LOSS_KANSENSTATUUT}:
            assert kind == AUTHORISED

    @rule(kind=kinds, system=systems, place=people, until=untils)
    def renew(self, kind, system, place, until):
        desk = self.desks[kind, system]
        day = self.now.date() + timedelta(days=until or 0)

        def deed(session):
            member = self.member(session, place, system)
            return member and (renew_tariff(session, member, day, desk, self.now) or "renewed")

        assert self.attempt(deed) != "renewed" or kind == AUTHORISED

    @rule(kind=kinds, system=systems, which=some_card)
    def block(self, kind, system, which):
        def deed(session):
            cards = session.exec(select(Card).order_by(Card.uitpas_number)).all()
            return cards and block_card(session, cards[which % len(cards)], self.desks[kind, system])

        self.attempt(deed)

    @rule(which=some_card)
    def unblock(self, which):
        def deed(session):
            cards = session.exec(select(Card).order_by(Card.uitpas_number)).all()
            return cards and unblock_card(session, cards[which % len(cards)], staff_id=1)

        self.attempt(deed)

    @rule(system=systems, place=people, blocked=st.booleans(), days=st.sampled_from((None, 5)))
    def the_ksb_steps_in(self, system, place, blocked, days):
        def deed(session):
            member = self.member(session, place, system)
            if member:
                block_membership(session, member, blocked=blocked, staff_id=1)
                suspend_tariff(session, member, days and self.now.date() + timedelta(days=days), staff_id=1)

        self.attempt(deed)

    @rule(kind=kinds, system=systems, place=people, which=st.sampled_from((1, 2)))
    def hand_out(self, kind, system, place, which):
        def deed(session):
            holder, giver = (
                self.someone(session, place),
                giver_at(session, self.desks[kind, system].counter_id, 1),
            )
            reward = session.get_one(Reward, which)
            return holder and redeem(session, reward, holder.ref, giver, self.now)

        assert not self.attempt(deed) or kind == TICKETS

    @rule(place=people, systems=st.sampled_from(((GENT,), (GENT, PASPARTOE))))
    def delete(self, place, systems):
        def deed(session):
            holder = self.someone(session, place)
            return holder and delete_person(session, holder, systems, staff_id=1)

        self.attempt(deed)

    @precondition(lambda self: self.now < NOON + timedelta(days=1_000))
    @rule(days=st.sampled_from((1, 10, 200)))
    def time_goes_by(self, days):
        self.now += timedelta(days=days)

    @invariant()
    def a_card_shows_what_its_holder_is(self):
        with self.database.reading() as session:
            members = {
                (one.passholder_ref, one.card_system_id): one for one in session.exec(select(Membership))
            }
            for card in session.exec(select(Card).where(Card.state == "ACTIVE")):
                member = members[card.passholder_ref, card.card_system_id]
                assert parse_uitpas_number(card.uitpas_number).social_tariff == member.social_tariff

    @invariant()
    def a_card_stays_with_who_got_it_and_goes_out_of_use_with_him(self):
        with self.database.reading() as session:
            cards = {card.uitpas_number: card for card in session.exec(select(Card))}
        for number, owner in self.owners.items():
            card = cards[number]
            assert card.passholder_ref == owner or (card.passholder_ref, card.state) == (None, "DELETED")
        self.owners |= {number: card.passholder_ref for number, card in cards.items() if card.passholder_ref}

    @invariant()
    def points_are_what_the_ledger_says(self):
        with self.database.reading() as session:
            sums = {}
            for ref, points in session.exec(select(LEDGER.c.passholder_ref, LEDGER.c.points)):
                sums[ref] = sums.get(ref, 0) + points
            assert {one.ref: one.points for one in session.exec(select(Passholder)) if one.points} == sums

    @invariant()
    def a_welcome_reward_stays_with_who_was_given_it_and_there_are_never_more(self):
        with self.database.reading() as session:
            here = {one.ref for one in session.exec(select(Passholder)) if one.last_name}
            given = {(one.passholder_ref, one.reward_id) for one in session.exec(select(RewardGrant))}
            taken = [(one.passholder_ref, one.reward_id) for one in session.exec(select(RewardRedemption))]
            counts = {one.id: (one.units_taken, one.units) for one in session.exec(select(Reward))}
        assert {one for one in self.given if one[0] in here} <= given
        self.given |= given
        assert set(taken) <= given
        assert len(taken) == len(set(taken)), "handed out twice"
        for reward, (said, units) in counts.items():
            assert sum(one[1] == reward for one in self.given) == said <= units

    @invariant()
    def a_kansenstatuut_is_what_its_dates_say(self):
        today = self.now.date()
        with self.database.reading() as session:
            for one in session.exec(select(Membership)):
                tariff = social_tariff_on(one, today)
                assert (tariff is None) == (not one.social_tariff)
                if tariff and one.status == "active":
                    assert is_active(one, today) == (tariff.status != "EXPIRED")

    @invariant()
    def every_deed_is_in_the_trail_and_every_zuil_hears_of_it(self):
        with self.database.reading() as session:
            given = session.exec(select(Card).where(Card.passholder_ref.is_not(None))).all()
            trail = session.exec(select(AuditEntry)).all()
        noted = {entry.detail.get("card") for entry in trail}
        assert {card.uitpas_number for card in given} <= noted
        publish(self.database)
        with self.database.reading() as session:
            numbers = [card.uitpas_number for card in given]
            due = {
                (row.system, row.token): (row.state, row.passholder) for row in current_rows(session, numbers)
            }
            held = {
                (row.card_system_id, row.token): (row.state, row.passholder_ref)
                for row in session.exec(select(CardFeed).where(CardFeed.uitpas_number.in_(numbers)))
                if (row.card_system_id, row.token) in due
            }
        assert held == due


@pytest.fixture
def fresh(sqlite_template):
    """Return a function that makes a fresh database and returns its address."""
    numbers = count()

    def make(folder):
        file = folder / f"{next(numbers)}.db"
        shutil.copy(sqlite_template, file)
        return f"sqlite:///{file}"

    return make


def lead(tmp_path, fresh, **more):
    usual = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(lambda: Lives(tmp_path, fresh), settings=settings(**usual, **more))


def test_whatever_counters_do_nothing_that_must_not_be_ever_is(tmp_path, fresh):
    lead(tmp_path, fresh, max_examples=8, stateful_step_count=25, derandomize=True)


@pytest.mark.slow
def test_long_lives_that_were_never_tried_before(tmp_path, fresh):
    lead(tmp_path, fresh, max_examples=150, stateful_step_count=50)


def test_a_card_of_before_the_kansenstatuut_came_is_not_let_in_again(tmp_path, fresh):
    lives = Lives(tmp_path, fresh)
    desk = lives.desks[AUTHORISED, GENT]
    old = lives.town.card(desk)
    lives.attempt(lambda session: register(session, AN, Joining(old), desk, NOON))
    wanted = lives.joining(desk, 30, tariff=True)

    def obtain(session):
        member, reason = lives.member(session, 0, GENT), PriceReason.OBTAIN_KANSENSTATUUT
        return replace_card(session, member, reason, wanted, desk=desk, now=NOON)

    assert lives.attempt(obtain)
    with lives.database.writing() as session, pytest.raises(RefusedError) as refused:
        unblock_card(session, session.get_one(Card, old), staff_id=1)
    assert refused.value.faults == {"card": Fault.CARD_OUTDATED}
    lives.teardown()


def test_the_last_day_counts_whole():
    one = Membership(
        passholder_ref=1, card_system_id=GENT, social_tariff=True, grace_days=2, social_tariff_end=TODAY
    )
    days = [TODAY + timedelta(days=more) for more in range(4)]
    states = [social_tariff_on(one, day) for day in days]
    assert [(state.status, state.in_grace) for state in states] == [
        ("ACTIVE", False),
        ("ACTIVE", True),
        ("ACTIVE", True),
        ("EXPIRED", False),
    ]
    one.suspended_until = TODAY + timedelta(days=1)
    assert [social_tariff_on(one, day).status for day in days] == [
        "SUSPENDED",
        "SUSPENDED",
        "ACTIVE",
        "EXPIRED",
    ]
    assert social_tariff_on(Membership(passholder_ref=1, card_system_id=GENT), date.max) is None
