"""What clients and users may do: for which organiser, in which card systems (json-api 3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from server.api.models import ApiClient, ApiGrant
from server.api.permissions import ADMIN_PERMISSIONS, MEMBER_PERMISSIONS, OF_RIGHT, ApiPermission
from server.cardsystems.models import PermissionGroup
from server.cardsystems.rights import CounterRight, with_implied
from server.counters.models import Counter, CounterCardSystem, CounterGroup, CounterLink
from server.kernel.audit import record
from server.staff.models import StaffRole
from server.staff.roles import AT_COUNTERS, Role


class Grant(NamedTuple):
    """A permission for an organiser. `system`: in this card system only; None: in all of the organiser's."""

    organizer: str
    permission: ApiPermission
    system: int | None = None


Grants = Mapping[tuple[str, ApiPermission], frozenset[int]]
"""(organiser, permission) -> the card systems it holds in; none when the organiser has no counter here."""


def grants_of(session: Session, client_id: str) -> list[Grant]:
    """Return what was granted to a client, as it was granted."""
    query = select(ApiGrant).where(ApiGrant.client_id == client_id).order_by(col(ApiGrant.id))
    return [
        Grant(one.organizer_id, ApiPermission(one.permission), one.card_system_id)
        for one in session.exec(query)
    ]


def put_grants(
    session: Session,
    client: ApiClient,
    grants: Iterable[Grant],
    *,
    staff_id: int | None = None,
    by_client: str = "",
) -> bool:
    """Let these be all that is granted to a client; False when nothing is different."""
    before, after = set(grants_of(session, client.id)), set(grants)
    if before == after:
        return False
    session.execute(delete(ApiGrant).where(col(ApiGrant.client_id) == client.id))
    session.add_all(
        ApiGrant(client_id=client.id, organizer_id=organizer, permission=permission, card_system_id=system)
        for organizer, permission, system in sorted(after, key=str)
    )
    session.flush()
    detail: dict[str, object] = {"added": _plain(after - before), "removed": _plain(before - after)}
    if by_client:
        detail["client"] = by_client
    record(session, "grant", "api_client", client.id, staff_id=staff_id, detail=detail)
    return True


def client_grants(session: Session, client_id: str) -> Grants:
    """Return what a client may do now: its grants, in the card systems its organisers are in."""
    rows = session.exec(
        select(
            ApiGrant.organizer_id,
            ApiGrant.permission,
            ApiGrant.card_system_id,
            CounterCardSystem.card_system_id,
        )
        .outerjoin(Counter, col(Counter.organizer_id) == col(ApiGrant.organizer_id))
        .outerjoin(CounterCardSystem, col(CounterCardSystem.counter_id) == col(Counter.id))
        .where(ApiGrant.client_id == client_id)
    )
    found: defaultdict[tuple[str, ApiPermission], set[int]] = defaultdict(set)
    for organizer, permission, only, system in rows:
        systems = found[organizer, ApiPermission(permission)]
        if system is not None and only in (None, system):
            systems.add(system)
    return {key: frozenset(systems) for key, systems in found.items()}


def with_linked(session: Session, grants: Grants) -> Grants:
    """Return grants, and those for the counters that belong to their organisers, in the same card systems."""
    parent, child = aliased(Counter), aliased(Counter)
    rows = session.exec(
        select(parent.organizer_id, child.organizer_id, CounterCardSystem.card_system_id)
        .join(CounterLink, col(CounterLink.parent_id) == col(parent.id))
        .join(child, col(child.id) == col(CounterLink.counter_id))
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(child.id))
        .where(
            col(parent.organizer_id).in_({organizer for organizer, _ in grants}),
            col(child.organizer_id).is_not(None),
        )
    ).all()
    found = defaultdict(set, {key: set(systems) for key, systems in grants.items()})
    for organizer, linked, system in rows:
        for (held_for, permission), systems in grants.items():
            if held_for == organizer and system in systems:
                found[str(linked), permission].add(system)
    return {key: frozenset(systems) for key, systems in found.items()}


def linked_organizers(session: Session, organizers: Collection[str]) -> dict[str, list[str]]:
    """Return organiser -> the organisers that belong to it, for those that have any."""
    parent, child = aliased(Counter), aliased(Counter)
    rows = session.exec(
        select(parent.organizer_id, child.organizer_id)
        .join(CounterLink, col(CounterLink.parent_id) == col(parent.id))
        .join(child, col(child.id) == col(CounterLink.counter_id))
        .where(col(parent.organizer_id).in_(organizers), col(child.organizer_id).is_not(None))
        .order_by(col(child.name))
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for organizer, linked in rows:
        found[str(organizer)].append(str(linked))
    return found


def staff_grants(session: Session, staff_id: int) -> Grants:
    """Return what a member of staff may do for the organisers of his counters: what their rights allow."""
    rows = session.exec(
        select(Counter.organizer_id, PermissionGroup.card_system_id, PermissionGroup.rights, StaffRole.role)
        .join(StaffRole, col(StaffRole.counter_id) == col(Counter.id))
        .join(CounterGroup, col(CounterGroup.counter_id) == col(Counter.id))
        .join(PermissionGroup, col(PermissionGroup.id) == col(CounterGroup.group_id))
        .where(
            StaffRole.staff_id == staff_id,
            col(StaffRole.role).in_(AT_COUNTERS),
            col(Counter.organizer_id).is_not(None),
        )
    )
    found: defaultdict[tuple[str, ApiPermission], set[int]] = defaultdict(set)
    for organizer, system, rights, role in rows:
        own = ADMIN_PERMISSIONS if role == Role.COUNTER_ADMIN else frozenset()
        for permission in _permissions(rights) | own:
            found[str(organizer), permission].add(system)
    return {key: frozenset(systems) for key, systems in found.items()}


def _permissions(rights: Iterable[str]) -> frozenset[ApiPermission]:
    held = with_implied(map(CounterRight, rights))
    return MEMBER_PERMISSIONS.union(*(OF_RIGHT.get(right, frozenset()) for right in held))


def _plain(grants: Iterable[Grant]) -> list[str]:
    return sorted(
        f"{one.permission} {one.organizer}" + (f" {one.system}" if one.system else "") for one in grants
    )
