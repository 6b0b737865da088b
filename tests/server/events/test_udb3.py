"""Every reference document, and every untidiness in them, by name."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given, settings

from fakes.udb3 import DOCUMENTS, JSON
from server.cardsystems.labels import label_index
from server.events.jsonld import fill
from server.events.udb3 import EventStatus, ImportedEvent, Refusal, UitpasReason, map_event
from shared.domain.calendars import AdjustedDays, CalendarKind, OpeningHours, Span

PLACEHOLDERS = {
    "placeUrl": "https://uitdatabank.example/places/p1",
    "organizerUrl": "https://uitdatabank.example/organizers/o1",
    "baseUrl": "https://uitdatabank.example",
    "placeId": "p1",
    "name_place": "De Zaal",
    "country_place": "BE",
    "city_place": "Gent",
    "zip_place": "9000",
    "street_place": "Kerkstraat 1",
}
READ = (
    "event_with_completeness",
    "event_with_dates",
    "event_with_location_id_null",
    "event_with_outdated_start_and_end_date_format",
    "event_with_price",
    "event_with_status",
    "event_with_terms",
    "event_with_translated_organizer",
    "event_with_visible_and_hidden_labels",
    "event_without_end_date",
    "event_without_location",
    "event_without_priceinfo",
)
WRITE = (
    "event-minimal-permanent-with-organizer",
    "event-periodic-with-adjusted-hours-described",
    "event-single-with-overnight",
    "event-with-embedded-location",
    "event-with-multiple-calendar",
    "event-with-periodic-calendar-and-opening-hours",
    "event-with-permanent-calendar-and-opening-hours",
    "event-with-public-and-private-labels",
    "event-with-single-calendar",
)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def document(**changes):
    return {
        "@id": "https://io.uitdatabank.be/event/5a0967f9-cc06-4c3c-9206-30481a767434",
        "@type": "Event",
        "mainLanguage": "nl",
        "name": {"nl": "Optreden"},
        "calendarType": "single",
        "startDate": "2026-12-04T20:00:00+01:00",
        "endDate": "2026-12-04T22:30:00+01:00",
        "organizer": {"@id": "https://io.uitdatabank.be/organizers/o1", "name": {"nl": "De Zaal vzw"}},
        "location": {"@id": "https://io.uitdatabank.be/place/p1", "name": {"nl": "De Zaal"}},
        "priceInfo": [{"category": "base", "price": 10.5, "priceCurrency": "EUR"}],
    } | changes


def mapped(**changes) -> ImportedEvent:
    event = map_event(document(**changes))
    assert isinstance(event, ImportedEvent), event
    return event


def refused(**changes) -> list[str]:
    refusal = map_event(document(**changes))
    assert isinstance(refusal, Refusal), refusal
    return [reason.code for reason in refusal.reasons]


def remarks(event):
    return [remark.code for remark in event.remarks]


def filled(reference, name):
    written = reference(f"write/{name}.json") | {"@id": "https://uitdatabank.example/events/e1"}
    event = map_event(fill(written, PLACEHOLDERS))
    assert isinstance(event, ImportedEvent), event
    return event


class TestTheReferenceDocumentsAsRead:
    @pytest.mark.parametrize("name", READ)
    def test_each_of_them_becomes_an_event(self, reference, name):
        event = map_event(reference(f"read/{name}.json"))
        assert isinstance(event, ImportedEvent)
        assert event.titles["nl"]

    def test_dates_without_offset_are_belgian_time(self, reference):
        event = map_event(reference("read/event_with_outdated_start_and_end_date_format.json"))
        assert event.calendar.spans == (Span(utc(2015, 3, 2, 12, 30), utc(2015, 3, 30, 14, 30)),)

    def test_a_multiple_calendar_without_moments_uses_the_outer_dates_and_says_so(self, reference):
        event = map_event(reference("read/event_with_terms.json"))
        assert event.calendar.kind is CalendarKind.MULTIPLE
        assert len(event.calendar.spans) == 1
        assert "buitenste-periode" in remarks(event)

    def test_a_missing_end_is_the_last_second_of_the_first_day(self, reference):
        event = map_event(reference("read/event_without_end_date.json"))
        assert event.calendar.spans == (
            Span(utc(2015, 3, 2, 12, 30), utc(2015, 3, 2, 22, 59, 59), end_known=False),
        )

    def test_a_place_without_id_keeps_its_name_and_gets_a_remark(self, reference):
        event = map_event(reference("read/event_with_location_id_null.json"))
        assert (event.place_id, event.place_name) == (None, "Cultuurcentrum De Kruisboog")
        assert "plaats-zonder-id" in remarks(event)

    def test_a_missing_place_is_no_place(self, reference):
        event = map_event(reference("read/event_without_location.json"))
        assert (event.place_id, event.place_name) == (None, None)

    def test_a_translated_organizer_is_read_in_the_main_language(self, reference):
        event = map_event(reference("read/event_with_translated_organizer.json"))
        assert event.organizer_id == "7481A1F9-D5CB-3BC9-D3C308240015B44D"
        assert event.organizer_name == "Davidsfonds Academie"
        assert event.uitpas is UitpasReason.NO_PRICE

    def test_a_missing_organizer_is_why_it_is_no_uitpas_event(self, reference):
        event = map_event(reference("read/event_without_priceinfo.json"))
        assert event.organizer_id is None
        assert event.uitpas is UitpasReason.NO_ORGANIZER
        assert (event.calendar.first, event.calendar.last) == (date(2014, 9, 1), date(2015, 6, 29))

    def test_the_base_price_is_in_cents(self, reference):
        assert map_event(reference("read/event_with_price.json")).price_cents == 1050

    def test_a_free_event_costs_nothing_rather_than_unknown(self, reference):
        assert map_event(reference("read/event_with_completeness.json")).price_cents == 0

    def test_without_price_list_the_booking_information_gives_the_price(self, reference):
        event = map_event(reference("read/event_with_dates.json"))
        assert event.price_cents == 0
        assert "prijs-uit-reservatie" in remarks(event)

    def test_visible_and_hidden_labels_both_count(self, reference):
        event = map_event(
            reference("read/event_with_visible_and_hidden_labels.json"), label_index([(9, ["RED"])])
        )
        assert event.labels == ("green", "purple", "orange", "red")
        assert event.card_systems == {9}

    def test_an_available_status_is_available(self, reference):
        assert map_event(reference("read/event_with_status.json")).status is EventStatus.AVAILABLE


class TestTheReferenceDocumentsAsWritten:
    @pytest.mark.parametrize("name", WRITE)
    def test_each_is_refused_while_its_placeholders_are_open(self, reference, name):
        refusal = map_event(reference(f"write/{name}.json"))
        assert isinstance(refusal, Refusal)
        assert [reason.code for reason in refusal.reasons] == ["plaatshouder"]
        assert "place" in refusal.reasons[0].sentence

    @pytest.mark.parametrize("name", WRITE)
    def test_each_becomes_an_event_once_they_are_filled_in(self, reference, name):
        assert filled(reference, name).place_id == "p1"

    def test_without_an_id_it_is_refused(self, reference):
        refusal = map_event(fill(reference("write/event-with-single-calendar.json"), PLACEHOLDERS))
        assert isinstance(refusal, Refusal)
        assert [reason.code for reason in refusal.reasons] == ["geen-id"]

    def test_a_single_moment_may_cross_midnight(self, reference):
        assert filled(reference, "event-with-single-calendar").calendar.spans == (
            Span(utc(2021, 5, 17, 8), utc(2021, 5, 18, 22)),
        )

    def test_a_cancelled_moment_of_a_series_is_left_out(self, reference):
        event = filled(reference, "event-with-multiple-calendar")
        assert event.calendar.spans == (Span(utc(2021, 5, 18, 8), utc(2021, 5, 18, 22)),)
        assert event.status is EventStatus.AVAILABLE
        assert "moment-geannuleerd" in remarks(event)

    def test_a_camp_with_nights_is_one_moment(self, reference):
        assert filled(reference, "event-single-with-overnight").calendar.spans == (
            Span(utc(2126, 8, 1, 7), utc(2126, 8, 5, 15)),
        )

    def test_time_spans_of_the_first_form_are_moments(self, reference):
        event = filled(reference, "event-with-embedded-location")
        assert [span.start for span in event.calendar.spans] == [utc(2018, 5, 5, 18), utc(2018, 5, 12, 18)]
        assert (event.titles, event.place_name) == ({"nl": "name example"}, "De Zaal")

    def test_opening_hours_of_a_permanent_event_keep_their_weekdays(self, reference):
        event = filled(reference, "event-with-permanent-calendar-and-opening-hours")
        assert event.calendar.hours == (
            OpeningHours(frozenset({1, 2}), time(10), time(16)),
            OpeningHours(frozenset({4, 5}), time(9), time(17)),
        )

    def test_adjusted_days_of_a_period_are_kept_in_order(self, reference):
        calendar = filled(reference, "event-periodic-with-adjusted-hours-described").calendar
        assert (calendar.first, calendar.last) == (date(2026, 1, 1), date(2026, 12, 31))
        assert calendar.adjusted == (
            AdjustedDays(
                date(2026, 12, 27), date(2026, 12, 31), (OpeningHours(frozenset({6, 7}), time(14), time(16)),)
            ),
            AdjustedDays(
                date(2026, 12, 21),
                date(2026, 12, 26),
                (OpeningHours(frozenset({5, 6, 7}), time(13), time(15)),),
            ),
        )


class TestHoursNobodyGave:
    def test_midnight_to_the_last_second_is_a_day_without_hours(self):
        span = mapped(
            startDate="2026-07-04T00:00:00+02:00", endDate="2026-07-04T23:59:59+02:00"
        ).calendar.spans[0]
        assert (span.start_known, span.end_known) == (False, False)

    def test_a_bare_date_has_no_hours(self):
        span = mapped(startDate="2026-07-04", endDate="2026-07-05").calendar.spans[0]
        assert span == Span(
            utc(2026, 7, 3, 22), utc(2026, 7, 5, 21, 59, 59), start_known=False, end_known=False
        )

    def test_a_party_from_midnight_has_a_start_hour(self):
        span = mapped(
            startDate="2027-01-01T00:00:00+01:00", endDate="2027-01-01T05:00:00+01:00"
        ).calendar.spans[0]
        assert (span.start_known, span.end_known) == (True, True)

    def test_an_evening_that_ends_at_midnight_has_an_end_hour(self):
        span = mapped(
            startDate="2026-12-04T20:00:00+01:00", endDate="2026-12-05T00:00:00+01:00"
        ).calendar.spans[0]
        assert (span.start_known, span.end_known) == (True, True)

    def test_opening_until_24_00_closes_at_midnight(self):
        hours = [{"dayOfWeek": "saturday", "opens": "20:00", "closes": "24:00"}]
        calendar = mapped(calendarType="permanent", openingHours=hours).calendar
        assert calendar.hours == (OpeningHours(frozenset({6}), time(20), time()),)

    def test_a_period_that_ends_in_the_year_9999_has_no_end(self):
        calendar = mapped(calendarType="periodic", endDate="9999-12-31T23:59:59+00:00").calendar
        assert calendar.last is None


class TestWhatTakesPlace:
    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ({"type": "Unavailable", "reason": {"nl": "Ziek"}}, EventStatus.CANCELLED),
            ({"type": "TemporarilyUnavailable"}, EventStatus.POSTPONED),
            ("Unavailable", EventStatus.CANCELLED),
            (None, EventStatus.AVAILABLE),
        ],
    )
    def test_the_status_says_whether_it_goes_on(self, status, expected):
        assert mapped(status=status).status is expected

    def test_an_event_of_which_every_moment_is_cancelled_is_cancelled(self):
        moment = {"startDate": "2026-12-04T20:00:00+01:00", "status": {"type": "Unavailable"}}
        event = mapped(calendarType="multiple", subEvent=[moment])
        assert event.status is EventStatus.CANCELLED
        assert event.calendar.spans == ()

    def test_a_sold_out_event_still_takes_place(self):
        assert mapped(bookingAvailability={"type": "Unavailable"}).status is EventStatus.AVAILABLE

    def test_a_deleted_event_is_cancelled_so_that_zuilen_let_it_go(self):
        assert mapped(workflowStatus="DELETED").status is EventStatus.CANCELLED


class TestUitpas:
    def test_old_and_new_names_of_a_region_are_one_card_system(self):
        assert (
            mapped(labels=["UiTPAS-Regio-Aalst"]).card_systems
            == mapped(labels=["uitpas-dender"]).card_systems
        )

    def test_labels_combine(self):
        assert mapped(labels=["paspartoe"], hiddenLabels=["uitpas-gent"]).card_systems == {3, 5}

    def test_geen_uitpas_switches_all_of_it_off(self):
        event = mapped(labels=["paspartoe", "Geen-UiTPAS"])
        assert event.card_systems == frozenset()
        assert event.uitpas is UitpasReason.SWITCHED_OFF

    def test_the_labels_of_the_organizer_count_when_there_is_a_price(self):
        organizer = {"@id": "https://io.uitdatabank.be/organizers/o1", "labels": ["uitpas-lier"]}
        assert mapped(organizer=organizer).card_systems == {16}
        assert mapped(organizer=organizer).uitpas is UitpasReason.ORGANIZER_LABELS
        assert mapped(organizer=organizer, priceInfo=[]).uitpas is UitpasReason.NO_PRICE

    def test_a_uitpas_label_nobody_owns_gets_a_remark(self):
        event = mapped(labels=["uitpas-middenkust"])
        assert event.card_systems == frozenset()
        assert remarks(event) == ["label-zonder-kaartsysteem"]


class TestPrices:
    @pytest.mark.parametrize(
        ("price", "cents"), [(0, 0), (10.5, 1050), ("7,50", 750), (19.99, 1999), (2.675, 268), ("12", 1200)]
    )
    def test_a_price_is_a_whole_number_of_cents(self, price, cents):
        assert mapped(priceInfo=[{"category": "base", "price": price}]).price_cents == cents

    @pytest.mark.parametrize("price", [-1, "gratis", True, None, [], 1e300, float("nan")])
    def test_what_is_no_price_gets_a_remark(self, price):
        event = mapped(priceInfo=[{"category": "base", "price": price}])
        assert event.price_cents is None
        assert remarks(event) == ["ongeldige-prijs"]


class TestRefusals:
    def test_what_is_not_an_object(self):
        assert map_event([1, 2]).reasons[0].code == "geen-object"

    def test_a_place_is_not_an_event(self):
        assert refused(**{"@type": "Place"}) == ["geen-activiteit"]

    def test_no_name(self):
        assert refused(name={"nl": "  "}) == ["geen-titel"]

    def test_an_unknown_calendar_type(self):
        assert refused(calendarType="lunar") == ["onbekende-kalender"]

    def test_no_calendar_at_all(self):
        assert refused(calendarType=None, startDate=None) == ["geen-kalender"]

    def test_a_date_that_is_none(self):
        assert refused(startDate="volgende week") == ["ongeldige-datum"]

    def test_an_end_before_its_start(self):
        assert refused(endDate="2026-12-03T22:00:00+01:00") == ["einde-voor-begin"]

    def test_a_draft(self):
        assert refused(workflowStatus="DRAFT") == ["ontwerp"]

    def test_every_reason_is_given_at_once(self):
        assert refused(name=None, startDate="?", **{"@id": None}) == [
            "geen-id",
            "geen-titel",
            "ongeldige-datum",
        ]


@settings(max_examples=400)
@given(DOCUMENTS | JSON)
def test_no_document_makes_the_mapping_fail(anything):
    outcome = map_event(anything)
    if isinstance(outcome, Refusal):
        assert outcome.reasons
    else:
        assert outcome.titles


@given(JSON)
def test_filling_in_nothing_changes_nothing(anything):
    assert repr(fill(anything, {})) == repr(anything)
