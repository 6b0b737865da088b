"""Secrets at rest: encrypted under the key of the installation, which is not in the database."""

from __future__ import annotations

from functools import lru_cache

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


class VaultError(RuntimeError):
    """A secret in the database was written under another `ZUIL_SECRET_KEY`."""


class Vault:
    """Seals and opens secrets under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(key)
        # A zuil's secret is opened at each of its requests; the memory is a pure function of the bytes.
        self.open = lru_cache(maxsize=16_384)(self._open)

    def seal(self, plain: bytes) -> bytes:
        """Return `plain` encrypted, with a random nonce in front."""
        return bytes(self._box.encrypt(plain))

    def _open(self, sealed: bytes) -> bytes:
        """Return what `seal` was given.

        Raises:
            VaultError: sealed under another key, or damaged.
        """
        try:
            return self._box.decrypt(sealed)
        except (CryptoError, ValueError) as error:
            raise VaultError("A secret in the database does not open with this ZUIL_SECRET_KEY.") from error
