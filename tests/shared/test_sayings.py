"""What a zuil says is found again in its sentences, and every saying has words in three languages."""

import re

import pytest

from server.web.i18n import LANGUAGES, translator
from server.web.sayings import Sayings, _words, kept
from shared.domain.sayings import ENGLISH, Said, Saying, english, finding_line, understood
from shared.wire.messages import SaidMessage, said_in

PLACE = re.compile(r"\{([a-z]+)\}")


@pytest.mark.parametrize("saying", Saying)
def test_a_saying_is_found_again_in_its_sentence_with_its_facts(saying):
    facts = dict.fromkeys(PLACE.findall(ENGLISH[saying]), "7")
    assert understood(english(saying, **facts)) == [Said(saying, facts)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_saying_has_words_that_use_no_other_facts(language):
    words = _words(translator(language))
    assert set(words) == set(Saying)
    for saying, text in words.items():
        assert set(PLACE.findall(text)) <= set(PLACE.findall(ENGLISH[saying])), saying


def test_why_a_version_went_back_is_a_sentence_and_what_was_bad():
    bad = [
        finding_line("reader", "no reader", good=False),
        finding_line("server", "it is not reached", good=False),
    ]
    text = f"{english(Saying.UNHEALTHY, seconds='300')} {'; '.join(bad)}"
    assert [(one.code, one.subject, one.good) for one in understood(text)] == [
        (Saying.UNHEALTHY, "", True),
        ("", "reader", False),
        (Saying.NOT_REACHED, "server", False),
    ]
    assert Sayings(translator("nl")).sentence((), text) == (
        "Ze was niet in orde binnen 300 seconden. Kaartlezer: werkt niet. Server: is niet te bereiken."
    )


def test_the_lines_of_a_self_test_are_worded_one_by_one_with_codes_or_without():
    text = "\n".join(
        [
            finding_line("reader", english(Saying.WORKS), good=True),
            finding_line("storage", english(Saying.JOURNAL_FINE, taps=3), good=True),
            finding_line("faults", english(Saying.FAULTS, codes="E72"), good=False),
        ]
    )
    speak = Sayings(translator("fr"))
    told = [tuple(line) for line in speak.lines(kept(said_in(text)))]
    assert told == [tuple(line) for line in speak.lines((), text)]
    assert [good for *_, good in told] == [True, True, False]
    assert told[0][:2] == ("en ordre", speak.part("reader"))


def test_hours_of_a_self_test_are_those_of_here():
    clock = finding_line("clock", english(Saying.TIME, moment="2026-07-01 22:30:09", offset=4), good=True)
    server = finding_line("server", english(Saying.HEARD, clock="22:29:59"), good=True)
    speak = Sayings(translator("nl"))
    assert [line.text for line in speak.lines((), f"{server}\n{clock}")] == [
        "gehoord om 00:29:59",
        "02/07/2026 00:30:09, 4 ms bijgesteld",
    ]
    assert speak.lines((), server)[0].text == "gehoord om 22:29:59 UTC", "of an unknown day"


def test_a_later_version_of_a_zuil_is_quoted_and_a_fact_that_is_missing_breaks_nothing():
    speak = Sayings(translator("nl"))
    later = kept([SaidMessage(code="from-the-future", facts={"x": "1"}), SaidMessage(code="cards")])
    assert [line.text for line in speak.lines(later)] == [
        "De zuil zegt: from-the-future 1",
        "{cards} kaarten",
    ]
    assert speak.sentence((), "It is raining.") == "De zuil zegt: It is raining."


def test_the_faults_of_a_zuil_are_words_whether_it_sends_codes_or_sentences():
    speak = Sayings(translator("nl"))
    old = {"reader": "no reader", "faults": ["E10", "3 taps are parked"]}
    new = old | {"said": kept(said_in("3 taps are parked"))}
    assert (
        speak.faults(old)
        == speak.faults(new)
        == [
            "Kaartlezer: werkt niet",
            "E10 · De kaartlezer werkt niet",
            "3 tikken die de server niet kan lezen",
        ]
    )


def test_no_more_is_kept_than_fits():
    said = kept([SaidMessage(code="x" * 999, facts={str(n): "y\n" * 999 for n in range(99)})] * 99)
    assert len(said) == 40
    assert len(said[0]["facts"]) == 8
    assert len(said[0]["facts"]["0"]) == 200
