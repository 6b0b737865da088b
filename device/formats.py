"""The formats of the files that a zuil keeps, so that an update never takes away the way back.

A format that changes goes in two releases: the first understands it (`reads`), a later one writes it
(`writes`). A zuil refuses a release that writes what the program it runs cannot read
(`shared.domain.releases`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.releases import Formats

JOURNAL: Final = Formats(writes=1, reads=1)
CACHE: Final = Formats(writes=1, reads=1)
FORMATS: Final[Mapping[str, Formats]] = MappingProxyType({"journal": JOURNAL, "cache": CACHE})
