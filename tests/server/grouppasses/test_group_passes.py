"""Group passes: made, used, limited, refused for points (rules 12.6-12.10)."""

import threading
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlmodel import select

from fakes.scene import EVENT, add_region
from server.cards.models import Card
from server.checkins.facts import card_by_number, events_by_id
from server.checkins.ledger import Arrival, Claim, judge
from server.checkins.models import Source
from server.feed.models import CardFeed
from server.feed.publisher import publish
from server.grouppasses.making import (
    CardFault,
    CardRefusedError,
    PassFacts,
    block_group_pass,
    change_group_pass,
    find_group_pass,
    is_replaced,
    make_group_pass,
    passes_of,
    replace_card,
)
from server.grouppasses.models import GroupPass, GroupPassUse, GroupPassYear
from server.grouppasses.tickets import Seller, TicketsRefusedError, facts_on, give_back, use_tickets, uses_of
from server.kernel.audit import AuditEntry
from server.kernel.bulk import Bulk
from server.kernel.ids import new_id
from shared.domain.checkin import CardState, decide, facts_from_row
from shared.domain.grouppasses import GroupPassFacts, GroupPassRefusal, available_tickets, ticket_refusal
from shared.domain.numbers import make_uitpas_number
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SYSTEM = 5
GROUP = PassFacts("Jeugdhuis De Kaai", "9000", "Gent", tickets_per_year=10)


@pytest.fixture
def region(database):
    with database.writing() as session:
        add_region(session)
    return database


def card(database, serial=1, *, social_tariff=True, state="LOCAL_STOCK", system=SYSTEM):
    number = make_uitpas_number("09000", serial, social_tariff=social_tariff)
    with database.writing() as session:
        chip = f"04{serial:012X}"
        session.add(Card(uitpas_number=number, chip_number=chip, card_system_id=system, state=state))
    return number


def make(database, number, facts=GROUP):
    with database.writing() as session:
        return make_group_pass(session, SYSTEM, number, facts, NOW, staff_id=1).id


def use(database, pass_id, tickets=1, now=NOW):
    with database.writing() as session:
        return use_tickets(session, session.get_one(GroupPass, pass_id), tickets, now, Seller(None, 1)).id


def left(database, pass_id, now=NOW):
    with database.reading() as session:
        return available_tickets(facts_on(session, session.get_one(GroupPass, pass_id), now))


def test_a_card_in_stock_becomes_a_group_pass_and_is_found_by_number_and_chip(region):
    number = card(region)
    made = make(region, number)
    with region.reading() as session:
        found = session.get_one(Card, number)
        assert (found.state, found.group_pass, found.passholder_ref) == ("ACTIVE", True, None)
        for typed in (number, found.chip_number):
            assert find_group_pass(session, typed).id == made
        (deed,) = session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "group_pass"))
    assert (deed.action, deed.detail["tickets"]) == ("create", 10)


@pytest.mark.parametrize(
    ("options", "tickets", "fault"),
    [
        ({"state": "STOCK"}, 10, CardFault.NOT_IN_STOCK),
        ({"state": "ACTIVE"}, 10, CardFault.NOT_IN_STOCK),
        ({"social_tariff": False}, 10, CardFault.ONLY_WITHOUT_TARIFF),
        ({"social_tariff": True}, None, CardFault.ONLY_WITH_TARIFF),
    ],
)
def test_another_card_is_refused(region, options, tickets, fault):
    number = card(region, **options)
    facts = PassFacts("Groep", "9000", "Gent", tickets_per_year=tickets)
    with pytest.raises(CardRefusedError) as refused:
        make(region, number, facts)
    assert refused.value.reason == fault


def test_one_card_is_one_group_pass(region):
    number = card(region)
    make(region, number)
    with pytest.raises(CardRefusedError):
        make(region, number)
    with pytest.raises(CardRefusedError) as refused:
        make(region, "0900000000000")
    assert refused.value.reason == CardFault.UNKNOWN


class TestPoints:
    """A zuil tells a group pass from a card by itself, and so does the server."""

    def row(self, database, number):
        publish(database)
        with database.reading() as session:
            found = session.exec(select(CardFeed).where(CardFeed.uitpas_number == number)).one()
            return facts_from_row(found.passholder_ref, found.state, found.active_until)

    def test_a_zuil_says_that_a_group_pass_saves_none(self, region):
        number = card(region)
        made = make(region, number)
        assert decide(self.row(region, number), None, [], NOW).outcome is Outcome.GROUP_PASS
        with region.writing() as session:
            block_group_pass(session, session.get_one(GroupPass, made), blocked=True, staff_id=1)
        assert decide(self.row(region, number), None, [], NOW).outcome is Outcome.CARD_BLOCKED

    def test_the_server_gives_none_either(self, region):
        number, now = card(region), datetime.now(UTC)
        make(region, number)
        with region.writing() as session:
            at = to_millis(now)
            claim = Claim(
                id=new_id(),
                at=at,
                wall=at,
                shown=None,
                event_id=EVENT,
                event=events_by_id(Bulk(session), [EVENT], None)[EVENT],
                card=card_by_number(session, number),
            )
            (judged,) = judge(session, [claim], Arrival(Source.QR, at))
        assert (judged.decision.outcome, judged.decision.points, judged.total) == (
            Outcome.GROUP_PASS,
            0,
            None,
        )


class TestTickets:
    def test_a_group_gets_its_tickets_and_no_more(self, region):
        made = make(region, card(region))
        use(region, made, 7)
        with pytest.raises(TicketsRefusedError) as refused:
            use(region, made, 4)
        assert refused.value.reason == GroupPassRefusal.TOO_MANY
        use(region, made, 3)
        assert left(region, made) == 0

    def test_a_new_calendar_year_in_brussels_begins_anew(self, region):
        made = make(region, card(region))
        last, first = datetime(2026, 12, 31, 22, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, tzinfo=UTC)
        use(region, made, 10, last)
        assert (left(region, made, last), left(region, made, first)) == (0, 10)
        use(region, made, 10, first)

    def test_of_many_who_want_the_last_tickets_at_once_as_many_get_them_as_there_are(self, region):
        made = make(region, card(region))
        outcomes = []

        def take():
            try:
                outcomes.append(use(region, made, 3) > 0)
            except TicketsRefusedError:
                outcomes.append(False)

        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (sum(outcomes), left(region, made)) == (3, 1)
        with region.reading() as session:
            assert sum(one.tickets for one in session.exec(select(GroupPassUse))) == 9

    def test_what_is_given_back_counts_no_more_and_is_given_back_once(self, region):
        made = make(region, card(region))
        used = use(region, made, 6)
        for expected in (True, False):
            with region.writing() as session:
                found = session.get_one(GroupPassUse, used)
                assert give_back(session, found, NOW, Seller(None, 1)) == expected
        assert left(region, made) == 10
        with region.reading() as session:
            assert session.exec(select(GroupPassYear.used)).one() == 0
            assert [one.cancelled_at for one in uses_of(session, made)] == [NOW]

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"tariff_end": date(2026, 11, 21)}, GroupPassRefusal.EXPIRED),
            ({"tariff_end": date(2026, 11, 22)}, None),
            ({"tickets_per_year": 0}, GroupPassRefusal.TOO_MANY),
        ],
    )
    def test_the_ksb_changes_what_a_group_may(self, region, changed, refusal):
        made = make(region, card(region))
        with region.writing() as session:
            facts = PassFacts(**GROUP.__dict__ | changed)
            assert change_group_pass(session, session.get_one(GroupPass, made), facts, staff_id=1)
            assert not change_group_pass(session, session.get_one(GroupPass, made), facts, staff_id=1)
        if refusal is None:
            assert use(region, made)
            return
        with pytest.raises(TicketsRefusedError) as refused:
            use(region, made)
        assert refused.value.reason == refusal

    def test_a_blocked_pass_and_one_without_kansentarief_get_none(self, region):
        blocked = make(region, card(region))
        plain = make(region, card(region, 2, social_tariff=False), PassFacts("Buurt", "9000", "Gent"))
        with region.writing() as session:
            assert block_group_pass(session, session.get_one(GroupPass, blocked), blocked=True, staff_id=1)
            assert not block_group_pass(session, session.get_one(GroupPass, plain), blocked=False, staff_id=1)
        for one, reason in ((blocked, GroupPassRefusal.NOT_IN_USE), (plain, GroupPassRefusal.NO_TARIFF)):
            with pytest.raises(TicketsRefusedError) as refused:
                use(region, one)
            assert refused.value.reason == reason
        with region.writing() as session:
            block_group_pass(session, session.get_one(GroupPass, blocked), blocked=False, staff_id=1)
        assert use(region, blocked)


def test_group_passes_are_paged_by_name_and_found_by_how_a_name_begins(region):
    names = [f"Groep {place:02d}" for place in range(30)]
    for place, name in enumerate(names):
        make(region, card(region, place + 1), PassFacts(name, "9000", "Gent", tickets_per_year=1))
    with region.reading() as session:
        first = passes_of(session, SYSTEM)
        second = passes_of(session, SYSTEM, after=(first[-1].name, first[-1].id))
        assert [one.name for one in first + second] == names
        assert [one.name for one in passes_of(session, SYSTEM, word="groep 2")] == names[20:]
        assert [one.name for one in passes_of(session, SYSTEM, word=first[3].uitpas_number)] == [names[3]]
        assert passes_of(session, 3) == []


@given(
    some.builds(
        GroupPassFacts,
        some.sampled_from(CardState),
        some.none() | some.integers(0, 30),
        some.none() | some.dates(date(2026, 11, 1), date(2026, 12, 1)),
        some.integers(0, 30),
    ),
    some.integers(-2, 40),
)
def test_who_is_not_refused_has_enough_left(facts, wanted):
    day = date(2026, 11, 15)
    if ticket_refusal(facts, wanted, day) is None:
        assert facts.state is CardState.ACTIVE
        assert 1 <= wanted <= available_tickets(facts) <= facts.tickets_per_year
        assert facts.tariff_end is None or day <= facts.tariff_end


def test_a_group_that_lost_its_card_goes_on_with_another_one(region):
    lost, fresh = card(region), card(region, 2)
    pass_id = make(region, lost)
    use(region, pass_id, 4)
    with region.writing() as session:
        replace_card(session, session.get_one(GroupPass, pass_id), fresh, staff_id=1)
    assert left(region, pass_id) == 6
    with region.reading() as session:
        assert find_group_pass(session, fresh).id == pass_id
        assert (find_group_pass(session, lost), is_replaced(session, lost)) == (None, True)
        assert not is_replaced(session, fresh)
        states = [
            (session.get_one(Card, one).state, session.get_one(Card, one).group_pass) for one in (lost, fresh)
        ]
        assert states == [("BLOCKED", True), ("ACTIVE", True)]
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "replace-card")).all()
        assert entry.detail == {"before": lost, "after": fresh}
    publish(region)
    with region.reading() as session:
        rows = {row.uitpas_number: row.state for row in session.exec(select(CardFeed))}
    assert rows[lost] != rows[fresh]


def test_another_card_of_a_group_has_to_be_in_stock_and_of_the_right_kind(region):
    pass_id = make(region, card(region))
    plain, given = card(region, 2, social_tariff=False), card(region, 3, state="ACTIVE")
    for number, reason in (
        (plain, CardFault.ONLY_WITHOUT_TARIFF),
        (given, CardFault.NOT_IN_STOCK),
        ("0900000000000", CardFault.UNKNOWN),
    ):
        with pytest.raises(CardRefusedError) as refused, region.writing() as session:
            replace_card(session, session.get_one(GroupPass, pass_id), number, staff_id=1)
        assert refused.value.reason is reason
    assert left(region, pass_id) == 10
