"""Releases and roll-outs as the pages show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.counters.models import CounterCardSystem
from server.kiosks.models import Kiosk, KioskCounter, KioskLive, KioskState
from server.releases.models import KioskRelease, KioskTrack, Release, Rollout
from server.releases.offers import plan_of
from server.releases.progress import Progress, progress_of
from server.releases.store import ReleaseRefusedError, Unkept
from server.staff.sessions import Acting
from server.web.i18n import Translator
from shared.domain.releases import Step, Track
from shared.domain.rollouts import RolloutState, Verdict, is_within
from shared.wire.bundles import Flaw

PAGE: Final = 20
STAGES: Final = (1, 5, 10, 25, 50, 100)
TONES: Final = {
    RolloutState.RUNNING: "good",
    RolloutState.PAUSED: "calm",
    RolloutState.HALTED: "bad",
    RolloutState.STOPPED: "info",
}


class RolloutView(NamedTuple):
    """A roll-out on a page. places: names of its card systems, none for everywhere."""

    one: Rollout
    version: str
    progress: Progress
    places: Sequence[str]
    may_change: bool

    @property
    def wider(self) -> list[int]:
        """Return the percentages it can grow to."""
        return [stage for stage in STAGES if stage > self.one.percent]


def newest_releases(session: Session) -> Sequence[Release]:
    """Return the latest releases."""
    return session.exec(select(Release).order_by(col(Release.id).desc()).limit(PAGE)).all()


def newest_rollouts(session: Session, acting: Acting, now: int) -> list[RolloutView]:
    """Return the latest roll-outs that concern this person's card system."""
    query = select(Rollout, Release).join(Release, col(Release.id) == col(Rollout.release_id))
    found = session.exec(query.order_by(col(Rollout.id).desc()).limit(PAGE)).all()
    return [
        rollout_view(session, rollout, release, acting, now)
        for rollout, release in found
        if is_in_reach(rollout, acting)
    ]


def rollout_view(
    session: Session, rollout: Rollout, release: Release, acting: Acting, now: int
) -> RolloutView:
    """Return one roll-out as this person sees it."""
    systems = select(CardSystem.name).where(col(CardSystem.id).in_(rollout.systems))
    return RolloutView(
        rollout,
        release.version,
        progress_of(session, within_reach(rollout, acting), now),
        session.exec(systems.order_by(col(CardSystem.name))).all() if rollout.systems else [],
        may_change(rollout.systems, acting),
    )


def is_in_reach(rollout: Rollout, acting: Acting) -> bool:
    """Tell whether a roll-out concerns this person's card system."""
    own = acting.card_system_id
    return own is None or not rollout.systems or own in rollout.systems


def within_reach(rollout: Rollout, acting: Acting) -> Rollout:
    """Return a roll-out as far as it concerns this person's card system; nothing keeps this copy."""
    own = acting.card_system_id
    return rollout if own is None else Rollout(**rollout.model_dump() | {"systems": [own]})


def may_change(systems: Collection[int], acting: Acting) -> bool:
    """Tell whether this person decides for all of these card systems; of none given: for everyone."""
    own = acting.card_system_id
    return own is None or set(systems) == {own}


def running_versions(session: Session, system: int | None) -> list[tuple[str, int]]:
    """Return version -> number of zuilen in use that last spoke of it, the most first."""
    count = func.count()
    query = (
        select(KioskLive.version, count)
        .join(Kiosk, col(Kiosk.number) == col(KioskLive.kiosk))
        .where(Kiosk.state == KioskState.ACTIVE)
        .group_by(col(KioskLive.version))
        .order_by(count.desc(), col(KioskLive.version))
    )
    if system is not None:
        inside = (
            select(KioskCounter.kiosk)
            .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id))
            .where(CounterCardSystem.card_system_id == system)
        )
        query = query.where(col(KioskLive.kiosk).in_(inside))
    return [(version, number) for version, number in session.exec(query)]


def chosen_count(rollout: Rollout, release: Release, zuilen: Sequence[int]) -> int:
    """Return how many of these zuilen are within the percentage of a roll-out."""
    plan = plan_of(rollout, release)
    return sum(is_within(kiosk, plan.version, plan.percent) for kiosk in zuilen)


class KioskProgram(NamedTuple):
    """The program of one zuil: what it said of it last, and which releases it takes part in."""

    told: KioskRelease | None
    track: str


def program_of(session: Session, kiosk: int) -> KioskProgram:
    """Return what is known of the program of a zuil."""
    latest = select(KioskRelease).where(KioskRelease.kiosk == kiosk).order_by(col(KioskRelease.at).desc())
    chosen = session.get(KioskTrack, kiosk)
    track = chosen.track if chosen else Track.STABLE.value
    return KioskProgram(session.exec(latest.limit(1)).first(), track)


def state_words(_: Translator) -> dict[str, str]:
    """Return what the states of a roll-out are called."""
    return {
        RolloutState.RUNNING: _("loopt"),
        RolloutState.PAUSED: _("gepauzeerd"),
        RolloutState.HALTED: _("vanzelf gestopt"),
        RolloutState.STOPPED: _("stopgezet"),
    }


def reason_words(_: Translator) -> dict[str, str]:
    """Return why a roll-out halted."""
    return {
        Verdict.FINE: "",
        Verdict.FAILED: _("Te veel zuilen keerden terug naar wat ze ervoor draaiden."),
        Verdict.WORSE: _("Zuilen met deze versie vallen vaker uit dan de andere."),
    }


def halt_words(_: Translator, figures: Mapping[str, int]) -> str:
    """Return the figures for which a roll-out halted, of all its card systems; empty when it did not."""
    if not figures:
        return ""
    return _(
        "Toen ze stopte, hadden in alle kaartsystemen samen {tried} zuilen ze geprobeerd, waren er {failed}"
        " teruggekeerd en {worse} erna stukgegaan.",
        tried=figures.get("tried", 0),
        failed=figures.get("failed", 0),
        worse=figures.get("worse", 0),
    )


def flaw_word(_: Translator, error: ReleaseRefusedError) -> str:
    """Return what is wrong with a file that is no release to keep."""
    words: dict[Flaw | Unkept, str] = {
        Flaw.STRANGE: _("dit bestand is geen versie van een zuil."),
        Flaw.DAMAGED: _("het bestand is beschadigd."),
        Flaw.UNSIGNED: _("ze is niet ondertekend met een sleutel die deze server vertrouwt."),
        Unkept.KNOWN: _("versie {about} is er al, en is niet dezelfde.", about=error.about),
        Unkept.NO_KEYS: _(
            "deze server vertrouwt nog geen enkele sleutel. De beheerder van de server stelt ze in"
            " (ZUIL_RELEASE_KEYS)."
        ),
        Unkept.LARGE: _("een versie is hoogstens {about} MB.", about=error.about),
    }
    return words[error.flaw]


def step_words(_: Translator) -> dict[str, str]:
    """Return how far a zuil can be."""
    return {
        Step.FETCHING: _("haalt de versie op"),
        Step.READY: _("wacht tot het rustig is"),
        Step.SWITCHING: _("stapt over"),
        Step.PROVING: _("moet zich nog bewijzen"),
        Step.DONE: _("draait goed"),
        Step.REFUSED: _("nam ze niet"),
        Step.FAILED: _("keerde terug"),
    }


def track_words(_: Translator) -> dict[str, str]:
    """Return what the tracks are called."""
    return {Track.STABLE: _("stabiel"), Track.BETA: _("bèta")}
