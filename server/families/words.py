"""What people read when somebody cannot join a family (messages 4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from server.families.keeping import FamilyFault
from server.web.i18n import later

FAULTS: Final[Mapping[FamilyFault, str]] = MappingProxyType(
    {
        FamilyFault.NUMBER: later("Een UiTPAS-nummer telt 13 cijfers. Kijk het nummer na."),
        FamilyFault.UNKNOWN: later(
            "We vinden geen UiTPAS met dit nummer en deze geboortedatum. Kijk ze allebei na."
        ),
        FamilyFault.ALREADY: later("Deze persoon staat al in je gezin."),
        FamilyFault.TOO_MANY: later("Het gezin heeft het maximum aantal leden bereikt."),
        FamilyFault.TOO_MANY_ADULTS: later("Het gezin heeft het maximum aantal volwassenen bereikt."),
    }
)
