"""Where our own clients get their tokens: the client-credentials grant at UiTiD's addresses (json-api 1).

`{account}/realms/uitid/…` and the older `/oauth/token`, form or JSON. It stands in for UiTiD's account
server, whose tokens are accepted as well; in a demo it logs people in for a program too (`.standin`).
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse

from server.api.callers import limited
from server.api.clients import find_client, has_secret
from server.api.problems import ApiError, Prob
from server.api.standin import read_code
from server.api.tokens import LIFE, Tokens
from server.api.wire import address_of
from server.kernel.database import RequestSession
from server.settings import Settings
from server.staff.oidc import INSZ

REALM: Final = "/realms/uitid"
MOST_TOKENS: Final = 60
TOKEN_SECONDS: Final = 60
_NO_STORE: Final = {"cache-control": "no-store"}

router = APIRouter(include_in_schema=False)


class Asked(NamedTuple):
    """What a client sent to get a token."""

    grant_type: str
    client_id: str
    client_secret: str
    code: str = ""
    code_verifier: str = ""
    redirect_uri: str = ""


async def _asked(request: Request) -> Asked:
    if "json" in request.headers.get("content-type", ""):
        try:
            sent = json.loads(await request.body())
        except ValueError:
            sent = None
        fields = sent if isinstance(sent, dict) else {}
    else:
        fields = dict(await request.form(max_files=0, max_fields=20))
    name, secret = basic_credentials(request.headers.get("authorization", ""))
    return Asked(
        str(fields.get("grant_type", "")),
        str(fields.get("client_id", name)),
        str(fields.get("client_secret", secret)),
        *(str(fields.get(name, "")) for name in ("code", "code_verifier", "redirect_uri")),
    )


def basic_credentials(header: str) -> tuple[str, str]:
    """Return user and password of HTTP Basic; both empty when the header says something else."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


_TRIES = Depends(limited("token", most=MOST_TOKENS, seconds=TOKEN_SECONDS))


@router.post(f"{REALM}/protocol/openid-connect/token", dependencies=[_TRIES])
@router.post("/oauth/token", dependencies=[_TRIES])
def give_token(
    request: Request, session: RequestSession, asked: Annotated[Asked, Depends(_asked)]
) -> JSONResponse:
    """Exchange id and secret of a client for a token; errors are those of RFC 6749."""
    now = datetime.now(UTC)
    if asked.grant_type == "authorization_code" and _stands_in(request):
        return _give_user_token(request, session, asked, now)
    if asked.grant_type != "client_credentials":
        return _refused(400, "unsupported_grant_type", "Only client_credentials is supported.")
    client = find_client(session, asked.client_id)
    if client is None or not has_secret(client, asked.client_secret, now):
        return _refused(401, "invalid_client", "Invalid client or invalid client credentials.")
    client.token_at = now
    tokens: Tokens = request.app.state.tokens
    answer = {
        "access_token": tokens.make(_issuer(request), now, client.id),
        "token_type": "Bearer",
        "expires_in": int(LIFE.total_seconds()),
    }
    return JSONResponse(answer, headers=_NO_STORE)


def _give_user_token(request: Request, session: Session, asked: Asked, now: datetime) -> JSONResponse:
    """Exchange a code of the demo's stand-in for tokens of the person who logged in."""
    found = read_code(session, asked.code, asked.code_verifier, now)
    client = find_client(session, asked.client_id)
    if found is None or client is None or found[0].client != client.id:
        return _refused(400, "invalid_grant", "The code is not valid (any more), or not for this client.")
    wanted, who = found
    if wanted.back_to != asked.redirect_uri:
        return _refused(400, "invalid_grant", "The redirect_uri is not the one the code was given for.")
    if not wanted.challenge and not has_secret(client, asked.client_secret, now):
        return _refused(401, "invalid_client", "Send the secret, or use PKCE.")
    tokens: Tokens = request.app.state.tokens
    said = {"sub": who.subject, **({"email": who.email, "email_verified": True} if who.email else {})}
    nonce = {"nonce": wanted.nonce} if wanted.nonce else {}
    insz = {INSZ: who.insz} if who.insz else {}
    answer = {
        "access_token": tokens.make(_issuer(request), now, client.id, **said, **insz),
        "id_token": tokens.make(_issuer(request), now, client.id, aud=client.id, typ="ID", **said, **nonce),
        "token_type": "Bearer",
        "expires_in": int(LIFE.total_seconds()),
    }
    return JSONResponse(answer, headers=_NO_STORE)


@router.get(f"{REALM}/protocol/openid-connect/auth")
def begin_login(request: Request) -> RedirectResponse:
    """Send somebody to the form that stands in for UiTiD, in a demo."""
    if not _stands_in(request):
        raise ApiError(Prob.NOT_FOUND)
    return RedirectResponse(f"/demo/uitid?{request.url.query}", 303)


@router.get(f"{REALM}/.well-known/openid-configuration")
def show_configuration(request: Request) -> JSONResponse:
    """Say where what is (OpenID Connect discovery)."""
    issuer = _issuer(request)
    said: dict[str, object] = {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/protocol/openid-connect/token",
        "jwks_uri": f"{issuer}/protocol/openid-connect/certs",
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }
    if _stands_in(request):
        said |= {
            "authorization_endpoint": f"{issuer}/protocol/openid-connect/auth",
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials", "authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["Ed25519"],
        }
    return JSONResponse(said)


@router.get(f"{REALM}/protocol/openid-connect/certs")
def show_keys(request: Request) -> JSONResponse:
    """Show the key our tokens are signed with."""
    tokens: Tokens = request.app.state.tokens
    return JSONResponse(tokens.keys)


def _stands_in(request: Request) -> bool:
    settings: Settings = request.app.state.settings
    return settings.demo


def _issuer(request: Request) -> str:
    return f"{address_of(request)}/api{REALM}"


def _refused(status: int, error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status, headers=_NO_STORE)
