"""Every outcome has its words, in three languages."""

from datetime import UTC, datetime

import pytest

from shared.domain.messages import LANGUAGES, message, moment, screen
from shared.domain.outcomes import Outcome, Tone
from shared.domain.periods import Limit, Period

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
TONIGHT = datetime(2026, 3, 14, 19, tzinfo=UTC)
facts = {"points": 1, "total": 12, "limit": Limit(1, Period.DAY), "opens": TONIGHT, "now": NOW}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_told_in_one_to_three_sentences(outcome, language):
    text = message(outcome, language, **facts)
    assert text[0].isupper()
    assert text.endswith((".", "!"))
    assert "{" not in text
    assert len(text) <= 110
    assert message(outcome, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_fits_the_display(outcome, language):
    headline, second = screen(outcome, language, points=1, total=1234, opens=TONIGHT, now=NOW)
    assert 0 < len(headline) <= 20
    assert 0 < len(second) <= 26


@pytest.mark.parametrize("outcome", Outcome)
def test_the_three_languages_differ(outcome):
    assert len({message(outcome, language, **facts) for language in LANGUAGES}) == 3


def test_an_unknown_language_reads_dutch():
    assert message(Outcome.OK, "de", points=1, total=3) == message(Outcome.OK, "nl", points=1, total=3)


def test_a_balance_of_one_is_a_point_and_not_points():
    kept = {language: message(Outcome.MAXIMUM_REACHED, language, total=1) for language in LANGUAGES}
    assert [kept[language].rsplit(". ", 1)[1] for language in ("nl", "fr", "en")] == [
        "Je houdt 1 punt.",
        "Vous gardez 1 point.",
        "You keep 1 point.",
    ]
    assert message(Outcome.OK, "nl", points=1, total=1).endswith("Je hebt nu 1 punt.")
    assert message(Outcome.OK, "nl", points=1, total=0).endswith("Je hebt nu 0 punten.")
    assert message(Outcome.OK, "fr", points=1, total=0).endswith("est maintenant de 0 point.")
    once = Limit(1, Period.DAY)
    assert "1 time per day" in message(Outcome.MAXIMUM_REACHED, "en", total=2, limit=once)


def test_several_points_are_plural():
    assert message(Outcome.OK, "nl", points=3, total=12) == "Je hebt er 3 punten bij. Je hebt nu 12 punten."
    assert "een punt" in message(Outcome.OK, "nl", points=1, total=12)


def test_too_early_tells_the_hour_today_and_the_day_otherwise():
    assert "vanaf 20.00 uur" in message(Outcome.TOO_EARLY, "nl", opens=TONIGHT, now=NOW)
    assert moment(TONIGHT, datetime(2026, 3, 10, tzinfo=UTC), "nl") == "zaterdag 14 maart om 20.00 uur"
    assert moment(TONIGHT, datetime(2025, 3, 10, tzinfo=UTC), "en") == "Saturday 14 March 2026 at 20:00"
    assert screen(Outcome.TOO_EARLY, "fr", opens=TONIGHT, now=NOW)[1] == "à partir de 20:00"


def test_only_good_outcomes_look_good():
    assert {outcome for outcome in Outcome if outcome.tone is Tone.GOOD} == {
        Outcome.OK,
        Outcome.QUEUED_UNKNOWN,
    }
