"""Token keys that were asked for: prepared in chunks, then taken into use; former ones are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime

from server.cardsystems.models import CardSystem
from server.feed.changes import kiosks_changed
from server.feed.rekeying import forget_key, next_keys, prepare_cards, take_next_key
from server.kernel.audit import record
from server.kernel.database import Database
from server.kiosks.former_keys import forgettable_keys
from server.kiosks.standing import kiosks_with
from server.settings import Settings


def forget_former(database: Database, _: Settings) -> None:
    """Forget the keys under which no tap can come any more, with the rows under them."""
    with database.reading() as session:
        keys = forgettable_keys(session, datetime.now(UTC))
    for key in keys:
        forget_key(database, key.system, key.number)
        with database.writing() as session:
            record(session, "forget-token-key", "card_system", key.system, detail={"key": key.number})


def rotate(database: Database, _: Settings) -> None:
    """Bring every card system that has a next key to that key; its zuilen hear it at once."""
    with database.reading() as session:
        systems = [key.card_system_id for key in next_keys(session)]
    for system in systems:
        prepare_cards(database, system)
        with database.writing() as session:
            if take_next_key(session, session.get_one(CardSystem, system)):
                # Named without any zuil, a change would be for all.
                if kiosks := kiosks_with(session, system):
                    kiosks_changed(session, kiosks)
                record(session, "use-token-key", "card_system", system)
