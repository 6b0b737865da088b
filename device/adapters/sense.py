"""Whether the facts in a cache make sense: SQLite calls a page with other letters whole."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Final

import msgspec

CONFIG: Final = "config"
CONFIG_MARK: Final = "config_mark"
FORMER_KEY: Final = "key."
_BYTES: Final = 16
_NUMBERS: Final = frozenset({"heard"})


def mark_of(config: str) -> str:
    """Return what is kept beside a configuration, to see whether it is still what was written."""
    return hashlib.blake2b(config.encode(), digest_size=_BYTES).hexdigest()


def makes_sense(connection: sqlite3.Connection) -> bool:
    """Return whether every fact can be read, and the configuration is the one that was written."""
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'fact'").fetchone():
            return True
        facts = dict(connection.execute("SELECT name, value FROM fact").fetchall())
        return all(_is_readable(name, value, facts) for name, value in facts.items())
    except (sqlite3.DatabaseError, ValueError, msgspec.MsgspecError):
        return False


def _is_readable(name: str, value: str, facts: dict[str, str]) -> bool:
    if name == CONFIG:
        msgspec.json.decode(value)
        # A cache of an older version has no mark.
        return facts.get(CONFIG_MARK) in (None, mark_of(value))
    if name == CONFIG_MARK:
        return CONFIG in facts
    if name in _NUMBERS:
        int(value)
    if name.startswith(FORMER_KEY):
        bytes.fromhex(value)
    return True
