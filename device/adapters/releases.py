"""Taking a release: checked, unpacked beside the one that runs, on the disk before its name is there."""

from __future__ import annotations

import os
import platform
import py_compile
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from importlib.util import cache_from_source
from pathlib import Path
from types import MappingProxyType
from typing import Final

from device import VERSION
from device.adapters.erasing import sync_folder
from device.adapters.shelf import DRAFT, MANIFEST, Shelf, Wanted
from device.formats import FORMATS
from device.ports import FailedRelease, ReleaseError, ReleaseStanding
from shared.domain.releases import FACTORY, Formats, Host, Needs, Refusal, refusal
from shared.domain.sayings import Saying, english
from shared.wire.bundles import SIGNATURE, Bundle, BundleError, read_manifest, signer

_FREE_BYTES: Final = 100_000_000
"""What stays free: below half of it a zuil complains (E22)."""
_WORDS: Final[Mapping[Refusal, Saying]] = {
    Refusal.MACHINE: Saying.OTHER_MACHINE,
    Refusal.PYTHON: Saying.OTHER_PYTHON,
    Refusal.TOO_OLD: Saying.TOO_OLD,
    Refusal.UNREADABLE: Saying.UNREADABLE,
    Refusal.NO_WAY_BACK: Saying.NO_WAY_BACK,
}


class ShelvedReleases:
    """The releases of the zuil whose files are in `state`, as its launcher set it up (`device.launcher`).

    keys: the Ed25519 public keys it was provisioned with, in hexadecimal. trial: what must be good before
    this release proved itself, None when it need not. factory: the newest format of each file that the
    program on the SD card reads.
    """

    def __init__(
        self,
        state: Path,
        folder: Path,
        running: str,
        keys: tuple[str, ...],
        trial: tuple[str, ...] | None,
        *,
        factory: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._state = state
        self._folder = folder
        self._shelf = Shelf(folder)
        self._running = running
        self._keys = keys
        self._trial = trial
        self._factory = factory

    @property
    def trial(self) -> tuple[str, ...] | None:
        return self._trial

    def standing(self) -> ReleaseStanding:
        plan = self._shelf.plan()
        return ReleaseStanding(
            running=self._running,
            order=plan.trial_order or plan.order,
            before=plan.previous,
            failed=FailedRelease(*plan.failed) if plan.failed else None,
        )

    def has_room(self, needed: int) -> bool:
        with suppress(OSError):
            found = os.statvfs(self._state)
            return found.f_bavail * found.f_frsize >= needed + _FREE_BYTES
        return False

    def holds(self, version: str) -> bool:
        if version == FACTORY:
            return True
        try:
            self._needs(version)
        except (OSError, BundleError):
            return False
        return self._shelf.is_whole(version)

    def install(self, bundle: Path, version: str, pause: Callable[[], None]) -> None:
        draft = self._shelf.place(version + DRAFT)
        try:
            self._folder.mkdir(exist_ok=True)
            shutil.rmtree(draft, ignore_errors=True)
            with bundle.open("rb") as stream:
                self._unpack(Bundle(stream, self._trusted()), draft, version, pause)
            place = self._shelf.place(version)
            # Of the same version there is at most a damaged one.
            shutil.rmtree(place, ignore_errors=True)
            draft.rename(place)
            sync_folder(self._folder)
        except BundleError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise ReleaseError(str(error), refused=True) from error
        except OSError as error:
            raise ReleaseError(english(Saying.NOT_PUT_DOWN, trouble=error)) from error

    def check(self, version: str) -> None:
        try:
            found = refusal(self._needs(version), self._host())
        except (OSError, BundleError) as error:
            raise ReleaseError(
                english(Saying.UNUSABLE, trouble=str(error).rstrip(".")), refused=True
            ) from error
        if found is not None:
            why, about = found
            raise ReleaseError(english(_WORDS[why], about=about), refused=True)

    def want(self, version: str, order: str, good: tuple[str, ...]) -> None:
        try:
            self._shelf.want(Wanted(version, order, good))
        except OSError as error:
            raise ReleaseError(english(Saying.SWITCH_UNNOTED, trouble=error)) from error

    def prove(self) -> None:
        try:
            self._shelf.prove(self._shelf.plan().trial_order)
        except OSError as error:
            raise ReleaseError(english(Saying.PROOF_UNNOTED, trouble=error)) from error
        self._trial = None

    def tell_unproven(self, text: str) -> None:
        self._shelf.tell_unproven(text)

    def tidy(self, keep: str) -> None:
        plan = self._shelf.plan()
        kept = {keep, plan.current, plan.previous, plan.trial}
        wanted = self._shelf.wanted()
        kept |= {wanted.version} if wanted else set()
        for place in self._leftovers():
            if place.name not in kept:
                shutil.rmtree(place, ignore_errors=True)

    def _leftovers(self) -> Iterator[Path]:
        yield from map(self._shelf.place, self._shelf.versions())
        yield from self._folder.glob(f"*{DRAFT}")

    def _needs(self, version: str) -> Needs:
        """Return what a release that is here asks, if a trusted key signed that."""
        if version == FACTORY:
            return Needs(formats={name: Formats(0, reads) for name, reads in self._factory.items()})
        place = self._shelf.place(version)
        raw = (place / MANIFEST).read_bytes()
        signer(raw, (place / SIGNATURE).read_bytes(), self._trusted())
        return read_manifest(raw).needs

    def _trusted(self) -> tuple[str, ...]:
        """Return the keys to believe: those of the release that runs, when it brought any."""
        if self._running == FACTORY:
            return self._keys
        with suppress(OSError, BundleError):
            brought = read_manifest((self._shelf.place(self._running) / MANIFEST).read_bytes()).keys
            return tuple(brought) or self._keys
        return self._keys

    def _host(self) -> Host:
        major, minor, *_ = sys.version_info
        present = {name: _format_of(self._state / f"{name}.db") for name in FORMATS}
        return Host(VERSION, platform.machine(), f"{major}.{minor}", FORMATS, present)

    def _unpack(self, bundle: Bundle, draft: Path, version: str, pause: Callable[[], None]) -> None:
        if bundle.manifest.version != version:
            raise BundleError(f"This is release {bundle.manifest.version}, not {version}.")
        for path, content in bundle.files():
            pause()
            _put(draft / path, content)
            if path.endswith(".py"):
                _compile(draft / path, self._shelf.place(version) / path)
        _put(draft / SIGNATURE, bundle.signature)
        _put(draft / MANIFEST, bundle.raw)
        for folder in (draft, *(found for found in draft.rglob("*") if found.is_dir())):
            sync_folder(folder)


def launched(
    state: Path, keys: tuple[str, ...], environment: Mapping[str, str] = os.environ
) -> ShelvedReleases | None:
    """Return the releases of a zuil that its launcher started; None for one that was started without."""
    folder = environment.get("ZUIL_RELEASES")
    if not folder:
        return None
    asked = environment.get("ZUIL_TRIAL")
    trial = None if asked is None else tuple(asked.split(","))
    reads = (pair.partition("=") for pair in environment.get("ZUIL_FACTORY_READS", "").split())
    return ShelvedReleases(
        state,
        Path(folder),
        environment.get("ZUIL_RELEASE", FACTORY),
        keys,
        trial,
        factory={name: int(newest) for name, _, newest in reads},
    )


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _compile(source: Path, later: Path) -> None:
    """Compile a module, for the place where it will be; one that cannot be fails when it is tried."""
    target = Path(cache_from_source(str(source)))
    mode = py_compile.PycInvalidationMode.CHECKED_HASH
    with suppress(py_compile.PyCompileError):
        py_compile.compile(str(source), str(target), str(later), doraise=True, invalidation_mode=mode)
        with target.open("rb") as file:
            os.fsync(file.fileno())


def _format_of(path: Path) -> int:
    """Return the format of a file as it is now; 0 when there is none yet."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        found: int = file.execute("PRAGMA user_version").fetchone()[0]
        return found
    return 0
