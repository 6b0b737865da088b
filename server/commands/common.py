"""What the commands share: their registration and an open database."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from sqlalchemy import make_url, select
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, col

from server.cardsystems.models import CardSystem
from server.commands.table import printable
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name
else:
    Commands = object


_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class UnusableDatabaseError(RuntimeError):
    """The file of the database is damaged or cannot be there; str() says it in one sentence."""


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Yield the database of an installation and close it afterwards.

    Raises:
        UnusableDatabaseError: its folder cannot be made, or the file is damaged or none of SQLite.
    """
    file = make_url(settings.database_url).database
    try:
        database = Database(settings.database_url, Vault(settings.secret_key))
    except OSError as error:
        raise UnusableDatabaseError(f"The folder of {file} cannot be made: {error.strerror}.") from error
    try:
        yield database
    except DatabaseError as error:
        if not _is_damage(error):
            raise
        raise UnusableDatabaseError(
            f"{file} is damaged, or is no SQLite database ({error.orig});"
            " put back a backup or set ZUIL_DATABASE_URL."
        ) from error
    finally:
        database.dispose()


def no_such_system(session: Session, system: int) -> str:
    """Return the sentence that there is no such card system, with those that there are."""
    known = session.execute(select(col(CardSystem.id), col(CardSystem.name)).order_by(col(CardSystem.id)))
    choices = ", ".join(f"{id_} ({printable(name)})" for id_, name in known)
    return f"There is no card system {system}; " + (f"choose {choices}." if choices else "there is none yet.")


def _is_damage(error: DatabaseError) -> bool:
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE
