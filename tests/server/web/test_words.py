"""Every sentence in three languages, and moments as people say them."""

from datetime import UTC, datetime, timedelta

import pytest

from fakes.msgids import msgids
from server.staff.roles import Permission, Role
from server.web.i18n import LANGUAGES, translator
from server.web.moments import Moments
from server.web.words import outcome_word, role_can, role_word
from shared.domain.outcomes import Outcome

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)  # 14:00 in Brussels


def placeholders(text):
    return sorted(part.split("}")[0] for part in text.split("{")[1:])


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_sentence_of_the_pages_is_translated(language):
    speak = translator(language)
    missing = [
        key
        for key in msgids()
        if (key if isinstance(key, str) else key[0]) not in speak.singles | speak.plurals
    ]
    assert missing == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_no_translation_is_left_of_a_sentence_that_is_gone(language):
    speak = translator(language)
    used = {key if isinstance(key, str) else key[0] for key in msgids()}
    assert set(speak.singles | speak.plurals) - used == set()


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_translation_fills_in_the_same_places(language):
    speak = translator(language)
    for text, said in speak.singles.items():
        assert placeholders(text) == placeholders(said), text
    for one, (first, second) in speak.plurals.items():
        assert placeholders(one) == placeholders(first) == placeholders(second), one


def test_french_has_one_apostrophe_and_its_own_quotes():
    speak = translator("fr")
    said = [*speak.singles.values(), *(form for forms in speak.plurals.values() for form in forms)]
    assert [text for text in said if set(text) & set("'\"`´‘“”„")] == []  # noqa: RUF001 - what should not be there


def test_the_catalogue_knows_the_sentences_of_templates_and_of_code():
    found = msgids()
    assert len(found) > 200
    assert ("{n} tik", "{n} tikken") in found
    assert "Groepspas: spaart geen punten." in found


@pytest.mark.parametrize(("language", "zero"), [("nl", "0 tikken"), ("fr", "0 passage"), ("en", "0 taps")])
def test_none_of_a_thing_is_said_as_each_language_does(language, zero):
    assert translator(language).plural("{n} tik", "{n} tikken", 0) == zero


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_permission_and_outcome_has_a_word(language):
    speak = translator(language)
    assert all(role_word(speak, role) for role in Role)
    told = {word for role in Role for word in role_can(speak, role)}
    assert len(told) == len(Permission)
    assert all(outcome_word(speak, outcome) for outcome in Outcome)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "vandaag om 14:00"), (60 * 24, "morgen om 14:00"), (-60 * 24, "gisteren om 14:00")],
)
def test_days_nearby_have_names(minutes, said):
    assert Moments(translator("nl"), NOW).moment(NOW + timedelta(minutes=minutes)) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (9 * 60 + 59, "middernacht"),
        (10 * 60, "middernacht"),
        (14 * 60 + 59, "morgen om 05:00"),
        (34 * 60, "morgen om middernacht"),
        (30, "vandaag om 14:30"),
    ],
)
def test_an_end_is_said_in_whole_hours(minutes, said):
    assert Moments(translator("nl"), NOW).until(NOW + timedelta(minutes=minutes)) == said


def test_midnight_in_brussels_is_another_day():
    moments = Moments(translator("en"), NOW)
    assert moments.day(datetime(2026, 11, 22, 22, 59, tzinfo=UTC)) == "today"
    assert moments.day(datetime(2026, 11, 22, 23, 0, tzinfo=UTC)) == "tomorrow"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "zonet"),
        (19, "zonet"),
        (47, "40 seconden geleden"),
        (60, "1 minuut geleden"),
        (7200, "2 uren geleden"),
        (86400 * 3, "3 dagen geleden"),
    ],
)
def test_how_long_ago(seconds, said):
    assert Moments(translator("nl"), NOW).ago(NOW - timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("offset", "said"), [(0, "juist"), (-900, "juist"), (12_400, "+12 s"), (-7_200_000, "-120 min")]
)
def test_a_clock_that_is_off(offset, said):
    assert Moments(translator("nl"), NOW).offset(offset) == said


def test_a_window_within_one_day_says_the_day_once():
    moments = Moments(translator("nl"), NOW)
    assert moments.window(NOW, NOW + timedelta(hours=2)) == "vandaag van 14:00 tot 16:00"
    assert moments.window(NOW, NOW + timedelta(days=1)) == "van vandaag om 14:00 tot morgen om 14:00"


@pytest.mark.parametrize(("language", "said"), [("nl", "54,1"), ("fr", "0,5"), ("en", "-55.25")])
def test_decimals_are_written_as_each_language_does(language, said):
    value = float(said.replace(",", "."))
    assert translator(language).decimal(value) == said
    assert translator(language).decimal(3.0) == "3"
