"""Packages of cards: to a counter, arrived, called back; who may have them; how many there are."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text
from sqlmodel import col, select

from fakes.smtp import SmtpServer
from server.cards.counts import CounterStock, add_up, cards_of, stock_at
from server.cards.levels import levels_of, set_level, warn_of_low_stock
from server.cards.models import Card, CardCount, CardPackage
from server.cards.ordering import Wanted, numbers_of, order_cards
from server.cards.packages import (
    PAGE,
    Mover,
    MoveRefusedError,
    Refusal,
    call_back,
    confirm_arrival,
    contents_of,
    package_with,
    packages_in,
    send_packages,
)
from server.cards.stock import import_stock
from server.cardsystems.groups import groups_of
from server.cardsystems.rights import CounterRight
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.feed.models import Change
from server.kernel.audit import AuditEntry
from server.kernel.mail import Postbox
from server.kernel.outbox import send_mails
from server.migrations.run import migrate
from server.staff.models import Staff, StaffRole
from shared.domain.cardchecks import CardRefusal, judge_stock
from shared.domain.checkin import CardState
from shared.domain.numbers import SERIALS, make_uitpas_number
from shared.domain.packages import NEXT, PACKAGE_SIZE, before, package_of, place_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KSB = Mover(staff_id=1)
PREFIX = "09450"


def make_counter(session, name, *rights):
    """Make a counter in the groups that have exactly these rights."""
    groups = {one.id for one in groups_of(session, [1]) if one.rights and set(one.rights) <= set(rights)}
    return create_counter(session, CounterFacts(name, None, None, frozenset({1}), frozenset(groups)))


class Region:
    """A card system with three counters, and its cards."""

    def __init__(self, database):
        self.database = database
        with database.writing() as session:
            create_card_system(session, 1, "UiTPAS Dender", prefixes=[PREFIX])
            self.tickets = make_counter(session, "Tickets")
            self.library = make_counter(session, "Bib", CounterRight.REGISTER)
            granting = {CounterRight.GRANT_SOCIAL_TARIFF, CounterRight.REGISTER_WITHOUT_INSZ}
            self.house = make_counter(session, "Sociaal Huis", *granting)

    def take_in(self, count, *, social_tariff=False, only=None):
        """Have cards printed and taken into stock; return their numbers."""
        with self.database.writing() as session:
            wanted = Wanted(PREFIX, count, social_tariff)
            numbers = list(numbers_of(order_cards(session, 1, wanted, NOW, staff_id=1)))
        import_stock(self.database, 1, [line_of(number) for number in numbers[:only]])
        return numbers

    def do(self, deed, *arguments, mover=KSB):
        with self.database.writing() as session:
            return deed(session, *arguments, NOW, mover)

    def package(self, number):
        with self.database.reading() as session:
            return package_with(session, number)

    def states(self):
        with self.database.reading() as session:
            found = session.exec(select(Card.uitpas_number, Card.state, Card.counter_id))
            return {number: (state, counter) for number, state, counter in found}

    def counts(self):
        with self.database.reading() as session:
            return cards_of(session, 1)

    def stock(self, counter):
        with self.database.reading() as session:
            return stock_at(session, counter_id=counter)


def line_of(number):
    return f'"04{int(number):012X}";"{number}"'.encode()


@pytest.fixture
def region(database):
    return Region(database)


@given(some.integers(0, SERIALS - 1), some.integers(1, 1000), some.booleans())
def test_an_order_is_packed_in_fifties_from_its_start(first, count, social_tariff):
    numbers = [
        make_uitpas_number(PREFIX, serial, social_tariff=social_tariff)
        for serial in range(first, min(first + count, SERIALS))
    ]
    start = place_of(numbers[0])
    packages = [package_of(number, start) for number in numbers]
    assert packages == [start + place // PACKAGE_SIZE * PACKAGE_SIZE for place in range(len(numbers))]


def test_every_state_leads_where_the_table_of_the_rules_says():
    assert {state.name: {one.name for one in following} for state, following in NEXT.items()} == {
        "PROVISIONED": {"STOCK", "DELETED"},
        "STOCK": {"SENT_TO_BALIE", "DELETED"},
        "SENT_TO_BALIE": {"LOCAL_STOCK", "STOCK"},
        "LOCAL_STOCK": {"ACTIVE", "STOCK"},
        "ACTIVE": {"BLOCKED"},
        "BLOCKED": {"ACTIVE"},
        "DELETED": set(),
    }
    assert before(CardState.ACTIVE) == {CardState.LOCAL_STOCK, CardState.BLOCKED}


def test_a_package_goes_to_a_counter_arrives_and_its_cards_are_there(region):
    numbers = region.take_in(120)
    package = region.package(numbers[60])
    assert region.do(send_packages, {package.id}, region.library) == 50
    assert region.states()[numbers[60]] == ("SENT_TO_BALIE", region.library)
    assert region.states()[numbers[49]] == ("STOCK", None)
    assert region.stock(region.library) == [CounterStock(region.library, 1, False, 50, 0)]
    at_the_counter = Mover(staff_id=7, counter_id=region.library)
    assert region.do(confirm_arrival, {package.id}, mover=at_the_counter) == 50
    assert region.stock(region.library) == [CounterStock(region.library, 1, False, 0, 50)]
    with region.database.reading() as session:
        (held,) = contents_of(session, packages_in(session, CardState.LOCAL_STOCK, system=1)).values()
        deeds = session.exec(select(AuditEntry).where(AuditEntry.action == "confirm-cards")).all()
        told = {key for change in session.exec(select(Change)) for key in change.keys}
    assert held == (50, numbers[50], numbers[99])
    assert [(deed.staff_id, deed.counter_id) for deed in deeds] == [(7, region.library)]
    assert set(numbers) <= told


def test_what_people_have_by_now_stays_theirs_when_a_package_is_called_back(region):
    numbers = region.take_in(50)
    package = region.package(numbers[0])
    region.do(send_packages, {package.id}, region.library)
    region.do(confirm_arrival, {package.id})
    with region.database.writing() as session:
        session.get_one(Card, numbers[3]).state = "ACTIVE"
    assert region.do(call_back, {region.package(numbers[3]).id}) == 49
    assert region.states()[numbers[3]] == ("ACTIVE", region.library)
    assert {state for number, state in region.states().items() if number != numbers[3]} == {("STOCK", None)}
    assert region.do(send_packages, {package.id}, region.house) == 49


def test_packages_are_paged_and_one_that_is_given_out_is_not_shown(region):
    numbers = region.take_in(PAGE * 50 + 100)
    with region.database.reading() as session:
        first = packages_in(session, CardState.STOCK, system=1)
        rest = packages_in(session, CardState.STOCK, system=1, after=first[-1].id)
    ids = [one.id for one in first + rest]
    assert (len(first), len(ids), ids) == (PAGE, PAGE + 2, sorted(ids))
    region.do(send_packages, {ids[0], ids[1]}, region.library)
    region.do(confirm_arrival, {ids[0], ids[1]})
    with region.database.writing() as session:
        for number in numbers[:50]:
            session.get_one(Card, number).state = "ACTIVE"
    with region.database.reading() as session:
        held = packages_in(session, CardState.LOCAL_STOCK, counter_id=region.library)
        assert [one.id for one in held] == [ids[1]]
        assert packages_in(session, CardState.LOCAL_STOCK, counter_id=region.house) == []


@pytest.mark.parametrize(
    ("deed", "state", "refusal"),
    [
        (confirm_arrival, "STOCK", Refusal.NOT_ON_THE_WAY),
        (confirm_arrival, "LOCAL_STOCK", Refusal.NOT_ON_THE_WAY),
        (call_back, "STOCK", Refusal.NOT_AT_A_COUNTER),
    ],
)
def test_a_package_does_not_skip_a_state(region, deed, state, refusal):
    package = region.package(region.take_in(50)[0])
    with region.database.writing() as session:
        session.get_one(CardPackage, package.id).state = state
    with pytest.raises(MoveRefusedError) as refused:
        region.do(deed, {package.id})
    assert refused.value.reason == refusal


def test_of_several_packages_none_goes_when_one_cannot(region):
    first, second = (region.package(region.take_in(50)[0]).id for _ in range(2))
    region.do(send_packages, {first}, region.library)
    with pytest.raises(MoveRefusedError) as refused:
        region.do(send_packages, {first, second}, region.library)
    assert refused.value.reason == Refusal.NOT_IN_STOCK
    assert region.counts()[CardState.STOCK, False] == 50


def test_cards_go_to_registration_counters_only_and_with_kansentarief_to_authorised_ones(region):
    plain = region.package(region.take_in(50)[0]).id
    social = region.package(region.take_in(50, social_tariff=True)[0]).id
    for package, counter, reason in (
        (plain, region.tickets, CardRefusal.NOT_A_REGISTRATION_COUNTER),
        (social, region.tickets, CardRefusal.NOT_A_REGISTRATION_COUNTER),
        (social, region.library, CardRefusal.NOT_AN_AUTHORISED_COUNTER),
    ):
        with pytest.raises(MoveRefusedError) as refused:
            region.do(send_packages, {package}, counter)
        assert refused.value.reason == reason
    assert region.do(send_packages, {plain, social}, region.house) == 100


def test_a_counter_confirms_only_what_is_on_its_way_to_it(region):
    package = region.package(region.take_in(50)[0]).id
    region.do(send_packages, {package}, region.library)
    with pytest.raises(MoveRefusedError) as refused:
        region.do(confirm_arrival, {package}, mover=Mover(7, region.house))
    assert refused.value.reason == Refusal.OTHER_COUNTER


def test_a_line_that_is_corrected_later_is_where_its_package_is(region):
    numbers = region.take_in(50, only=49)
    package = region.package(numbers[0]).id
    region.do(send_packages, {package}, region.library)
    import_stock(region.database, 1, [line_of(numbers[49])])
    assert region.states()[numbers[49]] == ("SENT_TO_BALIE", region.library)
    assert region.do(confirm_arrival, {package}) == 50


def test_a_package_is_found_by_number_or_chip_and_by_nothing_else(region):
    numbers = region.take_in(50)
    chip = f"04{int(numbers[7]):012X}"
    assert region.package(chip).id == region.package(numbers[9]).id
    for typed in ("", "123", make_uitpas_number(PREFIX, 999, social_tariff=False), "04" * 7):
        with pytest.raises(MoveRefusedError) as refused:
            region.package(typed)
        assert refused.value.reason == Refusal.UNKNOWN_CARD


def test_the_kept_counts_are_those_of_the_cards_whoever_changes_them(region):
    numbers = region.take_in(120, social_tariff=True)
    package = region.package(numbers[0]).id
    region.do(send_packages, {package}, region.house)
    with region.database.writing() as session:
        add_up(session)
        session.get_one(Card, numbers[60]).state = "BLOCKED"
        session.flush()
        session.delete(session.get_one(Card, numbers[61]))
    for _ in range(2):
        assert region.counts() == {
            (CardState.STOCK, True): 68,
            (CardState.SENT_TO_BALIE, True): 50,
            (CardState.BLOCKED, True): 1,
        }
        with region.database.writing() as session:
            add_up(session)
    with region.database.reading() as session:
        assert len(session.exec(select(CardCount)).all()) == 3


def test_going_back_to_before_packages_and_up_again_keeps_cards_and_packs_what_is_in_stock(region):
    numbers = region.take_in(10) + region.take_in(60)
    region.do(send_packages, {region.package(numbers[15]).id}, region.library)
    with region.database.writing() as session:
        session.get_one(Card, numbers[15]).state = "ACTIVE"
    migrate(region.database, "0011")
    migrate(region.database)
    with region.database.reading() as session:
        packed = session.exec(select(Card).where(col(Card.package_id).is_not(None))).all()
    assert {card.uitpas_number for card in packed} == {*numbers[:10], *numbers[60:]}
    assert region.package(numbers[0]).id != region.package(numbers[60]).id
    counts = {state.name: cards for (state, _), cards in region.counts().items()}
    assert counts == {"STOCK": 20, "SENT_TO_BALIE": 49, "ACTIVE": 1}
    with region.database.engine.begin() as connection:
        connection.execute(text("UPDATE card SET state = 'BLOCKED' WHERE state = 'ACTIVE'"))
    assert region.counts()[CardState.BLOCKED, False] == 1


@given(some.lists(some.integers(0, 60), max_size=30), some.integers(0, 50), some.integers(0, 50))
def test_of_one_fall_at_most_two_mails_go_out(stocks, one, other):
    low, lowest = max(one, other), min(one, other)
    told, since_enough = 2, 2
    for stock in stocks:
        warning = judge_stock(stock, low, lowest, told)
        since_enough = 0 if stock > low else since_enough + warning.is_due
        assert since_enough <= 2 or not warning.is_due or told < warning.told
        assert warning.is_due == (warning.told > told)
        told = warning.told


class TestLowStock:
    @pytest.fixture
    def mail(self, region):
        with region.database.writing() as session:
            for name, email, role in (
                ("Karima", "karima@uitpas.test", "ksb"),
                ("Kris", "kris@uitpas.test", "ksb"),
                ("Tom", "tom@uitpas.test", "technician"),
            ):
                session.add(staff := Staff(name=name, email=email))
                session.flush()
                session.add(StaffRole(staff_id=staff.id, role=role, card_system_id=1))
        with SmtpServer() as inbox:

            def post(minute):
                now = minute * 60_000
                with region.database.writing() as session:
                    warn_of_low_stock(session, now, "https://uitpas.test")
                send_mails(region.database, Postbox(inbox.url, "kaarten@uitpas.test"), now)
                return [message["Subject"] for message in inbox.to("karima@uitpas.test")]

            post.inbox = inbox
            yield post

    def use(self, region, count):
        with region.database.writing() as session:
            query = select(Card).where(Card.state == "LOCAL_STOCK").limit(count)
            for card in session.exec(query):
                card.state = "ACTIVE"

    def test_cards_that_came_without_a_package_are_watched_too(self, region, mail):
        numbers = region.take_in(30)
        with region.database.writing() as session:
            for number in numbers:
                card = session.get_one(Card, number)
                card.state, card.counter_id, card.package_id = "LOCAL_STOCK", region.library, None
        assert mail(1) == []
        self.use(region, 5)
        assert mail(2) == ["Kaarten raken op: Bib"]
        self.use(region, 15)
        for minute in (3, 4):
            assert mail(minute)[1:] == ["Bijna geen kaarten meer: Bib"]

    def test_the_ksb_hears_it_twice_and_again_after_a_new_package(self, region, mail):
        first, second = (region.package(region.take_in(50)[0]).id for _ in range(2))
        region.do(send_packages, {first}, region.library)
        assert mail(1) == [], "the first cards have yet to arrive"
        region.do(confirm_arrival, {first})
        assert mail(2) == []
        self.use(region, 25)
        for minute in (3, 4):
            assert mail(minute) == ["Kaarten raken op: Bib"]
        self.use(region, 16)
        assert mail(5)[1:] == ["Bijna geen kaarten meer: Bib"]
        body = mail.inbox.to("karima@uitpas.test")[1].get_content()
        assert "Bib heeft nog 9 kaarten zonder kansentarief van UiTPAS Dender." in body
        assert "https://uitpas.test/dashboard/kaarten/1/pakken" in body
        self.use(region, 9)
        assert len(mail(6)) == 2
        region.do(send_packages, {second}, region.library)
        region.do(confirm_arrival, {second})
        assert len(mail(7)) == 2
        self.use(region, 45)
        assert mail(8)[2:] == ["Bijna geen kaarten meer: Bib"], "both levels at once are one mail"
        assert len(mail.inbox.to("kris@uitpas.test")) == 3
        assert mail.inbox.to("tom@uitpas.test") == []

    def test_the_levels_are_the_ksb_s_to_choose(self, region, mail):
        package = region.package(region.take_in(50)[0]).id
        region.do(send_packages, {package}, region.library)
        region.do(confirm_arrival, {package})
        mail(1)
        with region.database.writing() as session:
            level = levels_of(session, 1)[region.library, False]
            assert set_level(session, level, 60, 5, staff_id=1)
            assert not set_level(session, level, 60, 5, staff_id=1)
        assert mail(2) == ["Kaarten raken op: Bib"]
