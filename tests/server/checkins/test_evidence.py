"""When a tap was, from clocks that may be wrong."""

from server.checkins.evidence import effective_time
from shared.wire.messages import Clock

NOW = 1_795_000_000_000
HOUR = 3_600_000
UPLOAD = Clock(wall=NOW, monotonic=50_000, boot="b", offset=0)


def test_within_one_boot_the_monotonic_clock_knows_it_whatever_the_wall_says():
    tap = Clock(wall=20_000, monotonic=20_000, boot="b", believed=NOW - 9 * HOUR)
    assert effective_time(tap, UPLOAD, NOW) == NOW - 30_000


def test_a_tap_of_a_boot_that_never_heard_the_server_was_when_the_zuil_believed():
    tap = Clock(wall=20_000, monotonic=20_000, boot="a", believed=NOW - 9 * HOUR)
    assert effective_time(tap, UPLOAD, NOW) == NOW - 9 * HOUR


def test_of_a_zuil_that_does_not_say_what_it_believed_only_the_wall_is_left():
    assert effective_time(Clock(wall=20_000, monotonic=20_000, boot="a"), UPLOAD, NOW) == 20_000


def test_what_was_measured_is_better_than_what_was_believed():
    tap = Clock(wall=20_000, monotonic=20_000, boot="a", offset=NOW - 60_000, believed=5)
    assert effective_time(tap, UPLOAD, NOW) == NOW - 40_000


def test_nothing_happened_after_it_came():
    tap = Clock(wall=NOW + HOUR, monotonic=20_000, boot="a", believed=NOW + 2 * HOUR)
    assert effective_time(tap, UPLOAD, NOW) == NOW
