"""Arbitrary UiTdatabank documents: nearly right, and wrong in every way JSON allows."""

from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DATES = st.sampled_from(
    ["2026-02-30", "2026-03-29T02:30:00", "9999-12-31T23:59:59-12:00", "0001-01-01", "24:00", ""]
)


def any_of(*values):
    return st.sampled_from(values) | JSON


MOMENTS = st.fixed_dictionaries(
    {},
    optional={
        "startDate": DATES | JSON,
        "endDate": DATES | JSON,
        "status": any_of("Unavailable"),
        "id": JSON,
    },
)
HOURS = st.fixed_dictionaries(
    {},
    optional={
        "opens": any_of("10:00", "24:00", "25:61"),
        "closes": any_of("16:00"),
        "dayOfWeek": any_of("monday", ["sunday"]),
    },
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "@id": any_of("https://x/event/e1"),
        "@type": any_of("Event"),
        "name": any_of("x", {"nl": "x"}),
        "mainLanguage": any_of("nl"),
        "calendarType": any_of("single", "multiple", "periodic", "permanent"),
        "calendar": JSON,
        "startDate": DATES | JSON,
        "endDate": DATES | JSON,
        "subEvent": st.lists(MOMENTS | JSON, max_size=3) | JSON,
        "openingHours": st.lists(HOURS | JSON, max_size=3) | JSON,
        "openingHoursAdjustedDays": st.lists(MOMENTS | JSON, max_size=3) | JSON,
        "labels": any_of(["paspartoe", None, 3]),
        "organizer": JSON,
        "location": JSON,
        "priceInfo": st.lists(st.fixed_dictionaries({"category": any_of("base"), "price": JSON}), max_size=2)
        | JSON,
        "bookingInfo": JSON,
        "status": JSON,
        "workflowStatus": any_of("DRAFT"),
    },
)
