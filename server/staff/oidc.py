"""Login with UiTiD: OpenID Connect, authorization code with PKCE, against any issuer."""

from __future__ import annotations

import secrets
import warnings
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, KeySetSerialization

with warnings.catch_warnings():
    # Authlib would rather see httpx2, which does not run on Python 3.11. It has its warnings always shown
    # from its own import on, so our filter comes after that.
    import authlib.deprecate

    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import OAuth2Client

SCOPE: Final = "openid profile email"
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
TIMEOUT: Final = 10.0
UITID_V1: Final = "https://publiq.be/uitidv1id"
INSZ: Final = "https://publiq.be/rrn"
"""Claims of UiTiD beside the standard ones (json-api 1)."""


class LoginError(Exception):
    """The issuer did not vouch for this person; `reason` is for the log, never for the page."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Issuer:
    """Where people log in. `url` has no closing slash; a public client has no secret."""

    url: str
    client_id: str
    client_secret: str | None


@dataclass(frozen=True)
class Attempt:
    """What must come back unchanged between the two halves of a login; kept in a signed cookie."""

    state: str
    nonce: str
    verifier: str
    back_to: str

    def to_json(self) -> dict[str, str]:
        """Return it as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Identity:
    """Who the issuer says this is. `email` only when the issuer has verified it.

    v1: the subject in its older tokens. insz: the national number of who logged in with an identity card.
    """

    subject: str
    name: str
    email: str | None
    v1: str | None = None
    insz: str | None = None


def begin(issuer: Issuer, redirect_uri: str, back_to: str) -> tuple[str, Attempt]:
    """Return the issuer's address to send the visitor to, and what to remember until the return.

    Raises:
        LoginError: the issuer does not answer.
    """
    attempt = Attempt(
        secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), back_to
    )
    with _client(issuer, redirect_uri) as client:
        endpoint = _discover(client, issuer)["authorization_endpoint"]
        url, _ = client.create_authorization_url(
            endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
        )
    return str(url), attempt


def finish(issuer: Issuer, redirect_uri: str, attempt: Attempt, returned: str) -> Identity:
    """Exchange the code in the address the visitor came back with for a checked identity.

    Raises:
        LoginError: another browser's return, a refusal, or an answer that does not verify.
    """
    try:
        with _client(issuer, redirect_uri) as client:
            facts = _discover(client, issuer)
            token = client.fetch_token(
                facts["token_endpoint"],
                authorization_response=returned,
                state=attempt.state,
                code_verifier=attempt.verifier,
            )
            claims = _checked(issuer, attempt, token["id_token"], _keys(client, facts))
            if not {"name", "email"} <= claims.keys() and "userinfo_endpoint" in facts:
                claims = {**_get(client, facts["userinfo_endpoint"], bearer=token["access_token"]), **claims}
    except (AuthlibBaseError, JoseError, httpx.HTTPError, KeyError, ValueError) as error:
        raise LoginError(f"{type(error).__name__}: {error}") from error
    return _identity(claims)


def keys_of(issuer: Issuer) -> KeySet:
    """Return the keys an issuer signs its tokens with.

    Raises:
        LoginError: the issuer does not answer.
    """
    try:
        with _client(issuer, "") as client:
            return _keys(client, _discover(client, issuer))
    except (JoseError, httpx.HTTPError, KeyError, ValueError) as error:
        raise LoginError(f"{type(error).__name__}: {error}") from error


def _keys(client: OAuth2Client, facts: dict[str, Any]) -> KeySet:
    return KeySet.import_key_set(cast("KeySetSerialization", _get(client, facts["jwks_uri"])))


def _client(issuer: Issuer, redirect_uri: str) -> OAuth2Client:
    return OAuth2Client(
        client_id=issuer.client_id,
        client_secret=issuer.client_secret,
        token_endpoint_auth_method="client_secret_basic" if issuer.client_secret else "none",
        redirect_uri=redirect_uri,
        scope=SCOPE,
        code_challenge_method="S256",
        timeout=TIMEOUT,
    )


def _discover(client: OAuth2Client, issuer: Issuer) -> dict[str, Any]:
    try:
        facts = _get(client, f"{issuer.url}/.well-known/openid-configuration")
    except (httpx.HTTPError, ValueError) as error:
        raise LoginError(f"the issuer does not answer: {error}") from error
    if facts.get("issuer", "").rstrip("/") != issuer.url:
        raise LoginError(f"the issuer calls itself {facts.get('issuer')}")
    return facts


def _get(client: OAuth2Client, url: str, bearer: str | None = None) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    answer = client.request("GET", url, headers=headers, withhold_token=True)
    answer.raise_for_status()
    facts: dict[str, Any] = answer.json()
    return facts


def _checked(issuer: Issuer, attempt: Attempt, id_token: str, keys: KeySet) -> dict[str, Any]:
    token = jwt.decode(id_token, keys, algorithms=ALGORITHMS)
    rules = jwt.JWTClaimsRegistry(
        leeway=60,
        iss={"essential": True, "values": [issuer.url, f"{issuer.url}/"]},
        aud={"essential": True, "value": issuer.client_id},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": attempt.nonce},
    )
    rules.validate(token.claims)
    return dict(token.claims)


def _identity(claims: dict[str, Any]) -> Identity:
    email = str(claims.get("email") or "")
    verified = email if claims.get("email_verified") is True else None
    return Identity(
        str(claims["sub"]),
        str(claims.get("name") or email or claims["sub"]),
        verified,
        claims.get(UITID_V1),
        claims.get(INSZ),
    )
