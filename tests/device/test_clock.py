"""The zuil's idea of the time, and the evidence that it leaves of it."""

from device.core.clock import ServerClock
from shared.domain.zones import to_millis

HEARD = 1_795_000_000_000


class Clocks:
    """A wall clock that lost its date at a boot, and the monotonic clock beside it, in seconds."""

    def __init__(self, wall):
        self.wall, self.monotonic = wall, 10.0
        self.clock = ServerClock("boot", wall=lambda: self.wall, monotonic=lambda: self.monotonic)

    def go_on(self, seconds):
        self.wall += seconds
        self.monotonic += seconds


def test_a_clock_without_a_date_goes_on_from_what_has_passed_and_says_so():
    clocks = Clocks(wall=20.0)
    clocks.clock.not_before(HEARD)
    clocks.go_on(60)
    reading = clocks.clock.read()
    assert to_millis(reading.now) == HEARD + 60_000
    assert (reading.evidence.wall, reading.evidence.offset) == (80_000, None)
    assert reading.evidence.believed == HEARD + 60_000


def test_a_wall_that_may_be_right_is_believed_without_a_word():
    clocks = Clocks(wall=HEARD / 1000 + 5)
    clocks.clock.not_before(HEARD)
    assert clocks.clock.read().evidence.believed is None


def test_once_the_server_was_heard_its_offset_says_it_all():
    clocks = Clocks(wall=20.0)
    clocks.clock.not_before(HEARD)
    clocks.clock.learn(HEARD + 1_000, 10.0, 10.0)
    evidence = clocks.clock.read().evidence
    assert (evidence.believed, evidence.wall + evidence.offset) == (None, HEARD + 1_000)
