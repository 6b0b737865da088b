"""Which card reader: by setting, or the one that is there."""

from __future__ import annotations

import logging

from device.adapters.nfc import NfcReader
from device.adapters.pcsc import PcscReader
from device.adapters.usb import reset_readers
from device.ports import CardReader, ReaderError, Sight

log = logging.getLogger(__name__)


def reader_for(device: str) -> CardReader:
    """Return the reader of a setting: `auto`, `pcsc`, `pcsc:NAME`, or a path of nfcpy."""
    if device == "auto":
        return AnyReader()
    kind, _, name = device.partition(":")
    return PcscReader(name) if kind == "pcsc" else NfcReader(device)


class AnyReader:
    """The reader that PC/SC knows, else one that nfcpy finds on USB; looked for anew at every opening.

    PC/SC goes first: where pcscd holds a reader, nfcpy would fight it for the same plug.
    """

    def __init__(self) -> None:
        self._reader: CardReader | None = None

    def open(self) -> None:
        candidates: tuple[CardReader, ...] = (PcscReader(), NfcReader("usb"))
        sentences = []
        for reader in candidates:
            try:
                reader.open()
            except ReaderError as error:
                reader.close()
                sentences.append(str(error))
                continue
            log.info("The card reader is used through %s.", type(reader).__name__)
            self._reader = reader
            return
        raise ReaderError(" ".join(sentences))

    def look(self) -> Sight:
        if self._reader is None:
            raise ReaderError("No card reader was found.")
        return self._reader.look()

    def reset(self) -> None:
        reset_readers()

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
