"""The computer that the zuil runs on: its addresses, and switching it off and on."""

from __future__ import annotations

import fcntl
import logging
import socket
import struct
import subprocess
from typing import Final

from device.core.notes import DeedError
from shared.domain.sayings import Saying, english

_SIOCGIFADDR: Final = 0x8915
_NAME_BYTES: Final = 15
log = logging.getLogger(__name__)


def addresses() -> list[str]:
    """Return name and IPv4 address of each network interface but the loopback."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            if name == "lo":
                continue
            try:
                request = struct.pack("256s", name.encode()[:_NAME_BYTES])
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, request)
            except OSError:
                continue  # an interface without an address
            found.append(f"{name} {socket.inet_ntoa(answer[20:24])}")
    return found


def power_off() -> None:
    """Switch the machine off; systemd stops the zuil on the way (`provisioning/zuil-polkit.rules`)."""
    trouble = _ask_systemd("poweroff")
    if trouble:
        log.error("The machine cannot be switched off: %s", trouble)


def reboot() -> None:
    """Start the machine anew; systemd stops the zuil on the way.

    Raises:
        DeedError: it cannot be.
    """
    trouble = _ask_systemd("reboot")
    if trouble:
        raise DeedError(english(Saying.CANNOT_REBOOT, trouble=trouble))


def _ask_systemd(verb: str) -> str:
    """Return what is wrong, empty when it is on its way."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            ["/usr/bin/systemctl", verb], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stderr.strip().rstrip(".") or "systemctl failed") if done.returncode else ""
