"""What pashouders look like: a small picture, made anew from what was sent so that nothing else comes along.

Where it was taken, with what, and what hides behind the last pixel stays behind (rules 4.5).
"""

from __future__ import annotations

import hashlib
import io
from typing import Final

from itsdangerous import BadSignature, URLSafeTimedSerializer
from PIL import Image, ImageOps
from sqlmodel import Session, select

from server.kernel.pictures import opened_picture
from server.passholders.models import PassholderPicture

MOST_BYTES: Final = 12 << 20
"""What a good phone makes of a portrait."""
MOST_PIXELS: Final = 50_000_000
LARGEST: Final = (600, 600)
LINK_SECONDS: Final = 300
_QUALITY: Final = 82
_LINKS: Final = "zuil.picture"


def read_picture(content: bytes) -> bytes:
    """Return a picture as it is kept: upright, at most `LARGEST`, JPEG, without anything but its pixels.

    Raises:
        PictureError: it is none, or too large.
    """
    with opened_picture(content, most_bytes=MOST_BYTES, most_pixels=MOST_PIXELS) as picture:
        picture.thumbnail(LARGEST)  # first: of a JPEG no more pixels are read than that takes
        upright = ImageOps.exif_transpose(picture).convert("RGBA")
    white = Image.new("RGB", upright.size, "white")
    white.paste(upright, mask=upright)
    out = io.BytesIO()
    white.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()


def put_picture(session: Session, ref: int, jpeg: bytes) -> None:
    """Keep a picture that `read_picture` gave, in the place of the one there was."""
    session.merge(PassholderPicture(passholder_ref=ref, jpeg=jpeg, mark=_mark(jpeg)))


def drop_picture(session: Session, ref: int) -> bool:
    """Forget somebody's picture; False when there is none."""
    found = session.get(PassholderPicture, ref)
    if found is not None:
        session.delete(found)
    return found is not None


def picture_of(session: Session, ref: int) -> bytes | None:
    """Return somebody's picture, JPEG."""
    return session.exec(select(PassholderPicture.jpeg).where(PassholderPicture.passholder_ref == ref)).first()


def mark_of(session: Session, ref: int) -> str:
    """Return the mark of somebody's picture, empty without one; the picture itself is not read."""
    query = select(PassholderPicture.mark).where(PassholderPicture.passholder_ref == ref)
    return session.exec(query).first() or ""


def make_link(secret: bytes, ref: int, mark: str) -> str:
    """Return what opens one picture of somebody for `LINK_SECONDS`, to whoever has it."""
    return str(URLSafeTimedSerializer(secret, salt=_LINKS).dumps([ref, mark]))


def picture_behind(session: Session, secret: bytes, link: str) -> bytes | None:
    """Return the picture a link opens; None when its time is over, or the picture is another now."""
    try:
        ref, mark = URLSafeTimedSerializer(secret, salt=_LINKS).loads(link, max_age=LINK_SECONDS)
    except BadSignature:
        return None
    return picture_of(session, ref) if mark == mark_of(session, ref) else None


def _mark(jpeg: bytes) -> str:
    return hashlib.sha256(jpeg).hexdigest()[:12]
