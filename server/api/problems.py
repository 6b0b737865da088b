"""How an operation of the JSON API fails: the problem types with status and title, one table (json-api 7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from server.kernel.errors import ProblemError

PREFIX: Final = "https://api.publiq.be/probs/"


class Prob(StrEnum):
    """A problem type, without the prefix that all have."""

    UNAUTHORIZED = "auth/unauthorized"
    FORBIDDEN = "auth/forbidden"
    BODY_MISSING = "body/missing"
    BODY_INVALID_SYNTAX = "body/invalid-syntax"
    BODY_INVALID_DATA = "body/invalid-data"
    FILE_MISSING = "body/file-missing"
    FILE_INVALID_TYPE = "body/file-invalid-type"
    FILE_INVALID_SIZE = "body/file-invalid-size"
    HEADER_MISSING = "header/missing"
    HEADER_INVALID = "header/invalid"
    NOT_ACCEPTABLE = "header/not-acceptable"
    UNSUPPORTED_MEDIA_TYPE = "header/unsupported-media-type"
    METHOD_NOT_ALLOWED = "method/not-allowed"
    NOT_FOUND = "url/not-found"
    QUERY_LIMIT_EXCEEDED = "url/query-limit-exceeded"

    ASSOCIATION_MEMBERSHIP_RENEW_NOT_POSSIBLE = "uitpas/association-membership-renew-not-possible"
    ASSOCIATION_NOT_FOUND = "uitpas/association-not-found"
    ASSOCIATION_PASSHOLDER_CARDSYSTEM_MISMATCH = "uitpas/association-passholder-cardsystem-mismatch"
    CARD_BLOCKED = "uitpas/card-blocked"
    CARDSYSTEM_NOT_FOUND = "uitpas/cardsystem-not-found"
    CHECKIN_CODE_EXPIRED = "uitpas/checkin-code-expired"
    CHECKIN_CODE_INVALID = "uitpas/checkin-code-invalid"
    CHECKIN_NOT_ALLOWED = "uitpas/checkin-not-allowed"
    CLIENT_NOT_FOUND = "uitpas/client-not-found"
    DISTRIBUTIONKEY_NOT_FOUND = "uitpas/distributionkey-not-found"
    EMAIL_ALREADY_USED = "uitpas/email-already-used"
    EVENT_ALREADY_HAS_TICKETSALES = "uitpas/event-already-has-ticketsales"
    EVENT_NOT_ACCEPTABLE = "uitpas/event-not-acceptable"
    EVENT_NOT_FOUND = "uitpas/event-not-found"
    FAMILY_MEMBER_ALREADY_ADDED = "uitpas/family-member-already-added"
    FORBIDDEN_UNDERAGED = "uitpas/forbidden-underaged"
    GROUP_NOT_FOUND = "uitpas/group-not-found"
    INSZ_ALREADY_USED = "uitpas/insz-already-used"
    INSZ_IN_TOKEN_REQUIRED = "uitpas/insz-in-token-required"  # noqa: S105 - a problem, not a password
    INVALID_CARD = "uitpas/invalid-card"
    INVALID_CARD_STATUS = "uitpas/invalid-card-status"
    INVALID_CARD_SYSTEM = "uitpas/invalid-card-system"
    INVALID_CITY = "uitpas/invalid-city"
    INVALID_COUPON = "uitpas/invalid-coupon"
    INVALID_DISTRIBUTIONKEY = "uitpas/invalid-distributionkey"
    INVALID_INSZ_NUMBER = "uitpas/invalid-insz-number"
    INVALID_NUMBER_OF_TICKETS = "uitpas/invalid-number-of-tickets"
    INVALID_POSTAL_CODE = "uitpas/invalid-postal-code"
    INVALID_SOCIAL_TARIFF_VALIDATION_TOKEN = "uitpas/invalid-social-tariff-validation-token"  # noqa: S105 - a problem
    INVALID_UITPAS_NUMBER = "uitpas/invalid-uitpas-number"
    INVALID_UITPASNUMBER = "uitpas/invalid-uitpasnumber"
    INVALID_VOUCHER_CODE = "uitpas/invalid-voucher-code"
    KIOSK_ALREADY_CONFIGURED = "uitpas/kiosk-already-configured"
    KIOSK_DEVICE_ALREADY_IN_USE = "uitpas/kiosk-device-already-in-use"
    KIOSK_NOT_FOUND = "uitpas/kiosk-not-found"
    KIOSK_NOT_IN_USE = "uitpas/kiosk-not-in-use"
    KIOSK_ORDER_OPEN = "uitpas/kiosk-order-open"
    MAXIMUM_REACHED = "uitpas/maximum-reached"
    ORGANIZER_NOT_FOUND = "uitpas/organizer-not-found"
    PASS_NOT_FOUND = "uitpas/pass-not-found"  # noqa: S105 - a card, not a password
    PASSHOLDER_ALREADY_REGISTERED = "uitpas/passholder-already-registered"
    PASSHOLDER_BLOCKED = "uitpas/passholder-blocked"
    PASSHOLDER_NEW_MEMBERSHIP_ERROR = "uitpas/passholder-new-membership-error"
    PASSHOLDER_NO_ACTIVE_CARDSYSTEMS = "uitpas/passholder-no-active-cardsystems"
    PASSHOLDER_NOT_FOUND = "uitpas/passholder-not-found"
    POSTAL_CODE_NOT_IN_CARD_SYSTEM = "uitpas/postal-code-not-in-card-system"
    POSTAL_CODE_REQUIRED = "uitpas/postal-code-required"
    RATE_LIMITED = "uitpas/rate-limited"
    REPORT_INVALID_STATUS = "uitpas/report-invalid-status"
    REPORT_NOT_FOUND = "uitpas/report-not-found"
    REWARD_INVALID_REDEEM_TYPE = "uitpas/reward-invalid-redeem-type"
    REWARD_NOT_EDITABLE = "uitpas/reward-not-editable"
    REWARD_NOT_FOUND = "uitpas/reward-not-found"
    REWARD_PASSHOLDER_NO_APPLICABLE_CARDSYSTEMS = "uitpas/reward-passholder-no-applicable-cardsystems"
    REWARD_PASSHOLDER_POINTS_CONSTRAINT = "uitpas/reward-passholder-points-constraint"
    REWARD_PASSHOLDER_VOLUME_CONSTRAINT = "uitpas/reward-passholder-volume-constraint"
    REWARD_PERIOD_CONSTRAINT = "uitpas/reward-period-constraint"
    REWARD_VOLUME_CONSTRAINT = "uitpas/reward-volume-constraint"
    SCHOOL_NOT_FOUND = "uitpas/school-not-found"
    SOCIAL_TARIFF_EXPIRED = "uitpas/social-tariff-expired"
    SOCIAL_TARIFF_NOT_AVAILABLE = "uitpas/social-tariff-not-available"
    SOCIAL_TARIFF_SUSPENDED = "uitpas/social-tariff-suspended"
    TICKET_SALE_NOT_FOUND = "uitpas/ticket-sale-not-found"
    TOO_MANY_ADULTS_IN_FAMILY = "uitpas/too-many-adults-in-family"
    TOO_MANY_FAMILY_MEMBERS = "uitpas/too-many-family-members"
    UITID_ALREADY_REGISTERED = "uitpas/uitid-already-registered"

    @property
    def uri(self) -> str:
        """The type as it goes over the wire."""
        return PREFIX + self.value


_OTHER_STATUS: Final[Mapping[Prob, int]] = MappingProxyType(
    {
        Prob.UNAUTHORIZED: 401,
        Prob.FORBIDDEN: 403,
        Prob.NOT_FOUND: 404,
        Prob.CLIENT_NOT_FOUND: 404,
        Prob.EVENT_NOT_FOUND: 404,
        Prob.ORGANIZER_NOT_FOUND: 404,
        Prob.PASS_NOT_FOUND: 404,
        Prob.PASSHOLDER_NOT_FOUND: 404,
        Prob.REPORT_NOT_FOUND: 404,
        Prob.REWARD_NOT_FOUND: 404,
        Prob.SCHOOL_NOT_FOUND: 404,
        Prob.TICKET_SALE_NOT_FOUND: 404,
        Prob.METHOD_NOT_ALLOWED: 405,
        Prob.NOT_ACCEPTABLE: 406,
        Prob.KIOSK_NOT_IN_USE: 409,
        Prob.KIOSK_ORDER_OPEN: 409,
        Prob.UNSUPPORTED_MEDIA_TYPE: 415,
        Prob.RATE_LIMITED: 429,
    }
)
"""Those that are not 400."""

_OTHER_TITLE: Final[Mapping[Prob, str]] = MappingProxyType(
    {
        Prob.BODY_INVALID_DATA: "Invalid body data",
        Prob.BODY_INVALID_SYNTAX: "Invalid body syntax",
        Prob.BODY_MISSING: "Body missing",
        Prob.FAMILY_MEMBER_ALREADY_ADDED: "Forbidden Underaged",
        Prob.FORBIDDEN_UNDERAGED: "Forbidden Underaged",
        Prob.TOO_MANY_ADULTS_IN_FAMILY: "Forbidden Underaged",
        Prob.TOO_MANY_FAMILY_MEMBERS: "Forbidden Underaged",
        Prob.CARDSYSTEM_NOT_FOUND: "Card system not found",
        Prob.CHECKIN_CODE_EXPIRED: "Check-in code expired",
        Prob.CHECKIN_CODE_INVALID: "Check-in code invalid",
        Prob.CHECKIN_NOT_ALLOWED: "Check-in not allowed",
        Prob.DISTRIBUTIONKEY_NOT_FOUND: "Distribution key not found",
        Prob.EVENT_ALREADY_HAS_TICKETSALES: "Event already has ticket sales",
        Prob.INSZ_ALREADY_USED: "INSZ already used",
        Prob.INSZ_IN_TOKEN_REQUIRED: "INSZ in token required",
        Prob.INVALID_DISTRIBUTIONKEY: "Invalid distribution key",
        Prob.INVALID_UITPASNUMBER: "Invalid uitpas number",
        Prob.METHOD_NOT_ALLOWED: "Method not allowed",
        Prob.NOT_ACCEPTABLE: "Not acceptable",
        Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS: "Passholder has no active cardsystem memberships",
        Prob.REPORT_INVALID_STATUS: "Invalid report status",
        Prob.REWARD_INVALID_REDEEM_TYPE: "Reward Invalid Redeem Type",
        Prob.REWARD_PASSHOLDER_NO_APPLICABLE_CARDSYSTEMS: "Reward Passholder No Applicable Cardsystems",
        Prob.REWARD_PASSHOLDER_POINTS_CONSTRAINT: "Reward Passholder Points Constraint",
        Prob.REWARD_PASSHOLDER_VOLUME_CONSTRAINT: "Reward Passholder Volume Constraint",
        Prob.REWARD_PERIOD_CONSTRAINT: "Reward Period Constraint",
        Prob.REWARD_VOLUME_CONSTRAINT: "Reward Volume Constraint",
        Prob.UITID_ALREADY_REGISTERED: "UiTID already registered",
        Prob.UNSUPPORTED_MEDIA_TYPE: "Unsupported media type",
    }
)
"""Those that are not the words of their type; the copied titles are the real system's."""


def status_of(prob: Prob) -> int:
    """Return the HTTP status that goes with a problem, where the operation does not say another."""
    return _OTHER_STATUS.get(prob, 400)


def title_of(prob: Prob) -> str:
    """Return the title of a problem."""
    return _OTHER_TITLE.get(prob) or prob.value.rpartition("/")[2].replace("-", " ").capitalize()


class SchemaError(NamedTuple):
    """What is wrong with one place of a body. `pointer` is a JSON pointer (RFC 6901)."""

    pointer: str
    error: str


class ApiError(ProblemError):
    """An operation that cannot be done.

    status: where the operation answers another than the table says (event-not-found is 400 for check-ins).
    title: where it names the very thing. user_message: what a person may read, by language; Dutch always.
    more: members that this problem alone has.
    """

    def __init__(
        self,
        prob: Prob,
        detail: str = "",
        *,
        status: int | None = None,
        title: str = "",
        user_message: Mapping[str, str] | None = None,
        schema_errors: Sequence[SchemaError] = (),
        more: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(
            status or status_of(prob), title or title_of(prob), type=prob.uri, detail=detail, headers=headers
        )
        self.prob = prob
        self.user_message = user_message
        self.schema_errors = tuple(schema_errors)
        self.more = dict(more or {})

    def to_json(self) -> dict[str, Any]:
        """Return the problem document; what is empty is left out."""
        body: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.user_message:
            body["endUserMessage"] = dict(self.user_message)
        if self.schema_errors:
            body["schemaErrors"] = [
                {"jsonPointer": wrong.pointer, "error": wrong.error} for wrong in self.schema_errors
            ]
        return body | self.more
