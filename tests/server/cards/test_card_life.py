"""Whatever people do with cards, one after the other or at once, the books stay right (rules 6.8, 6.9)."""

import shutil
import tempfile
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import select

from fakes.databases import SECRET_KEY
from server.cards.counts import add_up, cards_of, stock_at
from server.cards.models import Card, CardPackage
from server.cards.ordering import Wanted, drop_card, numbers_of, order_cards
from server.cards.packages import Mover, MoveRefusedError, call_back, confirm_arrival, send_packages
from server.cards.stock import import_stock
from server.cardsystems.groups import groups_of
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.kernel.database import Database
from server.kernel.vault import Vault
from shared.domain.checkin import CardState
from shared.domain.packages import NEXT, PACKAGE_SIZE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PREFIX = "09450"
KSB = Mover(staff_id=1)


def region(database):
    """Make a card system, a counter for plain cards and one for all; return the counters."""
    with database.writing() as session:
        create_card_system(session, 1, "UiTPAS Dender", prefixes=[PREFIX])
        groups = {one.name: one.id or 0 for one in groups_of(session, [1])}
        return [
            create_counter(
                session, CounterFacts(name, None, None, frozenset({1}), frozenset({groups[group]}))
            )
            for name, group in (
                ("Bib", "Niet-geauthorizeerde registratie balies"),
                ("Sociaal Huis", "Geauthorizeerde registratie balies"),
            )
        ]


class CardLife(RuleBasedStateMachine):
    """Orders, lists, packages and people in any order."""

    template = ""

    def __init__(self):
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "server.db")
        self.database = Database(f"sqlite:///{self.folder / 'server.db'}", Vault(SECRET_KEY))
        self.counters = region(self.database)
        self.ordered = []
        self.seen = {}

    def teardown(self):
        self.database.dispose()
        shutil.rmtree(self.folder)

    @rule(count=some.integers(1, 120), social_tariff=some.booleans())
    def order(self, count, social_tariff):
        with self.database.writing() as session:
            made = order_cards(session, 1, Wanted(PREFIX, count, social_tariff), NOW, staff_id=1)
            self.ordered += numbers_of(made)

    @rule(data=some.data())
    def take_in_some(self, data):
        if self.ordered:
            first = data.draw(some.integers(0, len(self.ordered) - 1))
            count = data.draw(some.integers(1, 130))
            lines = [f"04{int(one):012X};{one}".encode() for one in self.ordered[first : first + count]]
            import_stock(self.database, 1, lines, only_good=True)

    @rule(
        deed=some.sampled_from(["send", "confirm", "call back"]),
        picked=some.sets(some.integers(1, 8), min_size=1, max_size=3),
        at=some.integers(0, 1),
    )
    def move(self, deed, picked, at):
        with self.database.reading() as session:
            before = {one.id: one.state for one in session.exec(select(CardPackage))}
        try:
            with self.database.writing() as session:
                if deed == "send":
                    send_packages(session, picked, self.counters[at], NOW, KSB)
                elif deed == "confirm":
                    confirm_arrival(session, picked, NOW, Mover(7, self.counters[at]))
                else:
                    call_back(session, picked, NOW, KSB)
        except MoveRefusedError:
            with self.database.reading() as session:
                assert {one.id: one.state for one in session.exec(select(CardPackage))} == before

    @rule(picked=some.integers(0, 200), state=some.sampled_from(["ACTIVE", "BLOCKED"]))
    def give_or_block(self, picked, state):
        with self.database.writing() as session:
            for number in self.ordered[picked : picked + 1]:
                card = session.get_one(Card, number)
                if CardState[state] in NEXT[CardState[card.state]]:
                    card.state = state

    @rule(picked=some.integers(0, 200))
    def delete(self, picked):
        with self.database.writing() as session:
            for number in self.ordered[picked : picked + 1]:
                drop_card(session, session.get_one(Card, number), staff_id=1)

    @rule()
    def sum_up(self):
        with self.database.writing() as session:
            add_up(session)

    @invariant()
    def the_kept_counts_are_right(self):
        with self.database.reading() as session:
            cards = session.exec(select(Card)).all()
            counts = Counter((CardState[one.state], one.uitpas_number[-2] == "1") for one in cards)
            assert cards_of(session, 1) == counts
            held = Counter(
                (one.counter_id, one.state) for one in cards if one.state in {"SENT_TO_BALIE", "LOCAL_STOCK"}
            )
            told = Counter()
            for stock in stock_at(session, system=1):
                told[stock.counter_id, "SENT_TO_BALIE"] += stock.on_the_way
                told[stock.counter_id, "LOCAL_STOCK"] += stock.in_stock
            assert +told == held

    @invariant()
    def every_card_went_a_way_that_the_rules_allow(self):
        with self.database.reading() as session:
            cards = session.exec(select(Card)).all()
        for card in cards:
            after, now = self.seen.get(card.uitpas_number, CardState.PROVISIONED), CardState[card.state]
            # A line that is corrected later takes two steps at once: into stock, and where its package is.
            steps = {after} | NEXT[after] | {far for near in NEXT[after] for far in NEXT[near]}
            steps |= {CardState.LOCAL_STOCK} if after is CardState.PROVISIONED else set()
            assert now in steps, card
            assert (card.chip_number is None) == (now is CardState.PROVISIONED) or now is CardState.DELETED
            self.seen[card.uitpas_number] = now

    @invariant()
    def a_package_and_what_is_left_in_it_are_in_one_place(self):
        with self.database.reading() as session:
            packages = {one.id: one for one in session.exec(select(CardPackage))}
            cards = session.exec(select(Card)).all()
        sizes = Counter(card.package_id for card in cards if card.package_id)
        assert max(sizes.values(), default=0) <= PACKAGE_SIZE
        for card in cards:
            if card.state in {"STOCK", "SENT_TO_BALIE", "LOCAL_STOCK"}:
                package = packages[card.package_id]
                assert (card.state, card.counter_id) == (package.state, package.counter_id)
                assert package.social_tariff == (card.uitpas_number[-2] == "1")


def test_the_books_are_right_after_anything(sqlite_template):
    CardLife.template = str(sqlite_template)
    run_state_machine_as_test(
        CardLife,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_the_books_are_right_after_a_great_deal(sqlite_template):
    CardLife.template = str(sqlite_template)
    run_state_machine_as_test(
        CardLife,
        settings=settings(
            max_examples=150,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_of_two_who_send_a_package_at_once_one_does(database):
    library, house = region(database)
    with database.writing() as session:
        numbers = list(numbers_of(order_cards(session, 1, Wanted(PREFIX, 50, False), NOW, staff_id=1)))
    import_stock(database, 1, [f"04{int(one):012X};{one}".encode() for one in numbers])
    with database.reading() as session:
        package = session.exec(select(CardPackage.id)).one()
    went = []

    def send(counter):
        try:
            with database.writing() as session:
                send_packages(session, {package}, counter, NOW, KSB)
            went.append(counter)
        except MoveRefusedError:
            pass

    threads = [threading.Thread(target=send, args=(counter,)) for counter in (library, house) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(went) == 1
    with database.reading() as session:
        assert {one.counter_id for one in session.exec(select(Card))} == {*went}
        assert cards_of(session, 1) == {(CardState.SENT_TO_BALIE, False): 50}
