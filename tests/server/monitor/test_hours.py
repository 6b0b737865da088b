"""Opening hours as Flemish, French and English speaking people write them."""

import msgspec
import pytest

from server.monitor.form import fill, read
from server.monitor.hours import read_form, write_form
from server.web.i18n import translator


@pytest.mark.parametrize(
    "typed", ["ma-vr 9u-17u", "ma-vr 9u00-17.00", "lundi-vendredi 9h-17h", "mon-fri 9:00-17:00"]
)
def test_hours_are_understood_as_people_write_them(typed):
    (span,) = read_form(typed).hours
    assert (span.days, span.opens, span.closes) == ([1, 2, 3, 4, 5], "09:00", "17:00")


def test_a_tuesday_in_french_is_no_monday():
    assert read_form("mardi 9h-17h").hours[0].days == [2]


@pytest.mark.parametrize("typed", ["9u", "9u00", "9", "09:00", "9h"])
def test_quiet_hours_are_understood_too(typed):
    form = fill(None) | {"quiet_from": "22:00", "quiet_until": typed}
    rules, errors = read(1, form, translator("nl"))
    assert (rules.quiet_until, errors) == ("09:00", {})


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("nl", "ma-vr 09:00-17:00\ndi,zo 19:00-21:00\n25/12/2026 gesloten"),
        ("fr", "lun-ven 09:00-17:00\nmar,dim 19:00-21:00\n25/12/2026 fermé"),
        ("en", "mon-fri 09:00-17:00\ntue,sun 19:00-21:00\n25/12/2026 closed"),
    ],
)
def test_hours_are_shown_in_the_language_of_the_reader_and_read_again(language, written):
    read = read_form("ma-vr 9-17\ndi,zo 19-21\n25/12/2026 gesloten")
    calendar = msgspec.json.encode(read).decode()
    assert write_form(calendar, language) == written
    assert read_form(written) == read
