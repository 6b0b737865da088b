"""What the server entrusted to this zuil, kept or destroyed; how far that came survives a power cut.

The file `standing` holds one word, the mark of the one-time code that no longer counts, and what the
last word to the server needs. It is written before anything is destroyed, so that a start in the middle
goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from device.adapters import notebook
from device.adapters.cache import SqliteCache
from device.adapters.credentials import erase_credentials, mark_of
from device.adapters.erasing import erase, sync_folder, write_durably
from device.adapters.link import HttpLink
from device.ports import CacheError, EntrustedError, Standing
from shared.wire.messages import Clock, Parting
from shared.wire.parting import parting_proof

FILE_NAME: Final = "standing"


class _Noted(msgspec.Struct, frozen=True):
    standing: Standing
    code: str = ""
    order: str = ""
    consumer_key: str = ""
    proof: bytes = b""
    wiped: Clock | None = None


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

    @property
    def order(self) -> str:
        return self._noted.order

    def is_void(self, code: str) -> bool:
        return self._noted.standing is Standing.ERASED and self._noted.code == mark_of(code)

    def block(self, order: str = "") -> None:
        if self._noted.standing is Standing.GOOD:
            self._note(Standing.BLOCKED, order)

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

    def parting(self, now: Clock) -> Parting | None:
        noted = self._noted
        if noted.standing is not Standing.ERASED or not noted.proof:
            return None
        wiped = noted.wiped
        if wiped is None:
            wiped = now
            self._keep(msgspec.structs.replace(noted, wiped=wiped))
        return Parting(
            consumer_key=noted.consumer_key, proof=noted.proof, wiped=wiped, clock=now, command=noted.order
        )

    def parted(self) -> None:
        # Unless another code made it a zuil again meanwhile.
        if self._noted.standing is Standing.ERASED:
            self._keep(_Noted(Standing.ERASED, self._noted.code))

    def _note(self, standing: Standing, order: str = "") -> None:
        noted, credentials = self._noted, self._link.credentials
        if credentials is not None:
            proof = parting_proof(credentials.consumer_key, credentials.consumer_secret)
            noted = _Noted(standing, credentials.code, noted.order or order, credentials.consumer_key, proof)
        self._keep(msgspec.structs.replace(noted, standing=standing))

    def _keep(self, noted: _Noted) -> None:
        self._noted = noted
        try:
            write_durably(self._folder / FILE_NAME, msgspec.json.encode(noted))
        except OSError as error:
            raise EntrustedError(f"{self._folder / FILE_NAME} cannot be written: {error}.") from error


def told_of_wipe(folder: Path, code: str = "") -> str:
    """Return in one sentence that the keys here are destroyed; empty when they are not.

    code: a one-time code that makes it a zuil again, unless it is the one of before.
    """
    noted = _read(folder)
    if noted.standing is not Standing.ERASED or (code and mark_of(code) != noted.code):
        return ""
    server = "does not know that yet" if noted.proof else "knows that"
    return (
        "its keys and cards were destroyed on the server's order;"
        f" the server {server}, and the zuil needs another code"
    )


def finish_erasing(folder: Path) -> None:
    """Go on with a destruction that a power cut broke off; before anything is opened. Raises OSError."""
    noted = _read(folder)
    if noted.standing is not Standing.ERASING:
        return
    for suffix in ("", "-wal", "-shm"):
        erase(folder / f"cache.db{suffix}")
    _erase_files(folder)
    erased = msgspec.structs.replace(noted, standing=Standing.ERASED)
    write_durably(folder / FILE_NAME, msgspec.json.encode(erased))


def _erase_files(folder: Path) -> None:
    erase_credentials(folder)
    # What was sent on command, a log or a picture, is of nobody's use any more.
    notes = folder.glob(f"{notebook.FILE_NAME}*")
    for path in [*folder.glob("cache-new.db*"), *(folder / "snapshots").glob("*"), *notes]:
        erase(path)


def _read(folder: Path) -> _Noted:
    try:
        return msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=_Noted)
    except FileNotFoundError:
        return _Noted(Standing.GOOD)
    except (OSError, msgspec.MsgspecError):
        # The server will say it again; a zuil that destroys its keys over a torn file would be worse.
        return _Noted(Standing.BLOCKED)
