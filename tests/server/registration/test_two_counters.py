"""Somebody at two counters in the same moment: the second finds what the first did."""

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlmodel import select

from fakes.town import AN, AUTHORISED, GENT, PASPARTOE
from server.cards.models import Card
from server.passholders.models import Membership, Passholder
from server.registration.facts import Fault, Joining, RefusedError
from server.registration.giving import unblock_card
from server.registration.leaving import delete_person
from server.registration.register import join, register
from server.registration.replacing import replace_card
from server.registration.tariff import renew_tariff
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
"""SQLite has one writer."""

NOW = datetime.now(UTC)
APRIL, JUNE = (datetime(NOW.year + 1, month, 30, tzinfo=UTC).date() for month in (4, 6))


@pytest.fixture
def desk(town):
    return town.desk(AUTHORISED)


@pytest.fixture
def ref(database, town, desk):
    card = town.card(desk)
    with database.writing() as session:
        return register(session, AN, Joining(card), desk, NOW).ref


@contextmanager
def first(database, second):
    """Yield a session; `second` begins in another before this one commits, and waits. Say how it ended."""
    ended = []

    def run():
        try:
            with database.writing() as session:
                second(session)
        except RefusedError as refused:
            ended.append(refused.faults)
        else:
            ended.append(None)

    thread = threading.Thread(target=run)
    with database.writing() as session:
        yield session, ended
        session.flush()
        thread.start()
        deadline = time.monotonic() + 60
        while not waits_for_a_lock(database):
            assert thread.is_alive(), "the second did not wait"
            assert time.monotonic() < deadline
            time.sleep(0.01)
    thread.join()


def waits_for_a_lock(database):
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with database.engine.connect() as connection:
        return connection.execute(asked).scalar()


def replacing(desk, ref, card, reason, until=None):
    def deed(session):
        membership = session.get_one(Membership, (ref, GENT))
        return replace_card(session, membership, reason, Joining(card, until), desk=desk, now=NOW)

    return deed


def working(database, ref):
    with database.reading() as session:
        own = select(Card.uitpas_number).where(Card.passholder_ref == ref, Card.state == "ACTIVE")
        return session.exec(own).all()


def test_who_gets_a_card_at_both_is_left_with_the_second(database, town, desk, ref):
    one, other = town.card(desk), town.card(desk)
    with first(database, replacing(desk, ref, other, PriceReason.LOSS_THEFT)) as (session, ended):
        replacing(desk, ref, one, PriceReason.LOSS_THEFT)(session)
    assert (ended, working(database, ref)) == ([None], [other])


def test_a_plain_card_is_not_given_to_who_just_got_the_kansenstatuut(database, town, desk, ref):
    plain, tariff = town.card(desk), town.card(desk, tariff=True)
    with first(database, replacing(desk, ref, plain, PriceReason.LOSS_THEFT)) as (session, ended):
        replacing(desk, ref, tariff, PriceReason.OBTAIN_KANSENSTATUUT, APRIL)(session)
    assert ended == [{"card": Fault.CARD_WITHOUT_TARIFF}]
    assert working(database, ref) == [tariff]


def test_a_plain_card_is_not_freed_for_who_just_got_the_kansenstatuut(database, town, desk, ref):
    (old,) = working(database, ref)
    plain, tariff = town.card(desk), town.card(desk, tariff=True)
    with database.writing() as session:
        replacing(desk, ref, plain, PriceReason.LOSS_THEFT)(session)

    def free(session):
        unblock_card(session, session.get_one(Card, old), staff_id=1)

    with first(database, free) as (session, ended):
        replacing(desk, ref, tariff, PriceReason.OBTAIN_KANSENSTATUUT, APRIL)(session)
    assert (ended, working(database, ref)) == ([{"card": Fault.CARD_OUTDATED}], [tariff])


def test_who_joins_at_both_is_a_member_once_and_the_second_hears_so(database, town, ref):
    elsewhere = town.desk(AUTHORISED, system=PASPARTOE)

    def joins(session):
        join(session, session.get_one(Passholder, ref), Joining(), elsewhere, NOW)

    with first(database, joins) as (session, ended):
        joins(session)
    assert ended == [{"system": Fault.MEMBER_ALREADY}]


def test_a_kansenstatuut_is_never_made_shorter_by_the_slower_counter(database, town, desk, ref):
    tariff = town.card(desk, tariff=True)
    with database.writing() as session:
        today = local_day(NOW)
        replacing(desk, ref, tariff, PriceReason.OBTAIN_KANSENSTATUUT, today)(session)

    def renews(until):
        return lambda session: renew_tariff(
            session, session.get_one(Membership, (ref, GENT)), until, desk, NOW
        )

    with first(database, renews(APRIL)) as (session, ended):
        renews(JUNE)(session)
    assert ended == [{"tariff_until": Fault.TARIFF_NOT_LATER}]


def test_who_is_deleted_meanwhile_gets_no_card(database, town, desk, ref):
    card = town.card(desk)
    with first(database, replacing(desk, ref, card, PriceReason.LOSS_THEFT)) as (session, ended):
        delete_person(session, session.get_one(Passholder, ref), [GENT], staff_id=1)
    assert (ended, working(database, ref)) == ([{"system": Fault.NOT_A_MEMBER}], [])
