"""The headers on every answer: nothing from elsewhere, nothing inline, in nobody's frame."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders

HEADERS: Final = {
    # `data:` is for the pictograms inside the UI kit's own style sheet.
    "content-security-policy": (
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
    policy = HEADERS["content-security-policy"]
    policy = policy.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    headers["content-security-policy"] = policy.replace("connect-src 'self'", f"connect-src 'self' {bridge}")
    headers["permissions-policy"] = HEADERS["permissions-policy"].replace("camera=()", "camera=(self)")


def add_security_headers(headers: MutableHeaders) -> None:
    """Set each header that the answer does not set itself."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
