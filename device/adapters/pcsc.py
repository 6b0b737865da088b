"""Card readers through PC/SC: the ACR1252 and every other CCID reader that pcscd knows.

The card's number comes from `FF CA 00 00 00` (Get UID, PC/SC part 3), which reads nothing else of the
card. pyscard is on the machine when pcscd is (`provisioning/README.md`); it is imported late, for a
zuil with another reader has neither.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any, Final

from device.adapters.usb import reset_readers
from device.ports import NOTHING, ReaderError, Sight

_GET_UID: Final = [0xFF, 0xCA, 0x00, 0x00, 0x00]
_DONE: Final = [0x90, 0x00]
_BUSY_MILLIS: Final = 100
_QUIET_MILLIS: Final = 250
_BUSY_LOOKS: Final = 20
_CONTACTLESS: Final = ("PICC", "CONTACTLESS", "NFC")
_OTHER_SLOTS: Final = ("SAM", "ICC")


class PcscReader:
    """The first contactless reader of pcscd, or the one whose name holds `name`.

    Its thread sleeps in pcscd until something changes: an empty field costs next to nothing.
    """

    def __init__(self, name: str = "") -> None:
        self._wanted = name
        self._context: Any = None
        self._reader = ""
        self._state = 0
        self._uid: bytes | None = None
        self._busy = 0

    def open(self) -> None:
        scard = library()
        result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        if result != scard.SCARD_S_SUCCESS:
            self._context = None
            raise ReaderError(f"The service pcscd does not answer: {_said(scard, result)}.")
        result, names = scard.SCardListReaders(self._context, [])
        self._reader = _choose(names, self._wanted) if result == scard.SCARD_S_SUCCESS else ""
        if not self._reader:
            raise ReaderError(f"PC/SC knows no card reader{f' {self._wanted}' if self._wanted else ''}.")
        self._state, self._uid, self._busy = scard.SCARD_STATE_UNAWARE, None, 0

    def look(self) -> Sight:
        scard = library()
        wait = _BUSY_MILLIS if self._busy else _QUIET_MILLIS
        self._busy = max(0, self._busy - 1)
        result, states = scard.SCardGetStatusChange(self._context, wait, [(self._reader, self._state)])
        if result == scard.SCARD_E_TIMEOUT:
            return self._unchanged(scard)
        if result != scard.SCARD_S_SUCCESS:
            raise ReaderError(f"The card reader does not answer: {_said(scard, result)}.")
        event = states[0][1]
        self._state = event & ~scard.SCARD_STATE_CHANGED
        if event & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE):
            raise ReaderError("The card reader was unplugged.")
        self._busy = _BUSY_LOOKS
        return self._changed(scard, present=bool(event & scard.SCARD_STATE_PRESENT))

    def reset(self) -> None:
        reset_readers()

    def close(self) -> None:
        if self._context is not None:
            library().SCardReleaseContext(self._context)
            self._context = None

    def _unchanged(self, scard: ModuleType) -> Sight:
        if not self._state & scard.SCARD_STATE_PRESENT:
            return NOTHING
        self._busy = _BUSY_LOOKS
        return self._sight(scard)

    def _changed(self, scard: ModuleType, *, present: bool) -> Sight:
        if not present:
            was_read, self._uid = self._uid is not None, None
            # What was half read is not known to have been a card, so nothing is known to be gone.
            return Sight(removed=True) if was_read else NOTHING
        self._uid = None
        return self._sight(scard)

    def _sight(self, scard: ModuleType) -> Sight:
        if self._uid is None:
            self._uid = self._read(scard)
        return Sight(half_read=True) if self._uid is None else Sight(frozenset({self._uid}))

    def _read(self, scard: ModuleType) -> bytes | None:
        """Return the number of the card that lies there, None when it went before it was read."""
        result, card, protocol = scard.SCardConnect(
            self._context,
            self._reader,
            scard.SCARD_SHARE_SHARED,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        if result != scard.SCARD_S_SUCCESS:
            return None
        result, answer = scard.SCardTransmit(card, protocol, _GET_UID)
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        if result != scard.SCARD_S_SUCCESS or answer[-2:] != _DONE:
            return None
        return bytes(answer[:-2]) or None


def library() -> ModuleType:
    """Return pyscard's own layer. Raises ReaderError."""
    try:
        import smartcard.scard
    except ImportError as error:
        raise ReaderError("PC/SC is not installed (pcscd and python3-pyscard).") from error
    library: ModuleType = smartcard.scard
    return library


def _choose(names: list[str], wanted: str) -> str:
    """Return the reader to use, empty for none: a reader with several slots has one for cards in the air."""
    if wanted:
        return next((name for name in names if wanted.lower() in name.lower()), "")
    for name in names:
        if any(word in name.upper() for word in _CONTACTLESS):
            return name
    return next(
        (name for name in names if not any(slot in name.upper().split() for slot in _OTHER_SLOTS)), ""
    )


def _said(scard: ModuleType, result: int) -> str:
    return str(scard.SCardGetErrorMessage(result)).rstrip(". ")
