"""The headers on every answer: nothing from elsewhere (but rewards' pictures), inline, in anybody's frame."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import MutableHeaders

PICTURE: Final = re.compile(r"(?P<host>https://[A-Za-z0-9.-]{1,250}(?::[0-9]{1,5})?)/[^\s<>\"]*")
"""The address of a picture that a page may show: encrypted, of a host that is written plainly."""
_POLICY: Final = "content-security-policy"
HEADERS: Final = {
    # `data:` is for the pictograms inside the UI kit's own style sheet.
    _POLICY: (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def allow_scanning(headers: MutableHeaders, bridge: str) -> None:
    """Let a page read barcodes with the camera (our copy of zxing is WebAssembly), and ask the bridge."""
    policy = HEADERS[_POLICY]
    policy = policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    headers[_POLICY] = policy.replace("connect-src 'self'", f"connect-src 'self' {bridge}")
    headers["permissions-policy"] = HEADERS["permissions-policy"].replace("camera=()", "camera=(self)")


def allow_pictures(headers: MutableHeaders, addresses: Iterable[str]) -> None:
    """Let a page show pictures of other hosts: of these, and only those that have a `PICTURE` address."""
    hosts = {found["host"] for address in addresses if (found := PICTURE.fullmatch(address))}
    if hosts:
        policy = headers.get(_POLICY, HEADERS[_POLICY])
        headers[_POLICY] = policy.replace("img-src 'self'", f"img-src 'self' {' '.join(sorted(hosts))}")


def add_security_headers(headers: MutableHeaders) -> None:
    """Set each header that the answer does not set itself."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
