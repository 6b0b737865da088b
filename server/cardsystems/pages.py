"""How a card system looks: the KSB's form, and the logo and colours that any page may show."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, File, Form, UploadFile
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.branding import (
    MOST_BYTES,
    Logo,
    Looks,
    is_colour,
    logo_of,
    looks_of,
    put_looks,
    read_logo,
)
from server.cardsystems.models import CardSystem
from server.counters.reach import own_system
from server.feed.changes import kiosks_changed
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kernel.pictures import PictureError
from server.kiosks.standing import kiosks_with
from server.staff.access import Requires, open_to_strangers
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import page

HERE: Final = "/dashboard/instellingen/kaartsystemen/{system_id}/huisstijl"
NEEDS_INPUT: Final = 422
LONGEST_URL: Final = 200
FIRST, SECOND = "#00525c", "#ffc531"
"""What the colour fields begin with: those of a poster without colours of its own."""
_FINE: Final[Mapping[str, str]] = MappingProxyType({})
_KEPT: Final = {"cache-control": "public, max-age=31536000, immutable"}

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_CARD_SYSTEMS))]
OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_CARD_SYSTEMS))]


@router.get(HERE)
def show_looks(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    gelukt: str = "",
) -> Response:
    """Show how a card system looks."""
    return _page(request, session, system, done=gelukt)


@router.post(HERE)
def save_looks(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    system: OwnSystem,
    *,
    primary: Annotated[str, Form()] = "",
    secondary: Annotated[str, Form()] = "",
    use_colours: Annotated[str, Form()] = "",
    website: Annotated[str, Form()] = "",
    drop: Annotated[str, Form()] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep how it looks; its zuilen show the logo within seconds."""
    _ = speak(request)
    wanted = Looks(primary if use_colours else "", secondary if use_colours else "", website.strip())
    logo, errors = _read_file(_, file.file.read(MOST_BYTES + 1) if file else b"")
    errors |= _wrong(_, wanted)
    if errors:
        return _page(request, session, system, typed=wanted, errors=errors)
    changed = put_looks(session, system, wanted, logo=logo, drop_logo=drop == "yes", staff_id=acting.staff_id)
    if changed and (kiosks := kiosks_with(session, system.id)):
        kiosks_changed(session, kiosks)
    done = "bewaard" if changed else "hetzelfde"
    return RedirectResponse(f"{HERE.format(system_id=system.id)}?gelukt={done}", 303)


@router.get("/merk/{system_id}/logo.png", dependencies=[Depends(open_to_strangers)])
def show_logo(session: RequestSession, system_id: int) -> Response:
    """Send a logo; its address changes with it."""
    found = logo_of(session, system_id)
    if found is None:
        raise ProblemError(404, "This card system has no logo.")
    headers = _KEPT | {"cross-origin-resource-policy": "cross-origin"}
    return Response(found, headers=headers, media_type="image/png")


@router.get("/merk/{system_id}/stijl.css", dependencies=[Depends(open_to_strangers)])
def show_style(session: RequestSession, system_id: int) -> Response:
    """Send the colours of a card system as a style sheet; its address changes with them."""
    looks = looks_of(session, [system_id]).get(system_id, Looks())
    rules = f"background: {looks.primary}; border-bottom: 5px solid {looks.secondary};"
    style = f".brand-band {{ {rules} }}" if looks.primary else ""
    return Response(style, headers=_KEPT, media_type="text/css")


def _read_file(_: Translator, content: bytes) -> tuple[Logo | None, dict[str, str]]:
    if not content:
        return None, {}
    try:
        return read_logo(content), {}
    except PictureError:
        return None, {"file": _("Kies een PNG, JPEG, WebP of GIF van hoogstens 2 MB.")}


def _wrong(_: Translator, wanted: Looks) -> dict[str, str]:
    errors = {}
    colours = [wanted.primary, wanted.secondary]
    if any(colours) and not all(map(is_colour, colours)):
        errors["use_colours"] = _("Kies twee kleuren.")
    parts = urlsplit(wanted.website)
    is_address = parts.scheme in {"http", "https"} and parts.hostname
    if wanted.website and (not is_address or len(wanted.website) > LONGEST_URL):
        errors["website"] = _("Vul een adres in zoals https://www.uitpas.be.")
    return errors


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    *,
    typed: Looks | None = None,
    errors: Mapping[str, str] = _FINE,
    done: str = "",
) -> Response:
    present = looks_of(session, [system.id]).get(system.id, Looks())
    form = typed or present
    return page(
        request,
        "cardsystems/looks.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        mark=present.mark,
        form=form,
        primary=form.primary or FIRST,
        secondary=form.secondary or SECOND,
        errors=errors,
        done=done,
    )
