"""From the dashboard's one-time code to an SD card: the files, the first boot and the hardened units."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
UNITS = HERE / "systemd"
HARDENED_BELOW = 2.5
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
