"""Access tokens: made here for our own clients, checked against our key or the keys of the issuer of UiTiD.

To a client a token is opaque. To us it is a JWT: `azp` is the client it was given to, `sub` the user; a
client that speaks for itself says `gty: client-credentials` or has a service account.
"""

from __future__ import annotations

import threading
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from server.api.problems import ApiError, Prob
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from server.kernel.keys import token_key
from server.staff import oidc

LIFE: Final = timedelta(days=1)
AUDIENCE: Final = "https://api.publiq.be"
KEYS_KEPT: Final = 3600.0
KEYS_ASKED_AGAIN: Final = 60.0
_ALGORITHM: Final = "Ed25519"
_NO_ACCESS: Final = frozenset({"ID", "Refresh", "Offline"})


@dataclass(frozen=True)
class Claims:
    """What a token says that verifies. `client`: whom it was given to; `user`: None: that client itself.

    insz: of a user who logged in with ACM. email: of the UiTiD, when the token says it.
    """

    client: str
    user: str | None = None
    uitid_v1: str | None = None
    insz: str | None = None
    email: str | None = None


class Tokens:
    """Makes and checks tokens. `issuer`: of UiTiD, where there is one."""

    def __init__(self, database: Database, issuer: oidc.Issuer | None) -> None:
        self._database = database
        self._issuer = issuer
        self._lock = threading.Lock()
        self._issuers_keys: KeySet | None = None
        self._asked = float("-inf")

    @cached_property
    def _key(self) -> OKPKey:
        with self._database.reading() as session:
            key = token_key(session)
        return OKPKey.import_key(
            {"kty": "OKP", "crv": "Ed25519", "x": _base64(bytes(key.verify_key)), "d": _base64(bytes(key))}
        )

    @property
    def keys(self) -> dict[str, Any]:
        """The public half of our own key, as a JSON Web Key Set."""
        return {"keys": [{**self._key.as_dict(private=False), "kid": self._own, "use": "sig"}]}

    @cached_property
    def _own(self) -> str:
        return self._key.thumbprint()

    def make(self, issuer: str, now: datetime, client: str, **more: object) -> str:
        """Return a token for a client; `more` are claims about a user, without which it speaks for itself."""
        claims = {
            "iss": issuer,
            "aud": AUDIENCE,
            "azp": client,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFE).timestamp()),
            **(more or {"sub": f"{client}@clients", "gty": "client-credentials"}),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._own}, claims, self._key, algorithms=[_ALGORITHM])

    def check(self, token: str, now: datetime) -> Claims:
        """Return what a token says.

        Raises:
            ApiError: 401, it is not one, or not good any more. ProblemError: 503, the issuer does not answer.
        """
        try:
            claims = self._verified(token)
            jwt.JWTClaimsRegistry(
                int(now.timestamp()), leeway=30, exp={"essential": True}, azp={"essential": True}
            ).validate(claims)
        except (JoseError, ValueError) as error:
            raise ApiError(Prob.UNAUTHORIZED, "The token is not valid (any more).") from error
        return _read(claims)

    def _verified(self, token: str) -> dict[str, Any]:
        kid = str(jws.extract_compact(token.encode()).headers().get("kid", ""))
        if kid == self._own:
            own = dict(jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims)
            if own.get("typ") in _NO_ACCESS:
                raise ValueError("not an access token")
            return own
        if self._issuer is None:
            raise ValueError("no issuer of ours has this key")
        claims = dict(jwt.decode(token, self._keys_with(kid), algorithms=oidc.ALGORITHMS).claims)
        if str(claims.get("iss", "")).rstrip("/") != self._issuer.url or claims.get("typ") in _NO_ACCESS:
            raise ValueError("not an access token of our issuer")
        return claims

    def _keys_with(self, kid: str) -> KeySet:
        """Return the issuer's keys; asked again when old, or when they lack one that may be new."""
        assert self._issuer is not None  # noqa: S101 - the only caller looked
        with self._lock:
            age = time.monotonic() - self._asked
            known = self._issuers_keys is not None and any(key.kid == kid for key in self._issuers_keys)
            if age > KEYS_KEPT or (not known and age > KEYS_ASKED_AGAIN):
                self._asked = time.monotonic()
                self._ask(self._issuer)
            if self._issuers_keys is None:
                raise ProblemError(
                    503, "The issuer of tokens does not answer.", headers={"Retry-After": "60"}
                )
            return self._issuers_keys

    def _ask(self, issuer: oidc.Issuer) -> None:
        try:
            self._issuers_keys = oidc.keys_of(issuer)
        except oidc.LoginError:
            return  # those known before still hold


def _read(claims: dict[str, Any]) -> Claims:
    client = str(claims["azp"])
    is_client = claims.get("gty") == "client-credentials" or str(
        claims.get("preferred_username", "")
    ).startswith("service-account-")
    if is_client:
        return Claims(client)
    if not claims.get("sub"):
        raise ApiError(Prob.UNAUTHORIZED, "The token names no user.")
    return Claims(
        client, str(claims["sub"]), claims.get(oidc.UITID_V1), claims.get(oidc.INSZ), claims.get("email")
    )


def _base64(plain: bytes) -> str:
    return urlsafe_b64encode(plain).rstrip(b"=").decode()
