"""The key pair of who signs releases: the secret in a file for its owner alone, the public key to spread."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from nacl.signing import SigningKey

_OWNER_ONLY: Final = 0o600
_SECRET_BYTES: Final = 32


class KeyFileError(Exception):
    """A key file cannot be made or read; its text is one sentence."""


def make_key(path: Path) -> str:
    """Make a secret key at `path`, where there is nothing yet, and return its public key in hexadecimal.

    Raises:
        KeyFileError: it cannot be made.
    """
    key = SigningKey.generate()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be made: {error.strerror}.") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{bytes(key).hex()}\n")
    return bytes(key.verify_key).hex()


def read_key(path: Path) -> tuple[bytes, str]:
    """Return the secret in a key file, and its public key in hexadecimal.

    Raises:
        KeyFileError: there is none.
    """
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except (OSError, ValueError) as error:
        raise KeyFileError(f"{path} cannot be read as a key: {error}.") from error
    if len(secret) != _SECRET_BYTES:
        raise KeyFileError(f"{path} holds no key: that is 64 hexadecimal digits.")
    return secret, bytes(SigningKey(secret).verify_key).hex()
