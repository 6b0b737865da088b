"""The KSB's zuilen: the list with its live state, add, assign, enrol, block."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.counters.reach import counters_in_reach
from server.kernel.audit import record
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.blocking import blocking_of
from server.kiosks.commands import RULES, CommandView, latest_commands
from server.kiosks.configuration import code_host, is_confirmed
from server.kiosks.enrolment import LIFE, make_enrolment_code
from server.kiosks.findings import event_titles
from server.kiosks.models import Kiosk, KioskState
from server.kiosks.overview import Found, KioskView, find_kiosk, find_kiosks, is_retired
from server.kiosks.replacing import former_devices
from server.kiosks.setup import assign_counters, block_kiosk, create_kiosk, number_of, unblock_kiosk
from server.releases.view import program_of, step_words, track_words
from server.settings import Settings
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.streams import stream
from server.web.templating import fragment, page
from server.web.words import command_button, command_purpose, command_word, mode_word
from shared.domain.modes import Mode

LOOK_SECONDS: Final = 1.0
LONGEST_PAGE: Final = 6
RETIRED: Final = "uit"
NEEDS_INPUT: Final = 422
LONGEST_NAME: Final = 40
LONGEST_PLACE: Final = 80
_FINE: Final[Mapping[str, str]] = MappingProxyType({})

router = APIRouter(prefix="/dashboard/zuilen", include_in_schema=False)

Follower = Annotated[Acting, Depends(Requires(Permission.FOLLOW_KIOSKS))]
Owner = Annotated[Acting, Depends(Requires(Permission.MANAGE_KIOSKS))]
Enroller = Annotated[Acting, Depends(Requires(Permission.ENROL_KIOSKS))]
CounterIds = Annotated[list[int], Form(alias="counter", default_factory=list)]


class KioskForm(BaseModel):
    """A new zuil as filled in: its name, where it stands, and the ids of its counters."""

    name: str = ""
    place: str = ""
    counter: list[int] = []


class AskedList(BaseModel):
    """Which zuilen the list shows; `stand` is `RETIRED` for those out of use."""

    zoek: str = ""
    blad: str = ""
    stand: str = ""

    @property
    def retired(self) -> bool:
        """Whether those out of use are asked for."""
        return self.stand == RETIRED

    def find(self, session: Session, acting: Acting) -> Found:
        """Return the page that is asked for."""
        is_number = self.blad.isascii() and self.blad.isdecimal() and len(self.blad) <= LONGEST_PAGE
        asked = int(self.blad) if is_number else 1
        now = datetime.now(UTC)
        return find_kiosks(session, acting.card_system_id, self.zoek, asked, now, retired=self.retired)

    def link(self, page: int = 1) -> str:
        """Return the query of the same list at another page."""
        fields = {"zoek": self.zoek, "stand": self.stand, "blad": "" if page == 1 else page}
        return urlencode({name: value for name, value in fields.items() if value})


Listed = Annotated[AskedList, Query()]


@router.get("")
def show_kiosks(
    request: Request, session: RequestSession, acting: Follower, asked: Listed, gelukt: str = ""
) -> Response:
    """Show a page of the zuilen of the card system."""
    may_manage = acting.may(Permission.MANAGE_KIOSKS)
    found = asked.find(session, acting)
    return page(
        request, "kiosks/dashboard.html", found=found, asked=asked, may_manage=may_manage, done=gelukt
    )


@router.get("/stroom")
def follow_kiosks(request: Request, acting: Follower, asked: Listed) -> Response:
    """Stream the list, whenever something in it changed."""

    def render(session: Session) -> dict[str, str]:
        found = asked.find(session, acting)
        return {"zuilen": fragment(request, "kiosks/_table.html", found=found, asked=asked)}

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/nieuw")
def show_form(request: Request, session: RequestSession, acting: Owner) -> Response:
    """Show the form for a new zuil."""
    return _form(request, session, acting, KioskForm())


@router.post("/nieuw")
def add_kiosk(
    request: Request, session: RequestSession, acting: Owner, form: Annotated[KioskForm, Form()]
) -> Response:
    """Make a zuil and go to its page, where its code is made."""
    name, place = plain(form.name), plain(form.place)
    if not is_name(name, place):
        return _form(request, session, acting, form, is_wrong=True)
    allowed = _allowed_ids(session, acting, form.counter)
    if not allowed:
        return _form(request, session, acting, form, is_nowhere=True)
    kiosk = create_kiosk(session, name, place, allowed, staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number_of(kiosk)}", 303)


@router.get("/{number}")
def show_kiosk(
    request: Request, session: RequestSession, acting: Follower, number: int, gelukt: str = ""
) -> Response:
    """Show one zuil and what can be done with it; of one that is out of use what is left is its history."""
    if is_retired(session, acting.card_system_id, number):
        return RedirectResponse(f"/monitor/zuilen/{number}", 303)
    return kiosk_page(request, session, acting, kiosk_in_reach(session, acting, number), done=gelukt)


@router.post("/{number}/code")
def make_code(request: Request, session: RequestSession, acting: Enroller, number: int) -> Response:
    """Make a one-time code and show it, this once."""
    view = kiosk_in_reach(session, acting, number)
    now = datetime.now(UTC)
    code = make_enrolment_code(session, view.kiosk, now, staff_id=acting.staff_id)
    return kiosk_page(request, session, acting, view, code=code, expires=now + LIFE)


@router.post("/{number}/balies")
def assign(
    request: Request, session: RequestSession, acting: Owner, number: int, counter_ids: CounterIds
) -> Response:
    """Say at which counters of this card system the zuil stands; those of other systems stay."""
    view = kiosk_in_reach(session, acting, number)
    mine = {counter.id for counter in counters_in_reach(session, acting)}
    others = {counter.id for counter in view.counters} - mine
    wanted = _allowed_ids(session, acting, counter_ids) | {counter for counter in others if counter}
    if not wanted:
        nowhere = {"counter": _nowhere(request)}
        return kiosk_page(request, session, acting, view, errors=nowhere, status=NEEDS_INPUT)
    assign_counters(session, view.kiosk, wanted)
    record(
        session,
        "assign-counters",
        "kiosk",
        number,
        staff_id=acting.staff_id,
        detail={"counters": sorted(wanted)},
    )
    return RedirectResponse(f"/dashboard/zuilen/{number}", 303)


@router.post("/{number}/blokkeren")
def block(session: RequestSession, acting: Owner, number: int, sure: Annotated[str, Form()] = "") -> Response:
    """Block a zuil, when the box that says so is ticked."""
    view = kiosk_in_reach(session, acting, number)
    if sure == "yes":
        block_kiosk(session, view.kiosk, staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number}", 303)


@router.post("/{number}/deblokkeren")
def unblock(session: RequestSession, acting: Owner, number: int) -> Response:
    """Let a blocked zuil be enrolled again."""
    view = kiosk_in_reach(session, acting, number)
    unblock_kiosk(session, view.kiosk, staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number}", 303)


def _form(
    request: Request,
    session: Session,
    acting: Acting,
    form: KioskForm,
    *,
    is_wrong: bool = False,
    is_nowhere: bool = False,
) -> Response:
    _ = speak(request)
    return page(
        request,
        "kiosks/new.html",
        status=NEEDS_INPUT if is_wrong or is_nowhere else 200,
        counters=counters_in_reach(session, acting),
        chosen_counters=form.counter,
        name=form.name,
        place=form.place,
        error=_("Geef de zuil een naam van hoogstens {n} tekens.", n=LONGEST_NAME) if is_wrong else "",
        errors={"counter": _nowhere(request)} if is_nowhere else {},
    )


def plain(text: str) -> str:
    """Return a name without the spaces that nobody sees."""
    return " ".join(text.split())


def is_name(name: str, place: str) -> bool:
    """Tell whether a zuil can be called and placed so."""
    return 0 < len(name) <= LONGEST_NAME and len(place) <= LONGEST_PLACE


def _nowhere(request: Request) -> str:
    _ = speak(request)
    return _("Vink minstens één balie aan: zonder balie kiest niemand de activiteit van de zuil.")


def kiosk_page(
    request: Request,
    session: Session,
    acting: Acting,
    view: KioskView,
    *,
    code: str = "",
    expires: datetime | None = None,
    done: str = "",
    form: Mapping[str, object] | None = None,
    errors: Mapping[str, str] = _FINE,
    status: int = 200,
) -> Response:
    """Show one zuil; `form` holds the settings as they were typed when `errors` says what is wrong."""
    settings: Settings = request.app.state.settings
    server = settings.public_url or str(request.base_url).rstrip("/")
    shown = shown_of(request, session, acting, view) | {
        "code": code,
        "code_expires": expires,
        "command": f"zuil-provision enrol --server {server} --code {code} --out /media/$USER/bootfs",
        "done": done,
        "errors": errors,
    }
    if form:
        shown["form"] = {**_form_of(view.kiosk), **form}
    return page(request, "kiosks/kiosk.html", status=status, **shown)


def shown_of(request: Request, session: Session, acting: Acting, view: KioskView) -> dict[str, object]:
    """Return what the page of a zuil shows to this person, as long as nothing was just done."""
    orders = _orders(request, session, acting, view)
    return {
        "view": view,
        "blocking": blocking_of(view, datetime.now(UTC)),
        "form": _form_of(view.kiosk),
        "code": "",
        "errors": _FINE,
        "modes": [(mode.value, mode_word(speak(request), mode)) for mode in Mode],
        "counters": counters_in_reach(session, acting),
        "chosen_counters": [counter.id for counter in view.counters],
        "orders": orders,
        "titles": event_titles(session, [line.latest for line in orders], speak(request).language),
        "former": former_devices(session, view.number),
        "is_confirmed": _is_confirmed(request, session, view),
        "program": program_of(session, view.number),
        "program_steps": step_words(speak(request)),
        "program_tracks": list(track_words(speak(request)).items()),
        "may_release": acting.may(Permission.MANAGE_RELEASES),
        "may_manage": acting.may(Permission.MANAGE_KIOSKS),
        "may_enrol": acting.may(Permission.ENROL_KIOSKS),
    }


class OrderLine(NamedTuple):
    """Something that can be ordered of a zuil, in words, and the last time it was."""

    kind: str
    word: str
    button: str
    purpose: str
    latest: CommandView | None


def _orders(request: Request, session: Session, acting: Acting, view: KioskView) -> list[OrderLine]:
    """Return what this person may order of a zuil in use."""
    if view.kiosk.state != KioskState.ACTIVE:
        return []
    _ = speak(request)
    latest = latest_commands(session, view.number, datetime.now(UTC))
    return [
        OrderLine(
            kind.value,
            command_word(_, kind),
            command_button(_, kind),
            command_purpose(_, kind),
            latest.get(kind),
        )
        for kind, rule in RULES.items()
        if acting.may(rule.permission)
    ]


def _is_confirmed(request: Request, session: Session, view: KioskView) -> bool | None:
    """Tell whether the zuil reported the configuration it should have now; None when it reported none."""
    reported = view.live.heartbeat.get("config") if view.live else None
    if not reported or view.kiosk.state != KioskState.ACTIVE:
        return None
    return is_confirmed(session, view.kiosk, str(reported), code_host(request), datetime.now(UTC))


def kiosk_in_reach(session: Session, acting: Acting, number: int) -> KioskView:
    """Return a zuil of this person's card system.

    Raises:
        ProblemError: 404, it is not there.
    """
    view = find_kiosk(session, acting.card_system_id, number, datetime.now(UTC))
    if view is not None:
        return view
    if is_retired(session, acting.card_system_id, number):
        raise ProblemError(404, "This zuil is out of use for good.", type="zuil:retired")
    raise ProblemError(404, "This zuil is not in your card system.", type="zuil:no-kiosk")


def _form_of(kiosk: Kiosk) -> dict[str, object]:
    return {
        "name": kiosk.name,
        "place": kiosk.place,
        "language": kiosk.languages,
        "qr": "yes" if kiosk.qr else "",
        "result": f"{kiosk.result_seconds:g}",
        "lease": kiosk.lease_days,
    }


def _allowed_ids(session: Session, acting: Acting, counter_ids: list[int]) -> set[int]:
    return {
        counter.id
        for counter in counters_in_reach(session, acting)
        if counter.id in counter_ids and counter.id
    }
