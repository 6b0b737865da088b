"""A poster as a PDF: one page of A4 or A3 with vector text and a vector QR code."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import font_source_sans_pro
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode


class Paper(StrEnum):
    """The sizes a poster is printed on."""

    A4 = "A4"
    A3 = "A3"


@dataclass(frozen=True)
class PosterLook:
    """The colours of a poster and its logo (PNG); as they are without a card system's own."""

    band: tuple[int, int, int] = (0, 82, 92)
    stripe: tuple[int, int, int] = (255, 197, 49)
    logo: bytes | None = None


@dataclass(frozen=True)
class PosterText:
    """What stands on a poster. `link`: in the QR code. `small`: one line for who printed it."""

    language: str
    title: str
    place: str
    call: str
    steps: Sequence[str]
    help: str
    small: str
    link: str
    look: PosterLook = field(default_factory=PosterLook)


_WIDTH: Final = 210.0
"""All measures are in millimetres of an A4; on an A3 everything is larger by as much."""
_SCALE: Final = {Paper.A4: 1.0, Paper.A3: 297 / _WIDTH}
_HEIGHT: Final = 297.0
_MARGIN: Final = 18.0
_BAND: Final = 62.0
_QR: Final = 114.0
_QR_TOP: Final = 92.0
_QUIET_MODULES: Final = 4
_FONT: Final = "Source Sans"
_INK, _SOFT, _WHITE = (16, 41, 46), (77, 100, 105), (255,) * 3
_LOGO: Final = (_MARGIN, _HEIGHT - 40, 36.0, 22.0)
"""Left, top, width and height of the room for a logo."""
_POINTS: Final = 72 / 25.4
_LEADING: Final = 1.15
_READABLE: Final = 3.0
_SMALLEST: Final = 3.0


def draw_poster(text: PosterText, paper: Paper) -> bytes:
    """Return the PDF."""
    sheet = _Sheet(_SCALE[paper], text)
    sheet.band(text.call)
    sheet.heading(text.title, text.place)
    sheet.code(text.link)
    sheet.steps(text.steps)
    sheet.foot(text.help, text.small)
    return bytes(sheet.pdf.output())


class _Sheet:
    def __init__(self, scale: float, text: PosterText) -> None:
        from fpdf import FPDF  # it and what it draws along take longer to load than to draw a poster

        self._scale = scale
        self._look = text.look
        self.pdf = FPDF(unit="mm", format=(_WIDTH * scale, _HEIGHT * scale))
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.set_margin(0)
        self.pdf.set_title(f"{text.call} · {text.title}")
        self.pdf.set_lang(text.language)
        fonts = {"": "SourceSansPro-Regular.ttf", "B": "SourceSansPro-Bold.ttf"}
        for style, name in fonts.items():
            self.pdf.add_font(_FONT, style, f"{font_source_sans_pro.font_directory}/{name}")
        self.pdf.add_page()

    def band(self, call: str) -> None:
        look = self._look
        self._fill(look.band, 0, 0, _WIDTH, _BAND)
        self._fill(look.stripe, 0, _BAND, _WIDTH, 2.5)
        self._write(call, top=0, height=_BAND, size=22, bold=True, colour=_on(look.band))
        if look.logo:
            left, top, width, height = (side * self._scale for side in _LOGO)
            self.pdf.image(io.BytesIO(look.logo), left, top, width, height, keep_aspect_ratio=True)

    def heading(self, title: str, place: str) -> None:
        self._write(title, top=_BAND + 5, height=18, size=10, bold=True, colour=_INK)
        self._write(place, top=_BAND + 23, height=8, size=6, colour=_SOFT)

    def code(self, link: str) -> None:
        # Every module a rectangle: sharp at any size and on any printer.
        code: QRCode[Any] = QRCode(error_correction=ERROR_CORRECT_Q, border=_QUIET_MODULES)
        code.add_data(link)
        code.make(fit=True)
        rows = code.get_matrix()
        module, left = _QR / len(rows), (_WIDTH - _QR) / 2
        for line, row in enumerate(rows):
            for place, is_dark in enumerate(row):
                if is_dark:
                    # A hair larger than a module, so that no viewer shows seams between them.
                    size = module * 1.02
                    self._fill((0, 0, 0), left + place * module, _QR_TOP + line * module, size, size)

    def steps(self, steps: Sequence[str]) -> None:
        top = _QR_TOP + _QR + 1
        for number, step in enumerate(steps, 1):
            self._fill_circle(self._look.band, _MARGIN + 14, top + 6, 5.5)
            self._write(
                str(number),
                top=top,
                height=12,
                size=7,
                bold=True,
                colour=_on(self._look.band),
                left=_MARGIN + 4,
                width=20,
            )
            self._write(
                step,
                top=top,
                height=12,
                size=7,
                colour=_INK,
                left=_MARGIN + 24,
                width=_WIDTH - 2 * _MARGIN - 24,
                align="L",
            )
            top += 15

    def foot(self, help_: str, small: str) -> None:
        taken = _LOGO[2] + 8 if self._look.logo else 0
        left, width = _MARGIN + taken, _WIDTH - 2 * (_MARGIN + taken)
        self._write(help_, top=_HEIGHT - 38, height=14, size=6, colour=_SOFT, left=left, width=width)
        self._write(small, top=_HEIGHT - 17, height=8, size=4, colour=_SOFT)

    def _fill(self, colour: Sequence[int], left: float, top: float, width: float, height: float) -> None:
        self.pdf.set_fill_color(*colour)
        s = self._scale
        self.pdf.rect(left * s, top * s, width * s, height * s, style="F")

    def _fill_circle(self, colour: Sequence[int], x: float, y: float, radius: float) -> None:
        self.pdf.set_fill_color(*colour)
        self.pdf.circle(x * self._scale, y * self._scale, radius * self._scale, style="F")

    def _write(
        self,
        text: str,
        *,
        top: float,
        height: float,
        size: float,
        colour: Sequence[int],
        bold: bool = False,
        left: float = _MARGIN,
        width: float = _WIDTH - 2 * _MARGIN,
        align: str = "C",
    ) -> None:
        """Write text in a box, in the middle of its height; a long one in smaller letters, on two lines."""
        pdf, s = self.pdf, self._scale
        pdf.set_text_color(*colour)
        while True:
            pdf.set_font(_FONT, "B" if bold else "", size * s * _POINTS)
            found = pdf.multi_cell(
                width * s,
                size * s * _LEADING,
                text,
                dry_run=True,
                output="LINES",
                align=align,
            )
            lines = len(found) if isinstance(found, list) else 1
            if lines * size * _LEADING <= height or size <= _SMALLEST:
                break
            size *= 0.92
        used = lines * size * _LEADING
        pdf.set_xy(left * s, (top + (height - used) / 2) * s)
        pdf.multi_cell(width * s, size * s * _LEADING, text, align=align)


def _on(colour: Sequence[int]) -> Sequence[int]:
    """Return the colour of large letters on a colour: white, or ink where white is not readable (WCAG 2)."""
    red, green, blue = (_linear(value / 255) for value in colour)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _WHITE if 1.05 / (luminance + 0.05) >= _READABLE else _INK


def _linear(value: float) -> float:
    return math.pow((value + 0.055) / 1.055, 2.4)
