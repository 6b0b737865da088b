"""What the server does with cards by itself."""

from dataclasses import replace

import pytest
from sqlmodel import select

from fakes.smtp import SmtpServer
from server.cards.models import Card, CardCount, StockLevel
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.jobs import cards, outbox
from server.jobs.run import JOBS
from server.settings import Settings
from server.staff.models import Staff, StaffRole
from shared.domain.numbers import make_uitpas_number


@pytest.fixture
def counter(database):
    with database.writing() as session:
        create_card_system(session, 1, "UiTPAS Dender")
        found = create_counter(session, CounterFacts("Bib", None, None, frozenset({1})))
        session.add(staff := Staff(name="Karima", email="karima@uitpas.test"))
        session.flush()
        session.add(StaffRole(staff_id=staff.id, role="ksb", card_system_id=1))
        session.add(StockLevel(card_system_id=1, counter_id=found, social_tariff=False, low=5, lowest=2))
        for serial in range(3):
            number = make_uitpas_number("09450", serial, social_tariff=False)
            session.add(Card(uitpas_number=number, card_system_id=1, state="LOCAL_STOCK", counter_id=found))
        return found


def test_a_counter_that_runs_out_is_told_once_there_is_a_mail_server(database, counter, tmp_path):
    settings = Settings("unused", bytes(32), tmp_path, public_url="https://uitpas.test")
    cards.warn(database, settings)
    with SmtpServer() as inbox:
        mailing = replace(settings, smtp_url=inbox.url, mail_from="zuilen@uitpas.test")
        for _ in range(2):
            cards.warn(database, mailing)
            outbox.send(database, mailing)
        (message,) = inbox.to("karima@uitpas.test")
    assert message["Subject"] == "Kaarten raken op: Bib"


def test_counts_are_added_up(database, counter, tmp_path):
    for _ in range(2):
        cards.count_cards(database, Settings("unused", bytes(32), tmp_path))
        with database.reading() as session:
            assert [(one.counter_id, one.cards) for one in session.exec(select(CardCount))] == [(counter, 3)]


def test_each_job_about_cards_is_done():
    work = {job.work for job in JOBS}
    assert {cards.take_in_lists, cards.count_cards, cards.warn, outbox.send} <= work
