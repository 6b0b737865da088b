"""Whatever happens, in whatever order: a whole zuil and a whole server, led by a machine against a model.

The daemon is several threads, so it cannot be replayed as it is; here its real parts take their turns
one by one (`fakes.stepped_zuil`), over real HTTP to the real server, with time in the machine's hands.
Each example is replayed exactly by its seed. The threads themselves meet in `test_messages.py`.
"""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from fakes.any_order import AN, BOB, CEM, DAY, ELSEWHERE, a_world
from fakes.anything import Anything
from fakes.zuil_model import FILM, LIBRARY

ONCE = {
    "a card of elsewhere got two points": lambda zuil: zuil.tap_twice(ELSEWHERE),
    "a loop died of a refusal that it could not note": lambda zuil: (
        zuil.tap(AN),
        zuil.the_disk_is_full() if zuil.is_small else None,
        zuil.block_the_zuil(),
        zuil.go_on(40),
        zuil.tap(AN),
    ),
    "a panel that was gone kept the zuil from stopping": lambda zuil: (
        zuil.the_display(gone=True),
        zuil.start_anew(clean=True),
    ),
    "a zuil with other letters in its cache started no more": lambda zuil: zuil.the_cards_are_damaged(at=24),
    "a point without a limit was counted twice": lambda zuil: (
        zuil.choose_event(FILM),
        zuil.go_on(400),
        zuil.tap(AN),
        zuil.go_on(40),
        zuil.name_the_zuil(),
        zuil.go_on(400),
        zuil.tap(AN),
    ),
    "a server from before fresh keys knew the zuil no more": lambda zuil: (
        zuil.back_the_server_up(),
        zuil.get_fresh_keys_over_a_bad_line_that_breaks("lookup", "500"),
        zuil.go_on(400),
        zuil.restore_the_server(),
    ),
    "the lease ends": lambda zuil: (zuil.time_goes_by(40 * DAY), zuil.tap(AN)),
    "a blocked zuil cannot hand in": lambda zuil: zuil.block_the_zuil_while_it_cannot_hand_in("500"),
    "an answer is lost": lambda zuil: zuil.hand_in_a_tap_over_a_bad_line(AN, "taps", "reply lost"),
    "taps are lost on their way": lambda zuil: zuil.hand_in_a_tap_over_a_bad_line(AN, "taps", "lost"),
    "keys are new and cards are old": lambda zuil: zuil.get_fresh_keys_over_a_bad_line_that_breaks(
        "snapshots", "500"
    ),
    "a zuil that was let in again has no room for its cards": lambda zuil: (
        zuil.block_the_zuil(),
        zuil.go_on(40),
        zuil.the_disk_is_full() if zuil.is_small else None,
        zuil.let_the_zuil_in_again(),
        zuil.the_power_fails(1970),
        zuil.hold_for_long(CEM),
    ),
    "a server that forgot a tap sent its cards before the zuil heard of that": lambda zuil: (
        zuil.get_fresh_keys_over_a_bad_line_that_breaks("heartbeat", "401"),
        zuil.save_here_without_a_network_and_at_the_counter(BOB),
        zuil.tap_after_the_backup_that_is_put_back(AN),
        zuil.time_goes_by(3_600),
        zuil.hand_in_a_tap_over_a_bad_line(AN, "taps", "401"),
    ),
    "taps of long ago, handed in at last, were forgotten by both": lambda zuil: (
        zuil.tap_twice(AN),
        zuil.block_the_zuil_while_it_cannot_hand_in("401"),
        zuil.time_goes_by(40 * DAY),
        zuil.tap_after_the_backup_that_is_put_back(AN),
    ),
    "a server was put back while the zuil could not hear it for longer than it keeps things": lambda zuil: (
        zuil.back_the_server_up(),
        zuil.tap(AN),
        zuil.tap(BOB),
        zuil.go_on(40),
        zuil.restore_the_server(),
        zuil.the_network_becomes("lost"),
        zuil.time_goes_by(40 * DAY),
        zuil.go_on(40),
        zuil.the_network_becomes(""),
    ),
    "a slow line made a tap late at a zuil that was not told the time": lambda zuil: (
        zuil.the_network_becomes("slow"),
        zuil.time_goes_by(3_600),
        zuil.block_the_zuil(),
        zuil.let_the_zuil_in_again(),
        zuil.hold_for_long(AN),
        zuil.somebody_sets_the_clock(-3_600),
        zuil.go_on(0),
    ),
    "somebody else was first": lambda zuil: (
        zuil.set_limit("DAY", 2),
        zuil.go_on(400),
        zuil.save_at_the_counter(AN, LIBRARY),
        zuil.save_here_without_a_network_and_at_the_counter(AN),
    ),
    "the power fails twice in 1970": lambda zuil: (
        zuil.the_network_becomes("lost"),
        zuil.the_power_fails(1970),
        zuil.tap(AN),
        zuil.the_power_fails(1970),
        zuil.tap(AN),
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with a_world(tmp_path_factory.mktemp("any-order")) as world:
        yield world


@pytest.mark.parametrize("story", ONCE)
def test_what_once_went_wrong_and_what_is_not_left_to_chance(world, story):
    zuil = Anything(world)
    try:
        zuil.begin()
        zuil.go_on(40)
        ONCE[story](zuil)
        zuil.what_arrived_is_right()
    finally:
        zuil.teardown()


def lead(world, **more):
    # Explaining traces every line of the server too.
    phases = set(Phase) - {Phase.explain}
    usual = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": phases}
    run_state_machine_as_test(partial(Anything, world), settings=settings(**usual, **more))


@pytest.mark.slow
def test_whatever_happens_in_whatever_order_every_tap_counts_once_and_all_comes_right(world):
    lead(world, max_examples=14, stateful_step_count=20, derandomize=True)


@pytest.mark.slow
def test_whatever_happens_in_long_sequences_that_were_never_tried_before(world):
    lead(world, max_examples=300, stateful_step_count=60)
