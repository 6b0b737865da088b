"""Pictures that people send in: only what is one, and not too large to look at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF")


class PictureError(ValueError):
    """A file is no picture, or too large; `is_too_large` tells which."""

    def __init__(self, reason: str, *, is_too_large: bool = False) -> None:
        super().__init__(reason)
        self.is_too_large = is_too_large


@contextmanager
def opened_picture(content: bytes, *, most_bytes: int, most_pixels: int) -> Iterator[Image.Image]:
    """Yield a picture whose pixels are read when they are asked for.

    Raises:
        PictureError: see there; also when its pixels cannot be read inside the block.
    """
    if len(content) > most_bytes:
        raise PictureError("too many bytes", is_too_large=True)
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _require_few(picture, most_pixels)
            yield picture
    except PictureError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureError(str(error)) from error


def _require_few(picture: Image.Image, most_pixels: int) -> None:
    if picture.width * picture.height > most_pixels:
        raise PictureError("too many pixels", is_too_large=True)
