"""The publisher of a process tells what anybody published, not only what it published itself."""

import pytest

from server.feed.changes import commands_changed, kiosks_changed
from server.feed.publisher import publish
from server.feed.runner import FeedRunner


@pytest.fixture
def heard():
    return []


@pytest.fixture
def runner(database, heard):
    """The publisher of a process that runs for a while; its turns are taken by hand."""
    runner = FeedRunner(database, heard.append)
    with database.writing() as session:
        kiosks_changed(session, [1])
    publish(database)
    runner._catch_up()
    heard.clear()
    return runner


def note(database, change, *kiosks):
    with database.writing() as session:
        change(session, kiosks)


def test_an_order_that_a_zuil_published_by_asking_for_changes_is_told(database, runner, heard):
    note(database, commands_changed, 7)
    publish(database)
    runner._catch_up()
    assert [touched.ordered for touched in heard] == [{7}]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_somebody_published_before_its_own_turn_is_not_skipped(database, runner, heard):
    note(database, kiosks_changed, 3)
    note(database, commands_changed, 7)
    publish(database)
    note(database, commands_changed, 8)
    runner._turn()
    (touched,) = heard
    assert touched.concerns(3)
    assert touched.ordered == {7, 8}
    runner._turn()
    assert len(heard) == 1, "once"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_its_own_publication_only_who_it_concerns_is_woken(database, runner, heard):
    note(database, kiosks_changed, 3)
    note(database, commands_changed, 7)
    runner._turn()
    (touched,) = heard
    assert (touched.concerns(3), touched.concerns(4), touched.ordered) == (True, False, {7})


def test_after_a_lost_connection_orders_given_meanwhile_are_told_and_older_ones_are_not(
    database, runner, heard
):
    note(database, commands_changed, 7)
    publish(database)
    runner._catch_up()
    note(database, commands_changed, 9)
    publish(database)
    runner._catch_up()
    assert [touched.ordered for touched in heard] == [{7}, {9}]
