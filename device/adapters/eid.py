"""The Belgian eID in any PC/SC reader: identity, address and photo, which it tells without a PIN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from device.adapters.pcsc import library
from device.core.eid import ADDRESS_FILE, IDENTITY_FILE, PHOTO_FILE, identity_of
from device.ports import IdentityError, ReaderError
from shared.wire.bridge import Identity, IdentityFault

_SELECT: Final = [0x00, 0xA4, 0x08, 0x0C]
"""ISO 7816-4: a file by its path from the root, without telling about it."""
_READ: Final = [0x00, 0xB0]
_BLOCK: Final = 0xF8
_DONE, _AT_THE_END, _OTHER_LENGTH = 0x90, 0x6B, 0x6C
_MOST_BYTES: Final = 16_384


class PcscIdentity:
    """Looks in every reader of pcscd at the moment it is asked."""

    def read(self) -> Identity:
        return identity_of(*_files(IDENTITY_FILE, ADDRESS_FILE))

    def photo(self) -> bytes:
        (content,) = _files(PHOTO_FILE)
        return content


def _files(*paths: bytes) -> list[bytes]:
    """Return the content of files of the first eID there is."""
    try:
        scard = library()
    except ReaderError as error:
        raise IdentityError(IdentityFault.NO_READER) from error
    with _context(scard) as context:
        fault = IdentityFault.NO_CARD
        for reader in _occupied(scard, context):
            try:
                return _read_in(scard, context, reader, paths)
            except IdentityError as error:
                fault = error.fault
        raise IdentityError(fault)


@contextmanager
def _context(scard: ModuleType) -> Iterator[Any]:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        raise IdentityError(IdentityFault.NO_READER)
    try:
        yield context
    finally:
        scard.SCardReleaseContext(context)


def _occupied(scard: ModuleType, context: Any) -> list[str]:  # noqa: ANN401 - pyscard has no types
    """Return the readers with a card in them; one that does not answer last."""
    result, names = scard.SCardListReaders(context, [])
    if result != scard.SCARD_S_SUCCESS or not names:
        raise IdentityError(IdentityFault.NO_READER)
    result, states = scard.SCardGetStatusChange(
        context, 0, [(name, scard.SCARD_STATE_UNAWARE) for name in names]
    )
    if result != scard.SCARD_S_SUCCESS:
        raise IdentityError(IdentityFault.NO_READER)
    present = [state for state in states if state[1] & scard.SCARD_STATE_PRESENT]
    return [state[0] for state in sorted(present, key=lambda state: state[1] & scard.SCARD_STATE_MUTE)]


def _read_in(
    scard: ModuleType,
    context: Any,  # noqa: ANN401 - pyscard has no types
    reader: str,
    paths: Sequence[bytes],
) -> list[bytes]:
    result, card, protocol = scard.SCardConnect(
        context, reader, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    if result != scard.SCARD_S_SUCCESS:
        raise IdentityError(IdentityFault.UNREADABLE)
    # Another program that selects a file of its own in between would have us read that.
    scard.SCardBeginTransaction(card)
    try:
        talk = _Talk(scard, card, protocol)
        return [talk.file(path) for path in paths]
    finally:
        scard.SCardEndTransaction(card, scard.SCARD_LEAVE_CARD)
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)


class _Talk:
    """A talk with one card."""

    def __init__(self, scard: ModuleType, card: Any, protocol: int) -> None:  # noqa: ANN401 - pyscard has no types
        self._scard, self._card, self._protocol = scard, card, protocol

    def file(self, path: bytes) -> bytes:
        """Return the content of a file.

        Raises:
            IdentityError: the card has none, or went.
        """
        _, status, _ = self._ask([*_SELECT, len(path), *path])
        if status != _DONE:
            raise IdentityError(IdentityFault.OTHER_CARD)
        content = b""
        while len(content) < _MOST_BYTES:
            part = self._part(len(content))
            content += part
            if len(part) < _BLOCK:
                break
        return content

    def _part(self, offset: int) -> bytes:
        command = [*_READ, *offset.to_bytes(2)]
        part, status, more = self._ask([*command, _BLOCK])
        if status == _OTHER_LENGTH:
            part, status, _ = self._ask([*command, more])
        if status == _AT_THE_END:
            return b""
        if status != _DONE:
            raise IdentityError(IdentityFault.UNREADABLE)
        return part

    def _ask(self, command: list[int]) -> tuple[bytes, int, int]:
        result, answer = self._scard.SCardTransmit(self._card, self._protocol, command)
        if result != self._scard.SCARD_S_SUCCESS or len(answer) < 2:  # noqa: PLR2004 - the two status bytes
            raise IdentityError(IdentityFault.UNREADABLE)
        return bytes(answer[:-2]), answer[-2], answer[-1]
