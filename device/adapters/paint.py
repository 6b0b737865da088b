"""From a described screen to a picture for one panel, readable two metres away."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from device.adapters.shapes import draw_card, draw_icon
from device.core.qr import modules
from device.ports import Screen, ScreenKind
from shared.domain.outcomes import Tone
from shared.wire.messages import LogoMessage

_LIT, _DARK = 255, 0
_BOLD: Final = "SourceSansPro-Bold.ttf"
_BRAND: Final = "UiTPAS"
_WIDE: Final = 2.5
_SMALLEST: Final = 9
_SMALL: Final = 13
_QUIET: Final = 2
_LEAST_QUIET: Final = 1
_ROOM: Final = 3
"""Pixels between words and the edge of the panel, which a housing may cover in part."""

_Box = tuple[int, int, int, int]
"""Left, top, right, bottom; right and bottom are outside."""


class Painter:
    """Paints screens of `width` by `height` pixels, in two colours or in greys."""

    def __init__(self, width: int, height: int, *, greys: bool) -> None:
        self.width = width
        self.height = height
        self.wide = width / height >= _WIDE
        self.square = height >= width
        self._greys = greys

    def paint(self, screen: Screen) -> Image.Image:
        """Return the picture of a screen, mode `L` or `1`."""
        lit = screen.tone is Tone.GOOD or (screen.kind is ScreenKind.CODE and self.square)
        page = _Page(self.width, self.height, greys=self._greys, lit=lit)
        match screen.kind:
            case ScreenKind.IDLE if screen.title:
                self._idle(page, screen)
            case ScreenKind.CODE:
                self._code(page, screen)
            case ScreenKind.BRAND if screen.logo is not None:
                page.logo(screen.logo)
            case ScreenKind.INFORMATION:
                self._information(page, screen)
            case _ if screen.big:
                self._big(page, screen)
            case _:
                self._message(page, screen)
        return page.image

    def _idle(self, page: _Page, screen: Screen) -> None:
        if self.square:
            self._square_idle(page, screen)
            return
        right = self.width - 1
        if screen.code:
            right -= page.qr(screen.code, (self.width - self.height, 0, self.width, self.height)) + 6
        line = max(12, self.height // 8)
        taken = page.text(screen.clock, (0, 0, right, line), align="right", most=line)
        page.text(screen.title, (1, 0, right - taken - 4, line), align="left", most=line, cut=True)
        page.draw.line((0, line + 2, right - 1, line + 2), fill=page.ink)
        top, middle = line + 4, line + 4 + (self.height - line - 4) // 2
        size = page.size_for((screen.headline, screen.detail), right - 2, 24)
        page.text(screen.headline, (1, top, right, middle), most=size)
        page.text(screen.detail, (1, middle, right, self.height), most=size)

    def _square_idle(self, page: _Page, screen: Screen) -> None:
        """Paint title and hour, a card before a reader, and what to do."""
        page.text(_BRAND, (1, 0, self.width, 14), align="left", most=14)
        page.text(screen.clock, (0, 0, self.width - 1, 14), align="right", most=14)
        page.draw.line((0, 15, self.width - 1, 15), fill=page.ink)
        page.lines(screen.title, (_ROOM, 17, self.width - _ROOM, 49), most=17, rows=2)
        middle = self.width // 2
        draw_card(page.draw, (middle - 26, 52, middle + 26, 82), page.ink)
        right = self.width - _ROOM
        size = page.size_for((screen.headline, screen.detail), right - _ROOM, 24)
        page.text(screen.headline, (_ROOM, 85, right, 107), most=size)
        page.text(screen.detail, (_ROOM, 107, right, self.height), most=size)

    def _code(self, page: _Page, screen: Screen) -> None:
        if self.square:
            foot = 14
            page.qr(screen.code, (0, 0, self.width, self.height - foot))
            words = f"{screen.headline} {screen.detail}"
            page.text(words, (0, self.height - foot, self.width, self.height), most=foot)
            return
        left = page.qr(screen.code, (0, 0, self.height, self.height)) + 4
        half = self.height // 2
        page.lines(screen.headline, (left, 2, self.width, half), most=24, rows=1)
        page.lines(screen.detail, (left, half, self.width, self.height - 2), most=20, rows=2)

    def _big(self, page: _Page, screen: Screen) -> None:
        """Paint the point that was earned: as large as the panel allows."""
        if self.wide:
            third = self.width // 3
            draw_icon(page.draw, screen.icon, (14, 6, self.height + 2, self.height - 6), page.ink)
            page.text(screen.big, (third - 12, 0, 2 * third - 12, self.height), most=self.height + 8)
            page.lines(screen.detail, (2 * third, 0, self.width - 4, self.height), most=28, rows=2)
            return
        foot = self.height // 4 if self.square else self.height // 3
        upper = self.height - foot
        side = self.width // 3 - 2
        icon_top = (upper + 4 - side) // 2
        draw_icon(page.draw, screen.icon, (2, icon_top, 2 + side, icon_top + side), page.ink)
        right = self.width - _ROOM
        page.text(screen.big, (side + 7, 0, right, upper + 4), most=upper + 12)
        page.text(screen.detail, (_ROOM, upper, right, self.height), most=foot)

    def _information(self, page: _Page, screen: Screen) -> None:
        """Paint a name as large as possible, or small above the lines of facts."""
        if not screen.lines:
            page.lines(screen.headline, (0, 0, self.width, self.height), most=self.height // 2, rows=2)
            return
        row = self.height // (len(screen.lines) + 1)
        for number, text in enumerate((screen.headline, *screen.lines)):
            page.text(
                text, (1, number * row, self.width, (number + 1) * row), align="left", most=min(row, 16)
            )

    def _message(self, page: _Page, screen: Screen) -> None:
        if self.square:
            self._square_message(page, screen)
            return
        side = min(self.height - 20, self.width // 3)
        top = (self.height - side) // 2
        draw_icon(page.draw, screen.icon, (2, top, 2 + side, top + side), page.ink)
        left, right = side + 5, self.width - _ROOM
        split = self.height * 5 // 8
        rows = 1 if self.wide else 2
        page.lines(screen.headline, (left, 0, right, split), most=30, rows=rows)
        page.lines(screen.detail, (left, split, right, self.height), most=20, rows=rows)
        page.text(screen.clock, (0, top + side, side + 4, self.height), most=12)

    def _square_message(self, page: _Page, screen: Screen) -> None:
        side = self.height * 3 // 8
        left, foot, right = (self.width - side) // 2, self.height - 32, self.width - _ROOM
        draw_icon(page.draw, screen.icon, (left, 2, left + side, 2 + side), page.ink)
        page.lines(screen.headline, (_ROOM, side + 3, right, foot), most=26, rows=2)
        page.lines(screen.detail, (_ROOM, foot, right, self.height), most=20, rows=2)
        page.text(screen.clock, (left + side + 2, 3, self.width, 20), most=14)


class _Page:
    """One picture being painted."""

    def __init__(self, width: int, height: int, *, greys: bool, lit: bool) -> None:
        self.paper, self.ink = (_LIT, _DARK) if lit else (_DARK, _LIT)
        self.image = Image.new("L" if greys else "1", (width, height), self.paper)
        self.draw = ImageDraw.Draw(self.image)
        self.draw.fontmode = "L" if greys else "1"

    def text(self, text: str, box: _Box, *, most: int, align: str = "centre", cut: bool = False) -> int:
        """Write one line as large as the box allows, at most `most` pixels; return its width.

        cut: keep the size and shorten the text instead.
        """
        if not text:
            return 0
        left, top, right, bottom = box
        size = min(most, bottom - top)
        font = _font(size)
        if cut:
            text = _shortened(text, font, right - left)
        else:
            while size > _SMALLEST and not _fits(text, font, right - left):
                size -= 1
                font = _font(size)
        width = _width(text, font)
        x = {"left": left, "right": right - width, "centre": left + (right - left - width) // 2}[align]
        # The height of capitals is what the eye centres on; it is two thirds of the size.
        baseline = top + (bottom - top + round(size * 0.66)) // 2
        self.draw.text((x, baseline), _spaced(text, font), font=font, fill=self.ink, anchor="ls")
        return width

    def size_for(self, texts: Iterable[str], width: int, most: int) -> int:
        """Return the largest size at which each text fits on a line of its own."""
        return min(_largest(text, width, most) for text in texts)

    def lines(self, text: str, box: _Box, *, most: int, rows: int) -> None:
        """Write a text on at most `rows` lines, whichever way makes the letters larger."""
        left, top, right, bottom = box
        parts = _broken(text, rows, right - left, bottom - top, most)
        height = (bottom - top) // len(parts)
        size = min(_largest(part, right - left, min(most, height)) for part in parts)
        for number, part in enumerate(parts):
            y = top + number * height
            self.text(part, (left, y, right, y + height), most=size)

    def logo(self, logo: LogoMessage) -> None:
        """Draw a logo in the middle, in whole multiples of its pixels; one that does not fit is left out."""
        scale = min(self.image.width // max(logo.width, 1), self.image.height // max(logo.height, 1))
        if scale < 1 or len(logo.bits) != (logo.width + 7) // 8 * logo.height:
            return
        picture = Image.frombytes("1", (logo.width, logo.height), logo.bits)
        picture = picture.resize((logo.width * scale, logo.height * scale), Image.Resampling.NEAREST)
        left, top = (self.image.width - picture.width) // 2, (self.image.height - picture.height) // 2
        self.draw.bitmap((left, top), picture, fill=self.ink)

    def qr(self, text: str, box: _Box) -> int:
        """Draw a QR code in the middle of a lit box; return the width that it takes.

        Two pixels a module and one module of quiet zone are what a phone needs at least
        (`design/hardware.md`); more of both when there is room.
        """
        left, top, right, bottom = box
        rows = modules(text)
        room, count = min(right - left, bottom - top), len(rows)
        scale = max(room // (count + 2 * _QUIET), room // (count + 2 * _LEAST_QUIET), 1)
        self.draw.rectangle((left, top, right - 1, bottom - 1), fill=_LIT)
        x0 = left + (right - left - count * scale) // 2
        y0 = top + (bottom - top - count * scale) // 2
        for row, line in enumerate(rows):
            for column, dark in enumerate(line):
                if dark:
                    x, y = x0 + column * scale, y0 + row * scale
                    self.draw.rectangle((x, y, x + scale - 1, y + scale - 1), fill=_DARK)
        return right - left


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    with as_file(files("font_source_sans_pro") / "files" / _BOLD) as path:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def _spaced(text: str, font: ImageFont.FreeTypeFont) -> str:
    """Return a text with words that stay apart: in two colours, a small font runs them together."""
    return text.replace(" ", "  ") if font.size <= _SMALL else text


def _width(text: str, font: ImageFont.FreeTypeFont) -> int:
    return round(font.getlength(_spaced(text, font)))


def _fits(text: str, font: ImageFont.FreeTypeFont, width: int) -> bool:
    return _width(text, font) <= width


def _largest(text: str, width: int, most: int) -> int:
    size = most
    while size > _SMALLEST and not _fits(text, _font(size), width):
        size -= 1
    return size


def _broken(text: str, rows: int, width: int, height: int, most: int) -> list[str]:
    """Return a text on one line or broken into two, whichever can be written larger."""
    words = text.split()
    ways = [[text]]
    if rows > 1:
        ways += [[" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words))]

    def size_and_balance(parts: list[str]) -> tuple[int, int]:
        size = min(_largest(part, width, min(most, height // len(parts))) for part in parts)
        return size, -max(map(len, parts))

    return max(ways, key=size_and_balance)


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if _fits(text, font, width):
        return text
    while text and not _fits(f"{text}…", font, width):
        text = text[:-1]
    return f"{text.rstrip()}…"
