"""Documents into the database: repeatable, incremental, nothing of the KSB's overwritten."""

from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.event import listen, remove
from sqlmodel import select

from fakes.udb3 import DOCUMENTS
from server.cardsystems.models import CardSystem
from server.counters.models import Counter, CounterCardSystem
from server.events.importing import EventImport, Result
from server.events.models import Event, EventCardSystem
from server.events.sources import Document, read_path
from server.feed.models import Change, ChangeKind
from server.kiosks.choices import event_choices
from server.kiosks.configuration import events_of
from server.kiosks.models import Kiosk, KioskCounter

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def document(event="e1", **changes):
    return {
        "@id": f"https://io.uitdatabank.be/event/{event}",
        "name": {"nl": f"Optreden {event}"},
        "calendarType": "single",
        "startDate": "2026-12-04T20:00:00+01:00",
        "endDate": "2026-12-04T22:30:00+01:00",
        "organizer": {"@id": "https://io.uitdatabank.be/organizers/o1", "name": {"nl": "De Zaal vzw"}},
        "location": {"@id": "https://io.uitdatabank.be/place/p1", "name": {"nl": "De Zaal"}},
        "priceInfo": [{"category": "base", "price": 10.5}],
        "labels": ["uitpas-gent"],
    } | changes


def import_all(database, *documents, now=NOW):
    named = [Document(str(place), content) for place, content in enumerate(documents)]
    return list(EventImport(database, "test", now).run(named))


def results(lines):
    return [line.result for line in lines]


def events(database):
    with database.reading() as session:
        return {event.id: event for event in session.exec(select(Event))}


def systems(database, event):
    with database.reading() as session:
        found = session.exec(select(EventCardSystem).where(EventCardSystem.event_id == event))
        return {row.card_system_id for row in found}


def config_changes(database):
    with database.reading() as session:
        found = session.exec(select(Change).where(Change.kind == ChangeKind.CONFIG).order_by(Change.id))
        return [change.keys for change in found]


@pytest.fixture
def region(database):
    """Gent and Paspartoe; a counter that organises for Paspartoe with zuil 1, one that hosts with zuil 2."""
    with database.writing() as session:
        session.add(
            CardSystem(id=5, name="UiTPAS Gent", labels=["uitpas-gent", "uitpas-regio-gent"], token_key=b"5")
        )
        session.add(CardSystem(id=3, name="Paspartoe", labels=["paspartoe"], token_key=b"3"))
        session.add(Counter(id=1, name="De Zaal vzw", organizer_id="o1"))
        session.add(Counter(id=2, name="De Zaal", place_id="p1"))
        session.add(Kiosk(number=1, name="Hal", code_key=b""))
        session.add(Kiosk(number=2, name="Foyer", code_key=b""))
        session.flush()
        session.add(CounterCardSystem(counter_id=1, card_system_id=3))
        session.add(KioskCounter(kiosk=1, counter_id=1))
        session.add(KioskCounter(kiosk=2, counter_id=2))
    return database


class TestTheFirstTime:
    def test_every_column_comes_from_the_document(self, region):
        assert results(import_all(region, document())) == [Result.NEW]
        event = events(region)["e1"]
        assert event.number == 1
        assert event.titles == {"nl": "Optreden e1"}
        assert (event.organizer_id, event.organizer_name) == ("o1", "De Zaal vzw")
        assert (event.place_id, event.place_name) == ("p1", "De Zaal")
        assert (event.price_cents, event.labels, event.status) == (1050, ["uitpas-gent"], "available")
        assert (event.points, event.limit_volume, event.limit_period) == (1, None, None)
        assert (event.calendar_kind, event.calendar["kind"]) == ("single", "single")
        assert (event.source, event.imported_at) == ("test", NOW)
        assert systems(region, "e1") == {5}

    def test_numbers_are_given_in_order(self, region):
        import_all(region, *(document(f"e{place}") for place in range(250)))
        assert sorted(event.number for event in events(region).values()) == list(range(1, 251))

    def test_an_event_without_labels_gets_the_card_systems_of_its_organisers_counter(self, region):
        import_all(region, document("e1", labels=[]), document("e2", labels=["geen-uitpas"]))
        assert systems(region, "e1") == {3}
        assert systems(region, "e2") == set()

    def test_an_event_of_no_card_system_is_not_offered(self, region):
        import_all(region, document("e1", labels=["geen-uitpas"]), document("e2", labels=[], priceInfo=[]))
        assert {event.status for event in events(region).values()} == {"no_uitpas"}

    def test_the_zuilen_of_organiser_and_place_hear_of_it(self, region):
        import_all(region, document())
        assert config_changes(region) == [["1", "2"]]

    def test_an_event_of_nobodys_counter_tells_no_zuil(self, region):
        import_all(region, document(organizer=None, location=None))
        assert config_changes(region) == []


class TestTheSecondTime:
    def test_an_unchanged_document_writes_nothing(self, region):
        import_all(region, document())
        later = datetime(2026, 11, 23, tzinfo=UTC)
        assert results(import_all(region, document(), now=later)) == [Result.UNCHANGED]
        assert events(region)["e1"].imported_at == NOW
        assert len(config_changes(region)) == 1

    def test_a_change_no_zuil_cares_for_is_no_change(self, region):
        import_all(region, document())
        assert results(import_all(region, document(description={"nl": "Anders"}))) == [Result.UNCHANGED]

    def test_a_changed_document_keeps_number_points_and_limit(self, region):
        import_all(region, document("e0"), document())
        with region.writing() as session:
            event = session.get(Event, "e1")
            event.points, event.limit_volume, event.limit_period = 5, 2, "YEAR"
        assert results(import_all(region, document(name={"nl": "Nieuwe naam"}))) == [Result.CHANGED]
        event = events(region)["e1"]
        assert event.titles == {"nl": "Nieuwe naam"}
        assert (event.number, event.points, event.limit_volume, event.limit_period) == (2, 5, 2, "YEAR")

    def test_other_labels_replace_the_card_systems(self, region):
        import_all(region, document())
        import_all(region, document(labels=["paspartoe"]))
        assert systems(region, "e1") == {3}

    def test_the_zuil_that_loses_an_event_hears_of_it_too(self, region):
        import_all(region, document(location=None))
        import_all(region, document(organizer=None))
        assert config_changes(region) == [["1"], ["1", "2"]]

    def test_the_zuil_where_it_was_chosen_by_hand_hears_of_it(self, region):
        import_all(region, document(organizer=None, location=None))
        with region.writing() as session:
            session.get(Kiosk, 2).manual_event_id = "e1"
        import_all(region, document(organizer=None, location=None, status={"type": "Unavailable"}))
        assert config_changes(region) == [["2"]]
        assert events(region)["e1"].status == "cancelled"

    def test_an_event_that_is_gone_from_the_source_stays(self, region):
        import_all(region, document("e1"), document("e2"))
        import_all(region, document("e2"))
        assert set(events(region)) == {"e1", "e2"}

    def test_another_card_system_at_the_counter_is_a_change(self, region):
        import_all(region, document(labels=[]))
        with region.writing() as session:
            session.add(CounterCardSystem(counter_id=1, card_system_id=5))
        assert results(import_all(region, document(labels=[]))) == [Result.CHANGED]
        assert systems(region, "e1") == {3, 5}


class TestOneRun:
    def test_a_bad_document_does_not_stop_the_others(self, region):
        lines = import_all(region, [], document("e1"), {"@id": "x"}, document("e2"))
        assert results(lines) == [Result.REFUSED, Result.NEW, Result.REFUSED, Result.NEW]
        assert set(events(region)) == {"e1", "e2"}

    def test_the_first_of_two_documents_of_one_event_counts(self, region):
        lines = import_all(region, document(), document(name="Tweede"))
        assert results(lines) == [Result.NEW, Result.DOUBLE]
        assert events(region)["e1"].titles == {"nl": "Optreden e1"}

    def test_the_reference_folder_twice_is_the_reference_folder_once(self, region, reference_folder):
        def run():
            return list(EventImport(region, "reference", NOW).run(read_path(reference_folder)))

        first, second = run(), run()
        count = {result: results(first).count(result) for result in Result}
        assert count == {
            Result.NEW: 2,
            Result.DOUBLE: 10,
            Result.REFUSED: 9,
            Result.CHANGED: 0,
            Result.UNCHANGED: 0,
        }
        assert [line.result for line in second if line.result is not Result.NEW].count(Result.UNCHANGED) == 2
        assert all(line.reasons for line in first if line.result in (Result.REFUSED, Result.DOUBLE))


def contents(database):
    with database.reading() as session:
        found = sorted(session.exec(select(Event)), key=lambda event: event.id)
        pairs = sorted((row.event_id, row.card_system_id) for row in session.exec(select(EventCardSystem)))
        return [event.model_dump() for event in found], pairs


IDENTIFIED = st.tuples(DOCUMENTS, st.sampled_from(["e1", "e2", "e3"])).map(
    lambda pair: pair[0] | {"@id": pair[1], "name": "x", "@type": "Event", "workflowStatus": None}
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(IDENTIFIED | DOCUMENTS, max_size=6))
def test_importing_anything_twice_is_importing_it_once(region, documents):
    import_all(region, *documents)
    after_once, told = contents(region), len(config_changes(region))
    second = results(import_all(region, *documents, now=datetime(2027, 1, 1, tzinfo=UTC)))
    assert not {Result.NEW, Result.CHANGED} & set(second)
    assert contents(region) == after_once
    assert len(config_changes(region)) == told


class TestWhatIsOver:
    """The events of years stay in the database and out of what a zuil and a counter read each time."""

    NOW = datetime(2026, 12, 4, 20, tzinfo=UTC)

    @pytest.fixture
    def years(self, region):
        import_all(
            region,
            document("now"),
            document("long", calendarType="periodic", startDate="2020-01-01", endDate="2026-12-31"),
            document("always", calendarType="permanent", startDate=None, endDate=None),
            *(
                document(
                    f"old{day}",
                    startDate=f"2025-{day % 12 + 1:02}-10T20:00:00+01:00",
                    endDate=f"2025-{day % 12 + 1:02}-10T22:00:00+01:00",
                )
                for day in range(100)
            ),
        )
        return region

    @contextmanager
    def reading(self, database):
        read = []
        listener = lambda event, _: read.append(event.id)  # noqa: E731
        listen(Event, "load", listener)
        with database.reading() as session:
            yield session, read
        remove(Event, "load", listener)

    def test_a_zuil_reads_what_is_not_over(self, years):
        with self.reading(years) as (session, read):
            found = events_of(session, session.get_one(Kiosk, 2), self.NOW)
        assert {event.id for event in found} == set(read) == {"now", "long", "always"}

    def test_a_counter_chooses_from_what_is_not_over(self, years):
        with self.reading(years) as (session, read):
            found = event_choices(session, [2], "", self.NOW)
        assert {choice.event.id for choice in found} == set(read) == {"now", "long", "always"}

    def test_an_event_put_on_a_zuil_stays_on_it(self, years):
        with years.writing() as session:
            session.get_one(Kiosk, 2).manual_event_id = "old7"
        with years.reading() as session:
            found = events_of(session, session.get_one(Kiosk, 2), self.NOW)
        assert {event.id for event in found} == {"now", "long", "always", "old7"}

    def test_another_date_is_another_last_day(self, years):
        import_all(years, document("old7", endDate="2026-12-09T22:00:00+01:00"))
        assert events(years)["old7"].last_day == date(2026, 12, 10)
