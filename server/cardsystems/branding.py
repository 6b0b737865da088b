"""How a card system looks: its logo, colours and website, on pages, posters, zuilen and in the JSON API."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from PIL import Image, ImageOps
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem, CardSystemBranding
from server.events.models import EventCardSystem
from server.kernel.audit import record
from server.kernel.pictures import PictureError, opened_picture
from shared.wire.messages import LogoMessage

MOST_BYTES: Final = 2_000_000
MOST_PIXELS: Final = 20_000_000
LARGEST: Final = (600, 300)
ON_DISPLAY: Final = (120, 56)
"""Width and height that fit the smallest panel, 128 by 64, with a margin."""
_COLOUR: Final = re.compile("#[0-9a-f]{6}")
_DARK: Final = 128
_FEW: Final = 0.5


class Logo(NamedTuple):
    """A logo as pages show it (PNG), and as zuilen do (`shared.wire.messages.LogoMessage`)."""

    png: bytes
    display: LogoMessage


class Looks(NamedTuple):
    """What is known of how a card system looks; empty for what is not. mark: of its logo, for its address."""

    primary: str = ""
    secondary: str = ""
    website: str = ""
    mark: str = ""


def read_logo(content: bytes) -> Logo:
    """Return a picture as a logo.

    Raises:
        PictureError: it is none, too large, or there is nothing on it.
    """
    with opened_picture(content, most_bytes=MOST_BYTES, most_pixels=MOST_PIXELS) as opened:
        picture = _trimmed(opened.convert("RGBA"))
    if picture.width > LARGEST[0] or picture.height > LARGEST[1]:
        small = ImageOps.contain(picture, LARGEST)
    else:
        small = picture
    out = io.BytesIO()
    small.save(out, "PNG", optimize=True)
    return Logo(out.getvalue(), _on_display(picture))


def is_colour(text: str) -> bool:
    """Tell whether something is a colour as pages write it, `#61a60e`."""
    return _COLOUR.fullmatch(text) is not None


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of a colour, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def looks_of(session: Session, systems: Iterable[int]) -> dict[int, Looks]:
    """Return card system -> its looks; one that said nothing is left out."""
    table = CardSystemBranding
    rows = session.execute(
        select_columns(
            col(table.card_system_id),
            col(table.primary_color),
            col(table.secondary_color),
            col(table.website),
            col(table.logo_mark),
        ).where(col(table.card_system_id).in_(set(systems)))
    )
    return {system: Looks(*rest) for system, *rest in rows}


def put_looks(
    session: Session,
    system: CardSystem,
    wanted: Looks,
    *,
    logo: Logo | None,
    drop_logo: bool,
    staff_id: int,
) -> bool:
    """Say how a card system looks; False when nothing is different. logo: another one, None: as it is."""
    row = session.get(CardSystemBranding, system.id) or CardSystemBranding(card_system_id=system.id)
    before = Looks(row.primary_color, row.secondary_color, row.website, row.logo_mark)
    row.primary_color, row.secondary_color, row.website = wanted.primary, wanted.secondary, wanted.website
    if logo is not None:
        row.logo, row.logo_mark = logo.png, hashlib.sha256(logo.png).hexdigest()[:12]
        row.display_width, row.display_height = logo.display.width, logo.display.height
        row.display_bits = logo.display.bits
    elif drop_logo:
        row.logo = row.display_bits = None
        row.logo_mark = ""
    if before == wanted._replace(mark=row.logo_mark):
        return False
    session.add(row)
    session.flush()
    colours = [colour for colour in (wanted.primary, wanted.secondary) if colour]
    detail = {"colours": colours, "website": wanted.website, "logo": row.logo_mark}
    record(session, "set-branding", "card_system", system.id, staff_id=staff_id, detail=detail)
    return True


def looks_of_event(session: Session, event_id: str) -> tuple[int, Looks] | None:
    """Return the first card system of an event that said how it looks, and its looks."""
    systems = session.exec(
        select(EventCardSystem.card_system_id).where(EventCardSystem.event_id == event_id)
    ).all()
    found = looks_of(session, systems)
    return (min(found), found[min(found)]) if found else None


def logo_of(session: Session, system: int) -> bytes | None:
    """Return the logo of a card system, PNG."""
    query = select(CardSystemBranding.logo).where(CardSystemBranding.card_system_id == system)
    return session.exec(query).first()


def display_logo(session: Session, systems: Iterable[int]) -> LogoMessage | None:
    """Return what a zuil of these card systems shows: the logo of the first that has one."""
    table = CardSystemBranding
    found = session.exec(
        select(table.display_width, table.display_height, table.display_bits)
        .where(col(table.card_system_id).in_(set(systems)), col(table.display_bits).is_not(None))
        .order_by(col(table.card_system_id))
    ).first()
    return (
        None if found is None else LogoMessage(width=found[0], height=found[1], bits=bytes(found[2] or b""))
    )


def _trimmed(picture: Image.Image) -> Image.Image:
    """Return a picture without the empty border around it."""
    box = ImageOps.invert(_on_white(picture)).getbbox()
    if box is None:
        raise PictureError("there is nothing on it")
    return picture.crop(box)


def _on_white(picture: Image.Image) -> Image.Image:
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("L")


def _on_display(picture: Image.Image) -> LogoMessage:
    """Return what is dark as light: the panels are dark. What is mostly dark is taken as its background."""
    grey = ImageOps.autocontrast(ImageOps.contain(_on_white(picture), ON_DISPLAY))
    lit = grey.point(lambda value: 255 if value < _DARK else 0).convert("1")
    if lit.histogram()[-1] > _FEW * lit.width * lit.height:
        lit = ImageOps.invert(lit.convert("L")).convert("1")
    return LogoMessage(width=lit.width, height=lit.height, bits=lit.tobytes())
