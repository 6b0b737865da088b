"""What the commands share: their registration and an open database."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from server.kernel.database import Database
from server.kernel.vault import Vault
from server.settings import Settings

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name
else:
    Commands = object


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Yield the database of an installation and close it afterwards."""
    database = Database(settings.database_url, Vault(settings.secret_key))
    try:
        yield database
    finally:
        database.dispose()
