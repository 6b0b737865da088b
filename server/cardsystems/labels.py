"""UiTdatabank labels and the card systems they stand for (rules 15.1d, json-api §8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

SWITCH_OFF_LABEL: Final = "geen-uitpas"
"""On an event it switches UiTPAS off, whatever other labels it carries (rules 15.1c)."""


@dataclass(frozen=True, slots=True)
class KnownSystem:
    """A card system with a published id: `labels` holds the present label and its older or newer names."""

    id: int
    name: str
    labels: tuple[str, ...]


KNOWN_SYSTEMS: Final = (
    KnownSystem(1, "UiTPAS Dender", ("uitpas-dender", "uitpas-regio-aalst")),
    KnownSystem(3, "Paspartoe", ("paspartoe",)),
    KnownSystem(5, "UiTPAS Gent", ("uitpas-gent", "uitpas-regio-gent")),
    KnownSystem(7, "UiTPAS Oostende", ("uitpas-oostende",)),
    KnownSystem(8, "UiTPAS Zuidwest", ("uitpas-zuidwest",)),
    KnownSystem(12, "UiTPAS Kempen", ("uitpas-kempen",)),
    KnownSystem(13, "UiTPAS Mechelen", ("uitpas-mechelen",)),
    KnownSystem(14, "UiTPAS Maasmechelen", ("uitpas-maasmechelen", "uitpas-maasland")),
    KnownSystem(16, "UiTPAS Lier", ("uitpas-lier",)),
    KnownSystem(17, "UiTPAS Leuven", ("uitpas-leuven", "uitpas-regio-leuven")),
    KnownSystem(18, "UiTPAS Westhoek", ("uitpas-westhoek",)),
    KnownSystem(19, "UiTPAS Meetjesland", ("uitpas-meetjesland",)),
    KnownSystem(20, "UiTPAS Haspengouw", ("uitpas-haspengouw",)),
    KnownSystem(22, "UiTPAS Mortsel", ("uitpas-mortsel",)),
    KnownSystem(23, "UiTPAS Aarschot", ("uitpas-aarschot",)),
    KnownSystem(24, "UiTPAS Nijlen", ("uitpas-nijlen",)),
    KnownSystem(25, "UiTPAS Rupel", ("uitpas-rupel",)),
    KnownSystem(26, "UiTPAS Hasselt", ("uitpas-hasselt", "uitpas-regio-hasselt")),
    KnownSystem(27, "UiTPAS Sint-Pieters-Leeuw", ("uitpas-sint-pieters-leeuw",)),
    KnownSystem(28, "UiTPAS Maldegem", ("uitpas-maldegem",)),
    KnownSystem(29, "UiTPAS Bornem", ("uitpas-bornem",)),
    KnownSystem(30, "UiTPAS Herk-de-Stad/Lummen", ("uitpas-herk-de-stad-lummen",)),
    KnownSystem(31, "UiTPAS Druivenstreek", ("uitpas-druivenstreek",)),
    KnownSystem(32, "UiTPAS Noordrand", ("uitpas-noordrand",)),
    KnownSystem(33, "UiTPAS Van Polder tot Kempen", ("uitpas-polder-tot-kempen",)),
    KnownSystem(34, "UiTPAS Reynaert", ("uitpas-reynaert",)),
    KnownSystem(35, "UiTPAS de Merode", ("uitpas-merode",)),
    KnownSystem(36, "UiTPAS Pelt", ("uitpas-pelt",)),
    KnownSystem(37, "UiTPAS Beringen", ("uitpas-beringen",)),
)

LABELS_WITHOUT_ID: Final = (
    "uitpas-beleefregio",
    "uitpas-bilzen",
    "uitpas-heist-op-den-berg",
    "uitpas-herita",
    "uitpas-leie-schelde",
    "uitpas-middenkust",
    "uitpas-open-momenten",
    "uitpas-regio-brugge",
    "uitpas-vlaamse-ardennen",
)
"""Labels in use whose card system has no published id; they count once a card system lists them."""

_PREFIX: Final = "uitpas-"


def normal_label(label: str) -> str:
    """Return the form in which labels are compared: case and surrounding space do not count."""
    return label.strip().casefold()


def label_index(systems: Iterable[tuple[int, Iterable[str]]]) -> dict[str, int]:
    """Return label -> card system id from (id, its labels); a label claimed twice goes to the lowest id."""
    index: dict[str, int] = {}
    for system, labels in sorted((system, tuple(labels)) for system, labels in systems):
        for label in labels:
            index.setdefault(normal_label(label), system)
    return index


PUBLISHED_INDEX: Final[Mapping[str, int]] = label_index(
    (system.id, system.labels) for system in KNOWN_SYSTEMS
)


@dataclass(frozen=True, slots=True)
class LabelledSystems:
    """What an event's labels say: its card systems, UiTPAS labels nobody owns, or UiTPAS off."""

    systems: frozenset[int]
    unowned: tuple[str, ...] = ()
    switched_off: bool = False


def systems_of_labels(labels: Iterable[str], index: Mapping[str, int] = PUBLISHED_INDEX) -> LabelledSystems:
    """Return the card systems that `labels` stand for under a `label_index`."""
    normal = sorted({normal_label(label) for label in labels})
    if SWITCH_OFF_LABEL in normal:
        return LabelledSystems(frozenset(), switched_off=True)
    unowned = tuple(label for label in normal if label.startswith(_PREFIX) and label not in index)
    return LabelledSystems(frozenset(index[label] for label in normal if label in index), unowned)
