"""The permission groups of a card system (rules 2.3)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.cardsystems.models import PermissionGroup
from server.cardsystems.rights import STANDARD_GROUPS, CounterRight
from server.kernel.audit import record


@dataclass(frozen=True)
class GroupFacts:
    """What a group is. A counter that joins the card system joins its default group."""

    name: str
    rights: frozenset[CounterRight]
    is_default: bool = False
    is_school: bool = False


def create_standard_groups(session: Session, system: int) -> None:
    """Give a new card system the groups that every one begins with."""
    for group in STANDARD_GROUPS:
        session.add(
            PermissionGroup(
                card_system_id=system,
                name=group.name,
                rights=sorted(group.rights),
                is_default=group.is_default,
                is_school=group.is_school,
            )
        )


def groups_of(session: Session, systems: Collection[int]) -> list[PermissionGroup]:
    """Return the groups of card systems: the default one first, then in the order they were made."""
    query = (
        select(PermissionGroup)
        .where(col(PermissionGroup.card_system_id).in_(systems))
        .order_by(col(PermissionGroup.card_system_id), col(PermissionGroup.is_default).desc())
        .order_by(col(PermissionGroup.id))
    )
    return list(session.exec(query))


def default_groups(session: Session, systems: Collection[int]) -> dict[int, int]:
    """Return card system -> the id of its default group."""
    return {group.card_system_id: group.id or 0 for group in groups_of(session, systems) if group.is_default}


def create_group(session: Session, system: int, facts: GroupFacts, *, staff_id: int) -> int:
    """Make a group; return its id."""
    group = PermissionGroup(card_system_id=system, name=facts.name)
    session.add(group)
    session.flush()
    _put(session, group, facts)
    record(session, "create", "permission_group", group.id, staff_id=staff_id, detail=_plain(facts))
    return group.id or 0


def change_group(session: Session, group: PermissionGroup, facts: GroupFacts, *, staff_id: int) -> bool:
    """Change a group and so what its counters may do; False when nothing is different."""
    before = facts_of(group)
    if before == facts:
        return False
    _put(session, group, facts)
    detail = {"before": _plain(before), "after": _plain(facts)}
    record(session, "change", "permission_group", group.id, staff_id=staff_id, detail=detail)
    return True


def remove_group(session: Session, group: PermissionGroup, *, staff_id: int) -> None:
    """Remove a group that no counter is in and that is not the default one (the caller looked)."""
    record(session, "remove", "permission_group", group.id, staff_id=staff_id, detail=_plain(facts_of(group)))
    session.delete(group)


def facts_of(group: PermissionGroup) -> GroupFacts:
    """Return what a group is now."""
    return GroupFacts(
        group.name, frozenset(map(CounterRight, group.rights)), group.is_default, group.is_school
    )


def _put(session: Session, group: PermissionGroup, facts: GroupFacts) -> None:
    if facts.is_default and not group.is_default:
        others = col(PermissionGroup.card_system_id) == group.card_system_id
        session.execute(update(PermissionGroup).where(others).values(is_default=False))
    group.name, group.rights = facts.name, sorted(facts.rights)
    group.is_default, group.is_school = facts.is_default, facts.is_school
    session.flush()


def _plain(facts: GroupFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "rights": sorted(facts.rights),
        "default": facts.is_default,
        "school": facts.is_school,
    }
