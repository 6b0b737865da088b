"""OAuth 1.0 (RFC 5849) of devices and other consumers, with a hash of the body.

HMAC-SHA256 with a SHA-256 body hash is what zuilen send; HMAC-SHA1 with the SHA-1 body hash of
the OAuth extension is accepted too. A request is good once: its nonce is kept for as long as
its timestamp would be accepted.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, cast

from oauthlib.oauth1.rfc5849.signature import collect_parameters, verify_hmac_sha1, verify_hmac_sha256
from sqlalchemy import BigInteger, Column
from sqlmodel import Field, Session, SQLModel
from starlette.requests import Request

from server.kernel.bulk import Bulk, Statement
from server.kernel.errors import ProblemError
from shared.wire import problems
from shared.wire.signing import BODY_HASH, body_hash

WINDOW_SECONDS: Final = 300
MAX_NONCE: Final = 64
MAX_KEY: Final = 64
_FORM: Final = "application/x-www-form-urlencoded"
_METHODS: Final[Mapping[str, tuple[str, Callable[..., bool]]]] = {
    "HMAC-SHA256": ("sha256", verify_hmac_sha256),
    "HMAC-SHA1": ("sha1", verify_hmac_sha1),
}


class OAuthNonce(SQLModel, table=True):
    """A request that came. Unlogged on PostgreSQL: after a crash its timestamps are out of the window."""

    __tablename__ = "oauth_nonce"

    consumer_key: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    timestamp: int = Field(sa_column=Column(BigInteger, primary_key=True, index=True))


Once = tuple[str, str, int]
"""The consumer key, the nonce and the timestamp of a request."""


class SignedRequest(NamedTuple):
    """A request as far as its signature goes; the names are those oauthlib reads."""

    http_method: str
    uri: str
    params: list[tuple[str, str]]
    signature: str
    signature_method: str
    consumer_key: str
    nonce: str
    timestamp: int

    @property
    def once(self) -> Once:
        """What two requests never share."""
        return self.consumer_key, self.nonce, self.timestamp


def read_signed_request(request: Request, body: bytes, public_url: str | None) -> SignedRequest:
    """Read the OAuth parameters and check what needs no secret: timestamp and body hash.

    Raises:
        ProblemError: 401; its type says whether the timestamp, the body hash or all of it is wrong.
    """
    uri = _uri(request, public_url)
    parameters = _parameters(request, body)
    oauth = {name: value for name, value in parameters if name.startswith("oauth_")}
    signed = _signed(request.method, uri, parameters, oauth)
    if abs(time.time() - signed.timestamp) > WINDOW_SECONDS:
        raise _refusal(problems.TIMESTAMP_REFUSED, "The clock of this device is wrong.")
    if body and not _is_form(request):
        _check_body(body, oauth, signed.signature_method)
    return signed


def check_signature(signed: SignedRequest, secret: str) -> None:
    """Check the signature against a consumer's secret.

    Raises:
        ProblemError: 401.
    """
    _, verify = _METHODS[signed.signature_method]
    if not verify(signed, secret):
        raise _refusal(problems.SIGNATURE_REFUSED, "The signature of this request is wrong.")


_USE: Final = Statement(
    "INSERT INTO oauth_nonce (consumer_key, nonce, timestamp) SELECT key, nonce, timestamp FROM {rows}"
    " WHERE true ON CONFLICT DO NOTHING RETURNING consumer_key, nonce, timestamp",
    key="text",
    nonce="text",
    timestamp="bigint",
)
_PURGE: Final = Statement("DELETE FROM oauth_nonce WHERE timestamp < :before")


def use_nonces(bulk: Bulk, requests: Sequence[SignedRequest]) -> set[Once]:
    """Use up nonces in the transaction of the requests themselves; return those that came first now."""
    if not requests:
        return set()
    return {
        (key, nonce, at) for key, nonce, at in bulk.run(_USE, rows=sorted({one.once for one in requests}))
    }


def purge_nonces(session: Session) -> None:
    """Forget nonces whose timestamps are refused anyway."""
    Bulk(session).run(_PURGE, {"before": int(time.time()) - 2 * WINDOW_SECONDS})


def nonce_used() -> ProblemError:
    """Return the refusal of a request that came before."""
    return _refusal(problems.NONCE_USED, "This request was sent before.")


def unknown_key() -> ProblemError:
    """Return the refusal of a consumer key that nobody has."""
    return _refusal(problems.KEY_UNKNOWN, "This consumer key is not known.")


def _uri(request: Request, public_url: str | None) -> str:
    base = public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    path = cast("bytes", request.scope.get("raw_path") or request.url.path.encode()).decode(
        "ascii", "replace"
    )
    query = cast("bytes", request.scope["query_string"]).decode("ascii", "replace")
    return f"{base}{path}?{query}" if query else f"{base}{path}"


def _parameters(request: Request, body: bytes) -> list[tuple[str, str]]:
    form = body.decode("utf-8", "replace") if _is_form(request) else ""
    headers = {"Authorization": request.headers.get("authorization", "")}
    query = cast("bytes", request.scope["query_string"]).decode("ascii", "replace")
    try:
        return collect_parameters(uri_query=query, body=form, headers=headers, exclude_oauth_signature=False)
    except ValueError as error:
        raise _refusal(problems.UNSIGNED, "The Authorization header cannot be read.") from error


def _signed(
    method: str, uri: str, parameters: list[tuple[str, str]], oauth: Mapping[str, str]
) -> SignedRequest:
    timestamp = oauth.get("oauth_timestamp", "")
    nonce = oauth.get("oauth_nonce", "")
    key = oauth.get("oauth_consumer_key", "")
    signature_method = oauth.get("oauth_signature_method", "")
    if not (0 < len(nonce) <= MAX_NONCE and 0 < len(key) <= MAX_KEY and signature_method in _METHODS):
        raise _refusal(
            problems.UNSIGNED, "This request carries no OAuth 1.0 signature that is accepted here."
        )
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("99999999999")):
        raise _refusal(
            problems.TIMESTAMP_REFUSED, "The timestamp of this request is not a number of seconds."
        )
    return SignedRequest(
        http_method=method,
        uri=uri,
        params=[(name, value) for name, value in parameters if name != "oauth_signature"],
        signature=oauth.get("oauth_signature", ""),
        signature_method=signature_method,
        consumer_key=key,
        nonce=nonce,
        timestamp=int(timestamp),
    )


def _check_body(body: bytes, oauth: Mapping[str, str], signature_method: str) -> None:
    algorithm, _ = _METHODS[signature_method]
    if not hmac.compare_digest(oauth.get(BODY_HASH, "").encode(), body_hash(body, algorithm).encode()):
        raise _refusal(problems.SIGNATURE_REFUSED, "The body of this request is not the one that was signed.")


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _refusal(type: str, title: str) -> ProblemError:  # noqa: A002 - the RFC's word
    return ProblemError(401, title, type=type, headers={"WWW-Authenticate": "OAuth"})
