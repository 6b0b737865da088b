"""The pages of releases: what runs, what is on its way, and what can be rolled out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, UploadFile
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.counters.reach import systems_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.dashboard import kiosk_in_reach
from server.monitor.rollouts import close_alert
from server.releases.models import Release, Rollout
from server.releases.progress import members, troubled
from server.releases.rollouts import (
    began_at,
    choose_track,
    halt_figures,
    pause,
    resume,
    start_rollout,
    stop,
    widen,
)
from server.releases.store import ReleaseRefusedError, add_release
from server.releases.view import (
    STAGES,
    TONES,
    chosen_count,
    flaw_word,
    halt_words,
    is_in_reach,
    may_change,
    newest_releases,
    newest_rollouts,
    reason_words,
    rollout_view,
    running_versions,
    state_words,
    step_words,
    track_words,
    within_reach,
)
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.streams import stream
from server.web.templating import fragment, page
from shared.domain.releases import Track
from shared.domain.zones import from_millis
from shared.wire.bundles import MOST_BYTES

HERE: Final = "/dashboard/versies"
NEEDS_INPUT: Final = 422
LOOK_SECONDS: Final = 2.0
_FINE: Final[Mapping[str, str]] = MappingProxyType({})

router = APIRouter(prefix=HERE, include_in_schema=False)

Releaser = Annotated[Acting, Depends(Requires(Permission.MANAGE_RELEASES))]


class RolloutForm(BaseModel):
    """A roll-out as chosen; no card system is all of them."""

    track: str = Track.STABLE
    percent: int = STAGES[0]
    system: list[int] = []


@router.get("")
def show_releases(request: Request, session: RequestSession, acting: Releaser, gelukt: str = "") -> Response:
    """Show what runs, what is on its way, and the releases that are kept."""
    return _overview(request, session, acting, done=gelukt)


@router.post("")
def take_release(request: Request, session: RequestSession, acting: Releaser, file: UploadFile) -> Response:
    """Keep an uploaded bundle."""
    _ = speak(request)
    if file.size is None or not 0 < file.size <= MOST_BYTES:
        sentence = _("Kies een bestand van hoogstens {n} MB.", n=MOST_BYTES >> 20)
        return _overview(request, session, acting, {"file": sentence})
    keys = request.app.state.settings.release_keys
    try:
        release = add_release(session, file.file.read(), keys, datetime.now(UTC), staff_id=acting.staff_id)
    except ReleaseRefusedError as error:
        sentence = _("Deze versie werd niet bewaard: {why}", why=flaw_word(_, error))
        return _overview(request, session, acting, {"file": sentence})
    return RedirectResponse(f"{HERE}/{release.id}?gelukt=bewaard", 303)


@router.get("/{release_id}")
def show_release(
    request: Request, session: RequestSession, acting: Releaser, release_id: int, gelukt: str = ""
) -> Response:
    """Show one release, and the form to roll it out."""
    _ = speak(request)
    return page(
        request,
        "releases/release.html",
        release=_release(session, release_id),
        systems=systems_in_reach(session, acting),
        everywhere=acting.card_system_id is None,
        stages=[(stage, f"{stage} %") for stage in STAGES],
        tracks=list(track_words(_).items()),
        done=gelukt,
        errors=_FINE,
    )


@router.post("/{release_id}/uitrol")
def begin(
    session: RequestSession, acting: Releaser, release_id: int, form: Annotated[RolloutForm, Form()]
) -> Response:
    """Begin a roll-out, to card systems that this person decides for."""
    own = acting.card_system_id
    systems = form.system if own is None else [own]
    known = {system.id for system in systems_in_reach(session, acting)}
    if form.track not in set(Track) or not set(systems) <= known:
        raise ProblemError(422, "There is no such track or card system.", type="zuil:rollout")
    rollout = start_rollout(
        session,
        _release(session, release_id),
        datetime.now(UTC),
        track=Track(form.track),
        percent=form.percent,
        systems=systems,
        staff_id=acting.staff_id,
    )
    return _to(rollout)


@router.get("/uitrol/{rollout_id}")
def show_rollout(request: Request, session: RequestSession, acting: Releaser, rollout_id: int) -> Response:
    """Show how a roll-out goes, and what can be done about it."""
    return page(
        request, "releases/rollout.html", **_shown(request, session, acting, rollout_id), errors=_FINE
    )


@router.get("/uitrol/{rollout_id}/stroom")
def follow_rollout(request: Request, acting: Releaser, rollout_id: int) -> Response:
    """Stream how a roll-out goes."""

    def render(session: Session) -> dict[str, str]:
        shown = _shown(request, session, acting, rollout_id)
        return {"uitrol": fragment(request, "releases/_rollout.html", **shown)}

    return stream(request, render, seconds=LOOK_SECONDS)


@router.post("/uitrol/{rollout_id}/uitbreiden")
def grow(
    session: RequestSession, acting: Releaser, rollout_id: int, percent: Annotated[int, Form()]
) -> Response:
    """Offer it to more zuilen."""
    rollout = _own_rollout(session, acting, rollout_id)
    widen(session, rollout, percent, _now(), staff_id=acting.staff_id)
    return _to(rollout)


@router.post("/uitrol/{rollout_id}/pauzeren")
def hold(session: RequestSession, acting: Releaser, rollout_id: int) -> Response:
    """Offer it to no further zuil."""
    rollout = _own_rollout(session, acting, rollout_id)
    pause(session, rollout, staff_id=acting.staff_id)
    return _to(rollout)


@router.post("/uitrol/{rollout_id}/hervatten")
def go_on(session: RequestSession, acting: Releaser, rollout_id: int) -> Response:
    """Go on after a pause or a halt."""
    rollout = _own_rollout(session, acting, rollout_id)
    resume(session, rollout, _now(), staff_id=acting.staff_id)
    close_alert(session, rollout, _now())
    return _to(rollout)


@router.post("/uitrol/{rollout_id}/stoppen")
def end(
    session: RequestSession, acting: Releaser, rollout_id: int, sure: Annotated[str, Form()] = ""
) -> Response:
    """End it, when the box that says so is ticked: who has the release goes back."""
    rollout = _own_rollout(session, acting, rollout_id)
    if sure == "yes":
        stop(session, rollout, staff_id=acting.staff_id)
        close_alert(session, rollout, _now())
    return _to(rollout)


@router.post("/zuilen/{number}")
def put_track(
    session: RequestSession, acting: Releaser, number: int, track: Annotated[str, Form()]
) -> Response:
    """Say which releases a zuil takes part in."""
    kiosk_in_reach(session, acting, number)
    if track not in set(Track):
        raise ProblemError(422, "There is no such track.", type="zuil:rollout")
    changed = choose_track(session, number, Track(track), staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


def _overview(
    request: Request,
    session: Session,
    acting: Acting,
    errors: Mapping[str, str] = _FINE,
    *,
    done: str = "",
) -> Response:
    _ = speak(request)
    return page(
        request,
        "releases/list.html",
        status=NEEDS_INPUT if errors else 200,
        versions=running_versions(session, acting.card_system_id),
        rollouts=newest_rollouts(session, acting, _now()),
        releases=newest_releases(session),
        has_keys=bool(request.app.state.settings.release_keys),
        done=done,
        errors=errors,
        **_words(_),
    )


def _shown(request: Request, session: Session, acting: Acting, rollout_id: int) -> dict[str, Any]:
    rollout = _rollout(session, acting, rollout_id)
    release, now = _release(session, rollout.release_id), _now()
    mine = within_reach(rollout, acting)
    return {
        "view": rollout_view(session, rollout, release, acting, now),
        "chosen": chosen_count(rollout, release, members(session, mine)),
        "troubled": troubled(session, mine, now),
        "since": began_at(rollout),
        "halt": halt_words(speak(request), halt_figures(session, rollout)),
        "at": from_millis,
        **_words(speak(request)),
    }


def _words(_: Translator) -> dict[str, Any]:
    return {
        "tones": TONES,
        "states": state_words(_),
        "reasons": reason_words(_),
        "steps": step_words(_),
        "tracks": track_words(_),
    }


def _release(session: Session, release_id: int) -> Release:
    found = session.get(Release, release_id)
    if found is None:
        raise ProblemError(404, "There is no such release.", type="zuil:release")
    return found


def _rollout(session: Session, acting: Acting, rollout_id: int, *, lock: bool = False) -> Rollout:
    found = session.get(Rollout, rollout_id, with_for_update=lock)
    if found is None or not is_in_reach(found, acting):
        raise ProblemError(404, "There is no such roll-out in your card system.", type="zuil:rollout")
    return found


def _own_rollout(session: Session, acting: Acting, rollout_id: int) -> Rollout:
    found = _rollout(session, acting, rollout_id, lock=True)
    if not may_change(found.systems, acting):
        raise ProblemError(403, "This roll-out is for other card systems too.", type="zuil:rollout")
    return found


def _to(rollout: Rollout) -> Response:
    return RedirectResponse(f"{HERE}/uitrol/{rollout.id}", 303)


def _now() -> int:
    return time.time_ns() // 1_000_000
