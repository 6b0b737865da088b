"""A QR code as modules; how large each is drawn is the panel's business."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M
from qrcode.main import QRCode

Modules = tuple[tuple[bool, ...], ...]


@lru_cache(maxsize=4)
def modules(text: str) -> Modules:
    """Return the dark modules of the smallest code for a text, without quiet zone.

    On a panel of 64 rows every module counts, so the size comes first; the stronger correction
    is taken only when it costs no larger code.
    """
    small, strong = _make(text, ERROR_CORRECT_L), _make(text, ERROR_CORRECT_M)
    return strong if len(strong) == len(small) else small


def _make(text: str, correction: int) -> Modules:
    code: QRCode[Any] = QRCode(error_correction=correction, border=0)
    code.add_data(text)
    code.make(fit=True)
    return tuple(tuple(map(bool, row)) for row in code.get_matrix())
