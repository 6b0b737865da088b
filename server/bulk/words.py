"""What becomes of a row, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

from server.bulk.models import BulkRow
from server.bulk.reading import ListKind, RowFault
from server.bulk.rows import RowState
from server.registration.facts import Fault
from server.registration.words import fault_words
from server.web.i18n import Translator, later
from server.web.moments import Moments

_MINUTE: Final = 60
_FEW: Final = 10
"""Seconds; nobody looks at his watch for fewer."""
_FAULTS: Final[Mapping[RowFault, str]] = MappingProxyType(
    {
        RowFault.COLUMNS: later("Deze lijn heeft niet de kolommen van deze lijst."),
        RowFault.INSZ: later("In een lijst is het rijksregisternummer verplicht."),
        RowFault.STREET: later("De straat ontbreekt."),
        RowFault.TARIFF: later("Kansenstatuut is 1 (ja) of 0 (nee)."),
        RowFault.INSZ_TWICE: later("Deze persoon stond al op een vorige lijn."),
        RowFault.CARD_TWICE: later("Deze kaart stond al op een vorige lijn."),
    }
)


def kind_words(_: Translator) -> Mapping[ListKind, str]:
    """Return what a list can ask for."""
    return {
        ListKind.REGISTER: _("Nieuwe pashouders registreren"),
        ListKind.MOVE: _("Adressen aanpassen"),
    }


def left_sentence(_: Translator, left: timedelta | None) -> str:
    """Return how much longer it takes, roughly; empty when nobody knows."""
    if left is None:
        return ""
    seconds = round(left.total_seconds())
    if seconds < _FEW:
        return _("Nog enkele seconden.")
    if seconds < 2 * _MINUTE:
        return _("Nog ongeveer {n} seconden.", n=-(-seconds // _FEW) * _FEW)
    return _("Nog ongeveer {n} minuten.", n=-(-seconds // _MINUTE))


def outcome_sentence(_: Translator, kind: str, row: BulkRow) -> str:
    """Return what will become, or became, of a row."""
    if row.faults:
        return " ".join(dict.fromkeys(_sentences(_, row.faults)))
    if row.state == RowState.SAME:
        return _("Dit adres stond er al.")
    is_done = row.state == RowState.DONE
    if kind == ListKind.MOVE:
        where = row.municipality
        return (
            _("Verhuisd naar {place}.", place=where) if is_done else _("Verhuist naar {place}.", place=where)
        )
    if row.until is None:
        return _("Geregistreerd.") if is_done else _("Wordt geregistreerd.")
    day = Moments(_, datetime.now(UTC)).date(row.until)
    if is_done:
        return _("Geregistreerd, met kansenstatuut tot en met {day}.", day=day)
    return _("Wordt geregistreerd, met kansenstatuut tot en met {day}.", day=day)


def _sentences(_: Translator, faults: Mapping[str, str]) -> list[str]:
    known = {name: Fault(fault) for name, fault in faults.items() if fault in list(Fault)}
    own = [_(_FAULTS[RowFault(fault)]) for fault in faults.values() if fault in list(RowFault)]
    return [*own, *fault_words(_, known).values()]
