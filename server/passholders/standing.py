"""What a kansenstatuut is worth on a day: a function of its dates, without a nightly job (rules 5)."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from server.passholders.models import Membership, MembershipStatus

_DEFAULT_END: Final = (4, 30)
_LATEST_END: Final = (12, 31)
ADULT_AGE: Final = 16
"""From here on people choose for themselves what they receive (rules 4.9)."""


class TariffStatus(StrEnum):
    """The state of a kansenstatuut, as the JSON API names it."""

    ACTIVE = "ACTIVE"
    EXPIRED = "EXPIRED"
    SUSPENDED = "SUSPENDED"


class SocialTariff(NamedTuple):
    """A kansenstatuut on a day. `end`: its last day without the grace period, None when it never ends."""

    status: TariffStatus
    end: date | None
    in_grace: bool = False
    suspended_until: date | None = None


def social_tariff_on(membership: Membership, day: date) -> SocialTariff | None:
    """Return the kansenstatuut of a membership on a day, None for a member without."""
    if not membership.social_tariff:
        return None
    end = membership.social_tariff_end
    if end is not None and day > end + timedelta(days=membership.grace_days):
        return SocialTariff(TariffStatus.EXPIRED, end)
    in_grace = end is not None and day > end
    if membership.suspended_until is not None and day <= membership.suspended_until:
        return SocialTariff(TariffStatus.SUSPENDED, end, in_grace, membership.suspended_until)
    return SocialTariff(TariffStatus.ACTIVE, end, in_grace)


def is_active(membership: Membership, day: date) -> bool:
    """Tell whether a membership works on a day: not blocked, its kansenstatuut not run out (rules 5.5)."""
    tariff = social_tariff_on(membership, day)
    is_expired = tariff is not None and tariff.status == TariffStatus.EXPIRED
    return membership.status == MembershipStatus.ACTIVE and not is_expired


def default_end(day: date) -> date:
    """Return the last day of a kansenstatuut that is granted on `day`, when nobody says (rules 5.3)."""
    return date(day.year + 1, *_DEFAULT_END)


def next_end(end: date | None, day: date) -> date | None:
    """Return a last day to propose to who renews on `day`, later than the one there is; None: none can be."""
    wanted = (default_end(day), latest_end(day))
    return None if end is None else next((one for one in wanted if one > end), None)


def latest_end(day: date) -> date:
    """Return the latest last day that can be granted on `day` (rules 5.2)."""
    return date(day.year + 1, *_LATEST_END)
