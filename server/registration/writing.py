"""A program of a partner that writes: for which counter, what it may do there, and how it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlmodel import Session, col, select

from server.api.callers import Caller
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter, CounterCardSystem
from server.counters.rights import rights_of
from server.passholders.models import Membership
from server.registration.facts import Desk, Fault, RefusedError

RIGHTS: Final[Mapping[ApiPermission, CounterRight]] = MappingProxyType(
    {
        ApiPermission.PASSHOLDERS_WRITE: CounterRight.REGISTER,
        ApiPermission.PASSHOLDERS_WRITE_SOCIALTARIFF: CounterRight.GRANT_SOCIAL_TARIFF,
        ApiPermission.PASSHOLDERS_WRITE_SOCIALTARIFF_FULL_CARDSYSTEM: CounterRight.REGISTER_ELSEWHERE,
        ApiPermission.PASSHOLDERS_WRITE_FOREIGN_COUNTRY: CounterRight.REGISTER_ABROAD,
    }
)
"""What a permission of a program lets the counter it writes for do."""
PROBS: Final[Mapping[Fault, Prob]] = MappingProxyType(
    {
        Fault.INSZ_INVALID: Prob.INVALID_INSZ_NUMBER,
        Fault.INSZ_USED: Prob.INSZ_ALREADY_USED,
        Fault.PLACE: Prob.INVALID_CITY,
        Fault.PLACE_UNKNOWN: Prob.INVALID_CITY,
        Fault.ELSEWHERE: Prob.INVALID_CITY,
        Fault.CARD_NUMBER: Prob.INVALID_UITPAS_NUMBER,
        Fault.CARD_UNKNOWN: Prob.INVALID_CARD,
        Fault.CARD_OTHER_SYSTEM: Prob.INVALID_CARD,
        Fault.CARD_FOR_TARIFF: Prob.INVALID_CARD,
        Fault.CARD_WITHOUT_TARIFF: Prob.INVALID_CARD,
        Fault.CARD_OUTDATED: Prob.INVALID_CARD,
        Fault.CARD_TAKEN: Prob.INVALID_CARD_STATUS,
        Fault.CARD_NOT_HERE: Prob.INVALID_CARD_STATUS,
        Fault.VOUCHER_UNKNOWN: Prob.INVALID_VOUCHER_CODE,
        Fault.VOUCHER_USED: Prob.INVALID_VOUCHER_CODE,
        Fault.NOT_ALLOWED: Prob.FORBIDDEN,
        Fault.TARIFF_NOT_ALLOWED: Prob.FORBIDDEN,
        Fault.ABROAD: Prob.FORBIDDEN,
        Fault.MEMBER_ELSEWHERE: Prob.FORBIDDEN,
        Fault.NOT_DIGITAL: Prob.FORBIDDEN,
        Fault.UNDERAGE: Prob.FORBIDDEN_UNDERAGED,
        Fault.EMAIL_USED: Prob.EMAIL_ALREADY_USED,
    }
)
PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first_name": "/firstName",
        "last_name": "/name",
        "birth_date": "/dateOfBirth",
        "insz": "/inszNumber",
        "place": "/address/city",
        "email": "/email",
        "opt_ins": "/optInPreferences",
        "parental_consent": "/parentalConsent",
        "card": "/registrationUitpasNumber",
        "tariff_until": "/registrationSocialTariffEndDate",
    }
)


def desk_for(session: Session, caller: Caller, organizer: str, system: int | None = None) -> Desk:
    """Return the counter of an organiser at work in a card system, with what the program may do there.

    system: None for the first one the organiser belongs to.

    Raises:
        ApiError: 400, there is no such counter; 403, the program may not write for it.
    """
    counter, found = counter_of(session, organizer, system)
    caller.require(ApiPermission.PASSHOLDERS_WRITE, organizer=organizer, system=found)
    rights = _lent(caller, organizer, found)
    own = rights_of(session, counter).get(found, frozenset())
    return Desk(counter, found, rights | own & {CounterRight.REGISTER_WITHOUT_INSZ}, caller.staff_id)


def counter_of(session: Session, organizer: str, system: int | None = None) -> tuple[int, int]:
    """Return the counter of an organiser, and the card system: the one asked for, or the first it is in.

    Raises:
        ApiError: 400, there is no such counter.
    """
    query = (
        select(Counter.id, CounterCardSystem.card_system_id)
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(Counter.id))
        .where(Counter.organizer_id == organizer)
        .order_by(col(CounterCardSystem.card_system_id))
    )
    counters = session.exec(query).all()
    if not counters:
        raise ApiError(Prob.ORGANIZER_NOT_FOUND, status=400)
    here = [(counter or 0, own) for counter, own in counters if system in (None, own)]
    if not here:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND, status=400)
    return here[0]


def systems_of_organizer(session: Session, organizer: str) -> frozenset[int]:
    """Return the card systems of an organiser's counters.

    Raises:
        ApiError: 400, there is no such organiser.
    """
    query = select(CounterCardSystem.card_system_id).join(
        Counter, col(Counter.id) == col(CounterCardSystem.counter_id)
    )
    found = frozenset(session.exec(query.where(Counter.organizer_id == organizer)))
    if not found:
        raise ApiError(Prob.ORGANIZER_NOT_FOUND, status=400)
    return found


def desks_of_member(session: Session, caller: Caller, ref: int) -> list[Desk]:
    """Return a counter for each card system of a pashouder that the program may write for, with its rights.

    Raises:
        ApiError: 403, there is none.
    """
    permission = ApiPermission.PASSHOLDERS_WRITE
    query = (
        select(Counter.id, Counter.organizer_id, CounterCardSystem.card_system_id)
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(Counter.id))
        .join(Membership, col(Membership.card_system_id) == col(CounterCardSystem.card_system_id))
        .where(Membership.passholder_ref == ref, col(Counter.organizer_id).in_(caller.organizers(permission)))
        .order_by(col(Counter.id))
    )
    found: dict[int, Desk] = {}
    for counter, organizer, system in session.exec(query):
        if caller.may(permission, organizer=organizer, system=system):
            rights = _lent(caller, str(organizer), system)
            found.setdefault(system, Desk(counter or 0, system, rights, caller.staff_id))
    if not found:
        raise ApiError(Prob.FORBIDDEN, f"The permission {permission} is missing for this passholder.")
    return list(found.values())


def require_member(session: Session, caller: Caller, permission: ApiPermission, ref: int) -> None:
    """Go on only with a permission in a card system of a pashouder.

    Raises:
        ApiError: 403, it is missing.
    """
    own = session.exec(select(Membership.card_system_id).where(Membership.passholder_ref == ref)).all()
    if caller.systems(permission).isdisjoint(own):
        raise ApiError(Prob.FORBIDDEN, f"The permission {permission} is missing for this passholder.")


def _lent(caller: Caller, organizer: str, system: int) -> frozenset[CounterRight]:
    """Return what a program's permissions let a counter do."""
    return frozenset(
        right
        for permission, right in RIGHTS.items()
        if caller.may(permission, organizer=organizer, system=system)
    )


def problem_of(refused: RefusedError, *, named: bool = True) -> ApiError:
    """Return the problem of the first fault that has one, else all of them as faults of the body.

    named: whether the operation has problems of its own for what is wrong with a person or a card.
    """
    for fault in refused.faults.values():
        if fault in PROBS and (named or PROBS[fault] == Prob.FORBIDDEN):
            return ApiError(PROBS[fault], status=400 if PROBS[fault] != Prob.FORBIDDEN else 403)
    wrong = [SchemaError(PLACES.get(field, "/"), fault.value) for field, fault in refused.faults.items()]
    return ApiError(Prob.BODY_INVALID_DATA, schema_errors=wrong)
