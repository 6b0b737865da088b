"""What a zuil says of itself: a code and facts, which the server puts in the words of who reads it.

On the SD card and in the log a saying stands as its English sentence, as it always did: the launcher outlives
every release and hands sentences on. `understood` finds the sayings in such a text again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class Saying(StrEnum):
    """One thing a zuil can say; the value travels."""

    WORKS = "works"
    JOURNAL_FINE = "journal-fine"
    NO_CARDS = "no-cards"
    CARDS = "cards"
    NO_CONFIGURATION = "no-configuration"
    DECIDES_WRONG = "decides-wrong"
    DECIDES = "decides"
    TIME_UNHEARD = "time-unheard"
    TIME = "time"
    NOT_REACHED = "not-reached"
    HEARD = "heard"
    NOT_FOLLOWED = "not-followed"
    FOLLOWED = "followed"
    FAULTS = "faults"
    NO_FAULTS = "no-faults"
    TOO_LATE = "too-late"
    UNKNOWN_COMMAND = "unknown-command"
    RESTARTED = "restarted"
    REBOOTED = "rebooted"
    NOT_REBOOTED = "not-rebooted"
    BROKEN_OFF = "broken-off"
    WENT_WRONG = "went-wrong"
    NOT_GOOD = "not-good"
    ALL_FINE = "all-fine"
    LINES = "lines"
    FETCHED = "fetched"
    NO_MACHINE = "no-machine"
    CANNOT_REBOOT = "cannot-reboot"
    NO_LAUNCHER = "no-launcher"
    NO_ROOM = "no-room"
    OTHER_MACHINE = "other-machine"
    OTHER_PYTHON = "other-python"
    TOO_OLD = "too-old"
    UNREADABLE = "unreadable"
    NO_WAY_BACK = "no-way-back"
    NOT_PUT_DOWN = "not-put-down"
    UNUSABLE = "unusable"
    SWITCH_UNNOTED = "switch-unnoted"
    PROOF_UNNOTED = "proof-unnoted"
    UNHEALTHY = "unhealthy"
    DID_NOT_STAY = "did-not-stay"
    DAMAGED_HERE = "damaged-here"
    NO_RELEASE = "no-release"
    RELEASE_DAMAGED = "release-damaged"
    UNSIGNED = "unsigned"
    CARDS_DIFFER = "cards-differ"
    PARKED = "parked"
    NO_SERVER = "no-server"
    NO_ANSWER = "no-answer"


ENGLISH: Final[Mapping[Saying, str]] = MappingProxyType(
    {
        Saying.WORKS: "works",
        Saying.JOURNAL_FINE: "the journal can be written, {taps} taps wait",
        Saying.NO_CARDS: "there are none of the server yet",
        Saying.CARDS: "{cards}, up to {cursor}",
        Saying.NO_CONFIGURATION: "there is no configuration yet",
        Saying.DECIDES_WRONG: "a card that nobody has is answered {outcome}",
        Saying.DECIDES: "cards are decided on, the event is {event}",
        Saying.TIME_UNHEARD: "the server's time was not heard since the start",
        Saying.TIME: "{moment} UTC, {offset} ms from the wall",
        Saying.NOT_REACHED: "it is not reached",
        Saying.HEARD: "heard at {clock} UTC",
        Saying.NOT_FOLLOWED: "not everything of the server was read since the start",
        Saying.FOLLOWED: "everything of the server is here",
        Saying.FAULTS: "{codes} (see the manual)",
        Saying.NO_FAULTS: "none",
        Saying.TOO_LATE: "It came too late.",
        Saying.UNKNOWN_COMMAND: "This zuil (version {version}) knows no command '{kind}'.",
        Saying.RESTARTED: "The zuil started anew.",
        Saying.REBOOTED: "The machine started anew.",
        Saying.NOT_REBOOTED: "The zuil started anew, the machine did not.",
        Saying.BROKEN_OFF: "The zuil stopped in the middle of it.",
        Saying.WENT_WRONG: "It went wrong; the log says how.",
        Saying.NOT_GOOD: "Not good: {parts}.",
        Saying.ALL_FINE: "All {parts} parts are fine.",
        Saying.LINES: "{lines} lines.",
        Saying.FETCHED: "{cards} cards were fetched anew.",
        Saying.NO_MACHINE: "A virtual zuil has no machine to start anew; restart it instead.",
        Saying.CANNOT_REBOOT: "The machine cannot be started anew: {trouble}.",
        Saying.NO_LAUNCHER: "This zuil was not started by zuil-launch, so it takes no releases.",
        Saying.NO_ROOM: "There is not enough room on the SD card.",
        Saying.OTHER_MACHINE: "Its libraries are for another machine ({about}).",
        Saying.OTHER_PYTHON: "Its libraries are for Python {about}.",
        Saying.TOO_OLD: "It asks at least version {about} here.",
        Saying.UNREADABLE: "It cannot read the {about} as it is here.",
        Saying.NO_WAY_BACK: (
            "It would write a {about} that this version cannot read: first take the one in between."
        ),
        Saying.NOT_PUT_DOWN: "The release cannot be put down: {trouble}.",
        Saying.UNUSABLE: "The release cannot be used: {trouble}.",
        Saying.SWITCH_UNNOTED: "The switch cannot be noted: {trouble}.",
        Saying.PROOF_UNNOTED: "It cannot be noted that this release is good: {trouble}.",
        Saying.UNHEALTHY: "It was not healthy within {seconds} seconds.",
        Saying.DID_NOT_STAY: "It was started {times} times and did not stay.",
        Saying.DAMAGED_HERE: "It is damaged on the SD card.",
        Saying.NO_RELEASE: "This is no release of a zuil: {trouble}.",
        Saying.RELEASE_DAMAGED: "The release is damaged: {trouble}.",
        Saying.UNSIGNED: "The release is not signed with a key that is trusted here.",
        Saying.CARDS_DIFFER: "The cards differ from the server's, also after a snapshot.",
        Saying.PARKED: "{taps} taps are parked",
        Saying.NO_SERVER: "The server cannot be reached: {trouble}.",
        Saying.NO_ANSWER: "The server did not answer within {seconds} seconds.",
    }
)
_ONE_WORD: Final = frozenset({"taps", "cards", "offset", "lines", "seconds", "times", "version", "kind"})
_FINDING: Final = re.compile(r"(ok |BAD)  ([a-z]+): (.*)", re.DOTALL)


class Said(NamedTuple):
    """Something a zuil said. code: a `Saying`, or one of a later version; empty: `facts["text"]` is all.

    subject: the part that was tested, empty when it is about none; good: how that part is.
    """

    code: str
    facts: Mapping[str, str]
    subject: str = ""
    good: bool = True


def english(saying: Saying, **facts: object) -> str:
    """Return the sentence of a saying, as it stands in logs and files."""
    return ENGLISH[saying].format(**facts)


def finding_line(subject: str, sentence: str, *, good: bool) -> str:
    """Return what was found of one part, as a line."""
    return f"{'ok ' if good else 'BAD'}  {subject}: {sentence}"


def understood(text: str) -> list[Said]:
    """Return what a text of a zuil says: a sentence, lines of a self-test, or a sentence and such lines."""
    found: list[Said] = []
    for prefix in (Saying.UNHEALTHY, Saying.DID_NOT_STAY):
        if match := _PREFIXES[prefix].match(text):
            found.append(Said(prefix, match.groupdict()))
            text = text[match.end() :].strip()
    return [*found, *(_one(part) for part in re.split(r"\n|; (?=BAD  )", text) if part.strip())]


def _one(text: str) -> Said:
    if line := _FINDING.fullmatch(text.strip()):
        return _sentence(line[3])._replace(subject=line[2], good=line[1] == "ok ")
    return _sentence(text.strip())


def _sentence(text: str) -> Said:
    for saying, pattern in _PATTERNS.items():
        if match := pattern.fullmatch(text):
            return Said(saying, match.groupdict())
    return Said("", {"text": text})


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"\{([a-z]+)\}", sentence)
    places = [
        f"(?P<{part}>{'[^ ]+' if part in _ONE_WORD else '.+'})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    ]
    return re.compile("".join(places), re.DOTALL)


_PATTERNS: Final = {saying: _pattern(sentence) for saying, sentence in ENGLISH.items()}
_PREFIXES: Final = {saying: _PATTERNS[saying] for saying in (Saying.UNHEALTHY, Saying.DID_NOT_STAY)}
