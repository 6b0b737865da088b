"""One zuil on the dashboard: its name, its settings, its keys, its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kiosks.blocking import remove_kiosk
from server.kiosks.dashboard import (
    LONGEST_NAME,
    NEEDS_INPUT,
    Follower,
    KioskForm,
    Owner,
    is_name,
    kiosk_in_reach,
    kiosk_page,
    plain,
)
from server.kiosks.enrolment import LIFE, make_enrolment_code
from server.kiosks.preferences import (
    LONGEST_LEASE,
    LONGEST_RESULT,
    SHORTEST_RESULT,
    Preferences,
    put_mode,
    put_name,
    put_preferences,
)
from server.kiosks.renewal import renew_code_key
from server.kiosks.replacing import replace_device
from server.web.i18n import Translator, speak
from shared.domain.messages import LANGUAGES

router = APIRouter(prefix="/dashboard/zuilen/{number}", include_in_schema=False)

_NO_NUMBER: Final = -1


class PreferencesForm(BaseModel):
    """What was filled in; `language` for each language that is ticked."""

    language: list[str] = []
    qr: str = ""
    result: str = ""
    lease: str = ""


@router.post("/instellingen")
def set_preferences(
    request: Request,
    session: RequestSession,
    acting: Owner,
    number: int,
    form: Annotated[PreferencesForm, Form()],
) -> Response:
    """Set languages, QR and times."""
    view = kiosk_in_reach(session, acting, number)
    wanted = _read(form)
    if not wanted.is_possible:
        errors = _errors(wanted, speak(request))
        return kiosk_page(
            request, session, acting, view, form=form.model_dump(), errors=errors, status=NEEDS_INPUT
        )
    changed = put_preferences(session, view.kiosk, wanted, staff_id=acting.staff_id)
    return _back(number, "zuilen" if changed else "hetzelfde")


@router.get("/instellingen")
@router.get("/balies")
@router.get("/modus")
@router.get("/code")
@router.get("/naam")
@router.get("/vervangen")
def show_again(_acting: Follower, number: int) -> Response:
    """Bring who reloads a page that refused a form, or keeps its address, back to the zuil."""
    return RedirectResponse(f"/dashboard/zuilen/{number}", 303)


@router.post("/naam")
def set_name(
    request: Request,
    session: RequestSession,
    acting: Owner,
    number: int,
    form: Annotated[KioskForm, Form()],
) -> Response:
    """Give the zuil another name or place."""
    view = kiosk_in_reach(session, acting, number)
    name, place = plain(form.name), plain(form.place)
    if not is_name(name, place):
        _ = speak(request)
        wrong = {"name": _("Geef de zuil een naam van hoogstens {n} tekens.", n=LONGEST_NAME)}
        typed = {"name": name, "place": place}
        return kiosk_page(request, session, acting, view, form=typed, errors=wrong, status=NEEDS_INPUT)
    changed = put_name(session, view.kiosk, name, place, staff_id=acting.staff_id)
    return _back(number, "zuilen" if changed else "hetzelfde")


@router.post("/vervangen")
def replace(
    request: Request,
    session: RequestSession,
    acting: Owner,
    number: int,
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Void the keys of the device and show a code for another one, when the box that says so is ticked."""
    view = kiosk_in_reach(session, acting, number)
    if sure != "yes":
        return RedirectResponse(f"/dashboard/zuilen/{number}", 303)
    now = datetime.now(UTC)
    replace_device(session, view.kiosk, now, staff_id=acting.staff_id)
    code = make_enrolment_code(session, view.kiosk, now, staff_id=acting.staff_id)
    view = kiosk_in_reach(session, acting, number)
    return kiosk_page(request, session, acting, view, code=code, expires=now + LIFE)


@router.post("/verwijderen")
def remove(
    session: RequestSession, acting: Owner, number: int, sure: Annotated[str, Form()] = ""
) -> Response:
    """Take the zuil out of use for good, when the box that says so is ticked."""
    view = kiosk_in_reach(session, acting, number)
    if sure != "yes":
        return RedirectResponse(f"/dashboard/zuilen/{number}", 303)
    remove_kiosk(session, view.kiosk, datetime.now(UTC), staff_id=acting.staff_id)
    return RedirectResponse("/dashboard/zuilen?gelukt=weg", 303)


@router.post("/modus")
def set_mode(
    session: RequestSession, acting: Owner, number: int, mode: Annotated[str, Form()] = ""
) -> Response:
    """Choose what the zuil is for, of the modes there are."""
    put_mode(session, kiosk_in_reach(session, acting, number).kiosk, mode, staff_id=acting.staff_id)
    return _back(number, "zuilen")


@router.post("/codesleutel")
def renew_code(session: RequestSession, acting: Owner, number: int) -> Response:
    """Give the zuil another key for its QR codes."""
    renew_code_key(session, kiosk_in_reach(session, acting, number).kiosk, staff_id=acting.staff_id)
    return _back(number, "codesleutel")


def _read(form: PreferencesForm) -> Preferences:
    return Preferences(
        languages=tuple(language for language in LANGUAGES if language in form.language),
        qr=form.qr == "yes",
        result_seconds=_number(form.result),
        lease_days=_whole_number(form.lease),
    )


def _errors(wanted: Preferences, _: Translator) -> dict[str, str]:
    errors: dict[str, str] = {}
    if not wanted.languages:
        errors["language"] = _("Kies minstens één taal.")
    if not SHORTEST_RESULT <= wanted.result_seconds <= LONGEST_RESULT:
        errors["result"] = _(
            "Kies tussen {low} en {high} seconden.", low=int(SHORTEST_RESULT), high=int(LONGEST_RESULT)
        )
    if not 1 <= wanted.lease_days <= LONGEST_LEASE:
        errors["lease"] = _("Kies tussen {low} en {high} dagen.", low=1, high=LONGEST_LEASE)
    return errors


def _number(text: str) -> float:
    plain = text.strip().replace(",", ".")
    return float(plain) if plain.replace(".", "", 1).isdecimal() and plain.isascii() else float(_NO_NUMBER)


def _whole_number(text: str) -> int:
    number = _number(text)
    return int(number) if number.is_integer() else _NO_NUMBER


def _back(number: int, done: str) -> Response:
    return RedirectResponse(f"/dashboard/zuilen/{number}?gelukt={done}", 303)
