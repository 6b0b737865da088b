"""Make card systems."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from server.cardsystems.models import CardSystem
from server.kernel.database import vault_of

TOKEN_KEY_BYTES: Final = 32


def create_card_system(
    session: Session,
    system: int,
    name: str,
    *,
    labels: Sequence[str] = (),
    prefixes: Sequence[str] = (),
    permanent: bool = True,
) -> CardSystem:
    """Make a card system with a fresh key for its tokens."""
    made = CardSystem(
        id=system,
        name=name,
        labels=list(labels),
        prefixes=list(prefixes),
        permanent=permanent,
        token_key=vault_of(session).seal(secrets.token_bytes(TOKEN_KEY_BYTES)),
    )
    session.add(made)
    return made
