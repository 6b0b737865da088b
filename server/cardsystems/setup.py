"""Make and change card systems (rules 1.6, 6.5, 15.1d)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final

from sqlmodel import Session

from server.cardsystems.groups import create_standard_groups
from server.cardsystems.models import CardSystem
from server.kernel.audit import record
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
    staff_id: int | None = None,
) -> CardSystem:
    """Make a card system with a fresh key for its tokens and the standard permission groups."""
    made = CardSystem(
        id=system,
        name=name,
        labels=list(labels),
        prefixes=list(prefixes),
        permanent=permanent,
        token_key=vault_of(session).seal(secrets.token_bytes(TOKEN_KEY_BYTES)),
    )
    session.add(made)
    session.flush()
    create_standard_groups(session, system)
    record(session, "create", "card_system", system, staff_id=staff_id, detail=_facts(made))
    return made


def change_card_system(
    session: Session,
    system: CardSystem,
    name: str,
    *,
    labels: Sequence[str],
    prefixes: Sequence[str],
    permanent: bool,
    staff_id: int,
) -> bool:
    """Change a card system; False when nothing is different. Its id and key stay."""
    before = _facts(system)
    system.name, system.permanent = name, permanent
    system.labels, system.prefixes = list(labels), list(prefixes)
    after = _facts(system)
    if after == before:
        return False
    detail = {"before": before, "after": after}
    record(session, "change", "card_system", system.id, staff_id=staff_id, detail=detail)
    return True


def _facts(system: CardSystem) -> dict[str, object]:
    return {
        "name": system.name,
        "labels": system.labels,
        "prefixes": system.prefixes,
        "permanent": system.permanent,
    }
