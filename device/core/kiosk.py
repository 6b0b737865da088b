"""The zuil's main loop: what is presented is decided at once, whatever is on the display.

A tap while another result is shown replaces it: the next person never waits for the last one.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from device.core import screens
from device.core.health import WARNINGS, Fault, Health
from device.core.presence import Presence, Presented
from device.core.schedule import ActiveEvent
from device.core.tally import Tally
from device.core.tap import Setup, TapDesk, TapResult
from device.ports import ClockReading, Display, Lights, Screen, TrustedClock
from shared.domain.checkin import Decision
from shared.domain.codes import make_code
from shared.domain.outcomes import Outcome, Tone
from shared.domain.zones import to_millis

REFRESH_SECONDS: Final = 0.25
IDLE_SECONDS: Final = 6.0
CODE_SECONDS: Final = 8.0
LOGO_SECONDS: Final = 1.5
"""How long the logo of the card system stands at the beginning of each turn."""
_WARNING_SECONDS: Final = 3.0
_KEPT_ANSWERS: Final = 20
_DAY_MILLIS: Final = 86_400_000
_NOT_A_TAP: Final = {
    Presence.FOREIGN: Outcome.FOREIGN_CARD,
    Presence.TWO: Outcome.TWO_CARDS,
    Presence.UNREADABLE: Outcome.UNREADABLE_CARD,
}
_DEFAULT_RESULT_SECONDS: Final = 2.5
_FAULT_ORDER: Final = (
    Fault.ENROLMENT,
    Fault.BLOCKED,
    Fault.STORAGE_READ_ONLY,
    Fault.JOURNAL,
    Fault.LEASE,
    Fault.READER_HANGS,
    Fault.READER,
)
_SCANNING_GOES_ON: Final = (None, Fault.READER, Fault.READER_HANGS)
_CLOSED: Final = frozenset({Fault.BLOCKED, Fault.LEASE})
"""Faults in which a tap is not accepted at all."""
log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """The answer to what was presented, counted from the start; `result` when a card was decided on."""

    number: int
    outcome: Outcome
    result: TapResult | None


class Kiosk:
    """One zuil: taps in, screens and lights out.

    recorded: called after every tap in the journal. alive: at every turn, for the watchdog. turned:
    when another event (or the same for another reason) is on, so that the counter hears of it.
    """

    def __init__(
        self,
        desk: TapDesk,
        display: Display,
        lights: Lights,
        clock: TrustedClock,
        health: Health,
        *,
        recorded: Callable[[], None],
        alive: Callable[[], None],
        turned: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._display = display
        self._lights = lights
        self._clock = clock
        self._health = health
        self._recorded = recorded
        self._alive = alive
        self._turned = turned
        self._presented: queue.SimpleQueue[Presented | None] = queue.SimpleQueue()
        self._setup: Setup | None = None
        self._result_until = 0.0
        self._shown: Screen | None = None
        self._tapped_at = 0.0
        self._aside: tuple[Screen, float] | None = None
        self._answered = threading.Condition()
        self.notice = ""
        self.active: ActiveEvent | None = None
        self.answers: tuple[Answer, ...] = ()
        self.tally = Tally()

    @property
    def screen(self) -> Screen | None:
        """What is on the display."""
        return self._shown

    @property
    def name(self) -> str:
        """What this zuil is called, empty before its first configuration."""
        return self._setup.config.name if self._setup else ""

    @property
    def language(self) -> str:
        """The first language of this zuil."""
        return _language(self._setup, 0)

    @property
    def identified(self) -> int | None:
        """How often this zuil was asked which one it is; None before its first configuration."""
        return self._setup.config.identify if self._setup else None

    def show_for(self, screen: Screen, seconds: float) -> None:
        """Show something for the technician; the next tap takes its place. Any thread may call."""
        self._aside = (screen, time.monotonic() + seconds)
        self._presented.put(None)

    @property
    def seconds_since_tap(self) -> float:
        """How long nobody has tapped: quiet moments are for tidying up."""
        return time.monotonic() - self._tapped_at

    def configure(self, setup: Setup) -> None:
        """Use a new configuration from the next tap on; any thread may call."""
        self._setup = setup
        self._presented.put(None)

    def forget(self) -> None:
        """Have no configuration any more: nothing is accepted until there is another."""
        self._setup, self.active = None, None
        self._presented.put(None)

    def wait_for_answer(self, after: int, seconds: float) -> Answer | None:
        """Wait for the first answer past number `after`; None when nobody was answered in time."""

        def newer() -> Answer | None:
            return next((answer for answer in self.answers if answer.number > after), None)

        with self._answered:
            return self._answered.wait_for(newer, seconds)

    def present(self, presented: Presented) -> None:
        """Hand over what the reader saw; any thread may call."""
        self._presented.put(presented)

    def run(self, stop: threading.Event) -> None:
        """Serve people until stopped."""
        self.refresh()
        while not stop.is_set():
            self._alive()
            try:
                presented = self._presented.get(timeout=REFRESH_SECONDS)
            except queue.Empty:
                presented = None
            if presented is not None:
                self.serve(presented)
            else:
                self.refresh()

    def serve(self, presented: Presented) -> None:
        """Decide on what was presented and show the answer."""
        self._tapped_at = time.monotonic()
        self._aside = None
        setup = self._setup
        language = _language(setup, 0)
        if presented.presence is Presence.CARD:
            result = self._take(presented.chip_number, setup, language)
            self._answer(screens.result(result, language), result.outcome, result)
        else:
            outcome = _NOT_A_TAP[presented.presence]
            self._answer(screens.not_a_tap(outcome, language), outcome)

    def refresh(self) -> None:
        """Show what belongs on the display now, when no result is to be read."""
        monotonic = time.monotonic()
        setup, reading = self._setup, self._clock.read()
        if setup is not None:
            before, self.active = self.active, setup.schedule.at(reading.now)
            if _choice(before) != _choice(self.active):
                self._turned()
            self._watch_lease(setup, reading)
        aside = self._aside
        if aside is not None and monotonic < aside[1]:
            self._show(aside[0])
        elif monotonic >= self._result_until:
            self._show(self._quiet_screen(setup, reading, monotonic))

    def _take(self, chip_number: str, setup: Setup | None, language: str) -> TapResult:
        if setup is None or self._health.faults & _CLOSED:
            return TapResult(Decision(Outcome.TECHNICAL), 0, self._clock.read().now, None)
        asking = partial(self._show, screens.wait(language)) if self._health.online else None
        try:
            result = self._desk.take(chip_number, setup, asking=asking)
        except Exception:  # one odd card must not end the zuil for everybody
            log.exception("A tap could not be decided.")
            return TapResult(Decision(Outcome.TECHNICAL), 0, self._clock.read().now, None)
        self._health.set_fault(Fault.JOURNAL, present=result.seq is None)
        self._recorded()
        return result

    def _answer(self, screen: Screen, outcome: Outcome, result: TapResult | None = None) -> None:
        self._show(screen)
        self._lights.signal(outcome.tone)
        self.tally.note(time.monotonic(), refused=outcome.tone is Tone.BAD)
        with self._answered:
            number = self.answers[-1].number + 1 if self.answers else 1
            self.answers = (*self.answers[1 - _KEPT_ANSWERS :], Answer(number, outcome, result))
            self._answered.notify_all()
        seconds = self._setup.config.result_seconds if self._setup else _DEFAULT_RESULT_SECONDS
        self._result_until = time.monotonic() + seconds

    def _show(self, screen: Screen) -> None:
        if screen != self._shown:
            self._shown = screen
            self._display.show(screen)

    def _quiet_screen(self, setup: Setup | None, reading: ClockReading, monotonic: float) -> Screen:
        """Return the idle screen, the QR screen, or why the zuil cannot be used; languages take turns."""
        turn, moment = divmod(monotonic, IDLE_SECONDS + CODE_SECONDS)
        language = _language(setup, int(turn))
        fault = next((fault for fault in _FAULT_ORDER if fault in self._health.faults), None)
        if fault not in _SCANNING_GOES_ON:
            return screens.out_of_order(fault, language)
        if setup is None:
            return screens.starting(language, self.notice)
        if fault is None and setup.config.logo is not None and moment < LOGO_SECONDS:
            return screens.brand(setup.config.logo)
        return self._inviting(setup, reading, monotonic, fault)

    def _inviting(self, setup: Setup, reading: ClockReading, monotonic: float, fault: Fault | None) -> Screen:
        """Return the idle screen or the QR screen, or the fault that leaves only the QR."""
        turn, moment = divmod(monotonic, IDLE_SECONDS + CODE_SECONDS)
        language, active = _language(setup, int(turn)), setup.schedule.at(reading.now)
        code = _code(setup, active, reading)
        if code and active.event and moment >= IDLE_SECONDS and not (self._display.wide and fault is None):
            return screens.scan(active.event, code, language)
        if fault is not None:
            return screens.out_of_order(fault, language)
        idle = screens.idle(active.event, reading.now, language, code=code if self._display.wide else "")
        warnings = sorted(self._health.faults & WARNINGS)
        if warnings and moment % _WARNING_SECONDS >= _WARNING_SECONDS / 2:
            # The visitor reads the hour, the technician the code, in turns in the same corner.
            return replace(idle, clock=warnings[int(turn) % len(warnings)].value)
        return idle

    def _watch_lease(self, setup: Setup, reading: ClockReading) -> None:
        """Stop accepting when the server was not heard for longer than the lease (`design/sync.md` 7)."""
        heard = self._health.heard
        late = heard is not None and to_millis(reading.now) - heard > setup.config.lease_days * _DAY_MILLIS
        self._health.set_fault(Fault.LEASE, present=late)


def _choice(active: ActiveEvent | None) -> tuple[str | None, str] | None:
    return None if active is None else (active.selection.event, active.selection.reason)


def _code(setup: Setup, active: ActiveEvent, reading: ClockReading) -> str:
    """Return the link of the QR code, empty when there is nothing to save for (rules 7.10, 8.7)."""
    config = setup.config
    if not config.qr or not config.code_key or active.event is None or active.selection.window is None:
        return ""
    code = make_code(config.code_key, config.kiosk, active.event.number, reading.now, config.qr_seconds)
    return config.code_url + code


def _language(setup: Setup | None, turn: int) -> str:
    languages = setup.config.languages if setup and setup.config.languages else ["nl"]
    return languages[turn % len(languages)]
