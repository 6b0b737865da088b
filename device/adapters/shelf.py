"""The releases of a zuil, side by side in one folder, and the few words about them that survive a power cut.

    releases/1.4.0/   a release: `manifest.json`, its signature, `device/`, `shared/`, perhaps `lib/`
    releases/plan     what runs and what is on trial; only the launcher writes it
    releases/wanted   what is to be tried next; only the zuil that runs writes it
    releases/healthy  the release on trial proved itself; only that release writes it
    releases/unproven what it still finds wrong, in its own words; a power cut may take it

Each file has one writer and is replaced whole, so every moment between two of these writes is a state
that the launcher's next start understands. Nothing but the standard library: this stands beneath every
release and outlives them.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from device.adapters.erasing import sync_folder, write_durably
from shared.domain.releases import FACTORY, parse_version

MANIFEST: Final = "manifest.json"
DRAFT: Final = ".draft"
"""The end of the name of a folder that is not a whole release yet."""
_MOST_TEXT: Final = 300


class Failure(NamedTuple):
    """A release that was tried and left: by which order, and why, in a sentence."""

    version: str
    order: str
    reason: str


class Plan(NamedTuple):
    """What runs. trial: the release that must prove itself, empty for none; attempts: how often it was begun.

    order: what asked for the trial, or for what runs now. good: what must be good for it to be proven.
    """

    current: str = FACTORY
    previous: str = FACTORY
    order: str = ""
    trial: str = ""
    attempts: int = 0
    good: tuple[str, ...] = ()
    trial_order: str = ""
    failed: Failure | None = None


class Wanted(NamedTuple):
    """What is to be tried next."""

    version: str
    order: str
    good: tuple[str, ...]


class Shelf:
    """The folder of releases. Reading never raises; writing raises OSError."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, version: str) -> Path:
        """Return the folder of a release."""
        return self._folder / version

    def versions(self) -> list[str]:
        """Return the releases that are here, whole or not, the newest first."""
        with suppress(OSError):
            names = [entry.name for entry in self._folder.iterdir() if _is_version(entry.name)]
            return sorted(names, key=parse_version, reverse=True)
        return []

    def is_whole(self, version: str) -> bool:
        """Tell whether every file of a release is what its manifest says; the factory's program always is."""
        if version == FACTORY:
            return True
        try:
            files = json.loads((self.place(version) / MANIFEST).read_bytes())["files"]
            return all(_is_file(self.place(version) / path, *facts) for path, facts in files.items())
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return False

    def plan(self) -> Plan:
        """Return the plan; of a damaged one the newest whole release is what runs."""
        try:
            return _plan(json.loads((self._folder / "plan").read_bytes()))
        except FileNotFoundError:
            return Plan()
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return Plan(current=next(filter(self.is_whole, self.versions()), FACTORY))

    def write_plan(self, plan: Plan) -> None:
        """Replace the plan."""
        self._write("plan", plan._asdict())

    def wanted(self) -> Wanted | None:
        """Return what is to be tried next."""
        try:
            found = json.loads((self._folder / "wanted").read_bytes())
            return Wanted(str(found["version"]), str(found["order"]), tuple(map(str, found["good"])))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def want(self, wanted: Wanted) -> None:
        """Have the launcher's next start try a release."""
        self._write("wanted", wanted._asdict())

    def healthy(self) -> str:
        """Return the order of the trial that proved itself, empty when none did."""
        return self._text("healthy")

    def prove(self, order: str) -> None:
        """Note that the release on trial by this order proved itself."""
        write_durably(self._folder / "healthy", order.encode())

    def unproven(self) -> str:
        """Return what the release on trial found wrong last."""
        return self._text("unproven")

    def tell_unproven(self, text: str) -> None:
        """Keep what is wrong, for who reads why it went back; never raises."""
        with suppress(OSError):
            (self._folder / "unproven").write_text(text)

    def forget(self, *names: str) -> None:
        """Remove what was read and used."""
        for name in names:
            (self._folder / name).unlink(missing_ok=True)
        sync_folder(self._folder)

    def _write(self, name: str, content: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_durably(self._folder / name, json.dumps(content).encode())

    def _text(self, name: str) -> str:
        try:
            text = (self._folder / name).read_text(errors="replace")
        except OSError:
            return ""
        return "".join(filter(str.isprintable, text.strip()))[:_MOST_TEXT]


def _plan(found: dict[str, Any]) -> Plan:
    failed = found.get("failed")
    return Plan(
        current=str(found["current"]),
        previous=str(found["previous"]),
        order=str(found["order"]),
        trial=str(found["trial"]),
        attempts=int(found["attempts"]),
        good=tuple(map(str, found["good"])),
        trial_order=str(found["trial_order"]),
        failed=Failure(*map(str, failed)) if failed else None,
    )


def _is_version(name: str) -> bool:
    try:
        parse_version(name)
    except ValueError:
        return False
    return True


def _is_file(path: Path, size: int, digest: str) -> bool:
    content = path.read_bytes()
    return len(content) == size and hashlib.sha256(content).hexdigest() == digest
