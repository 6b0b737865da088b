"""A USB reader that hangs is reset, as if somebody had pulled the plug."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

DEVICES: Final = Path("/sys/bus/usb/devices")
NODES: Final = Path("/dev/bus/usb")
_USBDEVFS_RESET: Final = 0x5514
READERS: Final = frozenset(
    {("072f", "2200"), ("072f", "90cc"), ("072f", "223b"), ("04e6", "5591"), ("04e6", "5593")}
)
"""Vendor and product of the readers in `provisioning/70-zuil.rules`."""
log = logging.getLogger(__name__)


def _reset(node: Path) -> None:
    # Not on Windows, where the bridge runs too and there is no such file.
    import fcntl

    descriptor = os.open(node, os.O_WRONLY)
    try:
        fcntl.ioctl(descriptor, _USBDEVFS_RESET, 0)
    finally:
        os.close(descriptor)


def reset_readers(
    wanted: tuple[str, str] | None = None,
    *,
    devices: Path = DEVICES,
    nodes: Path = NODES,
    reset: Callable[[Path], None] = _reset,
) -> int:
    """Reset every card reader on USB, or only those of one vendor and product; return how many."""
    done = 0
    for node in _nodes(frozenset({wanted}) if wanted else READERS, devices, nodes):
        try:
            reset(node)
        except OSError as error:
            log.warning("The card reader at %s cannot be reset: %s", node, error)
        else:
            log.warning("The card reader at %s was reset.", node)
            done += 1
    return done


def ids_of(path: str) -> tuple[str, str] | None:
    """Return vendor and product of an nfcpy path such as `usb:072f:2200`, None when it names none."""
    match path.split(":"):
        case ["usb", vendor, product]:
            return vendor.lower(), product.lower()
    return None


def _nodes(wanted: frozenset[tuple[str, str]], devices: Path, nodes: Path) -> Iterator[Path]:
    for device in sorted(devices.glob("*")):
        try:
            if (_fact(device, "idVendor"), _fact(device, "idProduct")) in wanted:
                yield nodes / f"{int(_fact(device, 'busnum')):03}" / f"{int(_fact(device, 'devnum')):03}"
        except (OSError, ValueError):
            continue  # an interface, or unplugged while we looked


def _fact(device: Path, name: str) -> str:
    return (device / name).read_text().strip()
