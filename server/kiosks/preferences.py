"""What can be set of each zuil: its languages, QR, times and mode (rules 8.5, 8.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from sqlmodel import Session

from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kernel.errors import ProblemError
from server.kiosks.models import Kiosk
from server.kiosks.setup import number_of
from shared.domain.messages import LANGUAGES
from shared.domain.modes import known_mode

SHORTEST_RESULT: Final = 1.0
LONGEST_RESULT: Final = 10.0
LONGEST_LEASE: Final = 365


@dataclass(frozen=True)
class Preferences:
    """languages: at least one of `LANGUAGES`, the zuil speaks them in turn; qr: whether it shows its code.

    result_seconds: how long an answer stays on the screen. lease_days: how long it goes on by itself
    without the server.
    """

    languages: tuple[str, ...]
    qr: bool
    result_seconds: float
    lease_days: int

    @property
    def is_possible(self) -> bool:
        """Whether a zuil can work with them."""
        return (
            bool(self.languages)
            and set(self.languages) <= set(LANGUAGES)
            and SHORTEST_RESULT <= self.result_seconds <= LONGEST_RESULT
            and 1 <= self.lease_days <= LONGEST_LEASE
        )


def preferences_of(kiosk: Kiosk) -> Preferences:
    """Return what is set of a zuil."""
    return Preferences(tuple(kiosk.languages), kiosk.qr, kiosk.result_seconds, kiosk.lease_days)


def put_preferences(
    session: Session, kiosk: Kiosk, wanted: Preferences, *, staff_id: int | None = None
) -> bool:
    """Set a zuil; False when nothing is different. The zuil follows within seconds.

    Raises:
        ProblemError: 422, no zuil can work with that.
    """
    if not wanted.is_possible:
        raise ProblemError(422, "A zuil cannot work with these settings.", type="zuil:settings")
    before = preferences_of(kiosk)
    if wanted == before:
        return False
    kiosk.languages, kiosk.qr = list(wanted.languages), wanted.qr
    kiosk.result_seconds, kiosk.lease_days = wanted.result_seconds, wanted.lease_days
    _note(session, kiosk, asdict(before), asdict(wanted), staff_id)
    return True


def put_name(session: Session, kiosk: Kiosk, name: str, place: str, *, staff_id: int | None = None) -> bool:
    """Say what a zuil is called and where it stands; False when nothing is different."""
    before = {"name": kiosk.name, "place": kiosk.place}
    if before == {"name": name, "place": place}:
        return False
    kiosk.name, kiosk.place = name, place
    _note(session, kiosk, before, {"name": name, "place": place}, staff_id)
    return True


def put_mode(session: Session, kiosk: Kiosk, mode: str, *, staff_id: int | None = None) -> None:
    """Choose what a zuil is for.

    Raises:
        ProblemError: 422, this version has no such mode.
    """
    known = known_mode(mode)
    if known is None:
        raise ProblemError(422, "There is no such mode.", type="zuil:mode")
    before, kiosk.mode = kiosk.mode, known.value
    _note(session, kiosk, {"mode": before}, {"mode": kiosk.mode}, staff_id)


def _note(
    session: Session,
    kiosk: Kiosk,
    before: Mapping[str, object],
    after: Mapping[str, object],
    staff_id: int | None,
) -> None:
    kiosks_changed(session, [number_of(kiosk)])
    detail = {"before": dict(before), "after": dict(after)}
    record(session, "change", "kiosk", kiosk.number, staff_id=staff_id, detail=detail)
