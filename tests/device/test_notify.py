"""Speaking to systemd: ready, alive and stopping, over a real datagram socket."""

from __future__ import annotations

import socket

import pytest

from device.adapters.notify import Notifier


@pytest.fixture
def manager(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


def test_a_zuil_says_when_it_is_ready_and_that_it_is_alive(manager):
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "15000000"})
    notifier.ready("started")
    notifier.alive()
    notifier.stopping()
    assert [manager.recv(200) for _ in range(3)] == [
        b"READY=1\nSTATUS=started",
        b"WATCHDOG=1",
        b"STOPPING=1",
    ]


def test_the_watchdog_is_fed_three_times_in_its_time_and_not_at_every_turn(manager):
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "15000000"})
    for _ in range(1000):
        notifier.alive()
    manager.setblocking(False)
    assert manager.recv(200) == b"WATCHDOG=1"
    with pytest.raises(BlockingIOError):
        manager.recv(200)


def test_without_systemd_nothing_is_said():
    notifier = Notifier({})
    notifier.ready("started")
    notifier.alive()
    notifier.stopping()
