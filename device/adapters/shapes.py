"""Icons as shapes: what is understood without reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PIL import ImageDraw

from device.ports import Icon

Box = tuple[int, int, int, int]
_Draw = ImageDraw.ImageDraw


def draw_icon(draw: _Draw, icon: Icon, box: Box, ink: int) -> None:
    """Draw an icon in a square box (left, top, right, bottom)."""
    shape = _SHAPES.get(icon)
    if shape is not None:
        shape(draw, box, ink)


def draw_card(draw: _Draw, box: Box, ink: int) -> None:
    """Draw a card with the waves of a reader beside it."""
    left, top, right, bottom = box
    edge = left + (right - left) * 3 // 5
    draw.rounded_rectangle((left, top, edge, bottom), radius=4, outline=ink, width=2)
    draw.rectangle((left + 5, top + 7, left + 12, top + 12), fill=ink)
    middle = (top + bottom) // 2
    for number in range(1, 4):
        reach = number * (right - edge) // 3
        draw.arc((edge - reach, middle - reach, edge + reach, middle + reach), -40, 40, fill=ink, width=2)


def _tick(draw: _Draw, box: Box, ink: int) -> None:
    left, top, right, bottom = box
    side = right - left
    points = [
        (left + side * 0.08, top + side * 0.55),
        (left + side * 0.38, bottom - side * 0.15),
        (right - side * 0.06, top + side * 0.18),
    ]
    _stroke(draw, points, max(4, side // 6), ink)


def _cross(draw: _Draw, box: Box, ink: int) -> None:
    left, top, right, bottom = box
    inset = (right - left) * 0.14
    width = max(4, (right - left) // 6)
    _stroke(draw, [(left + inset, top + inset), (right - inset, bottom - inset)], width, ink)
    _stroke(draw, [(left + inset, bottom - inset), (right - inset, top + inset)], width, ink)


def _info(draw: _Draw, box: Box, ink: int) -> None:
    left, top, right, bottom = box
    side = right - left
    width = max(2, side // 12)
    draw.ellipse((left, top, right - 1, bottom - 1), outline=ink, width=width)
    middle, stem = left + side / 2, max(2, side // 12)
    draw.rectangle((middle - stem, top + side * 0.44, middle + stem - 1, bottom - side * 0.22), fill=ink)
    dot = max(2.0, side / 10)
    centre = top + side * 0.28
    draw.ellipse((middle - dot, centre - dot, middle + dot - 1, centre + dot - 1), fill=ink)


def _clock(draw: _Draw, box: Box, ink: int) -> None:
    left, top, right, bottom = box
    side = right - left
    width = max(2, side // 12)
    draw.ellipse((left, top, right - 1, bottom - 1), outline=ink, width=width)
    x, y = left + side / 2, top + side / 2
    _stroke(draw, [(x, top + side * 0.2), (x, y), (x + side * 0.22, y + side * 0.14)], width, ink)


def _tool(draw: _Draw, box: Box, ink: int) -> None:
    """Draw a warning triangle."""
    left, top, right, bottom = box
    side = right - left
    width = max(3, side // 12)
    corners = [(left + side / 2, top + 2.0), (right - 3.0, bottom - 3.0), (left + 2.0, bottom - 3.0)]
    _stroke(draw, [*corners, corners[0]], width, ink)
    middle, stem = left + side / 2, max(1.5, side / 18)
    draw.rectangle((middle - stem, top + side * 0.38, middle + stem, top + side * 0.66), fill=ink)
    draw.rectangle((middle - stem, top + side * 0.73, middle + stem, top + side * 0.73 + 2 * stem), fill=ink)


def _stroke(draw: _Draw, points: list[tuple[float, float]], width: int, ink: int) -> None:
    """Draw a line with round ends and corners."""
    draw.line(points, fill=ink, width=width)
    radius = width / 2
    for x, y in points:
        draw.ellipse((x - radius, y - radius, x + radius - 1, y + radius - 1), fill=ink)


_SHAPES: Final[Mapping[Icon, Callable[[_Draw, Box, int], None]]] = {
    Icon.TICK: _tick,
    Icon.CROSS: _cross,
    Icon.INFO: _info,
    Icon.CLOCK: _clock,
    Icon.TOOL: _tool,
}
