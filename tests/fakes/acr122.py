"""A USB transport that answers as an ACR122U does: CCID frames around PN532 commands."""

from __future__ import annotations

import errno
import os
import struct

_OK = b"\x90\x00"


class FakeAcr122:
    """Stands where nfcpy's USB transport stands; its real ACR122 and PN532 drivers run on it."""

    TYPE = "USB"
    manufacturer_name, product_name = "ACS", "ACR122U PICC Interface"

    def __init__(self):
        self.card = None
        self.half_read = self.unplugged = False
        self._answers = []

    def present(self, uid, sens_res, sel_res):
        self.card = (uid, sens_res, sel_res)

    def remove(self):
        self.card = None

    def close(self):
        """Nothing to close."""

    def write(self, frame):
        self._require_plug()
        frame = bytes(frame)
        power_on = frame[0] == 0x62
        content = b"\x3b\x00" if power_on else self._apdu(frame[10:])
        self._answers.append(bytearray(struct.pack("<BI5B", 0x80, len(content), 0, 0, 0, 0, 0) + content))

    def read(self, timeout=0):
        self._require_plug()
        if not self._answers:
            raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return self._answers.pop(0)

    def _require_plug(self):
        if self.unplugged:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    def _apdu(self, apdu):
        if apdu[:5] == bytes.fromhex("FF00480000"):
            return b"ACR122U215"
        if apdu[:4] == bytes.fromhex("FF000000"):
            return self._pn532(apdu[5:]) + _OK
        return _OK

    def _pn532(self, command):
        code, parameters = command[1], command[2:]
        answer = bytes([0xD5, code + 1])
        if code == 0x00:  # Diagnose: the line test comes back
            return answer + parameters
        if code == 0x02:  # GetFirmwareVersion
            return answer + bytes.fromhex("32010607")
        if code == 0x4A:  # InListPassiveTarget
            return answer + self._target(parameters)
        if code == 0x06:  # ReadRegister; the first asks for CIU_FIFOData
            fifo = b"\x00" if self.half_read else b"\x26"
            return answer + (fifo if parameters[:2] == b"\x63\x39" else bytes(len(parameters) // 2))
        return answer + (b"\x00" if code in (0x16, 0x32) else b"")

    def _target(self, parameters):
        if parameters[1] != 0 or self.card is None:
            return b"\x00"
        uid, sens_res, sel_res = self.card
        return b"\x01\x01" + sens_res[::-1] + sel_res + bytes([len(uid)]) + uid
