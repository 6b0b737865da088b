"""Welcome rewards, for the KSB: made, changed, ended, and which were handed out (rules 9.1-9.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.models import CardSystem
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter
from server.counters.reach import own_system
from server.counters.rights import counters_with
from server.kernel.audit import record
from server.kernel.database import RequestSession, database_of
from server.kernel.errors import ProblemError
from server.registration.keeping import HERE as PEOPLE
from server.registration.keeping import NEEDS_INPUT
from server.rewards.form import RewardForm, form_of, read_form
from server.rewards.granting import rules_of
from server.rewards.keeping import (
    PAGE,
    FrozenError,
    Keeper,
    RewardFacts,
    change_reward,
    create_reward,
    end_reward,
    facts_of,
    put_rules,
    rewards_of_system,
)
from server.rewards.models import Reward, RewardRules
from server.rewards.taken import PAGE as TAKEN_PAGE
from server.rewards.taken import Wanted, taken_file, taken_rewards
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.downloads import send_table
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.rewards import Period
from shared.domain.zones import local_day, start_of_day

HERE: Final = f"{PEOPLE}/{{system_id}}/voordelen"

router = APIRouter(prefix=HERE, include_in_schema=False)

Rewarder = Annotated[Acting, Depends(Requires(Permission.MANAGE_REWARDS))]
OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_REWARDS))]
Filled = Annotated[RewardForm, Form()]


class TakenFilters(BaseModel):
    """By what the list of taken rewards is narrowed, as the address says it."""

    voordeel: str = ""
    balie: str = ""
    van: str = ""
    tot: str = ""
    voor: str = ""


def _own_reward(session: RequestSession, system: OwnSystem, reward_id: int) -> Reward:
    found = session.get(Reward, reward_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "This card system has no such reward.", type="zuil:place")
    return found


@router.get("")
def show_rewards(
    request: Request, session: RequestSession, system: OwnSystem, voor: int = 0, gelukt: str = ""
) -> Response:
    """Show the welcome rewards, the newest first, and the switches of the card system."""
    rewards, now = rewards_of_system(session, system.id, older_than=voor or None), datetime.now(UTC)
    return page(
        request,
        "rewards/list.html",
        system=system,
        rewards=[(one, Period(one.granting_begin, one.granting_end).holds(now)) for one in rewards],
        older=rewards[-1].id if len(rewards) == PAGE else None,
        rules=rules_of(session, system.id),
        done=gelukt,
    )


@router.post("/schakelaars")
def switch(
    session: RequestSession,
    acting: Rewarder,
    system: OwnSystem,
    *,
    grants_welcome: Annotated[str, Form()] = "",
    hands_out: Annotated[str, Form()] = "",
) -> Response:
    """Keep the switches of a card system."""
    wanted = RewardRules(
        card_system_id=system.id, grants_welcome=grants_welcome == "yes", hands_out=hands_out == "yes"
    )
    changed = put_rules(session, wanted, Keeper(acting.staff_id))
    return _back(system, "", "bewaard" if changed else "hetzelfde")


@router.get("/opgenomen")
def show_taken(
    request: Request, session: RequestSession, system: OwnSystem, asked: Annotated[TakenFilters, Query()]
) -> Response:
    """Show which rewards were handed out."""
    taken = taken_rewards(session, _wanted(system, asked))
    rewards = session.exec(
        select(Reward.id, Reward.title)
        .where(Reward.card_system_id == system.id)
        .order_by(col(Reward.id).desc())
    )
    return page(
        request,
        "rewards/taken.html",
        system=system,
        taken=taken,
        asked=asked,
        rewards=[(id_, title) for id_, title in rewards],
        counters=[(one.id, one.name) for one in _counters(session, system)],
        older=taken[-1].redemption.id if len(taken) == TAKEN_PAGE else None,
    )


@router.post("/opgenomen.csv")
def export_taken(
    request: Request,
    session: RequestSession,
    acting: Rewarder,
    system: OwnSystem,
    asked: Annotated[TakenFilters, Form()],
) -> Response:
    """Send which rewards were handed out as a table; the trail says who took it."""
    record(session, "export-rewards", "card_system", system.id, staff_id=acting.staff_id)
    rows = taken_file(database_of(session), _wanted(system, asked), speak(request))
    return send_table(rows, f"opgenomen-welkomstvoordelen-{system.id}.csv")


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, system: OwnSystem) -> Response:
    """Show an empty form."""
    return _page(request, session, system, form_of(_empty(system)))


@router.post("/nieuw")
def add_reward(
    request: Request, session: RequestSession, acting: Rewarder, *, system: OwnSystem, form: Filled
) -> Response:
    """Make a welcome reward and go to its page."""
    facts, errors = read_form(session, form, _empty(system), _counter_ids(session, system), speak(request))
    if facts is None:
        return _page(request, session, system, form, errors=errors)
    made = create_reward(session, system.id, facts, datetime.now(UTC), Keeper(acting.staff_id))
    return _back(system, f"/{made.id}", "gemaakt")


@router.get("/{reward_id}")
def show_reward(
    request: Request,
    session: RequestSession,
    *,
    system: OwnSystem,
    reward: Annotated[Reward, Depends(_own_reward)],
    gelukt: str = "",
) -> Response:
    """Show a reward and its form."""
    return _page(request, session, system, form_of(facts_of(session, reward)), reward=reward, done=gelukt)


@router.post("/{reward_id}")
def save_reward(
    request: Request,
    session: RequestSession,
    acting: Rewarder,
    *,
    system: OwnSystem,
    reward: Annotated[Reward, Depends(_own_reward)],
    form: Filled,
) -> Response:
    """Change a reward."""
    _, before = speak(request), facts_of(session, reward)
    facts, errors = read_form(session, form, before, _counter_ids(session, system), _)
    if facts is None:
        return _page(request, session, system, form, reward=reward, errors=errors)
    try:
        changed = change_reward(session, reward, facts, Keeper(acting.staff_id))
    except FrozenError as frozen:
        sentence = _("Dit voordeel is al toegekend: de eerste dag ligt vast.")
        errors = {f"{frozen.field}_from": sentence}
        return _page(request, session, system, form, reward=reward, errors=errors)
    return _back(system, f"/{reward.id}", "bewaard" if changed else "hetzelfde")


@router.post("/{reward_id}/einde")
def end(
    session: RequestSession,
    acting: Rewarder,
    system: OwnSystem,
    reward: Annotated[Reward, Depends(_own_reward)],
) -> Response:
    """End a reward, also for who was given it."""
    end_reward(session, reward, datetime.now(UTC), Keeper(acting.staff_id))
    return _back(system, f"/{reward.id}", "bewaard")


def _empty(system: CardSystem) -> RewardFacts:
    """Return what a new reward begins with: from today on, for the own card system."""
    today = start_of_day(local_day(datetime.now(UTC)))
    return RewardFacts("", "", Period(today), granting=Period(today), systems=frozenset({system.id}))


def _wanted(system: CardSystem, asked: TakenFilters) -> Wanted:
    return Wanted(
        system.id,
        reward=_number(asked.voordeel),
        counter=_number(asked.balie),
        first=_day(asked.van),
        last=_day(asked.tot),
        before=_number(asked.voor),
    )


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= len("999999999") else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _counters(session: Session, system: CardSystem) -> list[Counter]:
    return counters_with(session, system.id, CounterRight.GIVE_REWARDS)


def _counter_ids(session: Session, system: CardSystem) -> set[int]:
    return {counter.id or 0 for counter in _counters(session, system)}


def _back(system: CardSystem, rest: str, done: str) -> Response:
    return RedirectResponse(f"{PEOPLE}/{system.id}/voordelen{rest}?gelukt={done}", 303)


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: RewardForm,
    *,
    reward: Reward | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    counters = {one.id or 0: one.name for one in _counters(session, system)}
    chosen = session.exec(select(Counter).where(col(Counter.id).in_(form.counter)))
    counters |= {one.id or 0: one.name for one in chosen}
    systems = session.exec(select(CardSystem).order_by(col(CardSystem.name))).all()
    return page(
        request,
        "rewards/reward.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        reward=reward,
        form=form,
        systems=sorted(systems, key=lambda one: one.id != system.id),
        counters=sorted(counters.items(), key=lambda one: one[1].casefold()),
        errors=errors,
        done=done,
    )
