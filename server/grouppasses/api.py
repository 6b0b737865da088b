"""`grouppasses` of the JSON API (json-api 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from sqlmodel import Session

from server.api.callers import ByAnyone, ByToken, Way, limited, require_granted
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page
from server.cards.api import require_uitpas_number
from server.cardsystems.models import CardSystem
from server.grouppasses.making import find_group_pass, group_pass_with_id
from server.grouppasses.messages import GroupPassMessage, Shown, group_pass_message
from server.grouppasses.models import GroupPass
from server.grouppasses.tickets import facts_on
from server.kernel.database import RequestSession
from shared.domain.zones import local_day

MOST_LOOKS: Final = 120
LOOK_SECONDS: Final = 60

router = Operations()


@router.get(
    "/grouppasses",
    dependencies=[Depends(limited("group passes", most=MOST_LOOKS, seconds=LOOK_SECONDS))],
)
def find_group_passes(
    session: RequestSession,
    caller: ByAnyone,
    asked: AskedPage,
    *,
    uitpas_number: Annotated[str, Query(alias="uitpasNumber")] = "",
    chip_number: Annotated[str, Query(alias="chipNumber")] = "",
) -> Page[GroupPassMessage]:
    """Return the group pass with a UiTPAS number, or with a chip number, whatever its card's state."""
    require_granted(session, caller, ApiPermission.GROUPPASSES_SEARCH)
    if uitpas_number or not chip_number:
        require_uitpas_number(uitpas_number)
    found = find_group_pass(session, uitpas_number or chip_number)
    with_contact = caller.way is not Way.IDENTIFICATION
    return asked.cut([_message(session, found, with_contact=with_contact)] if found else [])


@router.get("/grouppasses/{pass_id}")
def show_group_pass(session: RequestSession, caller: ByToken, pass_id: str) -> GroupPassMessage:
    """Return one group pass."""
    caller.require(ApiPermission.GROUPPASSES_SEARCH)
    found = group_pass_with_id(session, pass_id)
    if found is None:
        raise ApiError(Prob.NOT_FOUND, "There is no such group pass.")
    return _message(session, found)


def _message(session: Session, group_pass: GroupPass, *, with_contact: bool = True) -> GroupPassMessage:
    now = datetime.now(UTC)
    system = session.get_one(CardSystem, group_pass.card_system_id)
    shown = Shown(local_day(now), with_contact=with_contact)
    return group_pass_message(group_pass, facts_on(session, group_pass, now), system, shown)
