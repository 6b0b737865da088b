"""A virtual PC/SC reader (vpcd) under the real pcscd, in a network of its own, and a card that answers it.

`python -m fakes.pcsc UID SECONDS [mute|eid|strict-eid]` holds a card against the reader of the network it
runs in: one that gives its number, one that does not, or a Belgian eID.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fakes.eid import EmulatedEid

SOCKET = Path("/run/pcscd/pcscd.comm")
PORT = 0x8C7B
DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
DEBIAN = Path("/usr/lib/python3/dist-packages/smartcard")
PACKAGES = ("pcscd", "vsmartcard-vpcd", "python3-pyscard")
DESFIRE = bytes.fromhex("3B8180018080")
POWER_UP, POWER_OFF, RESET, ATR = 1, 0, 2, 4


def require_pcsc(folder):
    """Return a folder from which `smartcard` can be imported; skip where this machine has no PC/SC."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        pytest.skip("a virtual PC/SC reader needs root, unshare and ip")
    if not (shutil.which("pcscd") and DRIVER.exists() and DEBIAN.exists()):
        _install()
    if SOCKET.exists() and _answers():
        pytest.skip("another pcscd is running on this machine")
    (folder / "smartcard").symlink_to(DEBIAN)
    if not list(DEBIAN.glob(f"scard/_scard*cpython-{sys.version_info[0]}{sys.version_info[1]}*.so")):
        pytest.skip("Debian's pyscard is for another Python")
    assert importlib.util.find_spec("smartcard") is None
    return folder


def _install():
    if not shutil.which("apt-get"):
        pytest.skip("no apt-get to install pcscd and vsmartcard-vpcd")
    done = subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"{', '.join(PACKAGES)} cannot be installed")


def _answers():
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(SOCKET)) == 0


class VirtualPcsc:
    """pcscd with a virtual reader; it can be killed and started again, its cards come and go."""

    def __init__(self):
        self.process = None
        self.cards = []

    def start(self):
        SOCKET.unlink(missing_ok=True)
        SOCKET.parent.mkdir(exist_ok=True)
        script = "ip link set lo up && exec pcscd --foreground --error"
        self.process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while not (SOCKET.exists() and _answers()):
            assert time.monotonic() < deadline, "pcscd did not start"
            time.sleep(0.02)
        return self

    def kill(self):
        self.remove()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def hold(self, uid, seconds=30.0, *, kind=""):
        """Hold a card against the reader, or put one in."""
        command = ["nsenter", "--net", "--target", str(self.process.pid), sys.executable, "-m", "fakes.pcsc"]
        command += [uid, str(seconds), *([kind] if kind else [])]
        self.cards.append(subprocess.Popen(command, cwd=Path(__file__).parents[1]))

    def remove(self):
        """Take every card away."""
        while self.cards:
            card = self.cards.pop()
            card.kill()
            card.wait()

    def stop(self):
        self.kill()
        SOCKET.unlink(missing_ok=True)


def be_a_card(uid, seconds, kind):
    eid = EmulatedEid(strict=kind == "strict-eid") if kind.endswith("eid") else None
    with socket.create_connection(("127.0.0.1", PORT)) as link:
        link.settimeout(seconds)
        while True:
            head = link.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return
            message = link.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
            if message == bytes([ATR]):
                _send(link, DESFIRE)
            elif len(message) > 1 and eid:
                _send(link, eid.answer(message))
            elif len(message) > 1:
                known = message[:2] == b"\xff\xca" and kind != "mute"
                _send(link, uid + b"\x90\x00" if known else b"\x63\x00")


def _send(link, content):
    link.sendall(struct.pack(">H", len(content)) + content)


if __name__ == "__main__":
    be_a_card(bytes.fromhex(sys.argv[1]), float(sys.argv[2]), "".join(sys.argv[3:]))
