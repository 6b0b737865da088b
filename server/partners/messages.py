"""Permissions of clients and users as the JSON API shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

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


class OrganizerPermissions(Wire):
    """`OrganizerPermissions`. permissions: the older form of permission_details."""

    organizer: OrganizerMessage
    permissions: list[ApiPermission] = Field(default_factory=list)
    permission_details: list[PermissionDetail] = Field(default_factory=list)


def permission_messages(
    grants: Grants, organizers: Mapping[str, OrganizerMessage]
) -> list[OrganizerPermissions]:
    """Return what may be done for each organiser, in the order of the table of permissions."""
    by_organizer: defaultdict[str, dict[ApiPermission, frozenset[int]]] = defaultdict(dict)
    for (organizer, permission), systems in grants.items():
        by_organizer[organizer][permission] = systems
    return [
        _organizer(organizers[organizer], by_organizer[organizer])
        for organizer in sorted(by_organizer, key=lambda id_: (organizers[id_].name or "", id_))
    ]


def _organizer(
    organizer: OrganizerMessage, held: Mapping[ApiPermission, frozenset[int]]
) -> OrganizerPermissions:
    ordered = [permission for permission in PERMISSIONS if permission in held]
    return OrganizerPermissions(
        organizer=organizer,
        permissions=ordered,
        permission_details=[
            PermissionDetail(
                id=permission,
                label=Label(nl=PERMISSIONS[permission].nl, en=PERMISSIONS[permission].en),
                card_system_ids=sorted(held[permission]),
            )
            for permission in ordered
        ],
    )


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
