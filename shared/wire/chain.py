"""The hash chain of a zuil's journal: a row that is changed, dropped or moved breaks it."""

from __future__ import annotations

import hashlib
from typing import Final

CHAIN_BYTES: Final = 16
GENESIS: Final = bytes(CHAIN_BYTES)


def chain_link(previous: bytes, payload: bytes) -> bytes:
    """Return the chain value of a row from the value before it and the row's exact bytes."""
    return hashlib.blake2b(previous + payload, digest_size=CHAIN_BYTES).digest()
