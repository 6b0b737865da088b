"""The list of modes names what is there, and nothing else."""

from importlib.util import find_spec

from shared.domain.modes import MODES, Mode, known_mode
from shared.wire.messages import Clock, KioskConfig, Tap


def test_every_mode_has_a_capability_that_is_there():
    assert set(MODES) == set(Mode)
    for facts in MODES.values():
        assert find_spec(f"server.{facts.capability}") is not None


def test_a_mode_of_a_newer_server_is_not_known():
    assert known_mode("checkin") is Mode.CHECKIN
    assert known_mode("ticket") is None
    assert known_mode("") is None


def test_what_travels_is_a_mode_of_the_list():
    clock = Clock(wall=0, monotonic=0, boot="")
    assert known_mode(KioskConfig(version="", kiosk=1, name="").mode) is Mode.CHECKIN
    assert known_mode(Tap(id="", clock=clock, outcome="ok").mode) is Mode.CHECKIN
