"""Card readers through nfcpy: ACR122U and PN53x over USB or serial, or its UDP driver without hardware.

Only `sense` for 106A is used: it returns the unique id without activating the card, and nothing
is stored on a UiTPAS chip (rules 6.1).
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from device.adapters.usb import ids_of, reset_readers
from device.ports import NOTHING, ReaderError, Sight

_PAUSE_SECONDS: Final = 0.03
_SENS_SECONDS: Final = 0.03
_SENS_REQUEST: Final = 0x26


class NfcReader:
    """The reader at an nfcpy path.

    The frontend stays open for the life of the reader: an ACR122U-A9 works once per plug-in
    after a close.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._frontend: Any = None
        self._half_read = _HalfRead()

    def open(self) -> None:
        # nfcpy takes 0.15 s and 6 MB to import: not before there is a reader to use it for.
        import nfc

        logging.getLogger("nfc").setLevel(logging.ERROR)
        self._frontend = nfc.ContactlessFrontend()
        try:
            if self._path.startswith("udp:"):
                self._frontend.device = _loopback_device(self._path, self._half_read)
            elif self._frontend.open(self._path):
                self._half_read.watch(self._frontend.device)
            else:
                raise ReaderError("No card reader was found.")
        except OSError as error:
            raise ReaderError(f"The card reader cannot be opened: {error.strerror or error}.") from error

    def look(self) -> Sight:
        import nfc.clf

        self._half_read.seen = False
        try:
            target = self._frontend.sense(nfc.clf.RemoteTarget("106A"))
        except (OSError, nfc.clf.Error) as error:
            raise ReaderError(f"The card reader does not answer: {error}.") from error
        time.sleep(_PAUSE_SECONDS)
        if target is None:
            return Sight(half_read=True) if self._half_read.seen else NOTHING
        if not target.sdd_res:
            return Sight(half_read=True)
        return Sight(frozenset({bytes(target.sdd_res)}))

    def reset(self) -> None:
        if self._path.startswith("usb"):
            reset_readers(ids_of(self._path))

    def close(self) -> None:
        if self._frontend is None:
            return
        try:
            self._frontend.close()
        except Exception as error:  # noqa: BLE001 - an unplugged reader raises anything here
            logging.getLogger(__name__).debug("closing the reader: %s", error)
        self._frontend = None


class _HalfRead:
    """Whether a card answered in the last look and was gone before its number was read.

    nfcpy drops this in `sense_tta`, but a PN53x asks for it there: when its buffer no longer
    holds the request, something answered.
    """

    def __init__(self) -> None:
        self.seen = False

    def watch(self, device: Any) -> None:  # noqa: ANN401 - nfcpy has no types
        """Listen along when the driver reads that register."""
        read_register = device.chipset.read_register

        def listening(*names: str) -> Any:  # noqa: ANN401 - nfcpy has no types
            value = read_register(*names)
            if names == ("CIU_FIFOData",):
                self.seen = value != _SENS_REQUEST
            return value

        device.chipset.read_register = listening


def _loopback_device(path: str, half_read: _HalfRead) -> Any:  # noqa: ANN401 - nfcpy has no types
    """Return nfcpy's UDP driver, bound to this machine only and quick to see that the field is empty."""
    import nfc.clf.udp

    class LoopbackDevice(nfc.clf.udp.Device):  # type: ignore[misc]  # nfcpy has no types
        def __init__(self, host: str, port: int) -> None:
            # nfcpy's own asks what the port is called, and takes the name of one that has any for its number.
            self.addr = host, port
            self._path = f"{host}:{port}"
            self.socket = None
            self._create_socket()

        def sense_tta(self, target: Any) -> Any:  # noqa: ANN401 - nfcpy has no types
            found = super().sense_tta(target)
            half_read.seen = found is None and self.rcvd_data > 0
            return found

        def _recv_data(self, timeout: float | None, *bitrates: str) -> Any:  # noqa: ANN401 - nfcpy has no types
            # Nothing was received yet: this waits for the answer to SENS_REQ.
            if timeout is not None and self.rcvd_data == 0:
                timeout = _SENS_SECONDS
            return super()._recv_data(timeout, *bitrates)

    _, host, port = path.split(":")
    device = LoopbackDevice(host, int(port))
    device._vendor_name, device._device_name, device._chipset_name = "zuil", "loopback", "UDP"  # noqa: SLF001 - as nfcpy's own init does
    return device
