"""The welcome rewards of somebody at a counter: hand one out, take one back (rules 9.3, 9.9)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from server.kernel.errors import ProblemError
from server.registration.person import HERE, Served, person_page
from server.rewards.models import Reward, RewardRedemption
from server.rewards.redeeming import Giver, RewardRefusedError, giver_at, look_at, redeem, take_back
from server.rewards.words import verdict_sentence
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak

router = APIRouter(prefix=f"{HERE}/{{ref}}/voordelen", include_in_schema=False)

HandsOut = Annotated[Acting, Depends(Requires(Permission.HAND_OUT_REWARDS))]


@router.post("")
def hand_out(visit: Served, acting: HandsOut, reward: Annotated[int, Form()] = 0) -> Response:
    """Hand a welcome reward to somebody, or say why not."""
    session, ref, now = visit.session, visit.holder.ref or 0, datetime.now(UTC)
    found = session.get(Reward, reward)
    if found is None:
        raise ProblemError(404, "There is no such reward.", type="zuil:place")
    giver = _giver(session, acting)
    try:
        redeem(session, found, ref, giver, now)
    except RewardRefusedError:
        (own,) = look_at(session, ref, [found], now, giver=giver)
        return person_page(visit, errors={"": verdict_sentence(speak(visit.request), own)})
    return RedirectResponse(f"{HERE}/{ref}?gelukt=voordeel", 303)


@router.post("/terug")
def take_reward_back(visit: Served, acting: HandsOut, redemption: Annotated[int, Form()] = 0) -> Response:
    """Take back a welcome reward that this counter handed out."""
    found = visit.session.get(RewardRedemption, redemption)
    if found is None or found.passholder_ref != visit.holder.ref or found.counter_id != acting.counter_id:
        raise ProblemError(404, "This counter handed no such reward out.", type="zuil:place")
    take_back(visit.session, found, _giver(visit.session, acting))
    return RedirectResponse(f"{HERE}/{visit.holder.ref}?gelukt=teruggenomen", 303)


def _giver(session: Session, acting: Acting) -> Giver:
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    return giver_at(session, acting.counter_id, acting.staff_id)
