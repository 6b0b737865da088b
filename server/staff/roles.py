"""Who may do what: one table of data (rules 1.4, 1.5, 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """A function someone holds: at one counter, in one card system, or everywhere."""

    BALIE = "balie"
    COUNTER_ADMIN = "balie-admin"
    KSB = "ksb"
    TECHNICIAN = "technician"
    ADMIN = "admin"


class Permission(StrEnum):
    """One thing a page or command lets a person do."""

    FOLLOW_OWN_KIOSKS = "follow-own-kiosks"
    CHOOSE_EVENT = "choose-event"
    KEEP_STOCK = "keep-stock"
    SERVE_PASSHOLDERS = "serve-passholders"
    SELL_TO_GROUPS = "sell-to-groups"
    HAND_OUT_REWARDS = "hand-out-rewards"
    MANAGE_COLLEAGUES = "manage-colleagues"
    FOLLOW_KIOSKS = "follow-kiosks"
    MANAGE_KIOSKS = "manage-kiosks"
    ENROL_KIOSKS = "enrol-kiosks"
    COMMAND_KIOSKS = "command-kiosks"
    READ_DIFFERENCES = "read-differences"
    MAKE_CARD_SYSTEMS = "make-card-systems"
    MANAGE_CARD_SYSTEMS = "manage-card-systems"
    MANAGE_COUNTERS = "manage-counters"
    MANAGE_CARDS = "manage-cards"
    MANAGE_PASSHOLDERS = "manage-passholders"
    MANAGE_PRICES = "manage-prices"
    MANAGE_GROUP_PASSES = "manage-group-passes"
    MANAGE_REWARDS = "manage-rewards"
    SET_COUNTER_GROUPS = "set-counter-groups"
    MANAGE_MEMBERS = "manage-members"
    MANAGE_PARTNERS = "manage-partners"
    SET_EVENTS = "set-events"
    READ_LOGBOOK = "read-logbook"
    HANDLE_ALERTS = "handle-alerts"
    SET_WATCH_RULES = "set-watch-rules"
    MANAGE_RELEASES = "manage-releases"


AT_COUNTERS: Final = (Role.BALIE, Role.COUNTER_ADMIN)
"""The functions there are at a counter: its members, and those who say who they are (rules 2.6)."""

AT_A_COUNTER: Final = frozenset(
    {
        Permission.FOLLOW_OWN_KIOSKS,
        Permission.CHOOSE_EVENT,
        Permission.KEEP_STOCK,
        Permission.SERVE_PASSHOLDERS,
        Permission.SELL_TO_GROUPS,
        Permission.HAND_OUT_REWARDS,
    }
)
"""What people do for the counter that they chose."""

ROLES: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.BALIE: AT_A_COUNTER,
        Role.COUNTER_ADMIN: AT_A_COUNTER | {Permission.MANAGE_COLLEAGUES},
        Role.KSB: frozenset(
            {
                Permission.FOLLOW_KIOSKS,
                Permission.MANAGE_KIOSKS,
                Permission.ENROL_KIOSKS,
                Permission.COMMAND_KIOSKS,
                Permission.READ_DIFFERENCES,
                Permission.MANAGE_CARD_SYSTEMS,
                Permission.MANAGE_COUNTERS,
                Permission.MANAGE_CARDS,
                Permission.MANAGE_PASSHOLDERS,
                Permission.MANAGE_PRICES,
                Permission.MANAGE_GROUP_PASSES,
                Permission.MANAGE_REWARDS,
                Permission.MANAGE_MEMBERS,
                Permission.MANAGE_PARTNERS,
                Permission.SET_EVENTS,
                Permission.READ_LOGBOOK,
                Permission.HANDLE_ALERTS,
                Permission.SET_WATCH_RULES,
                Permission.MANAGE_RELEASES,
            }
        ),
        Role.TECHNICIAN: frozenset(
            {
                Permission.FOLLOW_KIOSKS,
                Permission.ENROL_KIOSKS,
                Permission.COMMAND_KIOSKS,
                Permission.HANDLE_ALERTS,
                Permission.MANAGE_RELEASES,
            }
        ),
        Role.ADMIN: frozenset(Permission) - AT_A_COUNTER - {Permission.MANAGE_COLLEAGUES},
    }
)

GRANTS: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.BALIE: frozenset(),
        Role.COUNTER_ADMIN: frozenset(AT_COUNTERS),
        Role.KSB: frozenset({*AT_COUNTERS, Role.KSB, Role.TECHNICIAN}),
        Role.TECHNICIAN: frozenset(),
        Role.ADMIN: frozenset(Role),
    }
)
"""The roles that a role may give and take away, within its own card system."""


def may(role: Role, permission: Permission) -> bool:
    """Tell whether a role carries a permission."""
    return permission in ROLES[role]
