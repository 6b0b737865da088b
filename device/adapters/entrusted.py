"""What the server entrusted to this zuil, kept or destroyed; how far that came survives a power cut.

The file `standing` holds one word, and the mark of the one-time code that no longer counts. It is
written before anything is destroyed, so that a start in the middle goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from device.adapters.cache import SqliteCache
from device.adapters.credentials import erase_credentials, mark_of
from device.adapters.erasing import erase, sync_folder, write_durably
from device.adapters.link import HttpLink
from device.ports import CacheError, EntrustedError, Standing

FILE_NAME: Final = "standing"


class _Noted(msgspec.Struct, frozen=True):
    standing: Standing
    code: str = ""


class EntrustedFiles:
    """The credentials, the cards and the downloads in the state directory `folder`."""

    def __init__(self, folder: Path, cache: SqliteCache, link: HttpLink) -> None:
        self._folder = folder
        self._cache = cache
        self._link = link
        self._noted = _read(folder)

    @property
    def standing(self) -> Standing:
        return self._noted.standing

    def is_void(self, code: str) -> bool:
        return self._noted.standing is Standing.ERASED and self._noted.code == mark_of(code)

    def block(self) -> None:
        if self._noted.standing is Standing.GOOD:
            self._note(Standing.BLOCKED)

    def allow(self) -> None:
        self._noted = _Noted(Standing.GOOD)
        try:
            (self._folder / FILE_NAME).unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise EntrustedError(f"{self._folder / FILE_NAME} cannot be removed: {error}.") from error

    def destroy(self) -> None:
        self._note(Standing.ERASING)
        self._link.forget()
        try:
            self._cache.destroy()
            _erase_files(self._folder)
        except (OSError, CacheError) as error:
            raise EntrustedError(f"The keys and cards could not be destroyed: {error}.") from error
        self._note(Standing.ERASED)

    def _note(self, standing: Standing) -> None:
        code = self._link.credentials.code if self._link.credentials else self._noted.code
        self._noted = _Noted(standing, code)
        try:
            write_durably(self._folder / FILE_NAME, msgspec.json.encode(self._noted))
        except OSError as error:
            raise EntrustedError(f"{self._folder / FILE_NAME} cannot be written: {error}.") from error


def finish_erasing(folder: Path) -> None:
    """Go on with a destruction that a power cut broke off; before anything is opened. Raises OSError."""
    noted = _read(folder)
    if noted.standing is not Standing.ERASING:
        return
    for suffix in ("", "-wal", "-shm"):
        erase(folder / f"cache.db{suffix}")
    _erase_files(folder)
    write_durably(folder / FILE_NAME, msgspec.json.encode(_Noted(Standing.ERASED, noted.code)))


def _erase_files(folder: Path) -> None:
    erase_credentials(folder)
    for path in [*folder.glob("cache-new.db*"), *(folder / "snapshots").glob("*")]:
        erase(path)


def _read(folder: Path) -> _Noted:
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=_Noted)
    except FileNotFoundError:
        return _Noted(Standing.GOOD)
    except (OSError, msgspec.MsgspecError):
        # The server will say it again; a zuil that destroys its keys over a torn file would be worse.
        return _Noted(Standing.BLOCKED)
