"""The forms of a partner's program: what was typed, what it means, what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

from pydantic import BaseModel
from sqlmodel import Session

from server.api.models import ApiClient
from server.api.permissions import PERMISSIONS, SELF_PERMISSIONS, ApiPermission
from server.web.i18n import Translator

LONGEST_NAME: Final = 80
_ID: Final = re.compile(r"[A-Za-z0-9_.-]{8,64}")
_NUMBER: Final = re.compile("[0-9]{1,9}")
_FIRST_WORDS: Final = (
    ("TARIFFS", "TICKETSALES"),
    ("EVENT",),
    ("CHECKINS", "KIOSKS"),
    ("PASSES", "CARDS", "GROUPPASS", "SOCIALTARIFF"),
    ("PASSHOLDER", "MEMBERSHIP", "ASSOCIATIONS"),
    ("REWARDS",),
    ("ORGANIZERS", "ORDERS", "PERMISSIONS"),
)
"""With which words the permissions under each heading begin; what people do themselves comes last."""


class ClientForm(BaseModel):
    """What was typed. client_id: of a program that gets its tokens at UiTiD."""

    name: str = ""
    client_id: str = ""
    system: str = ""


class RightsForm(BaseModel):
    """For which organiser, in which card system (empty: all), and what is ticked."""

    organizer: str = ""
    system: str = ""
    right: list[str] = []


class WantedClient(NamedTuple):
    """A program as it should be made."""

    name: str
    client_id: str
    card_system_id: int | None


def read_client(
    session: Session, form: ClientForm, _: Translator, *, systems: Collection[int], own: int | None
) -> tuple[WantedClient | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong.

    own: the card system of a KSB, whose programs are always of it.
    """
    name, client_id = " ".join(form.name.split()), form.client_id.strip()
    errors = {}
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = _("Geef het programma een naam van hoogstens {n} tekens.", n=LONGEST_NAME)
    if client_id and _ID.fullmatch(client_id) is None:
        errors["client_id"] = _("Een client-id heeft 8 tot 64 letters, cijfers, punten of streepjes.")
    elif client_id and session.get(ApiClient, client_id) is not None:
        errors["client_id"] = _("Er is al een programma met dit client-id.")
    chosen = own if own is not None else system_number(form.system) if form.system else None
    if chosen is not None and chosen not in systems:
        errors["system"] = _("Kies een kaartsysteem uit de lijst.")
    return (None, errors) if errors else (WantedClient(name, client_id, chosen), {})


def system_number(text: str) -> int:
    """Return the number of a card system as a form sends it; 0, which none has, for anything else."""
    return int(text) if _NUMBER.fullmatch(text) else 0


def read_rights(form: RightsForm, *, may_all: bool) -> list[ApiPermission]:
    """Return the ticked permissions, those that reach everyone only when this person may grant them."""
    return [
        permission
        for permission, entry in PERMISSIONS.items()
        if permission in form.right and (may_all or not entry.reaches_all)
    ]


def permission_words(_: Translator) -> Mapping[ApiPermission, str]:
    """Return what each permission is called."""
    return {permission: getattr(entry, _.language) for permission, entry in PERMISSIONS.items()}


def groups_of_permissions(
    _: Translator, *, may_all: bool
) -> list[tuple[str, list[tuple[ApiPermission, str]]]]:
    """Return the permissions this person may grant, under the headings of the page."""
    titles = (
        _("Tarieven en tickets"),
        _("Activiteiten"),
        _("Check-ins en zuilen"),
        _("Passen en kaarten"),
        _("Pashouders"),
        _("Voordelen"),
        _("Organisatie"),
        _("Wat mensen zelf doen met dit programma"),
    )
    offered = [
        (permission, word)
        for permission, word in permission_words(_).items()
        if may_all or not PERMISSIONS[permission].reaches_all
    ]
    groups = [
        [pair for pair in offered if pair[0].startswith(first) and pair[0] not in SELF_PERMISSIONS]
        for first in _FIRST_WORDS
    ]
    alone = [pair for pair in offered if pair[0] in SELF_PERMISSIONS]
    return list(zip(titles, [*groups, alone], strict=True))
