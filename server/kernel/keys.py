"""The server's own key pairs: to open what zuilen seal, to sign snapshots, to sign access tokens."""

from __future__ import annotations

from nacl.public import PrivateKey
from nacl.signing import SigningKey
from sqlmodel import Field, Session, SQLModel

from server.kernel.database import vault_of


class ServerKey(SQLModel, table=True):
    """A private key, encrypted under the key of the installation."""

    __tablename__ = "server_key"

    name: str = Field(primary_key=True)
    secret: bytes


def sealing_key(session: Session) -> PrivateKey:
    """Return the Curve25519 key whose public half zuilen seal unknown chip numbers to."""
    return PrivateKey(_secret(session, "sealing"))


def signing_key(session: Session) -> SigningKey:
    """Return the Ed25519 key that signs snapshots."""
    return SigningKey(_secret(session, "signing"))


def token_key(session: Session) -> SigningKey:
    """Return the Ed25519 key that signs the access tokens of API clients."""
    return SigningKey(_secret(session, "tokens"))


def make_server_keys(session: Session) -> None:
    """Make the keys that are not there yet; part of every migration run."""
    vault = vault_of(session)
    fresh = {
        "sealing": bytes(PrivateKey.generate()),
        "signing": bytes(SigningKey.generate()),
        "tokens": bytes(SigningKey.generate()),
    }
    for name, secret in fresh.items():
        if session.get(ServerKey, name) is None:
            session.add(ServerKey(name=name, secret=vault.seal(secret)))


def _secret(session: Session, name: str) -> bytes:
    row = session.get(ServerKey, name)
    if row is None:
        raise LookupError(f"the server key {name!r} is missing; run `zuil-server migrate`")
    return vault_of(session).open(row.secret)
