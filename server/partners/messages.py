"""Permissions of clients and users as the JSON API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from server.api.grants import Grant, Grants
from server.api.permissions import PERMISSIONS, ApiPermission
from server.api.wire import Wire
from server.counters.messages import OrganizerMessage


class Label(Wire):
    """What a permission is called."""

    nl: str
    en: str | None = None


class PermissionDetail(Wire):
    """`PermissionDetail`. card_system_ids, in a request: in these only; none: in all of the organiser's."""

    id: ApiPermission
    label: Label | None = None
    card_system_ids: list[int] | None = None


class LinkedPermissions(Wire):
    """`LinkedOrganizerPermissions`: what may be done for an organiser that belongs to another."""

    organizer: OrganizerMessage
    permission_details: list[PermissionDetail] = Field(default_factory=list)


class OrganizerPermissions(Wire):
    """`OrganizerPermissions`. permissions: the older form of permission_details."""

    organizer: OrganizerMessage
    permissions: list[ApiPermission] = Field(default_factory=list)
    permission_details: list[PermissionDetail] = Field(default_factory=list)
    linked_organizers: list[LinkedPermissions] | None = None


def permission_messages(
    granted: Grants,
    grants: Grants,
    linked: Mapping[str, Sequence[str]],
    organizers: Mapping[str, OrganizerMessage],
) -> list[OrganizerPermissions]:
    """Return what may be done for each organiser, in the order of the table of permissions.

    granted: what was granted itself. grants: that, and what comes with it for those that are `linked`.
    """
    ids = {organizer for organizer, _ in granted}
    return [
        _organizer(one, granted, grants, linked.get(one, ()), organizers)
        for one in sorted(ids, key=lambda id_: (organizers[id_].name or "", id_))
    ]


def _organizer(
    organizer: str,
    granted: Grants,
    grants: Grants,
    linked: Sequence[str],
    organizers: Mapping[str, OrganizerMessage],
) -> OrganizerPermissions:
    details = _details(organizer, granted)
    found = [
        LinkedPermissions(organizer=organizers[one], permission_details=own)
        for one in linked
        if (own := _details(one, grants))
    ]
    return OrganizerPermissions(
        organizer=organizers[organizer],
        permissions=[detail.id for detail in details],
        permission_details=details,
        linked_organizers=found or None,
    )


def _details(organizer: str, grants: Grants) -> list[PermissionDetail]:
    return [
        PermissionDetail(
            id=permission,
            label=Label(nl=entry.nl, en=entry.en),
            card_system_ids=sorted(grants[organizer, permission]),
        )
        for permission, entry in PERMISSIONS.items()
        if (organizer, permission) in grants
    ]


def grants_in(sent: list[OrganizerPermissions]) -> list[Grant]:
    """Return what a client is to be granted; details count before the older bare ids."""
    found: list[Grant] = []
    for one in sent:
        detailed = {detail.id for detail in one.permission_details}
        bare = [Grant(one.organizer.id, permission) for permission in one.permissions]
        found += [grant for grant in bare if grant.permission not in detailed]
        for detail in one.permission_details:
            systems: list[int | None] = [*(detail.card_system_ids or ())] or [None]
            found += [Grant(one.organizer.id, detail.id, system) for system in systems]
    return list(dict.fromkeys(found))
