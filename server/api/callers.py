"""The door of every operation: each says how its caller may make himself known (json-api 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Depends
from sqlmodel import Session, col, select
from starlette.requests import Request

from server.api.clients import find_client
from server.api.grants import Grants, client_grants, staff_grants, with_linked
from server.api.permissions import SELF_PERMISSIONS, ApiPermission
from server.api.problems import ApiError, Prob
from server.api.tokens import Claims, Tokens
from server.kernel.attempts import refuse_flood
from server.kernel.audit import record
from server.kernel.database import Database, RequestSession
from server.staff.models import Staff

_CUSTOM: Final = "x-custom-token"


class Way(StrEnum):
    """How a caller makes himself known; the words are for a developer who took another."""

    CLIENT = "a client access token"
    USER = "a user access token"
    IDENTIFICATION = "a client id (x-client-id)"
    CUSTOM = "a custom token (x-custom-token)"


@dataclass(frozen=True)
class Caller:
    """Who calls. `client`: the program; `claims`: of the user behind it, if any; `staff_id`: who that is.

    grants: what this caller may do; nothing for a client that only says its id. A user has those of his
    counters, and what his program was granted to let people do for themselves: lent. Who comes with a
    custom token is judged by the operation. granted: of the grants, those that come by no link.
    """

    way: Way
    client: str
    claims: Claims | None = None
    staff_id: int | None = None
    grants: Grants = field(default_factory=dict)
    lent: Grants = field(default_factory=dict)
    granted: Grants = field(default_factory=dict)

    def may(
        self, permission: ApiPermission, *, organizer: str | None = None, system: int | None = None
    ) -> bool:
        """Tell whether this caller has a permission; None: for any organiser, in any card system."""
        return any(
            held == permission and organizer in (None, for_) and (system is None or system in systems)
            for (for_, held), systems in self.grants.items()
        )

    def require(
        self, permission: ApiPermission, *, organizer: str | None = None, system: int | None = None
    ) -> None:
        """Go on only with a permission.

        Raises:
            ApiError: 403, says which is missing.
        """
        if not self.may(permission, organizer=organizer, system=system):
            where = f" for organizer {organizer}" if organizer else ""
            where += f" in card system {system}" if system else ""
            raise ApiError(Prob.FORBIDDEN, f"The permission {permission} is missing{where}.")

    def organizers(self, permission: ApiPermission) -> frozenset[str]:
        """Return the organisers this caller has a permission for."""
        return frozenset(organizer for organizer, held in self.grants if held == permission)

    def systems(self, permission: ApiPermission) -> frozenset[int]:
        """Return the card systems this caller has a permission in."""
        found = (systems for (_, held), systems in self.grants.items() if held == permission)
        return frozenset().union(*found)

    def in_charge_of(self, permission: ApiPermission) -> frozenset[int]:
        """Return the card systems this caller has a permission in over others, not only for himself."""
        others = self.grants.keys() - self.lent.keys()
        return frozenset().union(*(self.grants[key] for key in others if key[1] == permission))

    def note(
        self,
        session: Session,
        action: str,
        subject_kind: str,
        subject_id: object,
        *,
        detail: dict[str, Any] | None = None,
    ) -> None:
        """Add what this caller did to the audit trail."""
        said = {**(detail or {}), "client": self.client}
        record(session, action, subject_kind, subject_id, staff_id=self.staff_id, detail=said)


class Accepts:
    """A dependency that knows the caller by one of `ways`.

    Raises:
        ApiError: 401, he is not known; 403, known in another way.
    """

    def __init__(self, *ways: Way) -> None:
        self.ways = ways

    def __call__(self, request: Request, session: RequestSession) -> Caller:
        """Return who calls."""
        is_custom = Way.CUSTOM in self.ways and _CUSTOM in request.headers
        if is_custom and "authorization" not in request.headers:
            return Caller(Way.CUSTOM, "")
        caller = _caller(request, session)
        if caller.way not in self.ways:
            raise ApiError(Prob.FORBIDDEN, f"This operation takes {' or '.join(self.ways)}.")
        return caller


def _caller(request: Request, session: Session) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        tokens: Tokens = request.app.state.tokens
        return _bearer(session, tokens.check(token.strip(), datetime.now(UTC)))
    client_id = request.headers.get("x-client-id") or request.query_params.get("clientId")
    if client_id:
        if find_client(session, client_id) is None:
            raise _unauthorized("This client id is not known.")
        return Caller(Way.IDENTIFICATION, client_id)
    raise _unauthorized("Send an access token.")


def _bearer(session: Session, claims: Claims) -> Caller:
    # The client has to be ours: a token that the issuer gave another party is no key to this house.
    if find_client(session, claims.client) is None:
        raise _unauthorized("The client of this token is not known (any more).")
    if claims.user is None:
        granted = client_grants(session, claims.client)
        return Caller(Way.CLIENT, claims.client, grants=with_linked(session, granted), granted=granted)
    names = [name for name in (claims.user, claims.uitid_v1) if name]
    staff_id = session.exec(select(Staff.id).where(col(Staff.uitid).in_(names))).first()
    own = staff_grants(session, staff_id) if staff_id is not None else {}
    lent = {
        key: systems
        for key, systems in client_grants(session, claims.client).items()
        if key[1] in SELF_PERMISSIONS and key not in own
    }
    granted = {**lent, **own}
    return Caller(Way.USER, claims.client, claims, staff_id, with_linked(session, granted), lent, granted)


def _unauthorized(detail: str) -> ApiError:
    return ApiError(Prob.UNAUTHORIZED, detail, headers={"WWW-Authenticate": "Bearer"})


def require_granted(session: Session, caller: Caller, permission: ApiPermission) -> None:
    """Go on only with a permission; a client that only says its id has those it was granted.

    Raises:
        ApiError: 403, says which is missing.
    """
    if caller.way is Way.IDENTIFICATION:
        caller = replace(caller, grants=client_grants(session, caller.client))
    caller.require(permission)


def limited(name: str, *, most: int, seconds: int) -> Callable[[Request], None]:
    """Return a dependency for a route's `dependencies`: at most so many calls of `name` an address."""

    def refuse(request: Request) -> None:
        database: Database = request.app.state.database
        address = request.client.host if request.client else "?"
        refuse_flood(database, f"{name} from {address}", most=most, seconds=seconds)

    return refuse


ByToken = Annotated[Caller, Depends(Accepts(Way.CLIENT, Way.USER))]
ByClient = Annotated[Caller, Depends(Accepts(Way.CLIENT))]
ByUser = Annotated[Caller, Depends(Accepts(Way.USER))]
ByIdentification = Annotated[Caller, Depends(Accepts(Way.IDENTIFICATION))]
ByAnyone = Annotated[Caller, Depends(Accepts(Way.CLIENT, Way.USER, Way.IDENTIFICATION))]
