"""How a zuil signs its requests: OAuth 1.0 (RFC 5849) with HMAC-SHA256 and a body hash.

oauthlib does the signing; only the body hash is ours, because oauthlib knows no other than
SHA-1 (ADR 6). The server checks both.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final, cast

from oauthlib.common import Request
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_AUTH_HEADER, Client

BODY_HASH: Final = "oauth_body_hash"


def body_hash(body: bytes, algorithm: str = "sha256") -> str:
    """Return the base64 hash of a request body, `sha1` or `sha256`."""
    return base64.b64encode(hashlib.new(algorithm, body).digest()).decode()


def authorization(
    method: str, url: str, body: bytes, *, key: str, secret: str, timestamp: int, nonce: str
) -> str:
    """Return the `Authorization` header of one request. `timestamp` is in seconds of server time."""
    client = _Client(key, secret, str(timestamp), nonce, body)
    _, headers, _ = client.sign(url, http_method=method)  # type: ignore[arg-type]  # stub wants a Literal
    return cast("str", headers["Authorization"])


class _Client(Client):
    """oauthlib's client with a SHA-256 body hash."""

    def __init__(self, key: str, secret: str, timestamp: str, nonce: str, body: bytes) -> None:
        super().__init__(
            key,
            client_secret=secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            signature_type=SIGNATURE_TYPE_AUTH_HEADER,
            timestamp=timestamp,
            nonce=nonce,
        )
        self._body = body

    def get_oauth_params(self, request: Request) -> list[tuple[str, str]]:
        params = super().get_oauth_params(request)  # type: ignore[no-untyped-call]  # stub is untyped
        return [*params, (BODY_HASH, body_hash(self._body))]
