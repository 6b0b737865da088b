"""Have fresh snapshots lie ready, so that a new zuil does not wait for one."""

from __future__ import annotations

from server.feed.rows import token_keys
from server.feed.snapshots import SnapshotStore
from server.kernel.database import Database
from server.settings import Settings


def build(database: Database, settings: Settings) -> None:
    """Build what is too old; each machine keeps its own files, the others build on demand."""
    store = SnapshotStore(settings.data_dir / "snapshots")
    with database.reading() as session:
        systems = sorted(token_keys(session))
    for system in systems:
        store.current(database, system)
