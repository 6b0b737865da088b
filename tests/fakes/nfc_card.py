"""An emulated card on nfcpy's UDP driver: `python -m fakes.nfc_card PORT KIND UID SECONDS`."""

from __future__ import annotations

import socket
import sys
import time

import nfc
import nfc.clf
import nfc.clf.udp

SENS = {"ultralight": "4400", "desfire": "4403", "phone": "0400"}
SEL = {"ultralight": "00", "desfire": "20", "phone": "20"}


class LoopbackDevice(nfc.clf.udp.Device):
    """The driver of nfcpy, bound to this machine only."""

    def _bind_socket(self, time_to_return):
        self.socket.bind(("127.0.0.1", self.addr[1]))
        return True


def hold(port, kind, uid, until):
    """Answer the reader as a card does, until it is taken away."""
    frontend = nfc.ContactlessFrontend()
    frontend.device = LoopbackDevice("127.0.0.1", port)
    frontend.device._vendor_name = frontend.device._device_name = frontend.device._chipset_name = "card"
    target = nfc.clf.LocalTarget("106A")
    target.sens_res = bytearray.fromhex(SENS[kind])
    target.sdd_res = bytearray.fromhex(uid)
    target.sel_res = bytearray.fromhex(SEL[kind])
    print("present", time.time(), flush=True)
    while time.time() < until:
        frontend.listen(target, timeout=max(0.01, until - time.time()))


def answer_half(port, until):
    """Answer that there is a card, and be gone when its number is asked."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as card:
        card.bind(("127.0.0.1", port))
        print("present", time.time(), flush=True)
        while time.time() < until:
            question, reader = card.recvfrom(1024)
            if question == b"106A 26":
                card.sendto(b"106A 4400", reader)


def main():
    port, kind, uid, seconds = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
    until = time.time() + seconds
    if kind == "half":
        answer_half(port, until)
    else:
        hold(port, kind, uid, until)


if __name__ == "__main__":
    main()
