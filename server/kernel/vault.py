"""Secrets at rest: encrypted under the key of the installation, which is not in the database."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from nacl.exceptions import CryptoError
from nacl.secret import SecretBox


class VaultError(RuntimeError):
    """A secret in the database was written under another `ZUIL_SECRET_KEY`."""


class Vault:
    """Seals and opens secrets under one 32-byte key."""

    def __init__(self, key: bytes) -> None:
        self._box = SecretBox(key)
        self._pepper = hashlib.blake2b(b"zuil fingerprints", key=key, digest_size=32).digest()
        # A zuil's secret is opened at each of its requests; the memory is a pure function of the bytes.
        self.open = lru_cache(maxsize=16_384)(self.unseal)

    def seal(self, plain: bytes) -> bytes:
        """Return `plain` encrypted, with a random nonce in front."""
        return bytes(self._box.encrypt(plain))

    def fingerprint(self, purpose: bytes, plain: bytes) -> bytes:
        """Return 32 bytes that are always the same for `plain`, and tell nothing of it without the key."""
        return hashlib.blake2b(plain, key=self._pepper, person=purpose, digest_size=32).digest()

    def unseal(self, sealed: bytes) -> bytes:
        """Return what `seal` was given; `open` does too, and remembers it.

        Raises:
            VaultError: sealed under another key, or damaged.
        """
        try:
            return self._box.decrypt(sealed)
        except (CryptoError, ValueError) as error:
            raise VaultError("A secret in the database does not open with this ZUIL_SECRET_KEY.") from error
