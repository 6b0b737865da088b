"""The main loop: what is presented is answered at once, and the display says what the zuil can do."""

from __future__ import annotations

import pytest

from device.core.health import Fault, Health
from device.core.kiosk import Kiosk
from device.core.presence import Presence, Presented
from device.core.tap import TapDesk, prepare
from device.ports import Icon, JournalError, LinkError, ScreenKind
from fakes.zuil import (
    BLOCKED_CHIP,
    KNOWN_CHIP,
    UNKNOWN_CHIP,
    AnsweringLink,
    RecordingDisplay,
    RecordingLights,
    cards,
    concert,
    config,
    row,
)
from shared.domain.codes import CodeVerdict, read_code, verify_code
from shared.domain.outcomes import Outcome, Tone
from shared.domain.zones import to_millis
from shared.wire.messages import Changes, LogoMessage, LookupAnswer


class House:
    """A kiosk with its recording display and lights."""

    def __init__(self, cache, journal, link, clock, *, wide=False):
        self.display, self.lights, self.health = RecordingDisplay(wide=wide), RecordingLights(), Health()
        self.recorded = self.turned = 0
        desk = TapDesk(cache, journal, link, clock)
        self.kiosk = Kiosk(
            desk,
            self.display,
            self.lights,
            clock,
            self.health,
            recorded=self._record,
            alive=lambda: None,
            turned=self._turn,
        )

    def _record(self):
        self.recorded += 1

    def _turn(self):
        self.turned += 1

    def tap(self, chip):
        self.kiosk.serve(Presented(Presence.CARD, chip))
        return self.display.last

    def quiet(self, at):
        """What stands on the display at a monotonic moment when nobody was answered lately."""
        self.kiosk._result_until = 0
        setup, reading = self.kiosk._setup, self.kiosk._clock.read()
        return self.kiosk._quiet_screen(setup, reading, at)


@pytest.fixture
def house(cache, journal, link, clock):
    house = House(cache, journal, link, clock)
    house.kiosk.configure(prepare(cache.config()))
    return house


def test_a_point_is_a_large_plus_one_with_the_balance_and_a_green_light(house):
    screen = house.tap(KNOWN_CHIP)
    assert (screen.big, screen.detail, screen.icon, screen.tone) == ("+1", "totaal 13", Icon.TICK, Tone.GOOD)
    assert house.lights.signals == [Tone.GOOD]
    assert house.recorded == 1


def test_the_counter_hears_at_once_when_its_choice_is_on_the_zuil(house):
    house.kiosk.refresh()
    house.kiosk.refresh()
    assert house.turned == 1
    house.kiosk.configure(prepare(config(concert(), manual_event=concert().id)))
    house.kiosk.refresh()
    assert house.turned == 2


def test_the_next_tap_replaces_a_result_that_is_still_shown(house):
    house.tap(KNOWN_CHIP)
    assert house.tap(BLOCKED_CHIP).headline == "Kaart geblokkeerd"


def test_a_result_stays_until_its_time_is_over(house):
    house.tap(KNOWN_CHIP)
    house.kiosk.refresh()
    assert house.display.last.kind is ScreenKind.RESULT
    house.kiosk._result_until = 0
    house.kiosk.refresh()
    assert house.display.last.kind in (ScreenKind.IDLE, ScreenKind.CODE)


@pytest.mark.parametrize(
    ("presence", "outcome"),
    [
        (Presence.FOREIGN, Outcome.FOREIGN_CARD),
        (Presence.TWO, Outcome.TWO_CARDS),
        (Presence.UNREADABLE, Outcome.UNREADABLE_CARD),
    ],
)
def test_what_is_no_card_to_decide_on_is_told_and_not_recorded(house, journal, presence, outcome):
    house.kiosk.serve(Presented(presence))
    assert house.kiosk.answers[-1].outcome is outcome
    assert journal.state().last_seq == 0


def test_before_the_first_configuration_the_zuil_is_starting_and_takes_nothing(cache, journal, link, clock):
    house = House(cache, journal, link, clock)
    assert house.quiet(0).kind is ScreenKind.STARTING
    house.tap(KNOWN_CHIP)
    assert house.kiosk.answers[-1].outcome is Outcome.TECHNICAL
    assert journal.state().last_seq == 0


def test_the_qr_code_takes_turns_with_the_idle_screen(house):
    assert house.quiet(1).kind is ScreenKind.IDLE
    assert house.quiet(7).kind is ScreenKind.CODE


def test_a_wide_panel_shows_both_at_once(cache, journal, link, clock):
    house = House(cache, journal, link, clock, wide=True)
    house.kiosk.configure(prepare(cache.config()))
    for moment in (1, 7):
        screen = house.quiet(moment)
        assert (screen.kind, bool(screen.code)) == (ScreenKind.IDLE, True)


def test_the_code_on_the_display_is_valid_for_this_event(house, clock):
    link = house.quiet(7).code
    assert link.startswith("HTTPS://ZUIL.EXAMPLE/C/")
    code = read_code(link)
    assert (code.kiosk, code.event) == (7, 7)
    assert verify_code(bytes(32), code, clock.now) is CodeVerdict.VALID


def test_a_zuil_without_qr_shows_none(house):
    house.kiosk.configure(prepare(config(concert(), qr=False)))
    assert house.quiet(7).code == ""


def test_without_an_event_the_display_says_so_and_shows_no_code(house):
    house.kiosk.configure(prepare(config()))
    for moment in (1, 7):
        assert (house.quiet(moment).headline, house.quiet(moment).code) == ("Nu geen activiteit", "")


def test_a_logo_begins_each_turn_and_gives_way_to_a_fault(house):
    house.kiosk.configure(prepare(config(concert(), logo=LogoMessage(width=8, height=1, bits=b"x"))))
    kinds = [house.quiet(moment).kind for moment in (0.5, 2, 7, 14.5)]
    assert kinds == [ScreenKind.BRAND, ScreenKind.IDLE, ScreenKind.CODE, ScreenKind.BRAND]
    house.health.set_fault(Fault.READER, present=True)
    assert house.quiet(0.5).kind is ScreenKind.OUT_OF_ORDER


def test_languages_take_turns(house):
    house.kiosk.configure(prepare(config(concert(), languages=("nl", "fr"))))
    assert {house.quiet(1).headline, house.quiet(15).headline} == {"Hou je UiTPAS", "Tenez votre UiTPAS"}


def test_a_reader_that_is_away_leaves_the_qr_code(house):
    house.health.set_fault(Fault.READER, present=True)
    assert house.quiet(1).kind is ScreenKind.OUT_OF_ORDER
    assert house.quiet(1).clock == "E10"
    assert house.quiet(7).kind is ScreenKind.CODE


def test_a_full_disk_is_red_and_then_out_of_order(house, journal):
    class FullJournal(type(journal)):
        def append(self, tap_id, payload, granted):
            raise JournalError("The disk is full.")

    journal.__class__ = FullJournal
    assert house.tap(KNOWN_CHIP).icon is Icon.TOOL
    assert house.lights.signals == [Tone.BAD]
    assert house.quiet(7).kind is ScreenKind.OUT_OF_ORDER


def test_one_odd_card_does_not_end_the_zuil(house, cache, journal):
    odd = row(KNOWN_CHIP, 1, state=14)
    cache.apply(Changes(cursor="1.6", cards=cards(odd)))
    assert house.tap(KNOWN_CHIP).headline == "Storing"
    assert house.tap(BLOCKED_CHIP).headline == "Kaart geblokkeerd"
    assert journal.state().last_seq == 1


def test_after_the_lease_no_tap_is_taken(house, journal, clock):
    house.health.heard = to_millis(clock.now)
    clock.forward(days=31)
    house.kiosk.refresh()
    assert house.quiet(1).clock == "E40"
    house.tap(KNOWN_CHIP)
    assert journal.state().last_seq == 0


def test_while_the_server_is_asked_about_a_card_the_display_asks_for_patience(cache, journal, clock):
    house = House(cache, journal, AnsweringLink(LookupAnswer(known=False)), clock)
    house.kiosk.configure(prepare(cache.config()))
    house.health.online = True
    house.tap(UNKNOWN_CHIP)
    assert [screen.kind for screen in house.display.screens] == [ScreenKind.WAIT, ScreenKind.RESULT]


def test_without_network_nobody_waits_for_an_unknown_card(house, link):
    def lookup(request, seconds):
        raise AssertionError("the server was asked")

    link.lookup = lookup
    assert house.tap(UNKNOWN_CHIP).headline == "Genoteerd"


def test_a_server_that_fails_leaves_an_unknown_card_noted(cache, journal, clock, link):
    house = House(cache, journal, link, clock)
    house.kiosk.configure(prepare(cache.config()))
    house.health.online = True
    with pytest.raises(LinkError):
        link.lookup(None, 1)
    assert house.tap(UNKNOWN_CHIP).headline == "Genoteerd"
