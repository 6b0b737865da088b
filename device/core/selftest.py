"""The self-test: every part of a running zuil is asked, and a card is decided on; nothing is written down."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC
from typing import Final, NamedTuple

from device.core.health import Health
from device.core.kiosk import Kiosk
from device.ports import OK, CacheError, Display, Journal, JournalError, Lights, PassCache, TrustedClock
from shared.domain.checkin import decide
from shared.domain.outcomes import Outcome, Tone
from shared.domain.sayings import Saying, english, finding_line
from shared.domain.zones import from_millis

_NOBODYS_TOKEN: Final = 0


class Finding(NamedTuple):
    """What was found of one part."""

    good: bool
    subject: str
    sentence: str

    def __str__(self) -> str:
        return finding_line(self.subject, self.sentence, good=self.good)


class _BadError(Exception):
    """A part is not good; its text is one sentence."""


class SelfTest:
    """Asks the parts of one zuil; any thread may call."""

    def __init__(
        self,
        kiosk: Kiosk,
        journal: Journal,
        cache: PassCache,
        clock: TrustedClock,
        health: Health,
        *,
        display: Display,
        lights: Lights,
    ) -> None:
        self._kiosk = kiosk
        self._journal = journal
        self._cache = cache
        self._clock = clock
        self._health = health
        self._display = display
        self._lights = lights

    def findings(self, subjects: Collection[str] | None = None) -> list[Finding]:
        """Ask every part, or only these; a bad one never hides the next."""
        questions: dict[str, Callable[[], str]] = {
            "reader": lambda: _working(self._health.reader),
            "display": lambda: _working(self._display.state),
            "lights": self._lamps,
            "storage": self._storage,
            "cards": self._cards,
            "decision": self._decision,
            "clock": self._time,
            "server": self._server,
            "sync": self._sync,
            "faults": self._faults,
        }
        return [
            _finding(subject, question)
            for subject, question in questions.items()
            if subjects is None or subject in subjects
        ]

    def _lamps(self) -> str:
        state = _working(self._lights.state)
        self._lights.signal(Tone.CALM)
        return state

    def _storage(self) -> str:
        self._journal.check()
        return english(Saying.JOURNAL_FINE, taps=self._journal.state().queue)

    def _cards(self) -> str:
        state = self._cache.state()
        if not state.cursor:
            raise _BadError(english(Saying.NO_CARDS))
        return english(Saying.CARDS, cards=state.cards, cursor=state.cursor)

    def _decision(self) -> str:
        """Decide on a card that nobody has, as on any other."""
        active = self._kiosk.active
        if active is None:
            raise _BadError(english(Saying.NO_CONFIGURATION))
        if self._cache.card(_NOBODYS_TOKEN) is None:
            outcome = decide(None, active.facts, (), self._clock.read().now).outcome
            if outcome is not Outcome.UNKNOWN_CARD:
                raise _BadError(english(Saying.DECIDES_WRONG, outcome=outcome.value))
        return english(Saying.DECIDES, event=active.event.id if active.event else "none")

    def _time(self) -> str:
        reading = self._clock.read()
        if reading.evidence.offset is None:
            raise _BadError(english(Saying.TIME_UNHEARD))
        moment = f"{reading.now.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        return english(Saying.TIME, moment=moment, offset=reading.evidence.offset)

    def _server(self) -> str:
        heard = self._health.heard
        if not self._health.online or heard is None:
            raise _BadError(english(Saying.NOT_REACHED))
        return english(Saying.HEARD, clock=f"{from_millis(heard):%H:%M:%S}")

    def _sync(self) -> str:
        if self._health.followed is None:
            raise _BadError(english(Saying.NOT_FOLLOWED))
        return english(Saying.FOLLOWED)

    def _faults(self) -> str:
        codes = " ".join(sorted(self._health.faults))
        if codes:
            raise _BadError(english(Saying.FAULTS, codes=codes))
        return english(Saying.NO_FAULTS)


def _working(state: str) -> str:
    if state != OK:
        raise _BadError(state)
    return english(Saying.WORKS)


def _finding(subject: str, question: Callable[[], str]) -> Finding:
    try:
        return Finding(good=True, subject=subject, sentence=question())
    except (_BadError, JournalError, CacheError) as error:
        return Finding(good=False, subject=subject, sentence=str(error))
