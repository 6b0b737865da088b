"""What the core of a zuil asks of the world: each port is a Protocol with one or two adapters.

An adapter that cannot do its work raises the error named here and the core makes it a state;
any other exception is a bug and is logged as one.
"""

from __future__ import annotations

from typing import Final

from device.ports.cache import CacheError, CacheState, PassCache
from device.ports.clock import ClockReading, TrustedClock
from device.ports.entrusted import Entrusted, EntrustedError, Standing
from device.ports.journal import Batch, Granted, Journal, JournalError, JournalState, OwnCheckin
from device.ports.panel import Button, Display, Icon, Lights, Screen, ScreenKind
from device.ports.reader import NOTHING, CardReader, IdentityError, IdentityReader, ReaderError, Sight
from device.ports.releases import FailedRelease, ReleaseError, Releases, ReleaseStanding
from device.ports.server import LinkError, ServerLink

__all__ = [
    "NOTHING",
    "OK",
    "Batch",
    "Button",
    "CacheError",
    "CacheState",
    "CardReader",
    "ClockReading",
    "Display",
    "Entrusted",
    "EntrustedError",
    "FailedRelease",
    "Granted",
    "Icon",
    "IdentityError",
    "IdentityReader",
    "Journal",
    "JournalError",
    "JournalState",
    "Lights",
    "LinkError",
    "OwnCheckin",
    "PassCache",
    "ReaderError",
    "ReleaseError",
    "ReleaseStanding",
    "Releases",
    "Screen",
    "ScreenKind",
    "ServerLink",
    "Sight",
    "Standing",
    "TrustedClock",
]

OK: Final = "ok"
"""The state of an adapter with which nothing is wrong; anything else is a sentence."""
