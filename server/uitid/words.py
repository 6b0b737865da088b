"""What a pashouder reads about his UiTiD (messages 4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from server.uitid.linking import Taken
from server.web.i18n import later

TAKEN: Final[Mapping[Taken, str]] = MappingProxyType(
    {
        Taken.PASSHOLDER: later("Deze pas is al aan een UiTiD gekoppeld."),
        Taken.UITID: later("Dit UiTiD hoort al bij een andere pas."),
    }
)
