"""The proof in the last word of a zuil that destroyed its keys.

It is made of the secret before that is destroyed and kept in its place: it says who speaks, opens nothing,
and nobody gets the secret from it.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_PURPOSE: Final = b"zuil: my keys and cards are destroyed "


def parting_proof(consumer_key: str, consumer_secret: str) -> bytes:
    """Return the 32 bytes that only who had this secret can make."""
    return hmac.digest(consumer_secret.encode(), _PURPOSE + consumer_key.encode(), hashlib.sha256)
